#!/bin/sh
# Every file of the source tree is named in a makefile, so that it is compiled
# or run and is part of the distribution.
set -u
cd "$abs_top_srcdir" || exit 99
folders='src cl tui tests doc'
makefiles=$(find Makefile.am $folders -name Makefile.am -o -name local.mk)
files=$(find $folders -name '*.[ch]' -o -name '*.cl' -o -name '*.sh' -o \
    -name '*.py' -o -name '*.tui' -o -name '*.md' -o -name '*.1' -o \
    -path '*/golden/*.*')
status=0
echo 1..1
for file in $files; do
    case $file in
    tests/unit/test_*.c | tests/fuzz/fuzz_*.c) name=${file%.c} ;;
    *) name=$file ;;
    esac
    grep -q -F -w -e "$name" $makefiles && continue
    echo "# $file is in no local.mk"
    status=1
done
[ "$status" -eq 0 ] || printf 'not '
echo "ok 1 - every file is named in a makefile"
