#!/bin/sh
# Every command and every key of the interface's table is used by a script.
set -u
set -- "$abs_top_srcdir"/tests/tui/*.tui
table=$abs_top_srcdir/tui/commands.def
status=0

# The first argument of every row of one kind.
names() {
    sed -n "s/^GB_$1(\"\([^\"]*\)\".*/\1/p" "$table"
}

missing() {
    echo "# no script uses $1"
    status=1
}

echo 1..2
for name in $(names COMMAND); do
    grep -q -E "^(press|type).*/$name([^a-z!]|\$)" "$@" || missing "/$name"
done
[ "$status" -eq 0 ] || printf 'not '
echo "ok 1 - every command is used"
failed=$status
status=0
{ names KEY; names READING_KEY; } |
    sed 's/^ $/Space/; s/^Click$/click/' | tr ' ' '~' >"$HOME/keys"
sed -n 's/^GB_PAGE_KEY([A-Z]*, "\([^" ]*\)",.*/\1/p' "$table" >>"$HOME/keys"
while read -r name; do
    case $name in
    *~?) # two keys, the second a letter of its own
        pattern="<${name%~*}>${name#*~}" ;;
    *) pattern="<$(echo "$name" | sed 's/~/></')>" ;;
    esac
    grep -q -F -e "$pattern" "$@" ||
        grep -q -E "^(keys|mouse)( .*)? $(echo "$name" | tr '~' ' ' |
            sed 's/[].^$+*[]/\\&/g')( |\$)" "$@" || missing "$name"
done <"$HOME/keys"
[ "$status" -eq 0 ] || printf 'not '
echo "ok 2 - every key is used"
exit $((failed + status))
