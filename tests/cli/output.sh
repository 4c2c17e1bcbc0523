#!/bin/sh
# Output that cannot be written: a reader that has gone, a full device, a
# file that may not grow.
. "$abs_top_srcdir/tests/cli/setup"

# gone COMMAND: runs it with descriptor 3 open to a pipe whose only reader has
# come and gone, so that already the first write fails.
mkfifo pipe
gone() {
    { : < pipe; } &
    exec 3> pipe
    wait
    eval "$1"
}

# limited BLOCKS COMMAND: no file may become longer than that.
limited() {
    ulimit -f "$1"
    eval "$2"
}

printf 'Once upon a time\n' | gumbel --session story -n 8 > /dev/null || exit 99
yes 'A long day.' | head -n 2000 > long

# Like other filters, every command ends without a word when its reader has
# gone, with the status of a program that SIGPIPE ended. Line mode keeps its
# session all the same.
table <<'EOF'
generate       | gone 'gumbel generate -n 300 --ignore-eos x >&3' | - | 141 | - | -
generate json  | gone 'gumbel generate --json -n 300 x >&3'       | - | 141 | - | -
generate trace | gone 'gumbel generate --trace -n 300 x >&3'      | - | 141 | - | -
logprobs       | gone 'gumbel logprobs x >&3'                     | - | 141 | - | -
logprobs json  | gone 'gumbel logprobs --json x >&3'              | - | 141 | - | -
score          | gone 'gumbel score "Once upon" >&3'              | - | 141 | - | -
score json     | gone 'gumbel score --json "Once upon" >&3'       | - | 141 | - | -
tokenize       | gone 'gumbel tokenize Once >&3'                  | - | 141 | - | -
tokenize json  | gone 'gumbel tokenize --json Once >&3'           | - | 141 | - | -
decode         | gone 'gumbel tokenize --decode 490 >&3'          | - | 141 | - | -
replay         | gone 'gumbel replay story >&3'                   | - | 141 | - | -
replay json    | gone 'gumbel replay --json story >&3'            | - | 141 | - | -
devices        | gone 'gumbel devices >&3'                        | - | 141 | - | -
devices json   | gone 'gumbel devices --json >&3'                 | - | 141 | - | -
bench          | gone 'gumbel bench >&3'                          | - | 141 | - | -
help           | gone 'gumbel --help >&3'                         | - | 141 | - | -
version        | gone 'gumbel --version >&3'                      | - | 141 | - | -
lines          | gone 'gumbel --session s1 -n 8 >&3'              | Once upon a time\n | 141 | - | -
lines, kept    | gumbel replay --json s1                          | - | 0   | ~"verdict":"identical" | -
to head        | gumbel generate -n 300 --ignore-eos Once|head -c 4 | - | 0 | Once | -
EOF
(gone 'gumbel tokenize --decode x 2>&3')
is "errors without a reader: the status stays" 1 $?

table <<'EOF'
full: generate | gumbel generate -n 3 x > /dev/full          | - | 1 | - | ~standard output: cannot write: No space left
full: json     | gumbel generate --json -n 3 x > /dev/full   | - | 1 | - | ~No space
full: help     | gumbel --help > /dev/full                   | - | 1 | - | ~No space
full: replay   | gumbel replay story > /dev/full             | - | 1 | - | ~standard output: cannot write: No space left
closed         | gumbel generate -n 3 x >&-                  | - | 1 | - | ~standard output: cannot write
EOF

# A limit on the size of files (ulimit -f) is an error like others, and no
# signal that kills. Both files begin longer than 4 MiB, which the limit
# is at most; the driver needs one of some size to write files of its own.
head -c 5000000 /dev/zero > grown
{ cat story; yes '{"type":"dance","ms":1}' | head -n 200000; } > s2
table <<'EOF'
limit: output  | limited 4096 'gumbel generate -n 3 Once >> grown' | - | 1 | - | ~standard output: cannot write: File too large
limit: session | limited 4096 'gumbel --session s2 -n 3 || echo $?' | Once\n | 0 | ~^1$ | ~s2: cannot write the session: File too large
limit: vector  | limited 1 'gumbel tokenize < long > ids'     | - | 1 | - | ~File too large
EOF
done_testing
