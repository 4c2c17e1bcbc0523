#!/bin/sh
# gumbel spectrum: the winners over the temperatures.
. "$abs_top_srcdir/tests/cli/setup"

table <<'EOF'
a row a token     | gumbel spectrum -n 3 "One day"|grep -c ""  | -     | 0 | 4\n | -
axis              | gumbel spectrum -n 1 -t 0.7 "One day"      | -     | 0 | ~^T = 0.7 +p 0.1 .* 0.5 .* 1 | -
axis, greedy      | gumbel spectrum -n 1 -g "One day"          | -     | 0 | ~^T = 0 +p 0.1 | -
axis, very cold   | gumbel spectrum -n 1 -t 0.001 "One day"    | -     | 0 | ~^T = 0.001 +p .* 0.001 | -
axis, very hot    | gumbel spectrum -n 1 -t 1000 "One day"     | -     | 0 | ~^T = 1000 +p .* 1000 | -
the mark          | gumbel spectrum -n 1 "One day"|grep -c o   | -     | 0 | 1\n | -
only ASCII        | gumbel spectrum -n 9 -t 9 "One day"        | -     | 0 | ![^ -~] | -
a token, a band   | gumbel spectrum -n 1 --top-k 1 "Once upon a" | -   | 0 | ~^ time +[01]\.[0-9]+ -+o-+ time -+$ | -
no columns        | COLUMNS=60 gumbel spectrum -n 9 "One day"  | -     | 0 | !^.{61} | -
few columns       | COLUMNS=1 gumbel spectrum -n 9 "One day"   | -     | 0 | !^.{41} | -
odd columns       | COLUMNS=x gumbel spectrum -n 9 "One day"   | -     | 0 | !^.{81} | -
standard input    | gumbel spectrum -n 1 --json                | a\n   | 0 | ~"prompt_ids":\[64\] | -
end of text       | gumbel spectrum -g -n 500 "Once upon a time"|tail -n 1 | - | 0 | ~^<end> | -
stop string       | gumbel spectrum -g -n 9 --stop there "Once upon a time"|wc -l | - | 0 | 3\n | -
no trace          | gumbel spectrum --trace x                  | -     | 2 | - | ~takes no option --trace
full device       | gumbel spectrum -n 1 x >/dev/full          | -     | 1 | - | ~No space
EOF

LC_ALL=C.UTF-8 gumbel spectrum -n 4 "One day" > out
grep -q '●' out && grep -q '─' out
ok "signs where the locale has them" $?

command -v jq > /dev/null || { done_testing; exit; }

# holds NAME FILTER FILE: the filter over all lines of FILE gives true.
holds() {
    found=$(jq -s -c "$2" "$3" 2>&1)
    is "$1" true "$found"
}

gumbel spectrum --json -n 12 -s 5 "One day" > out
gumbel generate --json -n 12 -s 5 "One day" > plain
jq -c 'del(.rank, .entropy, .noise, .spectrum, .prefill_ms, .decode_ms)' \
    out > a
jq -c 'del(.prefill_ms, .decode_ms)' plain > b
cmp -s a b
ok "otherwise as generate prints it" $? "$(diff a b | head -4)"
holds "keys of a token" '[.[1:-1][] | keys_unsorted] | unique ==
    [["type", "step", "id", "text", "logprob", "rank", "entropy", "noise",
    "spectrum"]]' out
holds "keys of a band" '[.[1:-1][].spectrum[] | keys_unsorted] | unique ==
    [["from", "to", "id", "text"]]' out
for options in "" "--top-k 5" "--top-p 0.8" "--min-p 0.05" \
    "--top-k 40 --top-p 0.9 --min-p 0.01" "-t 0.001" "-t 1000" "-g"; do
    gumbel spectrum --json -n 12 $options "One day" > out
    holds "from 0 to infinity without gaps: $options" '[.[1:-1][].spectrum |
        .[0].from == 0 and .[-1].to == null and
        ([.[1:][].from] == [.[:-1][].to])] | all' out
    holds "no token twice: $options" '[.[1:-1][].spectrum |
        ([.[].id] | unique | length) == length] | all' out
    [ "$options" = -g ] || holds "the token in its band: $options" \
        '.[0].settings.temperature as $t | [.[1:-1][] | .id as $id |
        .spectrum | map(select(.id == $id)) | length == 1 and
        .[0].from <= $t and (.[0].to == null or .[0].to >= $t)] | all' out
done
holds "greedy: the first band" '[.[1:-1][] | .id == .spectrum[0].id and
    .rank == 0 and .noise == 0] | all' out

# In the middle of each band of a step, that token comes.
for options in "" "--top-k 5" "--top-p 0.8" "--min-p 0.05" \
    "--top-k 40 --top-p 0.9 --min-p 0.01"; do
    gumbel spectrum --json -n 1 -s 3 $options "The fox said" |
        jq -r 'select(.type == "token").spectrum[] |
            [(([.from, 0.002] | max) * (.to // 1000) | sqrt), .id] |
            select(.[0] < 1000) | @tsv' > bands
    while read -r t id; do
        found=$(gumbel generate --json -n 1 -s 3 -t "$t" $options \
            "The fox said" | jq -c 'select(.type == "token").id')
        is "at $t with $options" "$id" "$found"
    done < bands
done
done_testing
