#!/bin/sh
# Line mode while it waits for its input or for the reader of its output:
# signals end it, unless they are ignored, and nothing else does.
. "$abs_top_srcdir/tests/cli/setup"
mkfifo in out || exit 99

# until COMMAND: waits for it to succeed while the program runs.
until_true() {
    tries=0
    until eval "$1" || ! kill -0 "$pid" 2> /dev/null; do
        sleep 0.05
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || break
    done
}

# begin COMMAND...: runs it with a pipe as input that stays open on 3; goes on
# when it has answered a first line. A shell starts what runs in the
# background with SIGINT ignored; env takes that back.
begin() {
    : > got
    "$@" < in > got 2> err &
    pid=$!
    exec 3> in
    echo /temp >&3
    until_true "grep -q 'temperature 0.8' got"
}

for signal in TERM:143 INT:130 HUP:129; do
    begin env --default-signal=INT "$gumbel" --no-session
    kill -"${signal%:*}" "$pid"
    wait "$pid"
    is "waiting for input, SIG${signal%:*}" "${signal#*:}" $?
    exec 3>&-
done

# The reader of its output takes nothing: dd finds no room for a byte either.
exec 4<> out
yes /help | "$gumbel" --no-session >&4 2> err &
pid=$!
until_true "! dd if=/dev/zero of=out bs=1 count=1 oflag=nonblock 2> dd"
kill -TERM "$pid"
wait "$pid"
is "waiting for its reader, SIGTERM" 143 $?
exec 4>&-

begin sh -c "trap '' HUP INT TERM; exec '$gumbel' --no-session"
kill -HUP "$pid"
kill -INT "$pid"
kill -TERM "$pid"
echo /seed >&3
until_true "grep -q 'seed 0' got"
exec 3>&-
wait "$pid"
is "those ignored at the start stay so" "0 seed 0" "$? $(tail -n 1 got)"

# dd leaves the pipe as one that does not wait.
exec 3<> in
if dd iflag=nonblock count=0 <&3 2> dd; then
    "$gumbel" --no-session <&3 > got 2> err &
    pid=$!
    echo /temp >&3
    until_true "grep -q 'temperature 0.8' got"
    echo /seed >&3
    until_true "grep -q 'seed 0' got"
    echo /quit >&3
    wait "$pid"
    is "a pipe that does not wait" "0 seed 0" "$? $(tail -n 1 got)"
else
    skip "a pipe that does not wait" "dd cannot make one"
fi
exec 3>&-
done_testing
