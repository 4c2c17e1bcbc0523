#!/bin/sh
# A device that fails while it works, and says so in the events of its
# commands alone: what it did not compute reaches neither screen nor journal.
. "$abs_top_srcdir/tests/cli/setup"

layer=$abs_top_builddir/tests/tools/failing_layer.so

# failing WHAT COMMAND...: runs gumbel with the layer; see failing_layer.c.
failing() {
    wish=$1
    shift
    OPENCL_LAYERS=$layer GUMBEL_FAIL=$wish GUMBEL_FAIL_LOADED=$scratch/loaded \
        "$gumbel" "$@"
}

failing read:999999 generate -n 1 x > /dev/null || exit 99
if [ ! -e "$scratch/loaded" ]; then
    skip "a device that fails" "the OpenCL loader has no layers"
    done_testing
    exit
fi
device=$(gumbel devices | sed -n 's/^\* [0-9]*:[0-9]*  *//p')


# says_so NAME STATUS FILE: an error that names the device and what failed.
says_so() {
    [ "$2" = 1 ] && [ "$(grep -c '' "$3")" = 1 ] &&
        grep -q -F "gumbel: $device: " "$3" &&
        grep -q '^gumbel: .* failed: CL_DEVICE_NOT_AVAILABLE$' "$3"
    ok "$1: it says so" $? "status $2, $(cat "$3")"
}

# Dead from a token's read on, or at any command of a step, or failing once.
prompt='Once upon a time'
for options in '' -g '--top-k 9'; do
    gumbel generate $options -n 12 "$prompt" > whole || exit 99
    for wish in read:1 read:5 'read:5!' kernel:100 \
        'kernel:100!' 'kernel:103!' 'kernel:106!' 'kernel:110!'; do
        failing "$wish" generate $options -n 12 "$prompt" > out 2> err
        says_so "generate $options, $wish" $? err
        n=$(wc -c < out)
        head -c "$n" whole | cmp -s - out && [ "$n" -lt "$(wc -c < whole)" ]
        ok "generate $options, $wish: nothing else" $? "$(cat out)"
    done
done
failing read:5 generate -n 12 "$prompt" > out 2> err
gumbel generate -n 4 "$prompt" > four
is "all that was computed" "$(cat four)" "$(cat out)"
failing 'read:5?' generate -n 12 "$prompt" > out 2> err
is "a driver that lies: status" 1 $?
is "a driver that lies" "gumbel: $device: the device computed no token" \
    "$(cat err)"
is "a driver that lies: all that was computed" "$(cat four)" "$(cat out)"
failing 'read:5!' generate --json -n 12 "$prompt" > out 2> err
is "as JSON" 4 "$(grep -c '"type":"token"' out)"

# While the model is loaded, and the other commands.
for wish in map:1 map:7 unmap:1 unmap:7 'unmap:7!' write:1; do
    failing "$wish" generate -n 12 "$prompt" > out 2> err
    says_so "loading, $wish" $? err
    is "loading, $wish: no text" "" "$(cat out)"
done
for wish in kernel:30 'kernel:30!' read:1 write:3 write:4; do
    failing "$wish" score "$prompt there was a girl" > out 2> err
    says_so "score, $wish" $? err
    is "score, $wish: no figures" "" "$(cat out)"
done
failing kernel:30 logprobs -o next.npy "$prompt" > out 2> err
says_so "logprobs" $? err
[ ! -e next.npy ]
ok "logprobs: no file" $?
failing kernel:300 bench > out 2> err
says_so "bench" $? err

# In a session the failed token is not recorded, and where the device is well
# again, the text goes on as if nothing had been.
printf '%s\n' "$prompt" |
    failing read:5 --session dead.jsonl -n 12 > out 2> err
says_so "a session" $? err
is "a session: its tokens" 4 "$(grep -c '"type":"token"' dead.jsonl)"
gumbel replay dead.jsonl > out 2> err
is "a session: verified" "verified: 4 tokens identical" "$(head -n 1 err)"
for wish in 'kernel:100!' 'kernel:105!' 'kernel:109!' 'read:5!'; do
    rm -f well.jsonl
    printf '%s\n\n' "$prompt" |
        failing "$wish" --session well.jsonl -n 12 > out 2> err
    gumbel replay well.jsonl > out 2> err
    ok "a session that goes on, $wish" $? "$(cat err)"
    [ "$(grep -c '"type":"token"' well.jsonl)" -gt 12 ]
    ok "a session that goes on, $wish: it does" $? "$(cat well.jsonl)"
done
failing kernel:20 replay dead.jsonl > out 2> err
says_so "replay" $? err
done_testing
