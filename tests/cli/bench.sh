#!/bin/sh
# gumbel bench: figures of any model, with or without a tokenizer.
. "$abs_top_srcdir/tests/cli/setup"

make=$abs_top_builddir/tests/tools/random_model
"$make" tiny --layers 1 --width 64 --heads 1 --vocab 300 --context 40 \
    --no-tokenizer || exit 99
"$make" one --layers 1 --width 64 --heads 1 --vocab 300 --context 1 \
    --no-tokenizer || exit 99
"$make" several --layers 1 --width 64 --heads 1 --vocab 300 --context 40 \
    --dtype f16 --other c_fc.weight --other-dtype f32 --no-tokenizer || exit 99

table <<'EOF'
text              | gumbel bench -m tiny          | - | 0 | ~^decode at 16 +[0-9.]+ ms per token | -
context of one    | gumbel bench -m one           | - | 0 | ~^decode at 0 +no room               | -
f16               | gumbel bench -m tiny --dtype f16 | - | 0 | ~tiny, f16 weights                | -
several types     | gumbel bench -m several       | - | 0 | ~several, mixed weights, each matrix as the file has it | -
json, one line    | gumbel bench -m tiny --json|grep -c "" | - | 0 | 1\n                        | -
two types, json   | gumbel bench -m tiny --dtype q8_0 --dtype q4_0 --json|grep -o '"dtype":"[^"]*"' | - | 0 | "dtype":"q8_0"\n"dtype":"q4_0"\n | -
two types         | gumbel bench -m tiny --dtype f32 --dtype q8_0 | - | 0 | ~tiny, q8_0 weights | -
unknown device    | gumbel bench -m tiny -d xyzzy | - | 1 | - | ~no OpenCL device fits "xyzzy"
no tokenizer      | gumbel generate -m tiny x     | - | 1 | - | ~tiny
EOF
done_testing
