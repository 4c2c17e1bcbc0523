#!/usr/bin/env python3
"""Write the files of tests/unit/test_ckpt.c.

    ckpt_golden.py FOLDER

ckpt.pt: a checkpoint as nanoGPT's train.py saves it after torch.compile, with
bias=False: one layer of width 4, 264 rows, F32, one matrix column by column.
meta.pkl: characters and their ids as a prepare.py writes them. ckpt.txt: token
ids, and after them the log-probabilities of the next token, which are computed
here in float64. Needs nothing: the archive is written without PyTorch, names of
whose classes are all that is in a pickle.
"""
import io
import math
import os
import pickle
import random
import struct
import sys
import types
import zipfile

ROWS, CONTEXT, WIDTH, HEADS = 264, 8, 4, 2
IDS = [72, 105, 258, 33, 7]
CHARACTERS = ["\n", " ", "!", "a", "b", "\x7f", "\u00e9", "\u4e16", "<end>"]


class Tensor:
    """A float32 tensor: rows of numbers, or one row, or one number."""

    columns = False  # whether it is saved column by column

    def __init__(self, shape, values, storage=None):
        self.shape = shape
        self.values = [struct.unpack("<f", struct.pack("<f", x))[0]
                       for x in values]
        self.storage = storage or self

    def saved(self):
        if not self.columns:
            return self.values
        return [x for column in zip(*self.rows()) for x in column]

    def strides(self):
        if self.columns:
            return 1, self.shape[0]
        return tuple(math.prod(self.shape[i + 1:])
                     for i in range(len(self.shape)))

    def rows(self):
        n = self.shape[1]
        return [self.values[i:i + n] for i in range(0, len(self.values), n)]

    def __reduce_ex__(self, protocol):
        return (sys.modules["torch._utils"]._rebuild_tensor_v2,
                (Storage(self.storage), 0, self.shape, self.strides(), False,
                 OrderedDict()))


class Storage:
    def __init__(self, of):
        self.of = of


def named(module, name, what):
    """Something that a pickle calls module.name."""
    m = sys.modules.setdefault(module, types.ModuleType(module))
    what.__module__, what.__qualname__, what.__name__ = module, name, name
    setattr(m, name, what)
    return what


OrderedDict = __import__("collections").OrderedDict
named("torch", "FloatStorage", type("FloatStorage", (), {}))
named("torch._utils", "_rebuild_tensor_v2", lambda *args: None)


class Pickler(pickle._Pickler):
    def __init__(self, file):
        super().__init__(file, protocol=2)
        self.storages = []

    def persistent_id(self, obj):
        if not isinstance(obj, Storage):
            return None
        if obj.of not in self.storages:
            self.storages.append(obj.of)
        return ("storage", sys.modules["torch"].FloatStorage,
                str(self.storages.index(obj.of)), "cuda:0",
                len(obj.of.values))


def save(path, obj):
    file = io.BytesIO()
    pickler = Pickler(file)
    pickler.dump(obj)
    with zipfile.ZipFile(path, "w") as z:
        def put(name, data):
            z.writestr(zipfile.ZipInfo("ckpt/" + name), data)
        put("data.pkl", file.getvalue())
        put("byteorder", b"little")
        for i, t in enumerate(pickler.storages):
            put(f"data/{i}", struct.pack(f"<{len(t.values)}f", *t.saved()))
        put("version", b"3\n")


def make_weights():
    r = random.Random(7)

    def tensor(*shape, mean=0.0):
        return Tensor(shape, [r.gauss(mean, 0.7)
                              for _ in range(math.prod(shape))])
    w = OrderedDict()
    w["transformer.wte.weight"] = tensor(ROWS, WIDTH)
    w["transformer.wpe.weight"] = tensor(CONTEXT, WIDTH)
    h = "transformer.h.0."
    w[h + "ln_1.weight"] = tensor(WIDTH, mean=1)
    w[h + "attn.c_attn.weight"] = tensor(3 * WIDTH, WIDTH)
    w[h + "attn.c_proj.weight"] = tensor(WIDTH, WIDTH)
    w[h + "ln_2.weight"] = tensor(WIDTH, mean=1)
    w[h + "mlp.c_fc.weight"] = tensor(4 * WIDTH, WIDTH)
    w[h + "mlp.c_fc.weight"].columns = True
    w[h + "mlp.c_proj.weight"] = tensor(WIDTH, 4 * WIDTH)
    w["transformer.ln_f.weight"] = tensor(WIDTH, mean=1)
    wte = w["transformer.wte.weight"]
    w["lm_head.weight"] = Tensor(wte.shape, wte.values, wte)
    return w


