#!/bin/sh
# Without a terminal the interface reads lines: the same commands, each done
# before the next is read.
. "$abs_top_srcdir/tests/cli/setup"

gumbel generate -n 12 'Once upon a time' > once || exit 99
echo >> once

table <<'END'
# name | command | stdin | status | stdout | stderr
one line | gumbel --no-session -n 12 > got; cmp got once | Once upon a time\n | 0 | - | -
no line end | gumbel --no-session -n 12 > got; cmp got once | Once upon a time | 0 | - | -
nothing at all | gumbel --no-session | - | 0 | - | -
a setting is marked | gumbel --no-session -n 1 | Once\n/temp 1.2\n/temp\n | 0 | ~^temperature 1.2$ | -
an empty line goes on | gumbel --no-session -n 6 --session s1 > got; cmp got once | Once upon a time\n\n | 0 | - | -
quit | gumbel --no-session -n 1 | /quit\nOnce\n | 0 | - | -
unknown command | gumbel --no-session | /tmep\n | 1 | - | gumbel: there is no /tmep; did you mean /temp?\n
wrong value | gumbel --no-session | /temp 0\n | 1 | - | ~0.001
the rest is done | gumbel --no-session | /tmep\n/temp\n | 1 | temperature 0.8\n | *
help | gumbel --no-session | /help\n | 0 | ~/retry | -
help of one | gumbel --no-session | /help /temp\n | 0 | ~Shift-F3 | -
all settings | gumbel --no-session | /set\n | 0 | ~top-k *off | -
no such setting | gumbel --no-session | /set flavour\n | 1 | - | ~there is no setting "flavour"
a block | gumbel --no-session -n 1 | """\nfirst\nsecond"""\n/find second\n | 0 | ~^second | -
a file from Windows | printf '\357\273\277one\r\ntwo\r\n' > dos; gumbel --no-session -n 1 | /read dos\n | 0 | ~^one$ | -
a file in UTF-16 | printf '\377\376o\0n\0' > wide; gumbel --no-session -n 1 | /read wide\n | 1 | - | gumbel: wide: expected text in UTF-8, found UTF-16\n
carriage returns | gumbel --no-session | /temp 0.5\r\n/temp\r\n | 0 | ~^temperature 0.5$ | -
a block from Windows | gumbel --no-session -n 1 | """\r\nfirst\r\nsecond\r\n"""\r\n | 0 | ~^first$ | -
byte order mark | gumbel --no-session | \0357\0273\0277/temp\n | 0 | temperature 0.8\n | -
UTF-16 | gumbel --no-session | \0377\0376/\0000t\0000\n\0000 | 1 | - | gumbel: standard input: expected text in UTF-8, found UTF-16\n
NUL, the rest is done | gumbel --no-session | keep\0000 this\n/temp\n | 1 | temperature 0.8\n | gumbel: standard input:1: expected text, found a NUL byte\n
NUL in a block | gumbel --no-session | """\na\nb\0000\n"""\n/temp\n | 1 | temperature 0.8\n | gumbel: standard input:3: expected text, found a NUL byte\n
too long a line | (head -c 9000000 /dev/zero|tr '\0' x; printf '\n/temp\n')|gumbel --no-session | - | 1 | temperature 0.8\n | gumbel: standard input:1: a line of more than 8388608 bytes\n
too long a block | (echo '"""'; yes|head -n 4500000; printf '"""\n/temp\n')|gumbel --no-session | - | 1 | temperature 0.8\n | ~a text of more than 8388608 bytes
a folder | gumbel --no-session < / | - | 1 | - | gumbel: standard input: cannot read: Is a directory\n
closed | gumbel --no-session <&- | - | 1 | - | gumbel: standard input: cannot read: Bad file descriptor\n
a slash of one's own | gumbel --no-session -n 1 | //usr\n | 0 | ~^/usr | -
small letters find capitals | gumbel --no-session -n 1 > got; tail -n 1 got | Once\n/find once\n | 0 | ~^Once | -
also beyond ASCII | gumbel --no-session -n 1 > got; tail -n 1 got | \0303\0204pfel\n/find \0303\0244pfel\n | 0 | ~pfel | -
capitals find capitals | gumbel --no-session -n 1 | once\n/find Once\n | 1 | * | ~"Once" is not in the conversation
behind a NUL byte | printf 'a\0b\nwolf' > nul; gumbel --no-session -n 1 > got; tail -n 1 got | /read nul\n/find wolf\n | 0 | ~^wolf | -
not found | gumbel --no-session -n 1 | Once\n/find wolf\n | 1 | * | ~wolf
chat | gumbel --no-session -n 1 --mode chat | Hello\n | 0 | ~^Human: Hello | -
retry | gumbel --no-session -n 8 | Once\n/export a\n/retry\n/export b\n | 0 | * | -
it was identical | cmp a b | - | 0 | - | -
undo, nothing left | gumbel --no-session | /undo\n | 1 | - | ~nothing to undo
replay | gumbel --no-session -n 8 | Once\n/temp 1.3\n\n/replay\n | 0 | ~identical | -
escape sequences are shown | gumbel --no-session -n 1 | \033[2Jx\n | 0 | ~\^\[\[2Jx | -
no model | gumbel --no-session -m /nowhere | Once\n | 1 | - | ~/nowhere
full disk | gumbel --no-session > /dev/full | Once\n | 1 | - | ~standard output
a session file | gumbel -n 4 --session s2 | Once\n | 0 | * | -
gone on with | gumbel -n 4 --load s2 | /find Once\n | 0 | ~Once | -
saved to itself | gumbel -n 4 --session s3 | Once\n/save s3\n\n | 0 | ~own file | -
it goes on there | gumbel replay --json s3 | - | 0 | ~identical","tokens":8, | -
exported to itself | gumbel -n 4 --session s4 | Once\n/export! s4\n | 1 | * | ~s4: this session is kept in that file
it is whole | gumbel replay --json s4 | - | 0 | ~identical","tokens":4, | -
saved over a file | echo mine > mine; gumbel --no-session -n 1 | Once\n/save mine\n | 1 | * | ~mine: there is a file already; /save! replaces it
exported over a file | gumbel --no-session -n 1 | Once\n/export mine\n | 1 | * | ~mine: there is a file already; /export! replaces it
it is left alone | cat mine | - | 0 | mine\n | -
unless one insists | gumbel --no-session -n 1 > log; gumbel replay --json mine | Once\n/save! mine\n | 0 | ~identical | -
as for an export | gumbel --no-session -n 1 > log; cat mine | Once\n/export! mine\n | 0 | ~^Once | -
exported as a page | gumbel --no-session -n 3 > log; grep -o 'span class="t' p.html|wc -l | Once\n/export p.html\n | 0 | 3\n | -
it says so | tail -n 1 log | - | 0 | saved as p.html\n | -
what is typed there is text | gumbel --no-session -n 1 > log; ! grep '<i>x' q.htm | <i>x</i>\n/export q.htm\n | 0 | - | -
so is a session file | gumbel --load s2 --no-session > log; grep -c '"words":' r.html | /export r.html\n | 0 | 1\n | -
a home that is missing | unset XDG_STATE_HOME; HOME=/proc/none gumbel -n 6 > got; cmp got once | Once upon a time\n\n | 0 | - | ~^gumbel: this session is not kept: /proc/none
it is said once | unset XDG_STATE_HOME; HOME=/proc/none gumbel -n 1 2>&1 >got|grep -c "" | Once\n\n\n | 0 | 1\n | -
no home at all | unset HOME XDG_STATE_HOME; gumbel -n 6 2>err > got; cmp got once && grep -c "not kept: neither" err | Once upon a time\n\n | 0 | 1\n | -
but a file by name | gumbel --session /proc/none/s -n 1 2> err; s=$?; head -n 1 err >&2; exit $s | Once\n | 1 | * | ~/proc/none
plainly written | gumbel -n 12 --session d1 > plain | Once upon a time\n/temp 1\n/again\n/undo\n/again\n | 0 | - | -
drafted | gumbel -n 12 --session d2 --draft lookup > got; cmp got plain | Once upon a time\n/temp 1\n/again\n/undo\n/again\n | 0 | - | -
by another meanwhile | gumbel -n 12 --no-session > got; cmp got plain | /draft self\nOnce upon a time\n/set draft off\n/temp 1\n/again\n/draft lookup\n/undo\n/again\n | 0 | - | -
it replays | gumbel replay --json d2 | - | 0 | ~identical","tokens":36, | -
draft, nobody | gumbel --no-session | /set draft\n | 1 | - | ~/draft needs off
draft, none such | gumbel --no-session -n 12 > got; cmp got once | /draft no-such\nOnce upon a time\n | 0 | - | ~no model "no-such" found
a pipe is no file | mkfifo pipe; gumbel --no-session -n 1 | Once\n/export pipe\n | 1 | * | ~pipe: expected a regular file
END
# Takes side by side are what /reseed writes, one after the other, with all
# that is known of their tokens; also where a setting is changed in between.
events() {
    grep -e '"type":"token"' -e '"type":"run"' -e '"type":"undo"' "$1" |
        sed 's/,"ms":.*//'
}
for how in '/takes 3' '/reseed\n/reseed\n/reseed' '/draft lookup\n/takes 3'; do
    printf "Once upon a time\n$how\n/temp 1.1\n/set top-k 9\n$how\n/undo\n" |
        gumbel -n 9 --session "takes${#how}" >/dev/null
done
events takes8 > got
events takes25 | cmp -s - got
ok "several takes" $? "$(cat got)"
events takes23 | cmp -s - got
ok "with guesses" $? "$(cat got)"
check "and again" "gumbel replay --json takes8 | tail -n 1" - 0 \
    '~identical"' -
check "none" "gumbel --no-session -n 1" 'x\n/takes 0\n' 1 '*' \
    '~1 to 1000, found 0'

done_testing
