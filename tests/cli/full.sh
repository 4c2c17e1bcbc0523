#!/bin/sh
# Where there is no room: said in one sentence, nothing half written is left,
# and what was being written goes on.

# Root may have a small disk, in a world of mounts of its own.
if [ -z "${own_mounts-}" ] && unshare -m true 2> /dev/null; then
    own_mounts=yes exec unshare -m "$0"
fi
. "$abs_top_srcdir/tests/cli/setup"

echo Once | gumbel --session once -n 3 > /dev/null || exit 99

table <<'END'
# name | command | stdin | status | stdout | stderr
generate | gumbel generate -n 3 x >/dev/full | - | 1 | - | ~standard output.*No space left
generate --json | gumbel generate --json -n 3 x >/dev/full | - | 1 | - | ~standard output.*No space left
generate --trace | gumbel generate --trace -n 3 x >/dev/full | - | 1 | - | ~standard output.*No space left
logprobs | gumbel logprobs x >/dev/full | - | 1 | - | ~No space left
logprobs -o | gumbel logprobs -o /dev/full x | - | 1 | - | ~/dev/full.*No space left
score | gumbel score 'Once upon' >/dev/full | - | 1 | - | ~standard output.*No space left
score --json | gumbel score --json 'Once upon' >/dev/full | - | 1 | - | ~standard output.*No space left
tokenize | gumbel tokenize x >/dev/full | - | 1 | - | ~standard output.*No space left
tokenize --decode | gumbel tokenize --decode 490 >/dev/full | - | 1 | - | ~standard output.*No space left
replay | gumbel replay once >/dev/full | - | 1 | - | ~standard output.*No space left
replay --json | gumbel replay --json once >/dev/full | - | 1 | - | ~standard output.*No space left
devices | gumbel devices >/dev/full | - | 1 | - | ~standard output.*No space left
--help | gumbel --help >/dev/full | - | 1 | - | ~standard output.*No space left
--version | gumbel --version >/dev/full | - | 1 | - | ~standard output.*No space left
lines | gumbel --no-session -n 3 >/dev/full | Once\n | 1 | - | ~standard output.*No space left
/export | gumbel --no-session -n 3 | Once\n/export /dev/full\n/find Once\n | 1 | ~Once | ~/dev/full: expected a regular file
/save | gumbel --no-session -n 3 | Once\n/save /dev/full\n/find Once\n | 1 | ~Once | ~/dev/full: expected a regular file
END

# runs_out NAME SESSION FILL ROOM REASON: the command FILL, given while the
# program waits, leaves its session no room; ROOM gives it back. What writes
# beyond a limit must not be ended by SIGXFSZ here.
runs_out() {
    (trap '' XFSZ && exec "$gumbel" --session "$2" -n 300 --ignore-eos) \
        < lines > out 2> err &
    pid=$!
    exec 3> lines
    echo '/note begun' >&3
    await "grep -q begun $2 2> /dev/null"
    ok "$1: it has begun" $? "$(cat err)"
    eval "$3"
    ok "$1: there is no room" $?
    echo Once >&3
    await "[ -s err ]"
    is "$1: it says so" 1 "$(grep -c "^gumbel: $2: .*$5" err)"
    echo '/note after' >&3
    await "grep -q 'after' out"
    ok "$1: it goes on" $?
    [ "$(wc -c < "$2")" -le 8192 ]
    ok "$1: not all is written" $?
    [ -s "$2" ] && gumbel replay "$2" > /dev/null 2> verdict
    ok "$1: what is there replays" $? "$(cat verdict)"
    eval "$4"
    echo '/note room' >&3
    await "grep -q room $2"
    ok "$1: all is written when there is room" $?
    exec 3>&-
    wait "$pid"
    is "$1: status" 1 $?
    is "$1: it was said once" 1 "$(wc -l < err)"
    is "$1: no token is lost" 300 "$(grep -c '"type":"token"' "$2")"
    gumbel replay "$2" > /dev/null 2> verdict
    ok "$1: identical" $? "$(cat verdict)"
}

mkfifo lines || exit 99
mkdir limited disk || exit 99
if prlimit --version > /dev/null 2>&1; then
    runs_out "limit of a file's size" limited/session \
        'prlimit --pid $pid --fsize=4096:unlimited' \
        'prlimit --pid $pid --fsize=unlimited' 'File too large'
else
    skip "limit of a file's size" "prlimit (util-linux) is not installed"
fi

if [ -n "${own_mounts-}" ] &&
    mount -t tmpfs -o size=64k none disk 2> /dev/null; then
    runs_out "full disk" disk/session \
        'head -c 100000 /dev/zero 2> /dev/null > disk/filler; true' \
        'rm disk/filler' 'No space left'
    head -c 100000 /dev/zero 2> /dev/null > disk/filler
    ls disk > before
    table <<'END'
full disk: /export | gumbel --load disk/session --no-session | /export disk/text\n | 1 | * | ~disk/text: .*No space left
full disk: /save | gumbel --load disk/session --no-session | /save disk/copy\n | 1 | * | ~disk/copy: .*No space left
full disk: logprobs -o | gumbel logprobs -o disk/next.npy x | - | 1 | - | ~disk/next.npy: .*No space left
full disk: the cache | GUMBEL_CACHE=$PWD/disk gumbel generate -n 3 x | - | 0 | * | -
END
    is "full disk: nothing is left behind" "$(cat before)" "$(ls disk)"
    umount disk
else
    skip "full disk" "only root can mount one"
fi
done_testing
