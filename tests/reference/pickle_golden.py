#!/usr/bin/env python3
"""Write the files of tests/unit/test_pickle.c.

    pickle_golden.py FOLDER

torch.save of a state_dict with tensors of several types, one of them a view
into another's storage and one a parameter. Needs: pip install torch.
"""
import os
import sys
from collections import OrderedDict

import torch


def main():
    (folder,) = sys.argv[1:]
    a = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    state = OrderedDict([
        ("wte.weight", a), ("lm_head.weight", a), ("row", a[1]),
        ("half", a.half()), ("brain", a.to(torch.bfloat16)),
        ("double", a.double() / 4), ("mask", torch.ones(1, 1, 2, 2).bool()),
        ("scalar", torch.tensor(3, dtype=torch.int64)),
        ("parameter", torch.nn.Parameter(a + 1)),
        ("empty", torch.zeros(0, 5)), ("columns", a.t()),
        ("part", a[:, ::2]),
    ])
    state._metadata = OrderedDict([("", {"version": 1})])
    torch.save(state, os.path.join(folder, "pickled.bin"))


if __name__ == "__main__":
    main()
