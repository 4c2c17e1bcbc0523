#!/bin/sh
# What the documents show is what is printed.
. "$abs_top_srcdir/tests/cli/setup"
PATH=$abs_top_builddir:$PATH

for file in README.md doc/gumbel.1 models/stories/README.md; do
    [ "$(grep -c sample "$abs_top_srcdir/$file")" -ge 1 ] &&
        "$abs_top_srcdir/tests/samples" --check "$abs_top_srcdir/$file" \
            > out 2>&1
    ok "samples of $file" $? "$(cat out)"
done

# The check itself: another word is noticed, another last digit is not.
sed 's/upon/once/' "$abs_top_srcdir/README.md" > changed
! "$abs_top_srcdir/tests/samples" --check changed > out 2>&1 &&
    grep -q '^  now: .*upon' out
ok "another word" $? "$(cat out)"
cat > numbers <<'EOF'
<!-- sample -->

    $ echo 'fox -0.25012'
    fox -0.25009
EOF
"$abs_top_srcdir/tests/samples" --check numbers > out 2>&1
ok "another last digit" $? "$(cat out)"
sed 's/25009/26/' numbers > changed
! "$abs_top_srcdir/tests/samples" --check changed > out 2>&1
ok "another number" $? "$(cat out)"
cat > broken <<'EOF'
<!-- sample -->

    $ exit 3
EOF
! "$abs_top_srcdir/tests/samples" broken > out 2>&1 &&
    grep -q '^samples: failed: exit 3' out
ok "a command that fails" $? "$(cat out)"

# The card names the weights.
grep -q "$(sha256sum < "$stories/model.safetensors" | cut -c -64)" \
    "$stories/README.md"
ok "the card has the hash of the weights" $?
done_testing
