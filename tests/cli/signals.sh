#!/bin/sh
# Signals while it loads, reads a prompt and writes: the status says which,
# what was written is kept, and the session is whole.
. "$abs_top_srcdir/tests/cli/setup"

[ -r /proc/self/maps ] || {
    echo "1..0 # SKIP there is no /proc to see what a program does"
    exit 0
}
"$abs_top_builddir/tests/tools/random_model" slow --layers 2 --width 64 \
    --heads 1 --vocab 300 --context 40000 --dtype f16 || exit 99
gumbel generate -m slow -n 1 x > /dev/null || exit 99
echo x > short
awk 'BEGIN { while (n++ < 4000) printf "a b c d e "; print "" }' > long

# start INPUT ARGUMENT...: runs gumbel beside the test, with signals as in a
# terminal: a shell starts with SIGINT ignored what is in the background.
start() {
    input=$1
    shift
    : > out
    env --default-signal=HUP,INT,TERM "$gumbel" "$@" < "$input" >> out 2> err &
    pid=$!
}

# until_STATE: is the program that far?
until_loading() {
    grep -q OpenCL "/proc/$pid/maps"
}

until_reading() {
    [ -e session ] && tail -n 1 session | grep -q '"type":"run"'
}

until_writing() {
    [ -e session ] && [ "$(grep -c '"type":"token"' session)" -ge 3 ]
}

until_printing() {
    [ "$(wc -l < out)" -ge 3 ]
}

# ends NAME STATE SIGNAL STATUS: sends it, looks at how the program ends.
ends() {
    await "until_$2"
    ok "$1: it is $2" $? "$(cat err)"
    kill -s "$3" "$pid"
    wait "$pid"
    is "$1, SIG$3 while $2: status" "$4" $?
    is "$1, SIG$3 while $2: no message" "" "$(cat err)"
}

# whole NAME: its session ends as it should.
whole() {
    is "$1: the session says so" 1 \
        "$(tail -n 1 session | grep -c '"stop","reason":"interrupt"')"
    gumbel replay -m slow session > /dev/null 2> err
    ok "$1: the session is identical" $? "$(cat err)"
}

while read -r signal status; do
    start short generate -m slow -n 39000 --ignore-eos --json
    ends generate printing "$signal" "$status"

    start short -m slow --session session
    ends lines loading "$signal" "$status"
    for state in reading writing; do
        rm -f session
        case $state in reading) input=long ;; *) input=short ;; esac
        start $input -m slow --session session -n 39000 --ignore-eos
        ends lines $state "$signal" "$status"
        whole "lines, SIG$signal while $state"
    done
done <<'END'
HUP 129
INT 130
TERM 143
END

# Paced, a replay waits as long as it took then.
sed '$s/"ms":[0-9.]*/"ms":1e12/' session > slow_session
start short replay -m slow --pace recorded slow_session
until_replaying() {
    [ -s out ]
}
await until_replaying
kill -s INT "$pid"
wait "$pid"
is "replay, SIGINT: status" 130 $?
is "replay, SIGINT: the verdict so far" 1 \
    "$(grep -c -E '^interrupted: [0-9]+ tokens? identical' err)"
done_testing
