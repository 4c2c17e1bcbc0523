"""Writes tests/golden/logprobs.txt and tokens.txt with gpt2.py.

    engine_golden.py logprobs OUT.txt
    engine_golden.py tokens STORIES-MODEL OUT.txt

Needs: pip install numpy, for the tokens also regex.

logprobs.txt, random models (see random_model.py) and some of the
log-probabilities after prompts of made-up ids (see prompt()):

    model LAYERS WIDTH HEADS VOCAB CONTEXT INNER DTYPE SEED SHARDS PREFIX
        UNTIED                        (all on one line; PREFIX - for none)
    prompt LENGTH TEMPERATURE ENTRIES
    ID LOGPROB                        (ENTRIES lines)

tokens.txt, the generation loop with the stories model:

    prompt LENGTH ID...
    run TEMPERATURE SEED STEPS        (temperature 0: greedy)
    ID MARGIN LOGPROB ...             (STEPS triples, one line)
"""
import sys
import tempfile

import numpy as np

import gpt2
from random_model import Model, write

MODELS = [
    Model(1, 32, 2, 300, 64),
    Model(1, 8, 1, 257, 2, seed=1),
    Model(2, 48, 3, 777, 130, seed=2),
    Model(2, 60, 5, 301, 100, seed=3),
    Model(3, 75, 3, 515, 70, seed=4),
    Model(2, 128, 2, 1031, 300, inner=200, seed=5),
    Model(1, 64, 1, 300, 1100, seed=6),
    Model(4, 64, 4, 600, 66, dtype="f16", seed=7),
    Model(4, 64, 4, 600, 66, dtype="bf16", seed=8, untied=True),
    Model(2, 36, 2, 409, 80, seed=9, shards=4, prefix="transformer.",
          untied=True),
    Model(1, 1600, 25, 258, 66, inner=100, dtype="f16", seed=10),
]
LENGTHS = [1, 2, 17, 64, 65, 257]
TEMPERATURES = [1.0, 0.8, 0.3, 1.7, 1.0, 5.0]
TOP, SPREAD = 16, 64

TEXTS = [
    "Once upon a time",
    "The little fox wanted to",
    "One day, a girl named Lily found a big red ball. She",
    "\"Hello,\" said the",
]
STEPS = 40
SEEDS = range(20)
# default_rng(3459) draws u = 1.0f among 4096: at step 5 of these runs.
ONE = 3459


def prompt(n, vocab):
    """Ids that any language computes alike."""
    i = np.arange(n, dtype=np.uint64)
    return [int(x) for x in (i * 40503 + 12345) % 65537 % vocab]


def entries(lp):
    """The ids to write down: the likeliest, and some evenly spaced."""
    top = np.argsort(-lp, kind="stable")[:TOP]
    spread = np.arange(SPREAD) * len(lp) // SPREAD
    return sorted({*(int(i) for i in top), *(int(i) for i in spread)})


def write_model(f, m):
    with tempfile.TemporaryDirectory() as folder:
        write(folder, m)
        model = gpt2.GPT2(folder)
        hidden = model.feed(prompt(m.context, m.vocab))
    print("model", m.layers, m.width, m.heads, m.vocab, m.context, m.inner,
          m.dtype, m.seed, m.shards, m.prefix or "-", int(m.untied), file=f)
    print(m, "standard deviation of the last logits %.2f"
          % model.logits(hidden[-1]).std())
    lengths = [n for n in LENGTHS if n < m.context] + [m.context]
    for k, n in enumerate(lengths):
        t = TEMPERATURES[k % len(TEMPERATURES)]
        logits = model.logits(hidden[n - 1])
        lp = gpt2.log_softmax(logits / t)
        ids = entries(lp)
        print("prompt", n, t, len(ids), file=f)
        for i in ids:
            print(i, "%.9g" % lp[i], file=f)


def write_run(f, model, ids, temperature, seed):
    steps = list(gpt2.generate(model, ids, STEPS, temperature or 1, seed,
                               greedy=temperature == 0))
    print("run", temperature, seed, len(steps), file=f)
    print(*(f"{i} {margin:.6g} {lp:.6g}" for i, lp, _, margin in steps),
          file=f)
    return sum(margin < 1e-3 for _, _, _, margin in steps)


def write_tokens(f, folder):
    from tokenizer_golden import Tokenizer
    tokenizer = Tokenizer(folder)
    model = gpt2.GPT2(folder)
    u = np.random.default_rng(ONE).uniform(1e-20, 1.0, size=model.vocab)
    assert (u.astype(np.float32) == 1).any()
    close = 0
    for k, text in enumerate(TEXTS):
        ids = tokenizer.encode(text.encode())
        print("prompt", len(ids), *ids, file=f)
        close += write_run(f, model, ids, 0, 0)
        for t in (0.3, 0.8, 1.0, 1.7, 5.0):
            for seed in list(SEEDS)[k::len(TEXTS)]:
                close += write_run(f, model, ids, t, seed)
        if k == 0:
            for t in (0.3, 0.8, 1.7):
                close += write_run(f, model, ids, t, ONE - 5)
    print("steps with a margin below 1e-3:", close)


def main():
    what, *model, out = sys.argv[1:]
    assert (what, len(model)) in (("logprobs", 0), ("tokens", 1)), __doc__
    with open(out, "w") as f:
        if what == "tokens":
            write_tokens(f, *model)
        else:
            for m in MODELS:
                write_model(f, m)


if __name__ == "__main__":
    main()
