#!/bin/sh
# A model as a GGUF file: the same numbers, and nothing lost.
. "$abs_top_srcdir/tests/cli/setup"

# model: a fresh copy of the stories model in m.
model() {
    rm -rf m
    cp -r "$stories" m && chmod -R u+w m
}

# same TYPE: the file gives what --dtype TYPE gives, bit for bit.
same() {
    gumbel convert -o "$1.gguf" --dtype "$1" > written &&
        gumbel logprobs -m "./$1.gguf" -o a "Once upon a" &&
        gumbel logprobs --dtype "$1" -o b "Once upon a" && cmp a b
}

# weights FILE: the end of it, which has nothing but them.
weights() {
    tail -c 2800000 "$1"
}

table <<'END'
# name | command | stdin | status | stdout | stderr
f32 | same f32 | - | 0 | - | -
f16 | same f16 | - | 0 | - | -
q8_0 | same q8_0; cat written | - | 0 | q8_0.gguf: 2.7M parameters, q8_0, f32, 3.3 MB\n | -
q4_0 | same q4_0 | - | 0 | - | -
auto | same auto && gumbel info ./auto.gguf | - | 0 | ~^  blk.0.attn_qkv.weight +\[192, 576\] +F16 +221184$ | -
words | gumbel generate -m ./f16.gguf -n 3 Once | - | 0 | Once upon a time | -
the end | gumbel info --json ./f16.gguf | - | 0 | ~"ends":\[4095\] | -
specials | gumbel tokenize -m ./f16.gguf --specials "Once<|endoftext|>" | - | 0 | 490 4095\n | -
again | gumbel convert ./q8_0.gguf -o again.gguf --json | - | 0 | ~^\{"path":"again.gguf","types":"q8_0, f32","bytes":[0-9]+\}$ | -
the same weights | weights q8_0.gguf > a; weights again.gguf > b; cmp a b | - | 0 | - | -
quantized further | gumbel convert ./f32.gguf --dtype q8_0 -o more.gguf > a; weights q8_0.gguf > a; weights more.gguf > b; cmp a b | - | 0 | - | -
there already | gumbel convert -o f16.gguf | - | 1 | - | ~f16.gguf: there is such a file already
and left alone | gumbel generate -m ./f16.gguf -n 1 Once | - | 0 | Once upon | -
no name | gumbel convert | - | 2 | - | ~name the file to write: -o FILE.gguf
no folder | gumbel convert -o no/f.gguf | - | 1 | - | ~no/f.gguf: cannot create: No such file
no room | (ulimit -f 100; trap "" XFSZ; gumbel convert -o big.gguf) | - | 1 | - | ~big.gguf: cannot write
nothing left | ls | - | 0 | !big\|part- | -
a token too many | model; sed '$ s/}$/, "zzq": 4096}/' m/vocab.json > c; mv c m/vocab.json; gumbel convert ./m -o c.gguf | - | 1 | - | ~gumbel: .*m: expected a row for each token, .* found 4096 rows and 4097 tokens
an end without a token | model; sed 's/, "<.endoftext.>": 4095//' m/vocab.json > c; mv c m/vocab.json; gumbel convert ./m -o end.gguf > a && gumbel generate -m ./end.gguf -n 3 Once | - | 0 | ~^Once | ~1 of its 4096 ids have no token
too many ends | model; sed 's/"eos_token_id": 4095/"eos_token_id": [4095, 7, 9]/' m/config.json > c; mv c m/config.json; gumbel convert ./m -o c.gguf | - | 1 | - | ~m: expected at most 2 ids in eos_token_id, .* found 3
another activation | model; sed 's/gelu_new/relu/' m/config.json > c; mv c m/config.json; gumbel convert ./m -o c.gguf | - | 1 | - | ~m: expected the activation gelu_new, .* found relu
no end | model; sed 's/"eos_token_id": *4095/"eos_token_id": null/' m/config.json > c; mv c m/config.json; sed 's/, *"[^"]*": *4094//' m/vocab.json > c; mv c m/vocab.json; sed '$d' m/merges.txt > c; mv c m/merges.txt; gumbel convert ./m -o noend.gguf > a 2> b; gumbel info --json ./noend.gguf | - | 0 | ~"ends":\[\] | *
but its key | grep -ac "tokenizer.ggml.eos_token_id" noend.gguf | - | 0 | 1\n | -
nothing to name | model; sed 's/"eos_token_id": *4095/"eos_token_id": null/' m/config.json > c; mv c m/config.json; sed 's/<|endoftext|>/<|end|>/' m/vocab.json > c; mv c m/vocab.json; gumbel convert ./m -o none.gguf | - | 1 | - | ~m: expected a token that ends a text, or an id without a token
in front | model; echo '{"add_bos_token": true}' > m/tokenizer_config.json; gumbel convert ./m -o bos.gguf > a; gumbel tokenize -m ./bos.gguf Once | - | 0 | 4095 490\n | -
a session | gumbel --session s -m ./q8_0.gguf -n 3 > a; rm -rf a; gumbel replay s -m ./q8_0.gguf | Once\n | 0 | * | ~verified
END
done_testing
