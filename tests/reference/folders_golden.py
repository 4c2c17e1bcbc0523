#!/usr/bin/env python3
"""Write tests/golden/folders.json, for tests/unit/test_folders.c.

    folders_golden.py OUT.json

Makes tokenizer folders as people have them, lets Transformers read them
(AutoTokenizer) and writes down the files and the ids of some texts.
Needs: pip install transformers (5) tokenizers regex.
"""
import json
import os
import sys
import tempfile

import tokenizers
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from tokenizers import processors
from transformers import AutoTokenizer

from tokenizer_golden import byte_alphabet

BYTES = (" \n" + "".join(chr(c) for c in range(0x21, 0x7f))).encode()
BYTES += "é中😀".encode()


CHARS = byte_alphabet()
PIECES = list(dict.fromkeys(CHARS[b] for b in BYTES))
MERGES = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ġ", "a"), ("i", "n"),
          ("in", "g"), ("Ġ", "th"), ("o", "n")]
TEXTS = [
    "", "a", " a", "the thing", "  the  thing\n\nis on", "the\n the",
    "<|endoftext|>", "a<|endoftext|>b", " <|endoftext|> the", "café 中 😀",
    "[PAD] [USER NAME]the[USER NAME]", "<|im_start|>user\nthe<|im_end|>\n",
    "wd awd wd. wd_ wd", "x  <s>  y <s>the", "the<|endoftext|>the the",
]


def vocab(*extra):
    return {p: i for i, p in enumerate(
        [*PIECES, *("".join(m) for m in MERGES), *extra])}


def merges_text(end="\n", merges=MERGES, head="#version: 0.2"):
    lines = [head] * bool(head) + [" ".join(m) for m in merges]
    return "".join(line + end for line in lines)


def built(words, merges=MERGES, prefix=False, post=None, added=(), **model):
    t = Tokenizer(models.BPE(vocab=words, merges=list(merges), **model))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    t.decoder = decoders.ByteLevel()
    for token in added:
        t.add_tokens([token])
    if post is not None:
        t.post_processor = post
    return json.loads(t.to_str())


END = AddedToken("<|endoftext|>", special=True, normalized=False)
PAIR = {"vocab.json": vocab("<|endoftext|>"), "merges.txt": merges_text()}
N = len(PAIR["vocab.json"])


def with_files(**files):
    return {name.replace("__", "."): value for name, value in files.items()}


def old_merges(data):
    data = json.loads(json.dumps(data))
    data["model"]["merges"] = [" ".join(m) for m in data["model"]["merges"]]
    return data


def template(id):
    return processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", id)])


def token(content, **flags):
    return {"content": content, "lstrip": False, "normalized": True,
            "rstrip": False, "single_word": False, "special": False, **flags}


ADDED = [
    END,
    AddedToken("[USER NAME]", normalized=True),
    AddedToken("<|im_start|>", special=True, normalized=False),
    AddedToken("<|im_end|>", special=True, normalized=False),
    AddedToken("wd", single_word=True),
    AddedToken("<s>", special=True, lstrip=True, rstrip=True,
               normalized=False),
    AddedToken("the<|", normalized=True),
    AddedToken("中"),
]
PREFIXED = {"tokenizer.json": built(PAIR["vocab.json"], prefix=True,
                                    added=[END])}
FAST = {"tokenizer_class": "PreTrainedTokenizerFast"}

