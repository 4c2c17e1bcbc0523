"""Writes tests/golden/spectrum.txt: which token wins at which temperature.

    spectrum_golden.py FOLDER

Nothing is solved here: the winner at a temperature is looked up with sorting,
sums and an argmax in float64, and a border is where halving the temperatures
between two winners ends. That finds all of them, for no token wins on both
sides of another one.

One case a line:

    LOGITS N SEED TOP-K TOP-P MIN-P COUNT ID TO ID TO ...

LOGITS is 0 (many ties) or 1 (none), see logits(); the noise is that of
default_rng(SEED), see sampling_golden.py. TO is inf for the last one.
"""
import os
import sys

import numpy as np

from sampling_golden import tail_noise

FILTERS = [(0, 1, 0), (1, 1, 0), (40, 1, 0), (0, 0.9, 0), (0, 0.5, 0),
           (0, 1, 0.05), (0, 1, 0.3), (40, 0.95, 0), (0, 0.95, 0.02),
           (200, 0.9, 0.01)]
SIZES = [1, 2, 100, 4096]
SEEDS = [0, 1, 7, 479]
LOW, HIGH = 1e-6, 1e9


def logits(which, n):
    i = np.arange(n)
    if which == 0:
        return (-(i * 7919 % 1009).astype(np.float32) / np.float32(64))
    return (np.float32(-20) * (i * 40503 % 65537).astype(np.float32)
            / np.float32(65537)
            + (i % n).astype(np.float32) / np.float32(1024))


class Step:
    def __init__(self, l, g, filters):
        self.l = l.astype(np.float64) - l.max()
        self.g = g.astype(np.float64)
        self.top_k, self.top_p, self.min_p = filters
        self.order = np.argsort(-self.l, kind="stable")

    def kept(self, t):
        """A mask of the tokens that take part at temperature t."""
        l = self.l
        keep = np.ones(len(l), bool)
        if 0 < self.top_k < len(l):
            keep = l >= l[self.order[self.top_k - 1]]
        p = np.where(keep, np.exp(l / t), 0)
        p /= p.sum()
        if self.top_p < 1:
            above = np.concatenate(([0], np.cumsum(p[self.order])[:-1]))
            place = np.argmax(above >= self.top_p) or len(l)
            keep &= l >= l[self.order[place - 1]]
        if self.min_p > 0:
            keep &= l >= t * np.log(self.min_p)
        return keep

    def winner(self, t):
        return int(np.argmax(np.where(self.kept(t), self.l / t + self.g,
                                      -np.inf)))

    def bands(self, low, high, a, b, out):
        """Appends the winners from temperature low on, but for the last."""
        if a == b:
            return
        if high / low < 1 + 1e-12:
            out.append((a, high))
            return
        middle = np.sqrt(low * high)
        m = self.winner(middle)
        self.bands(low, middle, a, m, out)
        self.bands(middle, high, m, b, out)


def main():
    path = os.path.join(sys.argv[1], "spectrum.txt")
    with open(path, "w") as f:
        for which in (0, 1):
            for n in SIZES:
                for seed in SEEDS:
                    for filters in FILTERS:
                        step = Step(logits(which, n), tail_noise(seed, n),
                                    filters)
                        a, b = step.winner(LOW), step.winner(HIGH)
                        out = []
                        step.bands(LOW, HIGH, a, b, out)
                        out.append((b, np.inf))
                        froms = [LOW] + [to for _, to in out[:-1]]
                        for low, (_, high) in zip(froms, out):
                            assert high / low > 1 + 1e-4
                        print(which, n, seed, *filters, len(out),
                              *("%d %.9g" % x for x in out), file=f)


if __name__ == "__main__":
    main()
