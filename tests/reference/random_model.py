"""GPT-2 model folders with random weights: the twin of
tests/tools/random_model.c, which writes the same bytes (see there).

    random_model.py FOLDER --layers L --width E --heads H --vocab V --context C
        [--inner I] [--dtype f32|f16|bf16] [--seed S] [--shards N]
        [--prefix PREFIX] [--untied] [--no-tokenizer]
"""
import argparse
import json
import math
import os
from dataclasses import dataclass

import numpy as np

CHUNK = 1 << 20
U64 = (1 << 64) - 1
DTYPES = {"f32": ("F32", 4, "float32"), "f16": ("F16", 2, "float16"),
          "bf16": ("BF16", 2, "bfloat16")}


@dataclass
class Model:
    layers: int
    width: int
    heads: int
    vocab: int
    context: int
    inner: int = 0
    dtype: str = "f32"
    seed: int = 0
    shards: int = 0
    prefix: str = ""
    untied: bool = False
    no_tokenizer: bool = False


def mix(z):
    """The finalizer of SplitMix64, on an array of uint64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
    return z ^ (z >> np.uint64(31))


def fnv1a64(text):
    h = 0xcbf29ce484222325
    for byte in text.encode():
        h = (h ^ byte) * 0x100000001b3 & U64
    return h


def elements(name, seed, center, scale, start, n):
    """Elements [start, start + n) of a tensor, float32."""
    key = mix(np.array([(fnv1a64(name) + seed) & U64], dtype=np.uint64))
    i = np.arange(start, start + n, dtype=np.uint64)
    h = mix(key + i * np.uint64(0x9e3779b97f4a7c15))
    x = ((h >> np.uint64(40)).astype(np.int32) - 0x800000).astype(np.float32)
    x *= np.float32(2.0 ** -23)
    return np.float32(center) + np.float32(scale) * x


def encode(values, dtype):
    """float32 values as little-endian bytes of the dtype."""
    if dtype == "f32":
        return values.astype("<f4").tobytes()
    if dtype == "f16":
        return values.astype("<f2").tobytes()
    bits = values.view(np.uint32)
    bits = (bits + np.uint32(0x7fff) + (bits >> np.uint32(16) & np.uint32(1)))
    return (bits >> np.uint32(16)).astype("<u2").tobytes()


def spread(gain, fan_in):
    return gain * math.sqrt(3.0 / fan_in)


def tensors(m):
    """(name, shape, center, scale) of every tensor, in the file's order."""
    e, inner = m.width, m.inner or 4 * m.width
    yield "wte.weight", (m.vocab, e), 0, spread(2.5, e)
    yield "wpe.weight", (m.context, e), 0, spread(1.25, e)
    for layer in range(m.layers):
        h = f"h.{layer}."
        yield h + "ln_1.weight", (e,), 1, 0.2
        yield h + "ln_1.bias", (e,), 0, 0.1
        yield h + "attn.c_attn.weight", (e, 3 * e), 0, spread(1.5, e)
        yield h + "attn.c_attn.bias", (3 * e,), 0, 0.1
        yield h + "attn.c_proj.weight", (e, e), 0, spread(1, e)
        yield h + "attn.c_proj.bias", (e,), 0, 0.1
        yield h + "ln_2.weight", (e,), 1, 0.2
        yield h + "ln_2.bias", (e,), 0, 0.1
        yield h + "mlp.c_fc.weight", (e, inner), 0, spread(1, e)
        yield h + "mlp.c_fc.bias", (inner,), 0, 0.1
        yield h + "mlp.c_proj.weight", (inner, e), 0, spread(1, inner)
        yield h + "mlp.c_proj.bias", (e,), 0, 0.1
    yield "ln_f.weight", (e,), 1, 0.2
    yield "ln_f.bias", (e,), 0, 0.1
    if m.untied:
        yield "lm_head.weight", (m.vocab, e), 0, spread(2.5, e)


