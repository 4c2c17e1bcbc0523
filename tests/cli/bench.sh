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
rounded types     | gumbel bench -m "$abs_top_srcdir/tests/golden/tiny.gguf" --rounds 1 | - | 0 | ~mixed weights, rounded to q8_0 where the file has other blocks | -
json, one line    | gumbel bench -m tiny --json|grep -c "" | - | 0 | 1\n                        | -
two types, json   | gumbel bench -m tiny --dtype q8_0 --dtype q4_0 --json|grep -o '"dtype":"[^"]*"' | - | 0 | "dtype":"q8_0"\n"dtype":"q4_0"\n | -
two types         | gumbel bench -m tiny --dtype f32 --dtype q8_0 | - | 0 | ~tiny, q8_0 weights | -
a shape           | gumbel bench --shape 1,32,2,300,40 --rounds 1 | - | 0 | ~^model +1,32,2,300,40, f32 weights | -
no shape          | gumbel bench --shape 1,32,5,300,40 | - | 2 | - | ~expected gpt2, .*found "1,32,5,300,40"
too large a shape | gumbel bench --shape 1,32,2,300,9999999 | - | 2 | - | ~shape: expected
nor this          | gumbel bench --shape gpt3 | - | 2 | - | ~found "gpt3"
no round          | gumbel bench -m tiny --rounds 0   | - | 2 | - | ~rounds: expected a whole number from 1 to 1000
profile           | gumbel bench -m tiny --profile --rounds 1 | - | 0 | ~^token, short context, kernel by kernel | -
unknown device    | gumbel bench -m tiny -d xyzzy | - | 1 | - | ~no OpenCL device fits "xyzzy"
draft             | gumbel bench -m tiny --draft self --rounds 1 | - | 0 | ~^draft self +[0-9.]+ ms per token, .*a text of its own, 40 tokens at T 0.8 | -
draft, takes      | gumbel bench -m tiny --draft lookup -N 3 --rounds 1 --json|jq -c '.draft|[.takes,.tokens,(.own_text,.same_again|.times_off>0 and .tokens_per_pass>=1)]' | - | 0 | [3,40,true,true]\n | -
nobody drafts     | gumbel bench -m tiny --draft self --dtype q4_0 --rounds 1|sed -n /^draft/p | - | 0 | - | no drafts by self: the model itself is of q4_0\n
no such draft     | gumbel bench --draft no-such | - | 1 | - | ~no model "no-such" found
no tokenizer      | gumbel generate -m tiny x     | - | 1 | - | ~tiny
EOF
command -v jq > /dev/null || { done_testing; exit; }
table <<'EOF'
alternated        | gumbel bench -m tiny --dtype f32 --dtype q8_0 --rounds 2 --json|jq -c '[.dtype,.rounds,.compared_with,(.round_prompt_ms|length),(.decode[0].round_ms_per_token|length),(.kl_divergence//0)<0.1]' | - | 0 | ["f32",2,null,2,2,true]\n["q8_0",2,"f32",2,2,true]\n | -
the same twice    | gumbel bench -m tiny --dtype f32 --dtype f32 --rounds 1 --json|tail -n 1|jq .kl_divergence==0 | - | 0 | true\n | -
takes             | gumbel bench --shape 1,32,2,300,64 --takes 3 --rounds 2 --json|jq -c '(3*([.decode[0].round_ms_per_token,.takes.round_ms_per_pass]|transpose|map(.[0]/.[1])|add/2)) as $pairs|.takes|[.takes,(.round_ms_per_pass|length),.times_one>0,(.times_one/$pairs-1|fabs)<1e-6]' | - | 0 | [3,2,true,true]\n | -
drafts            | gumbel bench -m tiny --draft lookup --rounds 3 --json|jq -c '.draft|.round_ms_per_token_off as $off|[.who,.tokens,($off|length),(.own_text,.same_again|.tokens_per_pass>=1,(([$off,.round_ms_per_token]|transpose|map(.[0]/.[1])|sort[1])/.times_off-1|fabs<1e-6))]' | - | 0 | ["lookup",40,3,true,true,true,true]\n | -
peak              | gumbel bench -m tiny --rounds 1 --json|jq '.peak_flops_per_second>0 and .share_of_peak>0' | - | 0 | true\n | -
profile, json     | gumbel bench -m tiny --profile --rounds 1 --json|jq -c '[.profile[].phase]' | - | 0 | ["prompt","token, short context","token, long context"]\n | -
its sum           | gumbel bench -m tiny --profile --rounds 1 --json|jq '.profile[1]|([.kernels[].ms]|add)<.ms' | - | 0 | true\n | -
EOF
done_testing
