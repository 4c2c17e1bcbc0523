#!/usr/bin/env python3
"""Write the golden file of the normalizers of tests/unit/test_folders.c.

    normalizer_golden.py OUT.json
    normalizer_golden.py --check GUMBEL [TEXTS [SEED]]

OUT gets a tokenizer.json and, for each normalizer, the ids that the
`tokenizers` package makes of the texts below with it. --check gives GUMBEL that many long random texts
(100) of all characters of Unicode 3.2 with each normalizer, and compares its
ids. Needs: pip install tokenizers (0.23).
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import unicodedata

from tokenizers import Tokenizer

STRIP = {"type": "Strip", "strip_left": True, "strip_right": True}
REPLACE = {"type": "Replace", "pattern": {"String": "e\u0301"},
           "content": "<\u00e9>"}
PREPEND = {"type": "Prepend", "prepend": "\u00c0 "}


def of(*names):
    return [{"type": name} for name in names]


def sequence(*steps):
    return {"type": "Sequence", "normalizers": list(steps)}


NORMALIZERS = [
    *of("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"), STRIP,
    {**STRIP, "strip_right": False}, REPLACE, PREPEND, sequence(),
    sequence(*of("NFD", "Lowercase", "StripAccents")),
    sequence(PREPEND, sequence(*of("NFKC", "Lowercase")), STRIP),
    sequence(*of("NFD"), REPLACE, *of("NFC")),
]

# What is where in them: compositions that are excluded, Hangul, marks out of
# order, letters whose lower case is longer, shorter or two, white space, and
# the added tokens, which are normalized or not.
TEXTS = [
    "", " ", "Hello World", "  The \u00c9lan  ", "e\u0301E\u0301\u00e9\u00c9",
    "q\u0307\u0323 q\u0323\u0307", "\u0130I\u0131 \u1e9e\u00df \u212a\u2126",
    "\u03a3\u03a3 \u039f\u03a3", "\uac00\u11a8 \u1100\u1161\u11a8 \uac00\u11a7",
    "\u0958\u0915\u093c", "\u01c4\u01c5\u01c6 \u2160 \u24b6", "\ufb01 \ufdfa",
    "\u00bd \uff21 \u3000x\u00a0", "\u0344 \u0308\u0301", "\U0001d15e",
    "a\u0315\u0300\u05ae\u0062", "<|endoftext|> A", "x <|ENDOFTEXT|>",
    "[USER NAME] a", "[user name] a", " a\u0300 <|endoftext|> \u00c0 ",
]


def byte_alphabet():
    """The printable character that spells each byte."""
    kept = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    others = [b for b in range(256) if b not in kept]
    chars = {b: chr(b) for b in kept}
    chars.update((b, chr(0x100 + i)) for i, b in enumerate(others))
    return [chars[b] for b in range(256)]


def added(number, content, normalized, special):
    return {"id": number, "content": content, "normalized": normalized,
            "special": special, "single_word": False, "lstrip": False,
            "rstrip": False}


def make_tokenizer():
    vocab = byte_alphabet()
    merges = [["t", "h"], ["th", "e"], ["l", "l"], ["\u0120", "w"],
              ["\u00c3", "\u00a9"], ["\u00cc", "\u0123"]]
    vocab += ["".join(pair) for pair in merges]
    n = len(vocab)
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [added(n, "<|endoftext|>", False, True),
                         added(n + 1, "[USER NAME]", True, False),
                         added(n + 2, "\u00c9lan", True, False),
                         added(n + 3, "WORLD", False, False)],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False,
                          "trim_offsets": True, "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True,
                    "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False,
                  "byte_fallback": False, "ignore_merges": False,
                  "vocab": {piece: i for i, piece in enumerate(vocab)},
                  "merges": merges},
    }


def with_normalizer(normalizer):
    return json.dumps({**make_tokenizer(), "normalizer": normalizer})


def encode(text, texts):
    tokenizer = Tokenizer.from_str(text)
    return [tokenizer.encode(t).ids for t in texts]


def write(path):
    cases = [{"normalizer": normalizer,
              "ids": encode(with_normalizer(normalizer), TEXTS)}
             for normalizer in NORMALIZERS]
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"tokenizer": make_tokenizer(), "texts": TEXTS,
                   "cases": cases}, f, separators=(",", ":"))
        f.write("\n")


def random_text(characters):
    marks = [c for c in characters if unicodedata.combining(c)]
    some = ["a", "e", "E", " ", "\u1100", "\u1161", "\u11a8", "\uac00"]
    kinds = [characters, marks, some, "[USER NAME]", " \u00c9lan WORLD"]
    return "".join(random.choice(random.choice(kinds)) for _ in range(3000))


def check(gumbel, n=100, seed=1):
    random.seed(seed)
    characters = [chr(c) for c in range(1, 0x110000)
                  if unicodedata.ucd_3_2_0.category(chr(c)) not in
                  ("Cn", "Cs")]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump({"model_type": "gpt2", "vocab_size": 1000, "n_embd": 8,
                       "n_layer": 1, "n_head": 1, "n_positions": 32}, f)
        for normalizer in NORMALIZERS:
            text = with_normalizer(normalizer)
            with open(os.path.join(folder, "tokenizer.json"), "w") as f:
                f.write(text)
            texts = [random_text(characters) for _ in range(n)]
            for t, ids in zip(texts, encode(text, texts)):
                made = subprocess.run(
                    [gumbel, "tokenize", "-m", folder, "--specials"],
                    input=t.encode(), capture_output=True, check=True)
                failed += made.stdout.decode().split() != list(map(str, ids))
            print(json.dumps(normalizer), n, "texts,", failed, "wrong")
    return failed > 0


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        sys.exit(check(sys.argv[2], *map(int, sys.argv[3:])))
    write(sys.argv[1])
