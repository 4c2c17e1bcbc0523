#!/bin/sh
# The manual page is complete: each command, option and variable is in it.
. "$abs_top_srcdir/tests/cli/setup"

page=$abs_top_srcdir/doc/gumbel.1
sed 's/\\-/-/g' "$page" > page

options=$(gumbel --help | sed -n 's/^ .*--\([a-z-]*\).*/\1/p')
[ "$(echo "$options" | wc -l)" -ge 15 ]
ok "--help lists the options" $?
for option in $options; do
    grep -E -q -e "^\.(BR?) .*--$option( |\$)" page
    ok "option --$option" $?
done
for letter in $(gumbel --help | sed -n 's/^  -\(.\), --.*/\1/p'); do
    grep -E -q -e "^\.BR -$letter " page
    ok "option -$letter" $?
done
commands=$(gumbel --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
for command in $commands; do
    grep -E -q "^\.BR? $command( |\$)" page
    ok "command $command" $?
done
for name in GUMBEL_MODEL GUMBEL_DEVICE GUMBEL_CACHE XDG_CONFIG_HOME; do
    grep -q "$name" page
    ok "variable $name" $?
done
is "version" "gumbel $(sed -n 's/^\.TH .*"gumbel \(.*\)" .*/\1/p' page)" \
    "$(gumbel --version | head -n 1)"

# Every example of the page and of --help that needs no other file runs.
grep -E '^gumbel (generate|spectrum|sweep|logprobs|score) .*"$' page > examples
while read -r line; do
    (eval "$line") > out 2> err < /dev/null
    ok "example: $line" $? "$(cat err)"
done < examples

if command -v groff > /dev/null; then
    groff -man -ww -z "$page" 2> warnings
    is "groff warns of nothing" "" "$(cat warnings)"
else
    skip "groff warns of nothing" "groff is not installed"
fi
done_testing
