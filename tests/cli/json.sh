#!/bin/sh
# gumbel generate --json: what programs rely on, seen by jq.
. "$abs_top_srcdir/tests/cli/setup"
command -v jq > /dev/null || { echo "1..0 # SKIP jq is not installed"; exit 0; }

# holds NAME FILTER FILE: the filter over all lines of FILE gives true.
holds() {
    found=$(jq -s -c "$2" "$3" 2>&1)
    is "$1" true "$found"
}

gumbel generate --json -n 30 -s 5 "One day" > out
holds "one start, first" '.[0].type == "start" and
    ([.[] | select(.type == "start")] | length) == 1' out
holds "one end, last" '.[-1].type == "end" and
    ([.[] | select(.type == "end")] | length) == 1' out
holds "tokens between" '[.[1:-1][].type] | unique == ["token"]' out
holds "keys of start" '.[0] | keys_unsorted == ["type", "model", "device",
    "dtype", "settings", "prompt_ids"]' out
holds "keys of token" '[.[1:-1][] | keys_unsorted] | unique ==
    [["type", "step", "id", "text", "logprob"]]' out
holds "keys of end" '.[-1] | keys_unsorted == ["type", "reason", "text",
    "prefill_ms", "decode_ms", "computed"]' out
holds "start" '.[0] | .model == "stories" and (.device | length) > 0 and
    (.dtype == "f16" or .dtype == "f32")' out
holds "settings" '.[0].settings == {"temperature": 0.8, "seed": 5,
    "greedy": false, "top-k": null, "top-p": null, "min-p": null,
    "max-new-tokens": 30, "max-prompt-tokens": null, "ignore-eos": false,
    "stop": [], "pin": null, "bias": null, "repetition-penalty": null,
    "repetition-last": null, "dry-multiplier": null, "dry-base": 1.75,
    "dry-allowed-length": 2, "dry-last": null,
    "dry-breakers": ["\n", ":", "\"", "*"]}' out
holds "steps count from 0" '[.[1:-1][].step] == [range(0; length - 2)]' out
holds "ids" '[.[1:-1][].id] | all(. >= 0 and . < 4096)' out
holds "logprobs" '[.[1:-1][].logprob] | all(. <= 0 and . > -40)' out
holds "texts join to the text" '([.[1:-1][].text] | join("")) == .[-1].text' \
    out
holds "times" '.[-1] | .prefill_ms > 0 and .decode_ms > 0' out
holds "prompt" '.[0].prompt_ids | length == 2' out
gumbel generate -n 30 -s 5 "One day" > text
printf 'One day%s' "$(jq -j 'select(.type == "end").text' out; echo .)" |
    sed '$s/\.$//' > joined
[ "$(cat text)" = "$(cat joined)" ]
ok "the same text as without --json" $?

# The same tokens again, times aside.
gumbel generate --json -n 30 -s 5 "One day" > again
jq -c 'del(.prefill_ms, .decode_ms)' out > a
jq -c 'del(.prefill_ms, .decode_ms)' again > b
cmp -s a b
ok "same command, same tokens" $?

gumbel generate --json -n 5 "One day" > out
holds "reason length" '.[-1].reason == "length"' out
# Some story comes to its end within the context.
for seed in 0 1 2 3 4 5 6 7 8 9; do
    gumbel generate --json -t 0.5 -s $seed -n 500 "Once upon a time" > out
    ! tail -n 1 out | grep -q '"reason":"eos"' || break
done
holds "reason eos" '.[-1].reason == "eos" and .[-2].id == 4095 and
    .[-2].text == ""' out
gumbel generate --json -g -n 20 "Once upon a time" > out
stop=$(jq -r 'select(.step == 2).text' out)
before=$(jq -s -r '.[1:3] | map(.text) | join("")' out)
gumbel generate --json -g -n 20 --stop "$stop" "Once upon a time" > out
holds "reason stop" '.[-1].reason == "stop"' out
is "the text before it" "$before" "$(tail -n 1 out | jq -r .text)"
gumbel generate --json -n 3 -s 18446744073709551615 x > out
holds "a seed that JSON readers cannot hold" \
    '.[0].settings.seed == "18446744073709551615"' out
gumbel generate --json -g -n 3 "x" > out
holds "greedy" '.[0].settings.greedy' out

# A token of the greedy head has the log-probability at temperature 1.
gumbel generate --json -g -n 1 "Once upon a" > out
gumbel logprobs --json -t 1 --top-k 1 "Once upon a" > head
is "greedy logprob is that of temperature 1" \
    "$(jq -c '.tokens[0] | [.id, (.logprob * 10000 | round)]' head)" \
    "$(jq -c 'select(.type=="token") | [.id, (.logprob * 10000 | round)]' out)"

# Escapes and characters that are not whole.
printf '\033[31m\377"\\\n\t' | gumbel generate --json -n 40 -t 5 > out
holds "odd bytes in, JSON out" 'length > 2' out

# What a terminal would act on is escaped, which means the same: in the text
# of a token, in the name of a model.
name=$(printf 'm\302\2332J\342\200\256')
text=$(printf 'a\177\302\233\342\200\256\342\200\250\342\200\213b\303\251')
cp -r "$stories" "$name"
# escaped NAME EXPECTED: out has that and no such character as it is.
escaped() {
    grep -q -F -e "$2" out && jq -e -R -s 'explode | all(. < 127 or
        (. > 159 and . != 8203 and . != 8232 and . != 8238))' out > raw
    ok "$1" $? "$(head -c 600 out | od -c)"
}
gumbel tokenize --decode --json $(gumbel tokenize "$text") > out
escaped "decoded text" '"a\u007f\u009b\u202e\u2028\u200bbé"'
is "means the same" "$text" "$(jq -r .text out)"
gumbel generate --json -n 1 -m "./$name" x > out
escaped "the name of a model" '"m\u009b2J\u202e"'
gumbel bench --json -m "./$name" > out
escaped "that of bench, too" '"m\u009b2J\u202e"'
gumbel logprobs --json x > out
escaped "the text of every token" '"\u007f"'
done_testing
