#!/usr/bin/env python3
"""Write the golden files of tests/unit/test_gguf.c with the gguf package.

    gguf_golden.py FOLDER

dequant.txt: blocks of every type, and what gguf.quants makes of them: a line
for each block, TYPE, its bytes in hexadecimal, and its numbers as the bits of
float32. tiny.gguf: the model of random_model.py --layers 1 --width 32 --heads 2
--vocab 261 --context 16 --seed 5 as llama.cpp's converter lays it out, its
matrices in several types; an added token and an unused one at the end of the
vocabulary. Needs: pip install gguf.
"""
import os
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import quants

import random_model

TYPES = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K",
         "Q5_K", "Q6_K"]
# Where the scales in float16 lie, which random bytes would make no numbers.
HALVES = {"Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0],
          "Q5_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2],
          "Q5_K": [0, 2], "Q6_K": [208]}
NAMES = {"wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm",
         "ln_1": "attn_norm", "attn.c_attn": "attn_qkv",
         "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
         "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}
MATRICES = {"wte": T.F16, "attn.c_attn": T.Q8_0, "attn.c_proj": T.Q4_0,
            "mlp.c_fc": T.Q5_1, "mlp.c_proj": T.BF16}


def write_blocks(path):
    rng = np.random.default_rng(11)
    with open(path, "w") as f:
        for name in TYPES:
            size = gguf.GGML_QUANT_SIZES[T[name]][1]
            blocks = rng.integers(0, 256, (2, size), dtype=np.uint8)
            for at in HALVES[name]:
                scales = rng.normal(0, 0.1, (2, 1)).astype("<f2")
                blocks[:, at:at + 2] = scales.view(np.uint8)
            values = quants.dequantize(blocks, T[name]).astype("<f4")
            for block, row in zip(blocks, values):
                print(name, block.tobytes().hex(), row.tobytes().hex(),
                      file=f)


def write_tiny(path):
    m = random_model.Model(layers=1, width=32, heads=2, vocab=261, context=16,
                           seed=5)
    w = gguf.GGUFWriter(path, "gpt2")
    w.add_name("tiny")
    w.add_block_count(m.layers)
    w.add_context_length(m.context)
    w.add_embedding_length(m.width)
    w.add_feed_forward_length(4 * m.width)
    w.add_head_count(m.heads)
    w.add_layer_norm_eps(1e-5)
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    tokens, merges = random_model.tokenizer(259)
    types = [1] * (len(tokens) - 1) + [3]
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens + ["[who is it]", "[PAD260]"])
    w.add_token_types(types + [4, 5])
    w.add_token_merges([f"{a} {b}" for a, b in merges])
    w.add_bos_token_id(len(tokens) - 1)
    w.add_eos_token_id(len(tokens) - 1)
    for name, shape, center, scale in random_model.tensors(m):
        x = random_model.elements(name, m.seed, center, scale, 0,
                                  int(np.prod(shape))).reshape(shape)
        layer, part, end = "", *name.rsplit(".", 1)
        if name.startswith("h."):
            layer, part = "blk.0.", part.split(".", 2)[2]
            x = x.T if x.ndim == 2 else x
        kind = MATRICES.get(part, T.F32) if x.ndim == 2 else T.F32
        w.add_tensor(layer + NAMES[part] + "." + end,
                     quants.quantize(np.ascontiguousarray(x), kind),
                     raw_dtype=kind)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def main():
    (folder,) = sys.argv[1:]
    write_blocks(os.path.join(folder, "dequant.txt"))
    write_tiny(os.path.join(folder, "tiny.gguf"))


if __name__ == "__main__":
    main()
