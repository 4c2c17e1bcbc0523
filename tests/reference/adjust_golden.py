"""Writes tests/golden/adjust.txt: what repetition penalty, DRY and bias make
of logits.

    adjust_golden.py FOLDER

Straight from the definitions, in float64. The repetition penalty is that of
Keskar et al. 2019 (section 4.1) in the form that Hugging Face's
RepetitionPenaltyLogitsProcessor has given it; DRY is as its author describes
it (p-e-w, text-generation-webui pull request 5677): for every earlier place
where the last token stands, how long is the stretch before it that is the
same as at the end?

One case a line:

    PENALTY LAST MULTIPLIER BASE ALLOWED DRY-LAST LIMIT
    N-BREAKERS ID ...  N-BIAS ID ADD ...  N ID ...  COUNT ID LOGIT ...

LIMIT: tokens behind the last breaker. The logits are those of logits(); at
the end stand those that are not what they were.
"""
import os
import random
import sys

VOCAB = 500


def logits():
    return [(i * 7919 % 1009) / 64 - 8 for i in range(VOCAB)]


def penalize(x, ids, penalty, last):
    for i in set(ids[-last:] if last else ids):
        x[i] = x[i] / penalty if x[i] > 0 else x[i] * penalty


def dry(x, ids, multiplier, base, allowed, last, breakers):
    if last:
        ids = ids[-last:]
    if not ids or ids[-1] in breakers:
        return
    longest = {}
    for end in range(len(ids) - 1):
        n = 0
        while (n <= end and ids[end - n] == ids[-1 - n]
               and ids[end - n] not in breakers):
            n += 1
        after = ids[end + 1]
        if n > 0 and after not in breakers:
            longest[after] = max(n, longest.get(after, 0))
    for i, n in longest.items():
        if n >= allowed:
            # More than 1e6 is as good as 1e6.
            power = base ** min(n - allowed, 2000 if base < 1.4 else 100)
            x[i] -= min(multiplier * power, 1e6)


def texts(r):
    yield []
    yield [7]
    yield [7, 7]
    yield [7] * 40
    yield [1, 2, 3, 1, 2, 3, 1, 2]
    yield [1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3]
    yield [9, 1, 2, 8, 9, 1, 2]
    yield list(range(60))
    for n, letters in [(30, 2), (100, 3), (300, 4), (1024, 2), (1400, 20),
                       (200, 150)]:
        yield [r.randrange(letters) * 3 for _ in range(n)]
    period = [r.randrange(VOCAB) for _ in range(37)]
    yield (period * 30)[:1050]
    yield (period * 4)[5:] + [499] + period[:20]


def rules(r):
    """penalty, last, multiplier, base, allowed, dry-last, breakers, bias"""
    yield 1.3, 0, 0, 1.75, 2, 0, [], []
    yield 0.7, 16, 0, 1.75, 2, 0, [], []
    yield 1, 0, 0.8, 1.75, 2, 0, [], []
    yield 1, 0, 0.8, 1.75, 1, 0, [3], []
    yield 1, 0, 0.8, 1.75, 2, 0, [2, 3, 499], []
    yield 1, 0, 2, 1, 3, 64, [], []
    yield 1, 0, 1000, 100, 1, 0, [], []
    yield 1, 0, 0.001, 1.001, 5, 0, [0], []
    yield 1, 0, 0, 1.75, 2, 0, [], [(0, -1000), (7, 2.5), (499, float("-inf"))]
    yield (100, 1, 0.5, 2, 2, 5, [7],
           [(i, r.uniform(-9, 9)) for i in range(0, VOCAB, 7)])
    yield (1.1, 0, 0.8, 1.75, 2, 0, [6, 9],
           [(1, float("-inf")), (3, 100), (12, -100)])


def behind(ids, breakers):
    n = 0
    while n < len(ids) and ids[-1 - n] not in breakers:
        n += 1
    return n


def main():
    r = random.Random(5)
    with open(os.path.join(sys.argv[1], "adjust.txt"), "w") as f:
        for ids in texts(r):
            for (penalty, last, multiplier, base, allowed, dry_last, breakers,
                 bias) in rules(r):
                x = logits()
                penalize(x, ids, penalty, last)
                dry(x, ids, multiplier, base, allowed, dry_last, breakers)
                for i, add in bias:
                    x[i] += add
                changed = [(i, a) for i, (a, b) in enumerate(zip(x, logits()))
                           if a != b]
                print(penalty, last, multiplier, base, allowed, dry_last,
                      behind(ids, breakers), len(breakers), *breakers,
                      len(bias), *("%d %.9g" % b for b in bias), len(ids),
                      *ids, len(changed), *("%d %.9g" % c for c in changed),
                      file=f)


if __name__ == "__main__":
    main()
