#!/bin/sh
# The terminal tests' machinery must fail where it should: each script here
# has one mistake, and the message names it.
set -u
number=0
status=0

# expect MESSAGE: reads the lines of a test; it must fail with the message.
expect() {
    number=$((number + 1))
    { echo 'test mistake'; cat; } >"$HOME/mistake.tui"
    if "$abs_top_builddir/tests/tui/drive" -t 1 "$HOME/mistake.tui" \
        >"$HOME/out" 2>&1; then
        echo "# it passed"
        result='not ok'
    elif ! grep -q -F -e "$1" "$HOME/out"; then
        sed 's/^/# /' "$HOME/out"
        result='not ok'
    else
        result=ok
    fi
    echo "$result $number - $1"
    [ "$result" = ok ] || status=1
}

[ -x "$abs_top_builddir/tests/tui/drive" ] || {
    echo "1..0 # SKIP libvterm is not installed"
    exit 0
}
echo 1..18
expect 'after 1 s: "hello" is not shown' <<'END'
run cat
wait "hello"
END
expect 'the program ended with status 3' <<'END'
run sh -c 'exit 3'
wait "hello"
END
expect 'it ended with status 3' <<'END'
run sh -c 'exit 3'
exit 0
END
expect 'it was killed by SIGTERM' <<'END'
run cat
signal TERM
exit 0
END
expect 'the alternate screen is still shown' <<'END'
run printf '\033[?1049h'
exit 0
END
expect 'the cursor is still hidden' <<'END'
run printf '\033[?25l'
exit 0
END
expect 'the mouse is still reported' <<'END'
run printf '\033[?1002h'
exit 0
END
expect 'bracketed paste is still on' <<'END'
run printf '\033[?2004h'
exit 0
END
expect 'application mode' <<'END'
run printf '\033[?1h'
exit 0
END
expect 'colours or attributes are still on' <<'END'
run printf '\033[32m'
exit 0
END
expect "the terminal's modes are not those from before" <<'END'
run stty -echo
exit 0
END
expect 'row 1 is "one" instead of "two"' <<'END'
run echo one
line 1 "two"
END
expect 'the cell at 1 1 is not bold' <<'END'
run echo one
style "one" bold
END
expect 'there is no command "dance"' <<'END'
dance
END
expect 'no key is called "Hyper"' <<'END'
run cat
keys Hyper
END
expect 'it ended with status 1: no' <<'END'
shell echo no; false
END
expect 'it fails in 7 of 7 sizes' <<'END'
tour <C-d> all cat
END
expect 'there is no program yet' <<'END'
type "x"
END
exit $status
