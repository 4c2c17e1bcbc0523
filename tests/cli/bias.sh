#!/bin/sh
# Bias, banned tokens, repetition penalty and DRY.
. "$abs_top_srcdir/tests/cli/setup"

table <<'EOF'
not one token     | gumbel generate --bias "foxest=1" x    | - | 2 | - | ~bias: "foxest": expected one token, found 4: "f" "o" "x" "est"$
one with a space  | gumbel generate --bias "was=1" x       | - | 2 | - | ~found 2: "w" "as" \(with a space before it, it is one\)
no such id        | gumbel generate --bias "#4096=1" x     | - | 2 | - | ~#4096: expected an id from #0 to #4095
the same token    | gumbel spectrum --bias "#288=1" --bias " was=2" x | - | 2 | - | ~"#288" and " was" are the same token
too much          | gumbel sweep --bias " was=1001" x      | - | 2 | - | ~a number from -1000 to 1000, ban or off, found " was=1001"
no number         | gumbel logprobs --json --bias " was" x | - | 2 | - | ~bias: expected a token and a number
no token          | gumbel generate --bias "=1" x          | - | 2 | - | ~bias: expected a token and a number
broken JSON       | gumbel generate --bias "{\" was\": 1" x | - | 2 | - | ~bias: .*expected one token
wrong JSON        | gumbel generate --bias "{\" was\": \"x\"}" x | - | 2 | - | ~" was": expected a number from -1000 to 1000, or "ban", found "x"
not of this one   | gumbel score --bias " was=1" x         | - | 2 | - | ~takes no option --bias
penalty 0         | gumbel generate --repetition-penalty 0 x | - | 2 | - | ~repetition-penalty: expected a number from 0.01 to 100, or off, found "0"
negative DRY      | gumbel generate --dry-multiplier -1 x  | - | 2 | - | ~dry-multiplier: expected a number from 0 to 1000
base below 1      | gumbel generate --dry-base 0.5 x       | - | 2 | - | ~dry-base: expected a number from 1 to 100
breakers          | gumbel generate --dry-breakers "[1]" x | - | 2 | - | ~dry-breakers: expected at most 64 texts as JSON
wins              | gumbel generate -n 3 --bias " was=1000" "One day"  | - | 0 | One day was was was | -
wins, by its id   | gumbel generate -g -n 2 --bias "#288=1000" "One day"  | - | 0 | One day was was | -
several           | gumbel generate -g -n 2 --bias "#288=ban" --bias " very=900" --bias " a=-3" "One day" | - | 0 | One day very very | -
the last counts   | gumbel generate -g -n 1 --bias " very=900" --bias " very=-900" --bias "#288=900" "One day" | - | 0 | One day was | -
off again         | gumbel generate -g -n 1 --bias " very=900" --bias off --bias "#288=900" "One day" | - | 0 | One day was | -
as JSON           | gumbel generate -g -n 1 --bias "{\" very\": 900}" "One day" | - | 0 | One day very | -
the end of text   | gumbel generate -n 9 --bias "<|endoftext|>=1000" "One day" | - | 0 | One day | -
the likeliest     | gumbel logprobs --json --top-k 1 --bias " was=1000" "One day" | - | 0 | ~"tokens":\[\{"id":288,"text":" was","logprob":-?0.0\}\] | -
banned, listed    | gumbel logprobs --json --bias " was=ban" "One day" | - | 0 | !" was" | -
config            | mkdir -p "$XDG_CONFIG_HOME/gumbel"; echo "bias = \" was=900\"" > "$XDG_CONFIG_HOME/gumbel/config"; gumbel generate -g -n 1 "One day" | - | 0 | One day was | -
config, replaced  | gumbel generate -g -n 1 --bias " very=800" "One day" | - | 0 | One day very | -
config elsewhere  | gumbel score Once > /dev/null; rm "$XDG_CONFIG_HOME/gumbel/config" | - | 0 | - | -
line mode         | gumbel --no-session -n 1 | /bias " was" +900\nOne day\n | 0 | ~^One day was$ | -
line mode, shown  | gumbel --no-session | /bias " was" +900\n/bias #3 ban\n/bias\n/bias " was" off\n/bias\n/bias off\n/bias\n | 0 | bias {" was":900,"#3":"ban"}\nbias {"#3":"ban"}\nbias off\n | -
line mode, wrong  | gumbel --no-session | /bias was 1\n/bias\n | 1 | bias off\n | ~"was": expected one token
line mode, no X   | gumbel --no-session | /bias x\n | 1 | - | ~expected a token and a number from -1000 to 1000, ban or off, found "x"
pinned            | gumbel --no-session | /pin A story.\n/pin\n/pin off\n/pin\n | 0 | pin A story.\npin off\n | -
EOF

