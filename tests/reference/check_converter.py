#!/usr/bin/env python3
"""Whether what llama.cpp's own converter makes of a folder is read here.

    check_converter.py GUMBEL LLAMA.CPP FOLDER [TYPE...]

Converts FOLDER with convert_hf_to_gguf.py of the source tree LLAMA.CPP to each
TYPE (f32, f16, bf16, q8_0) and compares the ids of a text, and of the 30
likeliest tokens, with those of the folder. The converter only knows the
vocabularies of which its source has a hash; here it is told that this one is
split as GPT-2's. Needs: pip install torch transformers gguf.
"""
import json
import os
import subprocess
import sys
import tempfile

TEXT = "Hello, it is 12 o\u2019clock \u2014 na\u00efve \u4e16<|endoftext|>"
DRIVER = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/gguf-py"]
del sys.argv[1]
import conversion.base
conversion.base.TextModel.get_vocab_base_pre = lambda self, t: "gpt-2"
import convert_hf_to_gguf
convert_hf_to_gguf.main()
"""


def ids(gumbel, model):
    def run(*words):
        return subprocess.run([gumbel, *words], check=True,
                              capture_output=True).stdout.decode()
    lines = run("generate", "-m", model, "--greedy", "-n", "30", "--json",
                "Once upon a time there was").splitlines()
    tokens = [json.loads(line) for line in lines]
    return (run("tokenize", "-m", model, "--specials", TEXT),
            [t["id"] for t in tokens if t["type"] == "token"])


def main():
    gumbel, source, folder, *types = sys.argv[1:]
    expected = ids(gumbel, folder)
    with tempfile.TemporaryDirectory() as scratch:
        for kind in types or ["f32", "f16", "bf16", "q8_0"]:
            out = os.path.join(scratch, kind + ".gguf")
            subprocess.run([sys.executable, "-c", DRIVER, source, folder,
                            "--outfile", out, "--outtype", kind], check=True,
                           stderr=subprocess.DEVNULL)
            found = ids(gumbel, out)
            print(kind, *("same" if a == b else f"expected {a}, found {b}"
                          for a, b in zip(expected, found)))


if __name__ == "__main__":
    main()
