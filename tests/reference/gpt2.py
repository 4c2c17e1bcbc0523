"""GPT-2 in NumPy, float64 throughout, from the paper and the file formats
alone: the yardstick of the OpenCL engine. Slow and simple on purpose.

    gpt2.py FOLDER logprobs --ids 1,2,3 [--temperature T] --out FILE.npy
    gpt2.py FOLDER generate --ids 1,2,3 [--temperature T] [--seed S]
        [--greedy] [-n N]

`generate` prints one line a step: step, id, log-probability, runner-up and
the margin between the two best scores.
"""
import argparse
import json
import math
import mmap
import os

import numpy as np


class Tensors:
    """The tensors of a folder's safetensors files, mapped."""

    def __init__(self, folder):
        self.where = {}
        index = os.path.join(folder, "model.safetensors.index.json")
        names = ["model.safetensors"]
        if os.path.exists(index):
            with open(index) as f:
                names = sorted(set(json.load(f)["weight_map"].values()))
        for name in names:
            self._read_header(os.path.join(folder, name))

    def _read_header(self, path):
        with open(path, "rb") as f:
            data = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        size = int.from_bytes(data[:8], "little")
        for name, info in json.loads(data[8:8 + size]).items():
            if name != "__metadata__":
                start, _ = info["data_offsets"]
                self.where[name.removeprefix("transformer.")] = (
                    data, 8 + size + start, info["dtype"], info["shape"])

    def __contains__(self, name):
        return name in self.where

    def get(self, name, rows=slice(None)):
        """The tensor (or some of its rows) in float64."""
        data, start, dtype, shape = self.where[name]
        stored = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}[dtype]
        x = np.frombuffer(data, stored, math.prod(shape), start)
        x = x.reshape(shape)[rows]
        if dtype == "BF16":
            x = (x.astype(np.uint32) << 16).view(np.float32)
        return x.astype(np.float64)


def layer_norm(x, weight, bias, eps):
    """x (..., E), normalized over E."""
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps) * weight + bias


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi)
                                  * (x + 0.044715 * x ** 3)))


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