# name, files, rows of the embedding
CASES = [
    ("vocab.json and merges.txt", PAIR, N),
    ("Windows line ends", {**PAIR, "merges.txt": merges_text("\r\n")}, N),
    ("no header", {**PAIR, "merges.txt": merges_text(head="")}, N),
    ("a repeated pair",
     {**PAIR, "merges.txt": merges_text(
         merges=[("t", "h"), ("i", "n"), *MERGES[1:], ("t", "h")])}, N),
    ("pairs out of order",
     {**PAIR, "merges.txt": merges_text(merges=[*MERGES[::-1]])}, N),
    ("tokenizer.json alone",
     {"tokenizer.json": built(PAIR["vocab.json"], added=[END])}, N),
    ("tokenizer.json of old",
     {"tokenizer.json": old_merges(built(PAIR["vocab.json"], added=[END]))},
     N),
    ("tokenizer.json goes before vocab.json",
     {"tokenizer.json": built(PAIR["vocab.json"], added=[END]),
      "vocab.json": {"a": 0}, "merges.txt": ""}, N),
    ("added tokens",
     {"tokenizer.json": built(PAIR["vocab.json"], added=ADDED),
      "tokenizer_config.json": FAST}, N + 8),
    ("added tokens of GPT2Tokenizer",
     {"tokenizer.json": built(PAIR["vocab.json"], added=ADDED),
      "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer"}}, N + 8),
    ("added_tokens_decoder",
     {**PAIR, "tokenizer_config.json": {
         "tokenizer_class": "GPT2Tokenizer", "pad_token": "[PAD]",
         "added_tokens_decoder": {
             str(N - 1): token("<|endoftext|>", special=True,
                               normalized=False),
             str(N + 1): token("[USER NAME]"),
             str(N): token("[PAD]", special=True, normalized=False)}}},
     N + 2),
    ("added_tokens.json",
     {**PAIR,
      "added_tokens.json": {"[USER NAME]": N + 1, "[PAD]": N,
                            "<|im_end|>": N + 2},
      "special_tokens_map.json": {
          "bos_token": "<|endoftext|>", "eos_token": token("<|im_end|>"),
          "pad_token": "[PAD]"},
      "tokenizer_config.json": {"model_max_length": 1024}}, N + 3),
    ("named tokens that no file numbers",
     {**PAIR, "tokenizer_config.json": {
         "pad_token": "[PAD]", "additional_special_tokens":
         ["<|im_start|>", "<|im_end|>"]}}, N + 3),
    ("pieces outside the alphabet",
     {"vocab.json": vocab("[USER NAME]", "😀", "a b", "<|endoftext|>"),
      "merges.txt": merges_text()}, N + 3),
    ("add_prefix_space",
     {**PREFIXED, "tokenizer_config.json": FAST}, N),
    ("add_prefix_space of GPT2Tokenizer",
     {**PAIR, "tokenizer_config.json": {"add_prefix_space": True}}, N),
    ("add_prefix_space taken back",
     {**PREFIXED, "tokenizer_config.json": {"add_prefix_space": False}}, N),
    ("add_bos_token",
     {**PAIR, "tokenizer_config.json": {"add_bos_token": True}}, N),
    ("add_bos_token: another one",
     {**PAIR, "tokenizer_config.json": {"add_bos_token": True,
                                        "bos_token": "<|im_start|>"}}, N + 1),
    ("a template",
     {"tokenizer.json": built(PAIR["vocab.json"], added=[END],
                              post=template(N - 1)),
      "tokenizer_config.json": FAST}, N),
    ("a template, whatever the config says",
     {"tokenizer.json": built(PAIR["vocab.json"], added=[END],
                              post=template(N - 1)),
      "tokenizer_config.json": {**FAST, "add_bos_token": False,
                                "bos_token": "<|endoftext|>"}}, N),
    ("rows without a token",
     {"tokenizer.json": built(PAIR["vocab.json"], added=[END])}, N + 47),
]


def write(folder, files):
    for name, value in {"config.json": {"model_type": "gpt2"},
                        **files}.items():
        with open(os.path.join(folder, name), "w", newline="",
                  encoding="utf-8") as f:
            f.write(value if isinstance(value, str)
                    else json.dumps(value, ensure_ascii=False))


def encode(files):
    with tempfile.TemporaryDirectory() as folder:
        write(folder, files)
        t = AutoTokenizer.from_pretrained(folder)
        return type(t).__name__, [t(x)["input_ids"] for x in TEXTS]


def main():
    (path,) = sys.argv[1:]
    cases = []
    for name, files, rows in CASES:
        kind, ids = encode(files)
        print(f"{name}: {kind}, {sum(map(len, ids))} ids")
        cases.append({"name": name, "rows": rows, "ids": ids, "files": {
            k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)
            for k, v in files.items()}})
    head = {"transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__, "texts": TEXTS}
    lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in head.items()]
    lines.append('"cases": [\n' + ",\n".join(map(json.dumps, cases)) + "\n]")
    with open(path, "w", encoding="ascii") as f:
        f.write("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
