#!/usr/bin/env python3
"""Write the golden files of tests/unit/test_tokenizer.c.

    tokenizer_golden.py FOLDER OUT.json
    tokenizer_golden.py --check FOLDER

FOLDER holds vocab.json and merges.txt. An independent implementation of
GPT-2's byte-level BPE (the algorithm of OpenAI's encoder.py, with the `regex`
module) encodes the texts below; OUT gets texts and ids. Of the random texts
only a hash for each block of ids is kept: the test makes the same texts from
the same generator. --check compares this implementation with the
`tokenizers` package instead. Needs: pip install regex (and tokenizers).
"""

import json
import os
import sys
import unicodedata

import regex

PATTERN = regex.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
    r"|\s+(?!\S)|\s+")
MASK = (1 << 64) - 1
BLOCKS, BLOCK = 100, 100


def byte_alphabet():
    """The printable character that spells each byte."""
    kept = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    chars = {b: chr(b) for b in kept}
    for b in range(256):
        if b not in chars:
            chars[b] = chr(0x100 + len(chars) - len(kept))
    return chars


class Tokenizer:
    def __init__(self, folder):
        with open(os.path.join(folder, "vocab.json"), encoding="utf-8") as f:
            self.ids = json.load(f)
        with open(os.path.join(folder, "merges.txt"), encoding="utf-8") as f:
            lines = f.read().split("\n")
        if lines[0].startswith("#version"):
            del lines[0]
        pairs = [tuple(line.split(" ")) for line in lines if line]
        self.ranks = {pair: rank for rank, pair in enumerate(pairs)}
        self.alphabet = byte_alphabet()
        self.known = {}

    def merge(self, word):
        """The pieces of one word, spelled in the byte alphabet."""
        while len(word) > 1:
            pairs = set(zip(word, word[1:]))
            best = min(pairs, key=lambda p: self.ranks.get(p, len(self.ranks)))
            if best not in self.ranks:
                break
            merged, i = [], 0
            while i < len(word):
                if tuple(word[i:i + 2]) == best:
                    merged.append(word[i] + word[i + 1])
                    i += 2
                else:
                    merged.append(word[i])
                    i += 1
            word = merged
        return word

    def encode(self, data):
        """The ids of a byte string. A byte that is no character becomes a
        lone surrogate, which is neither letter, number nor space."""
        ids = []
        text = data.decode("utf-8", "surrogateescape")
        for piece in PATTERN.findall(text):
            if piece not in self.known:
                raw = piece.encode("utf-8", "surrogateescape")
                word = self.merge([self.alphabet[b] for b in raw])
                self.known[piece] = [self.ids[part] for part in word]
            ids += self.known[piece]
        return ids


