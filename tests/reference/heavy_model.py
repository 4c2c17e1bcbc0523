#!/usr/bin/env python3
"""A model made heavy: each feed-forward part gets more units, whose weights
are zero, so that its texts and their numbers stay its own while a token reads
as many bytes as that of a larger model. For measuring what depends on how
likely the tokens are, which random weights say nothing about.

    heavy_model.py FOLDER NEW_FOLDER [UNITS]     (61440)

FOLDER has config.json and one model.safetensors, as models/stories has."""
import json
import os
import shutil
import struct
import sys


def widen(name, entry, data, units):
    """The tensor's shape and bytes with `units` units."""
    shape = list(entry["shape"])
    size = len(data) // (shape[0] * (shape[1] if len(shape) > 1 else 1))
    if name.endswith("mlp.c_fc.weight"):
        row = shape[1] * size
        more = bytes((units - shape[1]) * size)
        data = b"".join(data[i:i + row] + more
                        for i in range(0, len(data), row))
        shape[1] = units
    elif name.endswith("mlp.c_fc.bias"):
        data += bytes((units - shape[0]) * size)
        shape[0] = units
    elif name.endswith("mlp.c_proj.weight"):
        data += bytes((units - shape[0]) * shape[1] * size)
        shape[0] = units
    return shape, data


def main(folder, new_folder, units=61440):
    os.makedirs(new_folder, exist_ok=True)
    for name in os.listdir(folder):
        if name != "model.safetensors":
            shutil.copy(os.path.join(folder, name), new_folder)
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        config = json.load(f)
    config["n_inner"] = int(units)
    with open(os.path.join(new_folder, "config.json"), "w",
              encoding="utf-8") as f:
        json.dump(config, f, indent=2)
    with open(os.path.join(folder, "model.safetensors"), "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    header.pop("__metadata__", None)
    parts, at = [], 0
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        entry["shape"], part = widen(name, entry, data[begin:end], int(units))
        entry["data_offsets"] = [at, at + len(part)]
        at += len(part)
        parts.append(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(new_folder, "model.safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for part in parts:
            f.write(part)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
