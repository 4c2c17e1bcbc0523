#!/bin/sh
# embed.sh HEADER NAME FILE: the file as C source that defines NAME, declared
# in HEADER, as a string.
set -eu
echo "#include \"$1\""
echo "const char $2[] = {"
od -An -v -t d1 "$3" | sed 's/[-0-9][0-9]*/&,/g'
echo '0};'
