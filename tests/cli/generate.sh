#!/bin/sh
# gumbel generate: text, settings, ends, streams.
. "$abs_top_srcdir/tests/cli/setup"

# What the independent GPT-2 of tests/reference writes after "Once upon a
# time" when it takes the likeliest token each time: ids A to B, their text.
ids() {
    awk -v a="$1" -v b="$2" 'NR == 3 {
        for (i = a; i <= b; i++) print $(3 * i - 2) }' \
        "$abs_top_srcdir/tests/golden/tokens.txt"
}
written() {
    gumbel tokenize --decode $(ids "$@")
}

gumbel generate -g -n 40 "Once upon a time" > out
{ printf 'Once upon a time'; written 1 40; } | cmp -s - out
ok "argument" $? "$(cat out)"

table <<'EOF'
standard input    | gumbel generate -g -n 1                      | Once upon a          | 0 | Once upon a time | -
one line end less | gumbel generate -g -n 1                      | Once upon a\n        | 0 | Once upon a time | -
only one of them  | gumbel generate -n 1 --json                  | a\n\n                | 0 | ~"prompt_ids":\[64,198\] | -
of Windows, too   | gumbel generate -g -n 1                      | Once upon a\r\n      | 0 | Once upon a time | -
no line end at all | gumbel generate -n 1 --json                  | a\r                  | 0 | ~"prompt_ids":\[64,201\] | -
byte order mark   | gumbel generate -g -n 1                      | \0357\0273\0277Once upon a | 0 | Once upon a time | -
only the first    | gumbel generate -n 1 --json                  | \0357\0273\0277\0357\0273\0277a | 0 | ~"prompt_ids":\[[0-9]+,[0-9]+,[0-9]+,64\] | -
UTF-16            | gumbel generate -n 1                         | \0376\0377\0000O   | 1 | - | gumbel: standard input: expected text in UTF-8, found UTF-16\n
argument whole    | gumbel generate -n 1 --json "$(printf 'a\nb')" | -                  | 0 | ~"prompt_ids":\[64,198,65\] | -
empty prompt      | gumbel generate -n 1 --json ""               | -                    | 0 | ~"prompt_ids":\[4095\] | -
empty input       | gumbel generate -n 1 --json                  | -                    | 0 | ~"prompt_ids":\[4095\] | -
empty, no mark    | gumbel generate -n 5 ""                      | -                    | 0 | !endoftext | -
special is text   | gumbel generate -n 1 --json "<|endoftext|>"  | -                    | 0 | !"prompt_ids":\[4095\] | -
special as asked  | gumbel generate -n 1 --specials --json "<|endoftext|>" | -          | 0 | ~"prompt_ids":\[4095\] | -
verbatim bytes    | gumbel generate -g -n 1                      | \033[2J\377\t        | 0 | ~^.\[2J.	 | -
half a character  | gumbel generate -n 1|head -c 4                 | caf\303              | 0 | caf\303 | -
cut prompt        | gumbel generate -g -n 1 --max-prompt-tokens 3 "Once upon a dog" | - | 0 | Once upon a time | -
its end           | gumbel generate -g -n 1 --max-prompt-tokens -3 "A dog Once upon a" | - | 0 | Once upon a time | -
longer limit      | gumbel generate -g -n 1 --max-prompt-tokens 9 "Once upon a" | -     | 0 | Once upon a time | -
EOF

# Stop strings. "." keeps the blanks at the end of what $() gives.
text=$(written 1 20; echo .)
third=$(written 3 3; echo .)
third=${third%.}
three=$(written 1 3; echo .)
three=${three%.}
out=$(gumbel generate -g -n 20 --stop "$third" "Once upon a time"; echo .)
is "stop string is left out" "Once upon a time${text%%"$third"*}." "$out"
out=$(gumbel generate -g -n 20 --stop 'zzz' --stop "$third" --stop "$three" \
    "Once upon a time"; echo .)
is "the stop string that comes first" "Once upon a time." "$out"
out=$(gumbel generate -g -n 20 --stop "time$three" "Once upon a"; echo .)
is "stop string over several tokens" "Once upon a ." "$out"
out=$(gumbel generate -g -n 20 --stop "${three%?}" "Once upon a time"; echo .)
is "stop string that ends within a token" "Once upon a time." "$out"
out=$(gumbel generate -g -n 2 --stop "$three" "Once upon a time"; echo .)
is "what was held back comes at the end" \
    "Once upon a time$(written 1 2; echo .)" "$out"

# Same command, same bytes; another seed, other bytes.
gumbel generate -n 60 -s 3 "One day" > a
gumbel generate -n 60 -s 3 "One day" > b
cmp -s a b
ok "same command, same bytes" $?
gumbel generate -n 60 -s 4 "One day" > c
! cmp -s a c
ok "another seed, another text" $?
gumbel generate -n 60 -s 18446744073709551615 "One day" > c
[ -s c ] && ! cmp -s a c
ok "the largest seed" $?
gumbel generate -n 60 -s 3 -t 1.5 "One day" > c
! cmp -s a c
ok "another temperature, another text" $?
gumbel generate -n 60 -s 3 -t 0.001 "One day" > c
gumbel generate -n 60 -g "One day" > d
cmp -s c d
ok "the lowest temperature is greedy" $?
gumbel generate -n 60 -s 3 --top-k 1 "One day" > c
cmp -s c d
ok "top-k 1 is greedy" $?
gumbel generate -n 60 -s 3 --top-p 0.000001 "One day" > c
cmp -s c d
ok "top-p near 0 is greedy" $?
gumbel generate -n 60 -s 3 --min-p 1 "One day" > c
cmp -s c d
ok "min-p 1 is greedy" $?
gumbel generate -n 60 -s 3 --top-k 4096 --top-p 1 --min-p 0 "One day" > c
cmp -s a c
ok "filters that keep all change nothing" $?
gumbel generate -n 60 -s 3 --dtype f32 "One day" > c
[ -s c ]
ok "f32 weights" $?
gumbel generate -n 60 -s 3 --dtype f16 "One day" > c
[ -s c ]
ok "f16 weights" $?
gumbel generate -n 60 -s 3 --dtype bf16 "One day" > c
[ -s c ]
ok "bf16 weights" $?
gumbel generate -n 60 -s 3 --dtype auto --prefill own -d 0:0 "One day" > c
cmp -s a c
ok "own prefill, device by number" $?
gumbel generate -n 60 -s 3 --prefill clblast "One day" > c
[ -s c ]
ok "clblast prefill" $?
gumbel generate -n 60 -s 3 --cache 1 "One day" > c
cmp -s a c
ok "a cache for one context" $?
gumbel generate --cache 99999999999 "One day" 2> c
grep -q "try a smaller --cache" c
ok "a cache that is too large" $?

# Several texts side by side: each the one that its seed gives alone, however
# they end, with what depends on the text itself, and more than a pass holds.
alone() {
    gumbel generate --json -N 18 "$@" > all
    sed -n 's/.*"seeds":\[\([^]]*\).*/\1/p' all | tr , '\n' | tr -d '"' > seeds
    k=0
    while read -r seed; do
        k=$((k + 1))
        jq -c "select(.take == $k) | del(.take, .prefill_ms, .decode_ms,
            .computed)" \
            all > take
        gumbel generate --json -s "$seed" "$@" | sed 1d |
            jq -c 'del(.prefill_ms, .decode_ms, .computed)' |
            cmp -s - take || return
    done < seeds
    [ "$k" = 18 ]
}
if command -v jq >/dev/null; then
    alone -n 12 --top-k 5 --repetition-penalty 1.3 --stop "in" "One day"
    ok "takes are what their seeds give alone" $?
fi
gumbel generate -n 9 -s 11400714819323198485 "One day" > c
gumbel generate -n 9 -N 2 "One day" | sed -n '$p' | tr -d '\n' | cmp -s - c
ok "takes, as text" $?
table <<'EOF'
takes, a heading | gumbel generate -n 1 -N 2 x | - | 0 | ~^--- take 2, seed 11400714819323198485$ | -
takes, none      | gumbel generate -N 0 x    | - | 2 | - | ~takes: expected a whole number from 1 to 1000, found "0"
takes, too many  | gumbel generate -N 1001 x | - | 2 | - | ~takes: expected a whole number
takes, greedy    | gumbel generate -g -N 2 x | - | 2 | - | ~--takes and --greedy exclude each other
takes, trace     | gumbel generate --trace -N 2 x | - | 2 | - | ~--takes and --trace exclude each other
takes to the end | gumbel generate --json -N 2 -n 600 --ignore-eos x|grep -c '"reason":"context"' | - | 0 | 2\n | -
EOF

# Drafts: the same text.
gumbel generate --json -n 40 -s 3 --stop dog "One day, the dog saw the dog" |
    jq -c 'if .type == "end" then [.reason, .text] else . end' > plain
# Line for line, whoever guesses and however many come.
takes() {
    gumbel generate --json -n 20 -N 3 --stop dog "$@" \
        "One day, the dog saw the dog" |
        jq -c 'del(.prefill_ms, .decode_ms, .computed, .drafted, .accepted)'
}
takes > several
for who in lookup self stories; do
    gumbel generate --json -n 40 -s 3 --stop dog --draft $who \
        "One day, the dog saw the dog" > drafted
    jq -c 'if .type == "end" then [.reason, .text] else . end' drafted |
        cmp -s - plain
    ok "draft $who" $?
    [ "$(jq '.drafted >= .accepted and .computed > 0' drafted |
        sed -n '$p')" = true ]
    ok "draft $who, counted" $?
    takes --draft $who > drafted
    cmp -s drafted several
    ok "draft $who, several takes" $?
done
table <<'EOF'
draft, none   | gumbel generate --draft no-such -n 1 x | - | 1 | - | ~no model "no-such" found
draft, empty  | gumbel generate --draft "" -n 1 x | - | 2 | - | ~draft: expected WHO, found an empty text
draft, itself | gumbel generate -g --draft self --dtype q4_0 -n 1 Once | - | 0 | Once upon | no drafts by self: the model itself is of q4_0\n
draft, off    | gumbel generate --draft off -N 2 -n 1 x|sed -n 1p | - | 0 | --- take 1, seed 0\n | -
draft, by the config file | mkdir -p cfg/gumbel; echo draft=lookup > cfg/gumbel/config; XDG_CONFIG_HOME=$PWD/cfg gumbel generate -N 2 -n 1 x|sed -n 1p | - | 0 | --- take 1, seed 0\n | -
EOF
"$abs_top_builddir/tests/tools/random_model" odd --layers 1 --width 32 --heads 2 --vocab 300 \
    --context 32
check "draft, another vocabulary" "gumbel generate --draft ./odd -n 1 x" - 1 \
    - '~odd cannot draft for stories: it has 300 token ids, expected 4096'

# The trace of the Python original.
gumbel generate --trace -g -n 7 "Once upon a time" > trace
rule=--------------------------------------------------
{
    echo "Starting generation from: 'Once upon a time'"
    echo "Settings: max_new_tokens=7, temperature=0.8, do_sample=False"
    echo "$rule"
    echo "Step  1: Once upon a time$(written 1 1)"
    echo "Step  6: Once upon a time$(written 1 6)"
    echo "Step  7: Once upon a time$(written 1 7)"
    echo "$rule"
    echo "Final generated text: 'Once upon a time$(written 1 7)'"
} > expected
cmp -s trace expected
ok "trace" $? "$(cat trace)"
gumbel generate --trace -t 1 -n 11 "Once" > trace
is "trace, numbers" "Settings: max_new_tokens=11, temperature=1.0, \
do_sample=True" "$(sed -n 2p trace)"
is "trace, steps" "Step  1: Step  6: Step 11: " \
    "$(sed -n 's/^\(Step ..: \).*/\1/p' trace | tr -d '\n')"

# Out of the context.
yes 'a dog' | head -n 600 > long
check "prompt longer than the context" "gumbel generate < long" - 1 - \
    '~prompt has 1799 tokens.*holds 512; --max-prompt-tokens 462 keeps its beginning, -462 its end$'
check "the beginning of it" \
    "gumbel generate -n 50 --json --max-prompt-tokens 462 --ignore-eos < long" \
    - 0 '~"reason":"length"' -
check "the end of it" \
    "gumbel generate -n 50 --json --max-prompt-tokens -462 --ignore-eos < long" \
    - 0 '~"reason":"length"' -
check "prompt that fills the context" \
    "gumbel generate -n 9 --json --max-prompt-tokens 512 < long" - 0 \
    '~"reason":"context"' -
check "prompt, context, end" \
    "gumbel generate -n 900 --ignore-eos --json x" - 0 '~"reason":"context"' -
check "the tokens up to there" \
    "gumbel generate -n 900 --ignore-eos --json x | grep -c token.,.step" - \
    0 '512\n' -

# What there is to read, and where errors go.
check "closed input" "gumbel generate -n 3 <&-" - 1 - \
    '~standard input: cannot read'
check "input is a folder" "gumbel generate < /" - 1 - \
    '~standard input: cannot read'
check "closed error output" "gumbel generate -g -n 1 Once 2>&-" - 0 \
    'Once upon' -
done_testing
