#!/usr/bin/env python3
"""Write the golden file of tests/unit/test_packing.c, with NumPy alone.

    quantize_golden.py quantize.txt [--compare]

Lines TYPE WEIGHTS BLOCK: 32 weights (their bits as float32) and the block that
they become, or "-" where they are refused; in hexadecimal. Then lines
matrix N_IN N_OUT WEIGHTS, and of the last matrix, lines
panels TYPE WIDTH UNIT BYTES: how it lies in device memory (cl/packing.cl).

The scale is that of ggml, rounded to float16; weights are divided by it as it
is kept, and halves are rounded up. ggml divides by what it was before, and
rounds halves away from zero: --compare tells how many bytes differ from the
gguf package's (pip install gguf).
"""
import sys

import numpy as np

F = np.float32
BLOCK = 32


def quantize(name, x):
    """A block (bytes) of 32 float32; None where the scale is too large."""
    most = F(0)
    for v in x:
        if abs(v) > abs(most):
            most = v
    scale = abs(most) / F(127) if name == "q8_0" else most / F(-8)
    kept = np.float16(scale if np.isfinite(x).all() else np.nan)
    if np.isinf(kept):
        return None
    inverse = F(1) / F(kept) if kept != 0 and not np.isnan(kept) else F(0)
    lowest, highest, bias = (-127, 127, 0) if name == "q8_0" else (0, 15, 8)
    q = x * inverse + F(bias)
    q = np.clip(np.where(np.isnan(q), F(lowest), q), lowest, highest)
    # To the nearest, halves up, in float32 throughout.
    q = (q.astype(F) + F(256.5)).astype(np.int32) - 256
    if name == "q8_0":
        body = q.astype(np.int8).tobytes()
    else:
        body = (q[:16] | q[16:] << 4).astype(np.uint8).tobytes()
    return kept.astype("<f2").tobytes() + body


def panels(name, w, width, unit):
    """w (n_in, n_out) as panels of `width` outputs: of every block of inputs
    the scales, then `unit` bytes of each output in turn."""
    n_in, n_out = w.shape
    padded = np.zeros((-(-n_in // BLOCK) * BLOCK, -(-n_out // width) * width),
                      F)
    padded[:n_in, :n_out] = w
    out = b""
    for o in range(0, padded.shape[1], width):
        for i in range(0, padded.shape[0], BLOCK):
            blocks = [quantize(name, padded[i:i + BLOCK, o + k])
                      for k in range(width)]
            out += b"".join(b[:2] for b in blocks)
            for at in range(2, len(blocks[0]), unit):
                out += b"".join(b[at:at + unit] for b in blocks)
    return out


def with_one(x, i, value):
    x = np.array(x, F)
    x[i] = value
    return x


def cases():
    rng = np.random.default_rng(7)
    ramp = np.arange(BLOCK, dtype=F) - 16
    usual = rng.normal(0, 0.02, BLOCK).astype(F)
    yield np.zeros(BLOCK, F)
    yield -np.zeros(BLOCK, F)
    yield ramp
    yield -ramp
    yield with_one(ramp / 2, 3, 127)           # halves between steps
    yield with_one(-ramp / 2, 3, -127)
    yield with_one(ramp / 4, 9, -8)            # and of 4 bits
    yield with_one(ramp / 4, 9, 8)
    yield with_one(with_one(usual, 4, 0.25), 20, -0.25)  # which is the first
    yield with_one(with_one(usual, 4, -0.25), 20, 0.25)
    yield with_one(usual, 31, -1)
    yield with_one(np.zeros(BLOCK, F), 17, 3e-5)
    yield usual
    yield usual * F(1e-3)                      # scales that are subnormal
    yield usual * F(1e-5)
    yield usual * F(1e-8)                      # and too small for any
    yield usual * F(1e-30)
    yield usual * F(2.0 ** -120)               # weights that are
    yield with_one(usual, 0, 65504 * 127)
    yield with_one(usual, 0, 65504 * 8)
    yield with_one(usual, 0, -65504 * 8)
    yield with_one(usual, 5, 1e30)
    for odd in (np.inf, -np.inf, np.nan):
        yield with_one(usual, 6, odd)
    for scale in (1e-4, 1, 300):
        yield rng.normal(0, scale, BLOCK).astype(F)


def compare(rng):
    import gguf

    for name in ("q8_0", "q4_0"):
        x = rng.normal(0, 0.02, (4096, BLOCK)).astype(F)
        theirs = gguf.quants.quantize(x, gguf.GGMLQuantizationType[name.upper()])
        ours = np.array([list(quantize(name, row)) for row in x], np.uint8)
        print(name, "bytes that differ:", (ours != theirs).sum(), "of",
              ours.size, "- of scales:",
              (ours[:, :2] != theirs[:, :2]).sum())


def main():
    rng = np.random.default_rng(8)
    w = rng.normal(0, 0.02, (37, 19)).astype(F)
    with open(sys.argv[1], "w") as f, np.errstate(all="ignore"):
        for x in cases():
            for name in ("q8_0", "q4_0"):
                block = quantize(name, x)
                print(name, x.astype("<f4").tobytes().hex(),
                      block.hex() if block else "-", file=f)
        print("matrix", *w.shape, w.astype("<f4").tobytes().hex(), file=f)
        for name, width, unit in (("q8_0", 16, 2), ("q8_0", 32, 4),
                                  ("q4_0", 16, 4)):
            print("panels", name, width, unit,
                  panels(name, w, width, unit).hex(), file=f)
    if "--compare" in sys.argv:
        compare(rng)


if __name__ == "__main__":
    main()
