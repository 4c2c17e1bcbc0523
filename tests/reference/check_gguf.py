#!/usr/bin/env python3
"""Compare GGUF files with llama.cpp: run by hand, when a model can be had.

    check_gguf.py GUMBEL FILE.gguf... [--text TEXT] [--tokens N]

For each file: the ids of TEXT, the next N tokens that each program finds
likeliest, and the largest difference of their log-probabilities for the token
after TEXT. Needs llama-cpp-python, or its source and a build of libllama named
in $LLAMA_CPP_LIB_PATH.
"""
import argparse
import json
import subprocess

import numpy as np
from llama_cpp import Llama


def gumbel(args, *words):
    return subprocess.run([args.gumbel, *words], check=True,
                          capture_output=True).stdout.decode()


def log_softmax(x):
    x = x.astype(np.float64)
    return x - x.max() - np.log(np.exp(x - x.max()).sum())


def compare(args, path):
    llama = Llama(path, logits_all=True, n_ctx=256, n_batch=256, n_threads=2,
                  type_k=0, type_v=0, verbose=False)
    ids = llama.tokenize(args.text.encode(), add_bos=True, special=False)
    ours = [int(i) for i in gumbel(args, "tokenize", "-m", path,
                                   args.text).split()]
    assert ids == ours, (ids, ours)
    llama.eval(ids)
    theirs = log_softmax(llama.scores[len(ids) - 1])
    ours = np.full_like(theirs, -np.inf)
    found = json.loads(gumbel(args, "logprobs", "--json", "-t", "1", "-m",
                              path, args.text))
    for token in found["tokens"]:
        ours[token["id"]] = token["logprob"]
    there = np.isfinite(ours)
    off = np.abs(theirs - ours)[there].max()
    tokens = []
    for _ in range(args.tokens):
        tokens.append(int(llama.scores[llama.n_tokens - 1].argmax()))
        llama.eval(tokens[-1:])
    lines = gumbel(args, "generate", "--json", "-g", "--ignore-eos", "-n",
                   str(args.tokens), "-m", path, args.text).splitlines()
    written = [o["id"] for o in map(json.loads, lines) if o["type"] == "token"]
    same = next((i for i, (a, b) in enumerate(zip(tokens, written)) if a != b),
                len(tokens))
    print(f"{path}: ids alike, {same} of {args.tokens} tokens alike, "
          f"log-probabilities differ by {off:.2g} at most")


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("gumbel")
    p.add_argument("files", nargs="+")
    p.add_argument("--text", default="Once upon a time there was a little fox")
    p.add_argument("--tokens", type=int, default=60)
    args = p.parse_args()
    for path in args.files:
        compare(args, path)


if __name__ == "__main__":
    main()
