#!/bin/sh
# embed.sh SRCDIR FILE...: the files, one after the other, as C source that
# defines gb_kernel_source and gb_kernel_source_size. A compiler's message
# about a kernel names its file and line.
set -eu
srcdir=$1
shift
echo '#include "cl/kernels.h"'
echo 'const char gb_kernel_source[] = {'
for file in "$@"; do
    printf '#line 1 "%s"\n' "$file"
    cat "$srcdir/$file"
done | od -An -v -t d1 | sed 's/[-0-9][0-9]*/&,/g'
echo '0};'
echo 'const unsigned long gb_kernel_source_size = sizeof gb_kernel_source - 1;'