command -v jq > /dev/null || { done_testing; exit; }

# A banned token never comes, whatever else is asked for.
for options in "-s 1" "-s 2 -t 5" "-g" "--top-k 3" "--top-p 0.5" "--min-p 1" \
    "--repetition-penalty 0.5" "-t 1000"; do
    gumbel generate --json -n 60 --ignore-eos $options --bias "#288=ban" \
        --bias "#13=ban" --bias " a=ban" "Once upon a time" |
        jq -c 'select(.type == "token").id | select(. == (288, 13, 258))' > ids
    [ ! -s ids ]
    ok "banned: $options" $?
done

# Greedy text that repeats itself does not with a penalty: how many of its
# stretches of four tokens are there a second time.
repeated() {
    gumbel generate --json -g -n 40 --ignore-eos "$@" \
        "The cat sat. The cat sat. The cat sat. The" |
        jq -s -c '[.[] | select(.type == "token").id] |
            [.[:-3], .[1:-2], .[2:-1], .[3:]] | transpose |
            length - (unique | length)'
}
plain=$(repeated)
[ "$(repeated --repetition-penalty 1.5)" -lt "$plain" ]
ok "repetition penalty" $? "$plain"
[ "$(repeated --dry-multiplier 3 --dry-breakers off)" -lt "$plain" ]
ok "DRY" $? "$plain"
is "all of them off" "$(gumbel generate -n 20 'One day')" \
    "$(gumbel generate -n 20 --repetition-penalty 1 --dry-multiplier 0 \
        --bias '{}' 'One day')"

# The spectrum knows: in the middle of each band, that token comes. The sweep
# too: penalties go by the text of each branch.
for options in "--bias #288=ban" "--repetition-penalty 1.5" \
    "--dry-multiplier 2 --dry-allowed-length 1" \
    "--repetition-penalty 0.8 --repetition-last 3 --top-p 0.9" \
    "--bias #13=4 --bias #258=-3 --min-p 0.02"; do
    gumbel spectrum --json -n 1 -s 3 $options "The fox said the fox" |
        jq -r 'select(.type == "token").spectrum[] |
            [(([.from, 0.002] | max) * (.to // 1000) | sqrt), .id] |
            select(.[0] < 1000) | @tsv' > bands
    while read -r t id; do
        found=$(gumbel generate --json -n 1 -s 3 -t "$t" $options \
            "The fox said the fox" | jq -c 'select(.type == "token").id')
        is "at $t with $options" "$id" "$found"
    done < bands
    gumbel sweep --json -n 4 -s 2 --from 0.6 --to 1 $options \
        "The fox said the fox" > texts
    jq -r 'select(.type == "text") |
        [(.from + .to) / 2, (.ids | join(","))] | @tsv' texts > middles
    while read -r t ids; do
        found=$(gumbel generate --json -n 4 -s 2 -t "$t" $options \
            "The fox said the fox" |
            jq -s -r '[.[] | select(.type == "token").id] | join(",")')
        is "swept at $t with $options" "$ids" "$found"
    done < middles
done

# A session with all of it is the same when it is run again.
printf '%s\n' 'Once upon a time' '/bias " was" ban' '/bias #13 -2' '' \
    '/set repetition-penalty 1.3' '/set dry-multiplier 0.8' '' \
    '/set repetition-last 20' '/again' '/at -4' '/why' '/set greedy on' '' |
    gumbel --session s -n 15 > out
gumbel replay s > text 2> verdict
ok "replay" $? "$(cat verdict)"
grep -q identical verdict
ok "identical" $? "$(cat verdict)"
grep -q '"name":"bias","value":"{\\" was\\":\\"ban\\"' s
ok "in the session" $?
done_testing
