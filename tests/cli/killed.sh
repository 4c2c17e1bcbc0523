#!/bin/sh
# kill -9 at any moment: what was printed is in the session, which is gone on
# with, and in the end is identical. The moments are different ones each time,
# and the same in every run of this test.
. "$abs_top_srcdir/tests/cli/setup"

gumbel generate -n 1 x > /dev/null || exit 99
for word in fox boy ship cat king tree; do
    printf 'The %s\n/temp 0.9\n\n/note a note\n/topk 40\n\n' $word
    printf '/seed 7\n\n/greedy\n\n/greedy\n/topk off\n/set min-p 0.01\n\n'
done > texts
for word in fox boy ship cat king tree; do
    printf 'A %s\n/retry\n\n/temp 1.1\n/reseed\n/undo\n/redo\n' $word
    printf '/edit An old %s\n/mode chat\nHello %s\n/retry\n' $word $word
    printf '/mode continue\n/clear\nOnce\n/undo\n'
done > turns

random=2026
# pick N: sets picked, 0 to N - 1.
pick() {
    random=$(((random * 1103515245 + 12345) % 2147483648))
    picked=$((random / 65536 % $1))
}

lines() {
    [ ! -e "$1" ] && echo 0 || wc -l < "$1"
}

# run_until SESSION LINES: starts gumbel on the input and kills it when the
# session is so long; false when it ended before.
run_until() {
    "$gumbel" --session "$1" -n 40 --ignore-eos < input > out 2> err &
    pid=$!
    while [ "$(lines "$1")" -lt "$2" ] && kill -0 "$pid" 2> /dev/null; do
        sleep 0.01
    done
    kill -KILL "$pid"
    wait "$pid"
    [ $? = 137 ]
}

# retold: what an earlier run printed, the last one printed too, as far as it
# came; keeps the longer one.
retold() {
    known=$(wc -c < kept)
    now=$(wc -c < out)
    [ "$known" -le "$now" ] && shorter=$known || shorter=$now
    head -c "$shorter" kept > a
    head -c "$shorter" out > b
    [ "$known" -ge "$now" ] || cp out kept
    cmp -s a b
}

# kills NAME: many times. Every third time the file then loses the end of
# its last line, as it may when the power fails.
kills() {
    : > kept
    cat "$1" "$1" "$1" "$1" > input
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
        pick 120
        run_until "$1_session" $(($(lines "$1_session") + picked)) 2> err ||
            echo "round $i: it ended by itself: $(cat err)"
        [ "$1" = turns ] || retold || echo "round $i: other text than before"
        [ ! -s "$1_session" ] || [ -z "$(tail -c 1 "$1_session")" ] ||
            echo "round $i: half a line"
        if [ $((i % 3)) = 0 ] && [ "$(lines "$1_session")" -gt 1 ]; then
            pick 20
            truncate -s -$((picked + 1)) "$1_session"
            : > kept
        fi
    done > said
    [ ! -s said ]
    ok "$1: killed $i times" $? "$(cat said)"
}

# goes_on NAME: the session is identical, also when it is gone on with.
goes_on() {
    gumbel replay "$1_session" > /dev/null 2> err
    ok "$1: identical" $? "$(cat err)"
    echo The end | gumbel --load "$1_session" --session "$1_more" -n 40 \
        > out 2> err
    ok "$1: gone on with" $? "$(cat err)"
    grep -q 'The end' out
    ok "$1: with more text" $?
    gumbel replay --json "$1_more" > out 2> err
    ok "$1: identical in the new file" $? "$(cat err)"
    is "$1: all tokens" "$(grep -c '"type":"token"' "$1_more")" \
        "$(sed 's/.*"tokens":\([0-9]*\).*/\1/' out)"
}

# Only texts, and settings: nothing that is printed is taken back.
kills texts
gumbel --session texts_session < /dev/null > out 2> err
retold
ok "texts: all that was printed is there" $? "$(cat err)"
goes_on texts
kills turns
goes_on turns

# What can be computed again does no harm either when it was half written.
gumbel generate -n 9 Once > warm
echo Once > once
for i in 1 2; do
    rm -rf cache
    # At this pace it does not end by itself before it is killed.
    GUMBEL_CACHE=$PWD/cache "$gumbel" --no-session --pace 1 \
        < once > out 2> err &
    pid=$!
    while [ -z "$(ls cache 2> /dev/null)" ] && kill -0 "$pid" 2> /dev/null; do
        [ $i = 1 ] || sleep 0.01
    done
    kill -KILL "$pid"
    wait "$pid"
    is "cache $i: killed" 137 $?
    GUMBEL_CACHE=$PWD/cache gumbel generate -n 9 Once > again 2> err
    ok "cache $i: goes on" $? "$(cat err)"
    cmp -s warm again
    ok "cache $i: the same text" $?
done 2> /dev/null
done_testing
