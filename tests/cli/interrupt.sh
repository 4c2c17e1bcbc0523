#!/bin/sh
# Ctrl-C while text is generated: what there is stays, status 130.
. "$abs_top_srcdir/tests/cli/setup"

make=$abs_top_builddir/tests/tools/random_model
"$make" slow --layers 2 --width 64 --heads 1 --vocab 300 --context 40000 \
    --dtype f16 || exit 99
gumbel generate -m slow -n 1 x > /dev/null || exit 99

# interrupted OPTION...: starts gumbel, interrupts it when the first of its
# output is there; sets status, leaves the output in out. A shell starts what
# runs in the background with SIGINT ignored; env takes that back.
interrupted() {
    : > out
    env --default-signal=INT "$gumbel" generate -m slow -n 39000 \
        --ignore-eos "$@" x >> out 2> err &
    pid=$!
    tries=0
    while [ "$(wc -l < out)" -lt "$lines" ] && [ "$tries" -lt 600 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    kill -INT "$pid"
    wait "$pid"
    status=$?
}

lines=3
interrupted --json
is "status" 130 "$status"
is "nothing on standard error" "" "$(cat err)"
is "the end says so" 1 \
    "$(tail -n 1 out | grep -c '^{"type":"end","reason":"interrupt"')"
[ "$(grep -c '"type":"token"' out)" -ge 2 ]
ok "the tokens until then are there" $?
[ "$(grep -c '"type":"token"' out)" -lt 39000 ]
ok "and no more" $?

lines=3
interrupted --trace
is "trace: status" 130 "$status"
is "trace: the final text is there" 1 "$(grep -a -c '^Final generated' out)"

# A replay that waits for more of a session ends too.
echo Once | gumbel -m slow -n 4 --session kept > /dev/null
text=$(gumbel replay -m slow kept 2> err)
printf %s "$text" > text
[ -s text ]
ok "a replay that waits: there is a text" $?
mkfifo pipe
exec 3<> pipe
cat kept >&3
: > out
env --default-signal=INT "$gumbel" replay -m slow - < pipe >> out 2> err &
pid=$!
while [ "$(wc -c < out)" -lt "$(wc -c < text)" ] && kill -0 "$pid"; do
    sleep 0.05
done
kill -INT "$pid"
wait "$pid"
is "a replay that waits: status" 130 $?
is "a replay that waits: the text" "$text" "$(cat out)"
exec 3>&-

# One that is started with SIGINT ignored goes on ignoring it.
: > out
(trap '' INT; exec "$gumbel" generate -m slow -n 2000 --json \
    --ignore-eos x) >> out &
pid=$!
while [ "$(wc -l < out)" -lt 3 ] && kill -0 "$pid" 2> /dev/null; do
    sleep 0.05
done
kill -INT "$pid"
wait "$pid"
is "ignored where the shell says so: status" 0 $?
is "ignored where the shell says so: reason" 1 \
    "$(tail -n 1 out | grep -c '"reason":"length"')"
done_testing