class GPT2:
    def __init__(self, folder, keep=True):
        """keep: hold the weights in memory in float64; else each is read
        again whenever it is needed (for models larger than memory)."""
        with open(os.path.join(folder, "config.json")) as f:
            c = json.load(f)
        self.layers, self.heads = c["n_layer"], c["n_head"]
        self.width, self.vocab = c["n_embd"], c["vocab_size"]
        self.context = c["n_positions"]
        self.eps = c["layer_norm_epsilon"]
        self.eos = c.get("eos_token_id", self.vocab - 1)
        self.tensors = Tensors(folder)
        self.kept = {} if keep else None
        self.rewind(0)

    def weight(self, name):
        if self.kept is None:
            return self.tensors.get(name)
        if name not in self.kept:
            self.kept[name] = self.tensors.get(name)
        return self.kept[name]

    def rewind(self, length):
        """Forgets all positions from `length` on."""
        self.length = length
        if length == 0:
            empty = np.zeros((self.heads, 0, self.width // self.heads))
            self.keys = [empty] * self.layers
            self.values = [empty] * self.layers
        else:
            self.keys = [k[:, :length] for k in self.keys]
            self.values = [v[:, :length] for v in self.values]

    def attention(self, layer, x):
        """x (n, E), the positions after those in the cache."""
        n, size = len(x), self.width // self.heads
        h = f"h.{layer}.attn."
        x = x @ self.weight(h + "c_attn.weight") + self.weight(
            h + "c_attn.bias")
        # (n, 3E) -> three of (heads, n, size)
        q, k, v = (part.reshape(n, self.heads, size).transpose(1, 0, 2)
                   for part in np.split(x, 3, axis=1))
        k = self.keys[layer] = np.concatenate([self.keys[layer], k], 1)
        v = self.values[layer] = np.concatenate([self.values[layer], v], 1)
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(size)
        position = np.arange(self.length, self.length + n)
        hidden = np.arange(k.shape[1])[None, :] > position[:, None]
        scores[:, hidden] = -np.inf
        y = np.exp(log_softmax(scores)) @ v
        y = y.transpose(1, 0, 2).reshape(n, self.width)
        return y @ self.weight(h + "c_proj.weight") + self.weight(
            h + "c_proj.bias")

    def mlp(self, layer, x):
        h = f"h.{layer}.mlp."
        x = gelu(x @ self.weight(h + "c_fc.weight")
                 + self.weight(h + "c_fc.bias"))
        return x @ self.weight(h + "c_proj.weight") + self.weight(
            h + "c_proj.bias")

    def norm(self, name, x):
        return layer_norm(x, self.weight(name + ".weight"),
                          self.weight(name + ".bias"), self.eps)

    def feed(self, ids):
        """Appends ids; returns the final hidden state (n, E) of each."""
        n = len(ids)
        assert n > 0 and self.length + n <= self.context
        x = self.tensors.get("wte.weight", np.asarray(ids))
        x = x + self.tensors.get("wpe.weight",
                                 slice(self.length, self.length + n))
        for layer in range(self.layers):
            h = f"h.{layer}."
            x = x + self.attention(layer, self.norm(h + "ln_1", x))
            x = x + self.mlp(layer, self.norm(h + "ln_2", x))
        self.length += n
        return self.norm("ln_f", x)

    def logits(self, hidden):
        """hidden (..., E) to (..., vocab)."""
        head = "lm_head.weight"
        if head not in self.tensors:
            head = "wte.weight"
        return hidden @ self.weight(head).T

    def logprobs(self, ids, temperature):
        """Log-probabilities (vocab) of what follows ids, float64."""
        self.rewind(0)
        hidden = self.feed(ids)[-1]
        return log_softmax(self.logits(hidden) / temperature)


def noise(seed, n):
    """Gumbel noise (n) float32 of default_rng(seed). Where u rounds to 1,
    -log(1 - u) from the exact draw in place of infinity."""
    u64 = np.random.default_rng(seed).uniform(1e-20, 1.0, size=n)
    u = u64.astype(np.float32)
    with np.errstate(divide="ignore"):
        g = -np.log(-np.log(u))
    one = u == 1
    g[one] = -np.log((1 - u64[one]).astype(np.float32))
    return g


def pick(scores):
    """(best, runner-up, margin); of equal scores the first."""
    best = int(np.argmax(scores))
    rest = scores.copy()
    rest[best] = -np.inf
    second = int(np.argmax(rest))
    return best, second, float(scores[best]) - float(rest[second])


def generate(model, ids, count, temperature=0.8, seed=0, greedy=False):
    """The generation loop: yields (id, log-probability, runner-up, margin)
    up to `count` times, until end-of-text or a full context."""
    model.rewind(0)
    new = list(ids)
    for step in range(count):
        if model.length + len(new) > model.context:
            return
        logits = model.logits(model.feed(new)[-1])
        if greedy:
            lp = log_softmax(logits)
            best, second, margin = pick(lp)
        else:
            lp = log_softmax(logits / temperature)
            best, second, margin = pick(lp.astype(np.float32)
                                        + noise(seed + step, model.vocab))
        yield best, float(lp[best]), second, margin
        if best == model.eos:
            return
        new = [best]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("folder")
    p.add_argument("what", choices=["logprobs", "generate"])
    p.add_argument("--ids", required=True)
    p.add_argument("--temperature", type=float, default=0.8)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--greedy", action="store_true")
    p.add_argument("-n", type=int, default=50)
    p.add_argument("--out")
    a = p.parse_args()
    model = GPT2(a.folder, keep=a.what == "generate")
    ids = [int(i) for i in a.ids.split(",")]
    if a.what == "logprobs":
        np.save(a.out, model.logprobs(ids, a.temperature).astype(np.float32))
        return
    steps = generate(model, ids, a.n, a.temperature, a.seed, a.greedy)
    for step, (best, lp, second, margin) in enumerate(steps):
        print(step, best, f"{lp:.6f}", second, f"{margin:.6f}")


if __name__ == "__main__":
    main()
