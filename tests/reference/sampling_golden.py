"""Writes tests/golden/rng.txt and noise.txt with NumPy's own generator.

    sampling_golden.py FOLDER

rng.txt:   seed step state inc, then the raw 64 bits of draws 0, 1, 2, 50256
           and 2^40
noise.txt: seed step n, then best id, runner-up and margin of the noise alone
           and of noise + logprobs (see below), then the noise of ids 0 and
           n - 1
"""
import os
import sys

import numpy as np

SEEDS = [0, 1, 2, 42, 12345, 2**32 - 1, 2**32, 2**32 + 1, 2**63 + 5,
         0x0123456789abcdef, 2**64 - 2, 2**64 - 1]
STEPS = [0, 1, 7, 2**32, 2**64 - 1]
ONES = [479, 1527, 2721, 3382, 3459]  # u = 1.0f within 50257 draws


def tail_noise(seed, n):
    """NumPy's noise, with the exact tail where u rounds to 1 (float32)."""
    u64 = np.random.default_rng(seed).uniform(1e-20, 1.0, size=n)
    u = u64.astype(np.float32)
    with np.errstate(divide="ignore"):
        g = -np.log(-np.log(u))
    one = u == 1
    # The draw is a multiple of 2^-53, so that 1 - u is exact.
    g[one] = -np.log((1 - u64[one]).astype(np.float32))
    return g


def logprobs(n):
    """Some float32 values that any language computes alike."""
    return (-(np.arange(n) * 7919 % 1009) / 64).astype(np.float32)


def race(scores):
    best = int(np.argmax(scores))
    rest = scores.copy()
    rest[best] = -np.inf
    second = int(np.argmax(rest))
    return best, second, float(scores[best]) - float(rest[second])


def write_rng(path):
    with open(path, "w") as f:
        for seed in SEEDS:
            for step in STEPS:
                bits = np.random.PCG64(seed + step)
                state = bits.state["state"]
                raw = bits.random_raw(50257)
                bits.state = {**bits.state, "state": state}
                far = bits.advance(2**40).random_raw()
                words = [*raw[:3], raw[-1], far]
                print(seed, step, f"{state['state']:032x}",
                      f"{state['inc']:032x}", *(f"{w:016x}" for w in words),
                      file=f)


def write_noise(path):
    cases = [(s, k, n) for s in SEEDS for k in (0, 3) for n in (1, 2, 4096)]
    cases += [(s, 0, n) for s in [*range(6), 42, *ONES] for n in (4096, 50257)]
    cases += [(s - 20, 20, 50257) for s in ONES]
    with open(path, "w") as f:
        for seed, step, n in cases:
            g = tail_noise(seed + step, n)
            scores = logprobs(n) + g
            margins = race(g)[2], race(scores)[2]
            assert min(margins) > 1e-4, (seed, step, n, margins)
            print(seed, step, n, *("%d %d %.9g" % race(x)
                                   for x in (g, scores)),
                  "%.9g %.9g" % (g[0], g[-1]), file=f)


def main():
    folder = sys.argv[1]
    write_rng(os.path.join(folder, "rng.txt"))
    write_noise(os.path.join(folder, "noise.txt"))


if __name__ == "__main__":
    main()