class Random:
    """splitmix64, as in the test."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9e3779b97f4a7c15) & MASK
        z = self.state
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & MASK
        z = (z ^ z >> 27) * 0x94d049bb133111eb & MASK
        return z ^ z >> 31

    def below(self, n):
        return self.next() % n


# What random texts are made of: these, and characters of these ranges, whose
# class is the same in every version of Unicode since 6.
WORDS = [
    " ", "  ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u3000", "\u2028",
    "\u0085", "\u001c", "\u001f", "\u180e", "\u200b", "\u200d", "\ufeff",
    "'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'", "\u2019s", "''",
    "the", " the", "Once", " upon", " a", " time", "fox", "ing", " little",
    "1", " 2026", "3.14", "\u00bd", "\u0663", "\u2167", "\u00b2", "...", " -",
    "--", "!?", "#$%", " (", ")", "_", "\u00e9", "e\u0301", " \u00e4",
    "\u00df", "\u4e2d\u6587", "\u65e5\u672c\u8a9e", "\u0915\u094d\u0937",
    "\ud55c\uae00", "\u0627\u0644", "\U0001f600", "\u2764\ufe0f",
    "\U0001f469\u200d\U0001f4bb", "\U0001f1e9\U0001f1ea",
    "\U0001f44d\U0001f3fd", "<|endoftext|>", "\0", "\x7f", "\ufffd",
]
RANGES = [
    (0x00, 0x7f), (0x20, 0x7e), (0x41, 0x5a), (0x61, 0x7a), (0x61, 0x7a),
    (0x30, 0x39), (0x80, 0xff), (0x100, 0x24f), (0x300, 0x36f),
    (0x391, 0x3a1), (0x3b1, 0x3c9), (0x400, 0x481), (0x5d0, 0x5ea),
    (0x621, 0x63a), (0x660, 0x669), (0x905, 0x939), (0xe01, 0xe3a),
    (0x10d0, 0x10f0), (0x1100, 0x1159), (0x2000, 0x2027), (0x2028, 0x203e),
    (0x2150, 0x2188), (0x2190, 0x21ff), (0x2200, 0x22ff), (0x2460, 0x24ff),
    (0x2500, 0x257f), (0x3041, 0x3096), (0x30a1, 0x30fa), (0x4e00, 0x9fa5),
    (0xac00, 0xd7a3), (0xe000, 0xe0ff), (0xfdd0, 0xfdef), (0xff01, 0xff5e),
    (0x10000, 0x1000b), (0x1d400, 0x1d454), (0x1f600, 0x1f64f),
    (0x20000, 0x2a6d6), (0xe0100, 0xe01ef), (0x10fff0, 0x10ffff),
]


def random_text(random, with_bad_bytes):
    text = bytearray()
    for _ in range(random.below(25)):
        kind = random.below(16)
        if kind < 8:
            part = WORDS[random.below(len(WORDS))].encode()
        elif kind < 15 or not with_bad_bytes:
            low, high = RANGES[random.below(len(RANGES))]
            part = chr(low + random.below(high - low + 1)).encode()
        else:
            part = bytes([random.below(256)])
        text += part * (1 + random.below(5) if random.below(8) == 0 else 1)
    return bytes(text)


def random_texts():
    """Every second text may have bytes that are no characters."""
    random = Random(2026)
    return [random_text(random, i % 2 == 1) for i in range(BLOCKS * BLOCK)]


def hash_ids(ids, h=0xcbf29ce484222325):
    """FNV-1a of the ids, and of their number before them."""
    for value in [len(ids), *ids]:
        for byte in value.to_bytes(4, "little"):
            h = (h ^ byte) * 0x100000001b3 & MASK
    return h


def category_texts():
    """Some characters of each general category, alone, after a space, between
    letters, digits and signs. Of what is assigned today only the characters
    up to Unicode 6 or so will do; those are the low ones of each category."""
    found = {}
    for c in range(0x110000):
        category = unicodedata.category(chr(c))
        if category == "Cn" and c & 0xfffe != 0xfffe:
            continue
        if category != "Cs":
            found.setdefault(category, []).append(chr(c))
    for category, chars in sorted(found.items()):
        some = chars[:8]
        yield category, "".join(some)
        yield category, " ".join(some)
        yield category, "".join(f"a{c}1{c} {c}!{c}\n" for c in some[:4])


TEXTS = [
    "", " ", "  ", "a", " a", "  a", "   a", "a ", "a  ", "\n", "\n\na",
    " \n a", "a \n\n b", "a\t\tb", "\t \ta", "a\r\nb", "x \u00a0 y", "\u3000x",
    "a\u0085b", "a \u0085 b", "a\u001cb", "a \u001c\u001d\u001e\u001f b",
    "a\u180eb", "a \u200b b", "\u2028\u2029x",
    "Hello world", "Once upon a time, there was a little fox.",
    "I'm he's we've they're I'll she'd don't", "I'M HE'S DON'T", "'tis 'twas",
    "'s 's''s", "it\u2019s", "'llama 'mother 'double", "rock'n'roll",
    "1234567890", "3.14159", "a1b2c3", "\u0661\u0662\u0663 \u2167 \u00bd",
    "!!!???...", " !a !1 !", "<|endoftext|>", "a<|endoftext|>b", "foo_bar-baz",
    "\u00e9l\u00e8ve na\u00efve \u00c5ngstr\u00f6m", "e\u0301 o\u0308",
    "\u4f60\u597d\uff0c\u4e16\u754c", "\u3053\u3093\u306b\u3061\u306f",
    "\uc548\ub155\ud558\uc138\uc694", "\u041f\u0440\u0438\u0432\u0435\u0442",
    "\u0645\u0631\u062d\u0628\u0627", "\u0928\u092e\u0938\u094d\u0924\u0947",
    "\u05e9\u05dc\u05d5\u05dd", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\U0001f600\U0001f603", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f3f3\ufe0f\u200d\U0001f308 \U0001f1eb\U0001f1f7", "\u2764\ufe0f a",
    "\U0001f44d\U0001f3fd\U0001f44d\U0001f3ff", "1\ufe0f\u20e3",
    "\0\0a\0", "\ufffe\uffff", "\ufeffBOM", "    if x:\n        return y\n",
]
BAD = [
    b"\x80", b"\xff\xfe", b"a\x80b", b"a \x80 b", b" \xff\xff!", b"\xc3",
    b"a\xc3", b"\xc3 \xa9", b"\xe2\x82", b"\xe2\x82x", b"\xed\xa0\x80",
    b"\xf0\x9f\x98", b"\xf0\x9f\x98 \xf0\x9f\x98\x80", b"\xc0\xaf",
    b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xe9t\xe9",
    b"1\x801", b"!\x80!", b"\n\x80\n\n", b"'\x80s", bytes(range(256)),
    bytes(range(255, -1, -1)),
]
RUNS = ["a", "b", " ", "\n", "7", "!", "\u00e9", "\u00a0", "ab", "abc ", "'s",
        "aab", "\u4e2d", "hello", "-=", "1 "]


def golden(folder):
    t = Tokenizer(folder)
    cases = [("", text.encode()) for text in TEXTS]
    cases += [("invalid", data) for data in BAD]
    cases += [(name, text.encode()) for name, text in category_texts()]
    texts = random_texts()
    blocks = []
    for at in range(0, len(texts), BLOCK):
        h = 0xcbf29ce484222325
        for text in texts[at:at + BLOCK]:
            h = hash_ids(t.encode(text), h)
        blocks.append(f"{h:016x}")
    runs = []
    for unit in RUNS:
        for end in ("", "x"):
            data = (unit * 100000)[:100000].encode() + end.encode()
            ids = t.encode(data)
            runs.append({"unit": unit, "end": end, "ids": len(ids),
                         "hash": f"{hash_ids(ids):016x}"})
    return {
        "vocab_size": len(t.ids),
        "cases": [{"name": name, "hex": data.hex(), "ids": t.encode(data)}
                  for name, data in cases],
        "words": [word.encode().hex() for word in WORDS],
        "ranges": RANGES,
        "block": BLOCK,
        "blocks": blocks,
        "runs": runs,
    }


def write(folder, path):
    data = golden(folder)
    lines = []
    for key, value in data.items():
        dump = json.JSONEncoder(separators=(",", ":")).encode
        if isinstance(value, list) and isinstance(value[0], dict):
            rows = ",\n".join(dump(row) for row in value)
            lines.append(f'"{key}":[\n{rows}\n]')
        else:
            lines.append(f'"{key}":{dump(value)}')
    with open(path, "w", encoding="ascii") as f:
        f.write("{\n" + ",\n".join(lines) + "\n}\n")


def check(folder):
    import tokenizers
    t = Tokenizer(folder)
    other = tokenizers.ByteLevelBPETokenizer(
        os.path.join(folder, "vocab.json"), os.path.join(folder, "merges.txt"))
    texts = [text.encode() for text in TEXTS]
    texts += [text.encode() for _, text in category_texts()]
    texts += random_texts()[::2]
    differ = [x for x in texts if t.encode(x) != other.encode(x.decode()).ids]
    for text in differ[:10]:
        print("differs:", ascii(text.decode()))
    print(f"{len(texts)} texts, {len(differ)} differ")
    return 1 if differ else 0


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if sys.argv[1] == "--check":
        return check(sys.argv[2])
    return write(sys.argv[1], sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
