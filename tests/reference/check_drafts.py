#!/usr/bin/env python3
"""A long random run, by hand: texts with drafts, several takes, little cache,
any type of weights, filters and penalties, against the same texts one by one
without any of it. They are the same to the bit: ids, log-probabilities, texts
and why they end. Sessions likewise, by their events; and each replays.

    check_drafts.py GUMBEL MINUTES [SEED]

Says how many texts and sessions were compared; the first one that differs ends
it with the two command lines."""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

WORDS = """Once upon a time there was little fox who loved to play One day Tom
saw big red ball in the park She said "I am happy" and they all went home The
dog ran fast""".split()
DTYPES = ["f32", "f16", "bf16", "q8_0", "q4_0"]
MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "../../models/stories")
# Events that say when something happened, or who computed it.
SET_ASIDE = ("ms", "date", "device", "driver", "gumbel")


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("%s\nexit %d: %s" % (" ".join(command), done.returncode,
                                      done.stderr))
    return done.stdout


def settings(r):
    """Options that change the text."""
    out = ["-m", MODEL, "--dtype", r.choice(DTYPES), "-s", str(r.randrange(1 << 64)),
           "-n", str(r.choice([1, 2, 17, 40, 90]))]
    if r.random() < 0.25:
        out += ["--greedy"]
    else:
        out += ["-t", str(r.choice([0.05, 0.5, 0.8, 1, 1.7]))]
    choices = [["--top-k", str(r.randrange(1, 50))],
               ["--top-p", str(r.choice([0.3, 0.9, 0.99]))],
               ["--min-p", "0.05"], ["--repetition-penalty", "1.3"],
               ["--dry-multiplier", "0.8"], ["--bias", " the=ban"],
               ["--bias", " dog=+3"], ["--stop", r.choice(["e", " a", "."])],
               ["--ignore-eos"]]
    for more in choices:
        if r.random() < 0.2:
            out += more
    return out


def mix(r):
    """Options that change nothing."""
    out = ["--prefill", "own"]
    if r.random() < 0.5:
        out += ["--cache", str(r.choice([1, 2, 5, 20]))]
    return out + ["--draft", r.choice(["lookup", "self", MODEL, "off"])]


def prompt(r):
    words = [r.choice(WORDS) for _ in range(r.choice([1, 3, 12, 60]))]
    return " ".join(words * r.choice([1, 1, 2]))


def texts(out):
    """What is said of each take: its tokens and its end."""
    takes, seeds = {}, []
    for line in out.splitlines():
        o = json.loads(line)
        if o["type"] == "start":
            seeds = o.get("seeds", [])
            continue
        for name in ("prefill_ms", "decode_ms", "computed", "drafted",
                     "accepted"):
            o.pop(name, None)
        takes.setdefault(o.pop("take", 1), []).append(o)
    return takes, seeds


def compare(a, b, first, second):
    if a != b:
        sys.exit("not the same:\n%r\n%r\n%s\n%s" % (first, second, a, b))


def check_text(gumbel, r):
    which, text = settings(r), prompt(r)
    plain = [gumbel, "generate", "--json", "--draft", "off", "--prefill",
             "own"] + which
    other = [gumbel, "generate", "--json"] + which + mix(r)
    if "--greedy" not in which and r.random() < 0.4:
        other += ["--draft", "off", "-N", str(r.choice([2, 3, 7, 17]))]
    takes, seeds = texts(run(other + [text]))
    compare(texts(run(plain + [text]))[0][1], takes[1], plain + [text],
            other + [text])
    for k in r.sample(range(1, len(seeds)), min(2, max(len(seeds) - 1, 0))):
        alone = plain + ["-s", str(seeds[k]), text]
        compare(texts(run(alone))[0][1], takes[k + 1], alone, other + [text])
    return 1 + min(2, max(len(seeds) - 1, 0))


def script(r):
    """Lines of a session: texts in pieces, other takes, places, settings."""
    lines = [prompt(r)]
    for _ in range(r.randrange(1, 9)):
        lines.append(r.choice([
            prompt(r), "", "/again", "/reseed", "/undo", "/redo", "/takes 3",
            "/temp %.2f" % r.uniform(0.1, 1.5), "/set top-k 9", "/max 23",
            "/at -3", "/pick 1", "/again here", "/greedy", "/mode chat",
            "/draft self", "/draft lookup", "/draft off",
            "/set repetition-penalty 1.3", "/take next"]))
    return "\n".join(lines) + "\n"


def events(path):
    out = []
    if not os.path.exists(path):
        return out
    with open(path, encoding="utf-8") as f:
        for line in f:
            o = json.loads(line)
            for name in SET_ASIDE:
                o.pop(name, None)
            out.append(o)
    return out


def check_session(gumbel, r, folder):
    which, lines = settings(r), script(r)
    plain_lines = "\n".join(line for line in lines.split("\n")
                            if not line.startswith("/draft"))
    paths = [os.path.join(folder, name) for name in ("plain", "other")]
    commands = [[gumbel, "--draft", "off", "--prefill", "own", "--session",
                 paths[0]] + which,
                [gumbel, "--session", paths[1]] + which + mix(r)]
    for path, command, text in zip(paths, commands, (plain_lines, lines)):
        if os.path.exists(path):
            os.unlink(path)
        # A command that cannot be done now is refused, in both.
        subprocess.run(command, input=text, capture_output=True, text=True)
    a, b = events(paths[0]), events(paths[1])
    compare(a, b, commands[0] + [plain_lines], commands[1] + [lines])
    if b:
        run([gumbel, "replay", "-m", MODEL, "--json", paths[1]])
    return 1


def main(gumbel, minutes, seed="1"):
    r, end = random.Random(seed), time.time() + 60 * float(minutes)
    n_texts = n_sessions = 0
    with tempfile.TemporaryDirectory() as folder:
        while time.time() < end:
            if r.random() < 0.7:
                n_texts += check_text(gumbel, r)
            else:
                n_sessions += check_session(gumbel, r, folder)
    print("seed %s: %d texts and %d sessions, all the same" %
          (seed, n_texts, n_sessions))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
