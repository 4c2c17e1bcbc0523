"""Compares `gumbel logprobs` with gpt2.py at the sizes of the real GPT-2s,
which are too large for the test suite:

    check_large.py BUILD-FOLDER [--shape L,E,H,V,C] [--dtype f32|f16|bf16]
        [--temperature T] [--scratch FOLDER] [-- OPTION-OF-GUMBEL...]

Makes a random model (124M's shape unless told otherwise) below the scratch
folder, computes one pass over a full context in float64, one layer in memory
at a time, and compares the vector after prompts of several lengths. Prints
the largest difference of each and fails when one is above 1e-3. Needs NumPy,
room for the model on disk and on the device; 1558M (48,1600,25,50257,1024)
takes 6.2 GB of each.
"""
import argparse
import json
import os
import subprocess
import sys

import numpy as np

import gpt2

LENGTHS = [1, 2, 17, 64, 65, 257]
LIMIT = 1e-3


def make_model(build, scratch, shape, dtype):
    folder = os.path.join(scratch, "-".join([*shape, dtype]))
    # The file that is written last says that the others are whole.
    if not os.path.exists(os.path.join(folder, "merges.txt")):
        names = ["layers", "width", "heads", "vocab", "context"]
        options = [x for name, n in zip(names, shape)
                   for x in ("--" + name, n)]
        subprocess.run([os.path.join(build, "tests/tools/random_model"),
                        folder, "--dtype", dtype, *options], check=True)
    return folder


def make_prompt(folder, n):
    """(text, ids) of n tokens: a space and a letter each."""
    with open(os.path.join(folder, "vocab.json")) as f:
        vocab = json.load(f)
    letters = np.random.default_rng(1).integers(26, size=n)
    words = [chr(ord("a") + i) for i in letters]
    return [" " + w for w in words], [vocab["\u0120" + w] for w in words]


def ask_gumbel(build, folder, text, temperature, more, out):
    subprocess.run([os.path.join(build, "gumbel"), "logprobs", "-m", folder,
                    "-t", str(temperature), "-o", out, *more],
                   input=text.encode(), check=True)
    return np.load(out)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("build")
    p.add_argument("--shape", default="12,768,12,50257,1024")
    p.add_argument("--dtype", default="f32")
    p.add_argument("--temperature", type=float, default=1.0)
    p.add_argument("--scratch", default="/tmp/gumbel-check-large")
    p.add_argument("more", nargs="*")
    a = p.parse_args()
    folder = make_model(a.build, a.scratch, a.shape.split(","), a.dtype)
    model = gpt2.GPT2(folder, keep=False)
    words, ids = make_prompt(folder, model.context)
    lengths = [n for n in LENGTHS if n < model.context] + [model.context]
    hidden = model.feed(ids)[[n - 1 for n in lengths]]
    expected = gpt2.log_softmax(model.logits(hidden) / a.temperature)
    worst = 0
    for n, want in zip(lengths, expected):
        got = ask_gumbel(a.build, folder, "".join(words[:n]), a.temperature,
                         a.more, os.path.join(folder, "logprobs.npy"))
        assert got.shape == want.shape and got.dtype == np.float32
        difference = np.abs(got - want).max()
        worst = max(worst, difference)
        print(f"prompt {n:5}: largest difference {difference:.3g}"
              f" (log-probabilities {want.min():.2f} .. {want.max():.2f})")
    sys.exit(worst > LIMIT or bool(np.isnan(worst)))


if __name__ == "__main__":
    main()