def norm(x, weight):
    mean = sum(x) / len(x)
    variance = sum((v - mean) ** 2 for v in x) / len(x)
    return [(v - mean) / math.sqrt(variance + 1e-5) * g
            for v, g in zip(x, weight.values)]


def linear(x, weight):
    """weight (out, in)."""
    return [sum(a * b for a, b in zip(x, row)) for row in weight.rows()]


def add(x, y):
    return [a + b for a, b in zip(x, y)]


def softmax(x):
    e = [math.exp(v - max(x)) for v in x]
    return [v / sum(e) for v in e]


def attend(qkv):
    """What the last position takes from all, head by head."""
    size, out = WIDTH // HEADS, []
    for h in range(0, WIDTH, size):
        q = qkv[-1][h:h + size]
        k = [p[WIDTH + h:WIDTH + h + size] for p in qkv]
        v = [p[2 * WIDTH + h:2 * WIDTH + h + size] for p in qkv]
        share = softmax([sum(a * b for a, b in zip(q, one)) / math.sqrt(size)
                         for one in k])
        out += [sum(s * one[i] for s, one in zip(share, v))
                for i in range(size)]
    return out


def gelu(x):
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))


def logprobs(w, ids):
    h = "transformer.h.0."
    rows = w["transformer.wte.weight"].rows()
    xs = [add(rows[t], p)
          for t, p in zip(ids, w["transformer.wpe.weight"].rows())]
    qkv = [linear(norm(x, w[h + "ln_1.weight"]), w[h + "attn.c_attn.weight"])
           for x in xs]
    x = add(xs[-1], linear(attend(qkv), w[h + "attn.c_proj.weight"]))
    inner = linear(norm(x, w[h + "ln_2.weight"]), w[h + "mlp.c_fc.weight"])
    x = add(x, linear([gelu(v) for v in inner], w[h + "mlp.c_proj.weight"]))
    logits = linear(norm(x, w["transformer.ln_f.weight"]),
                    w["lm_head.weight"])
    z = math.log(sum(math.exp(v) for v in logits))
    return [v - z for v in logits]


def main():
    (folder,) = sys.argv[1:]
    w = make_weights()
    args = dict(n_layer=1, n_head=HEADS, n_embd=WIDTH, block_size=CONTEXT,
                bias=False, vocab_size=ROWS, dropout=0.0)
    state = OrderedDict(("_orig_mod." + k, v) for k, v in w.items())
    group = dict(lr=6e-4, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1,
                 amsgrad=False, foreach=None, fused=True, params=[0, 1])
    moments = dict(step=Tensor((), [9]), exp_avg=Tensor((4,), [1, 2, 3, 4]))
    save(os.path.join(folder, "ckpt.pt"), {
        "model": state,
        "optimizer": {"state": {0: moments}, "param_groups": [group]},
        "model_args": args, "iter_num": 100000,
        "best_val_loss": Tensor((), [3.5]),
        "config": {"out_dir": "out", "compile": True, "device": "cuda"}})
    stoi = {c: i for i, c in enumerate(CHARACTERS)}
    with open(os.path.join(folder, "meta.pkl"), "wb") as f:
        pickle.dump({"vocab_size": len(stoi), "stoi": stoi,
                     "itos": {i: c for c, i in stoi.items()}}, f, protocol=4)
    with open(os.path.join(folder, "ckpt.txt"), "w") as f:
        print(*IDS, file=f)
        for x in logprobs(w, IDS):
            print(f"{x:.7f}", file=f)


if __name__ == "__main__":
    main()
