#!/bin/sh
# gumbel tokenize, there and back.
. "$abs_top_srcdir/tests/cli/setup"

table <<'EOF'
argument          | gumbel tokenize "Once upon a time" | -                  | 0 | 490 479 258 423\n | -
standard input    | gumbel tokenize                    | Once upon a time   | 0 | 490 479 258 423\n | -
its line end too  | gumbel tokenize                    | a\n                | 0 | 64 198\n | -
empty             | gumbel tokenize ""                 | -                  | 0 | \n | -
nothing           | gumbel tokenize                    | -                  | 0 | \n | -
json              | gumbel tokenize --json "Once upon" | -                  | 0 | {"ids":[490,479],"tokens":["Once","Ġupon"]}\n | -
json, empty       | gumbel tokenize --json ""          | -                  | 0 | {"ids":[],"tokens":[]}\n | -
no special        | gumbel tokenize "<|endoftext|>"    | -                  | 0 | !4095 | -
special           | gumbel tokenize --specials "a<|endoftext|>b" | -        | 0 | 64 4095 65\n | -
decode            | gumbel tokenize --decode 490 479 258 423 | -            | 0 | Once upon a time | -
decode, input     | gumbel tokenize --decode           | 490,479 258\n\t423\n | 0 | Once upon a time | -
decode nothing    | gumbel tokenize --decode           | -                  | 0 | - | -
decode, one word  | gumbel tokenize --decode "490, 479" | -                 | 0 | Once upon | -
decode, a list    | gumbel tokenize --decode "[490, 479]" | -               | 0 | Once upon | -
decode, unquoted  | gumbel tokenize --decode [490, 479] | -                 | 0 | Once upon | -
decode, jq's list | gumbel tokenize --decode           | [\n  490,\n  479\n]\n | 0 | Once upon | -
decode, no ids    | gumbel tokenize --decode "[]"      | -                  | 0 | - | -
decode, half open | gumbel tokenize --decode "[490, 479" | -                | 1 | - | ~token 1: expected an id from 0 to 4095, found "\[490"
decode, two lists | gumbel tokenize --decode "[490] [479]" | -              | 1 | - | ~found "490\]"
decode special    | gumbel tokenize --decode 4095      | -                  | 0 | <|endoftext|> | -
decode json       | gumbel tokenize --decode --json 490 479 | -             | 0 | {"ids":[490,479],"text":"Once upon"}\n | -
bad id            | gumbel tokenize --decode 490 4096  | -                  | 1 | - | ~token 2: expected an id from 0 to 4095, found "4096"
huge id           | gumbel tokenize --decode 4294967296 | -                 | 1 | - | ~token 1: expected an id
negative id       | gumbel tokenize --decode -- -1     | -                  | 1 | - | ~found "-1"
no id             | gumbel tokenize --decode           | 490 x              | 1 | - | ~token 2: expected an id from 0 to 4095, found "x"
NUL               | gumbel tokenize --decode           | 490\0000479        | 1 | - | ~NUL
there and back    | gumbel tokenize|gumbel tokenize --decode | A\tfox,\r\n\n  \303\251\342\202 \0000x\377\n | 0 | A\tfox,\r\n\n  \303\251\342\202 \0000x\377\n | -
a byte order mark | gumbel tokenize | \0357\0273\0277Once upon | 0 | 490 479\n | -
a mark, ids       | gumbel tokenize --decode | \0357\0273\0277490\r\n479\r\n | 0 | Once upon | -
UTF-16            | gumbel tokenize | \0377\0376O\0000n\0000 | 1 | - | gumbel: standard input: expected text in UTF-8, found UTF-16\n
a folder          | gumbel tokenize < / | - | 1 | - | gumbel: standard input: cannot read: Is a directory\n
closed            | gumbel tokenize <&- | - | 1 | - | gumbel: standard input: cannot read: Bad file descriptor\n
several words     | gumbel tokenize Once upon          | -                  | 2 | - | ~expected one TEXT, found 2
EOF

# Eight times the input and what the program takes by itself.
room() {
    ulimit -v "$((60000 + 8 * $(wc -c < "$1") / 1024))"
}
if (ulimit -v 60000 && gumbel tokenize x) > out 2> err; then
    yes once | tr -d '\n' | head -c 8000000 > word
    (room word && gumbel tokenize) < word > out 2> err
    is "a word of 8 MB: status" 0 $?
    gumbel tokenize --decode < out | cmp -s - word
    ok "a word of 8 MB" $? "$(cat err)"
    "$abs_top_builddir/tests/tools/random_model" many --layers 1 --width 1 \
        --heads 1 --vocab 200000 --context 1 || exit 99
    yes 'a b' | head -c 60000000 > many/merges.txt
    (room many/merges.txt && gumbel tokenize -m many x) > out 2> err
    is "merges of 60 MB: status" 0 $?
else
    skip "memory" "gumbel itself needs more"
fi
done_testing
