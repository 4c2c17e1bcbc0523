#!/bin/sh
# What differs when standard output or error is a terminal.
. "$abs_top_srcdir/tests/cli/setup"
command -v script > /dev/null || {
    echo "1..0 # SKIP script (util-linux) is not installed"
    exit 0
}
script -q -c : /dev/null > /dev/null 2>&1 < /dev/null || {
    echo "1..0 # SKIP the system gives out no terminals"
    exit 0
}

# on_terminal COMMAND: runs it on a terminal; what then stands there goes to
# clean. A line that a carriage return begins anew, as that of the progress,
# was wiped before.
on_terminal() {
    script -q -e -c "$1" /dev/null > seen < /dev/null
    status=$?
    sed "s/$cr*\$//; s/.*$cr//" seen > clean
}
cr=$(printf '\r')

on_terminal "'$gumbel' generate -g -n 1 'Once upon a'"

printf 'Once upon a time\n' | cmp -s - clean
ok "and nothing else is there" $? "$(od -c clean)"
on_terminal "'$gumbel' generate -g -n 1 \"\$(printf 'a\\033[2Jb\\a')\""
grep -q 'a^\[\[2Jb^G' clean
ok "control characters are shown" $? "$(od -c clean)"
text=$(printf 'a\342\200\213b\342\200\250c\342\200\256d')
on_terminal "'$gumbel' generate -n 1 '$text'"
grep -q -F 'a\u{200b}b\u{2028}c\u{202e}d' clean
ok "and what would not be seen" $? "$(od -c clean)"
on_terminal "'$gumbel' tokenize --decode 490"
is "decoded text is a line" "$(printf 'Once\n.')" "$(cat clean; echo .)"
on_terminal "'$gumbel' logprobs Once"
is "a .npy file is not for a terminal: status" 2 "$status"
is "a .npy file is not for a terminal: sentence" 1 \
    "$(grep -c '^gumbel: a .npy file is not for a terminal' clean)"
done_testing
