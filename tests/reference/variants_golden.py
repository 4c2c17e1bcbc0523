#!/usr/bin/env python3
"""Write tests/golden/variants.txt, for tests/unit/test_golden.c.

    variants_golden.py OUT.txt

Random models (random_model.py) whose config.json asks for what GPT-2 itself
has not, computed by Transformers in float64 (reorder_and_upcast_attn, which
can do no other, in float32). The file is as that of
engine_golden.py, with a line `config JSON` behind each model: what is changed
in its config.json. Needs: pip install transformers (5) torch numpy.
"""
import json
import os
import sys
import tempfile

import torch
import transformers

from engine_golden import entries, prompt
from random_model import Model, write

MODEL = dict(layers=3, width=48, heads=3, vocab=300, context=70)
VARIANTS = [
    {"activation_function": name}
    for name in ("gelu", "gelu_python", "gelu_fast", "gelu_pytorch_tanh",
                 "relu", "silu", "swish", "quick_gelu")
] + [
    {"scale_attn_weights": False},
    {"scale_attn_by_inverse_layer_idx": True},
    {"scale_attn_by_inverse_layer_idx": True,
     "reorder_and_upcast_attn": True},
    {"scale_attn_weights": False, "scale_attn_by_inverse_layer_idx": True,
     "activation_function": "gelu"},
    {"add_cross_attention": True},
    {"n_ctx": None, "tie_word_embeddings": True},
]
LENGTHS = (1, 17, 70)


def main():
    (path,) = sys.argv[1:]
    transformers.logging.set_verbosity_error()
    with open(path, "w") as f, torch.no_grad():
        for seed, variant in enumerate(VARIANTS):
            m = Model(**MODEL, seed=100 + seed)
            with tempfile.TemporaryDirectory() as folder:
                write(folder, m)
                name = os.path.join(folder, "config.json")
                with open(name) as c:
                    config = json.load(c)
                config.update(variant)
                with open(name, "w") as c:
                    json.dump(config, c)
                model = transformers.AutoModelForCausalLM.from_pretrained(
                    folder,
                    dtype=torch.float32 if "reorder_and_upcast_attn" in variant
                    else torch.float64,
                    attn_implementation="eager").eval()
            print("model", m.layers, m.width, m.heads, m.vocab, m.context,
                  m.inner, m.dtype, m.seed, m.shards, m.prefix or "-",
                  int(m.untied), file=f)
            print("config", json.dumps(variant, separators=(",", ":")),
                  file=f)
            ids = torch.tensor([prompt(m.context, m.vocab)])
            lp = torch.log_softmax(model(ids).logits[0], -1).numpy()
            for n in LENGTHS:
                chosen = entries(lp[n - 1])
                print("prompt", n, 1.0, len(chosen), file=f)
                for i in chosen:
                    print(i, "%.9g" % lp[n - 1][i], file=f)
            print(variant, transformers.__version__, torch.__version__)


if __name__ == "__main__":
    main()