def file_name(m, name):
    return name if name == "lm_head.weight" else m.prefix + name


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def write_weights(path, m, part):
    size = DTYPES[m.dtype][1]
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape, _, _ in part:
        end = offset + math.prod(shape) * size
        header[file_name(m, name)] = {
            "dtype": DTYPES[m.dtype][0], "shape": list(shape),
            "data_offsets": [offset, end]}
        offset = end
    text = compact(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for name, shape, center, scale in part:
            count = math.prod(shape)
            for i in range(0, count, CHUNK):
                x = elements(name, m.seed, center, scale, i,
                             min(CHUNK, count - i))
                f.write(encode(x, m.dtype))


def write_shards(folder, m, all_tensors):
    count = len(all_tensors)
    shard = [i * m.shards // count for i in range(count)]
    names = [f"model-{k + 1:05}-of-{m.shards:05}.safetensors"
             for k in range(m.shards)]
    total = sum(math.prod(t[1]) for t in all_tensors) * DTYPES[m.dtype][1]
    index = {"metadata": {"total_size": total},
             "weight_map": {file_name(m, t[0]): names[k]
                            for t, k in zip(all_tensors, shard)}}
    with open(os.path.join(folder, "model.safetensors.index.json"), "w") as f:
        f.write(compact(index) + "\n")
    for k, name in enumerate(names):
        write_weights(os.path.join(folder, name), m,
                      [t for t, s in zip(all_tensors, shard) if s == k])


def config(m):
    inner = m.inner or "null"
    return f"""{{
  "architectures": ["GPT2LMHeadModel"],
  "model_type": "gpt2",
  "activation_function": "gelu_new",
  "n_layer": {m.layers},
  "n_head": {m.heads},
  "n_embd": {m.width},
  "n_inner": {inner},
  "n_positions": {m.context},
  "n_ctx": {m.context},
  "vocab_size": {m.vocab},
  "layer_norm_epsilon": 1e-05,
  "bos_token_id": {m.vocab - 1},
  "eos_token_id": {m.vocab - 1},
  "tie_word_embeddings": {"false" if m.untied else "true"},
  "torch_dtype": "{DTYPES[m.dtype][2]}"
}}
"""


def tokenizer(vocab):
    """(pieces by id, merges) of a made-up byte-level vocabulary."""
    printable = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    rest = [b for b in range(256) if b not in printable]
    char = {b: chr(b) for b in printable}
    char |= {b: chr(0x100 + i) for i, b in enumerate(rest)}
    first = [*range(ord("a"), ord("z") + 1), ord(" ")]
    ranked = [char[b] for b in
              first + [b for b in printable + rest if b not in first]]

    def pair(m):
        side = math.isqrt(m)
        r = m - side * side
        return (r, side) if r <= side else (side, r - side - 1)

    def two(m):
        return tuple(ranked[k] for k in pair(m))

    merges = [two(m) if m < 65536 else
              tuple("".join(two(k)) for k in pair(m - 65536))
              for m in range(vocab - 257)]
    pieces = [char[b] for b in printable + rest]
    pieces += ["".join(m) for m in merges] + ["<|endoftext|>"]
    return pieces, merges


def write(folder, m):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as f:
        f.write(config(m))
    if m.shards > 1:
        write_shards(folder, m, list(tensors(m)))
    else:
        write_weights(os.path.join(folder, "model.safetensors"), m,
                      list(tensors(m)))
    if m.no_tokenizer or m.vocab < 257:
        return
    pieces, merges = tokenizer(m.vocab)
    with open(os.path.join(folder, "vocab.json"), "w") as f:
        f.write(compact({p: i for i, p in enumerate(pieces)}) + "\n")
    with open(os.path.join(folder, "merges.txt"), "w") as f:
        f.write("#version: 0.2\n")
        f.writelines(f"{a} {b}\n" for a, b in merges)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("folder")
    for name in ("layers", "width", "heads", "vocab", "context"):
        p.add_argument("--" + name, type=int, required=True)
    p.add_argument("--inner", type=int, default=0)
    p.add_argument("--dtype", choices=DTYPES, default="f32")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--shards", type=int, default=0)
    p.add_argument("--prefix", default="")
    p.add_argument("--untied", action="store_true")
    p.add_argument("--no-tokenizer", action="store_true")
    fields = vars(p.parse_args())
    write(fields.pop("folder"), Model(**fields))


if __name__ == "__main__":
    main()
