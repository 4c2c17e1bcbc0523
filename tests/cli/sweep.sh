#!/bin/sh
# gumbel sweep: all texts between two temperatures.
. "$abs_top_srcdir/tests/cli/setup"

table <<'EOF'
rows              | gumbel sweep -n 3 "One day"              | -     | 0 | ~^0\.50000-[01]\.[0-9]+ +[0-9.]+%  [^ ] | -
the last line     | gumbel sweep -n 3 "One day"|tail -n 1    | -     | 0 | ~^[0-9]+ texts, [0-9]+ forward passes$ | -
one text          | gumbel sweep -n 3 --top-k 1 "One day"|tail -n 1 | - | 0 | 1 text, 3 forward passes\n | -
one temperature   | gumbel sweep -n 3 --from 1 --to 1 x|tail -n 1 | - | 0 | 1 text, 3 forward passes\n | -
its row           | gumbel sweep -n 3 --from 1 --to 1 x      | -     | 0 | ~^1\.0000-1\.0000 +100\.0%  | -
no colours here   | gumbel sweep -n 9 x                      | -     | 0 | !\x1b | -
only ASCII        | gumbel sweep -n 9 --to 9 x               | -     | 0 | ![^ -~] | -
no columns        | COLUMNS=60 gumbel sweep -n 30 "One day"  | -     | 0 | !^.{61} | -
few columns       | COLUMNS=1 gumbel sweep -n 9 "One day"    | -     | 0 | !^.{41} | -
at most           | gumbel sweep -n 20 --to 3 --max-texts 2 x|grep -c % | - | 0 | 2\n | -
at most, said     | gumbel sweep -n 20 --to 3 --max-texts 2 x|tail -n 1 | - | 0 | ~^2 texts below [0-9.]+, where it was stopped, | -
just as many      | n=$(gumbel sweep -n 5 x|grep -c %); gumbel sweep -n 5 --max-texts "$n" x|tail -n 1 | - | 0 | !stopped | -
json              | gumbel sweep --json -n 2 --top-k 1 "One day" | - | 0 | ~^\{"type":"text","from":0.5,"to":1.2,"ids":\[[0-9]+,[0-9]+\],"text":"[^"]+","reason":"length"\}$ | -
json, end         | gumbel sweep --json -n 2 --top-k 1 x|tail -n 1 | - | 0 | {"type":"end","reason":"done","texts":1,"forwards":2}\n | -
standard input    | gumbel sweep -n 1 --json                 | a\n   | 0 | ~"type":"end" | -
empty prompt      | gumbel sweep -n 1 ""                     | -     | 0 | ~texts?, 1 forward | -
map               | gumbel sweep -n 9 --svg m "<One> & two" >/dev/null; head -n 1 m | - | 0 | ~^<svg xmlns= | -
map, no folder    | gumbel sweep -n 1 --svg no/m x >/dev/null | -    | 1 | - | ~no/m: cannot create

upside down       | gumbel sweep --from 1 --to 0.5 x         | -     | 2 | - | ~--from 1 is above --to 0.5
from 0            | gumbel sweep --from 0 x                  | -     | 2 | - | ~from: expected a temperature from 0.001 to 1000, found "0"
to nan            | gumbel sweep --to nan x                  | -     | 2 | - | ~to: expected a temperature from 0.001 to 1000, found "nan"
no texts          | gumbel sweep --max-texts 0 x             | -     | 2 | - | ~max-texts: expected a whole number from 1 on, found "0"
no temperature    | gumbel sweep -t 1 x                      | -     | 2 | - | ~takes no option --temperature
not greedy        | gumbel sweep -g x                        | -     | 2 | - | ~takes no option --greedy
full device       | gumbel sweep -n 1 x >/dev/full           | -     | 1 | - | ~No space
EOF

if command -v xmllint > /dev/null; then
    xmllint --noout m
    ok "the map is well-formed" $?
else
    skip "the map is well-formed" "xmllint is not installed"
fi
# Each text has a column of its own in the last row.
gumbel sweep --json -n 6 --svg m "One day" > out
is "as many cells in the map's last row as texts" \
    "$(grep -c '"type":"text"' out)" \
    "$(grep -c ' y="162.0" width=' m)"

# What differs from the row above stands in brackets, whole words.
gumbel sweep -n 12 "One day" > out
is "the first row has no brackets" 0 "$(head -n 1 out | grep -c '\[')"
COLUMNS=1000 gumbel sweep -n 12 "One day" | sed '1d;$d' > rows
is "all others have" "$(grep -c '' rows)" \
    "$(grep -c -E ' (.* )?\[[^]]+\]( |$)' rows)"

# Ctrl-C prints the texts there are. The line on standard error says when
# there are some.
make=$abs_top_builddir/tests/tools/random_model
"$make" slow --layers 2 --width 64 --heads 1 --vocab 300 --context 1000 \
    --dtype f16 || exit 99
if script -q -c : /dev/null > /dev/null 2>&1 < /dev/null; then
    cat > run <<EOF
echo \$\$ > pid
exec env --default-signal=INT "$gumbel" sweep -m slow -n 900 --json \
    --max-texts 1000000 --svg m --ignore-eos x > out
EOF
    rm -f m
    script -q -e -c 'sh run' log > /dev/null 2>&1 < /dev/null &
    script=$!
    tries=0
    until grep -a -q '[1-9][0-9]* texts, [0-9]* passes, T 0\.' log 2> /dev/null
    do
        sleep 0.05
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || break
    done
    kill -INT "$(cat pid)"
    wait "$script"
    is "interrupted: status" 130 $?
    is "interrupted: the end says so" 1 "$(tail -n 1 out |
        grep -c '^{"type":"end","reason":"interrupt"')"
    [ "$(grep -c '"type":"text"' out)" -ge 1 ]
    ok "interrupted: the texts until then" $?
    [ -s m ]
    ok "interrupted: their map" $?
else
    skip "interrupted" "the system gives out no terminals"
fi

command -v jq > /dev/null || { done_testing; exit; }

# holds NAME FILTER FILE: the filter over all lines of FILE gives true.
holds() {
    found=$(jq -s -c "$2" "$3" 2>&1)
    is "$1" true "$found"
}

# In the middle of its interval generate prints a text: the first one, the last
# one and one between.
for options in "" "--top-k 5" "--top-p 0.8" "--min-p 0.05" \
    "--top-k 40 --top-p 0.9 --min-p 0.01" "--stop e" "-s 7"; do
    gumbel sweep --json --from 0.6 --to 1.4 -n 8 $options "The fox said" > out
    holds "without gaps: $options" '.[:-1] | .[0].from == 0.6 and
        .[-1].to == 1.4 and ([.[1:][].from] == [.[:-1][].to])' out
    jq -s -c '.[:-1] | map(select(.to - .from > 0.0001)) |
        [.[0], .[length / 2 | floor], .[-1]] | .[]' out > some
    jq -r '(.from + .to) / 2' some > middles
    jq -c '[.ids, .text, .reason]' some > expected
    while read -r t; do
        gumbel generate --json -n 8 -t "$t" $options "The fox said" |
            jq -s -c '[[.[1:-1][].id], .[-1].text, .[-1].reason]'
    done < middles > found
    cmp -s expected found
    ok "generate agrees: $options" $? "$(diff expected found | head -4)"
done
done_testing
