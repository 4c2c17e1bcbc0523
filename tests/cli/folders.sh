#!/bin/sh
# Folders as people have them: what is taken, and what is said of it.
. "$abs_top_srcdir/tests/cli/setup"

# model: a fresh copy of the stories model in m.
model() {
    rm -rf m
    cp -r "$stories" m && chmod -R u+w m
}

# file NAME SED: changes a file of m.
file() {
    sed "$2" "m/$1" > changed && mv changed "m/$1"
}

# json MORE: gives m a tokenizer.json with this besides.
json() {
    {
        printf '{"model": {"type": "BPE", "vocab": '
        cat m/vocab.json
        printf ', "merges": ['
        sed -e '1{/^#version/d;}' -e 's/[\\"]/\\&/g' -e 's/.*/"&"/' m/merges.txt |
            paste -s -d , -
        printf ']}, "pre_tokenizer": {"type": "ByteLevel"}, %s}' "$1"
    } > m/tokenizer.json
}

table <<'EOF'
# A row of the head that has no token: 7 is "(", 4096 has no row.
a token missing   | model; file vocab.json 's/: *7\([,}]\)/: 4096\1/'; gumbel generate -m ./m -n 5 "Once upon" | - | 0 | Once upon a time, there was | m: 1 of its 4096 ids have no token; they are never chosen\n
and not in texts  | gumbel tokenize -m ./m "(" | - | 1 | - | ~the token "\(", id 4096, and the model has rows for 4096 tokens
and no candidate  | gumbel -m ./m --session s -n 1 2> said|grep -ac '^[0-9][0-9]* .*"$'; tail -c 22 said | Once\n/at -1\n/why 9999\n/pick 4095\n | 0 | 4095\nin quotes, found 4095\n | -
Windows merges    | model; sed 's/$/\r/' m/merges.txt > c; mv c m/merges.txt; gumbel tokenize -m ./m "Once upon a time" | - | 0 | 490 479 258 423\n | -
a space in front  | model; echo '{"add_prefix_space": true}' > m/tokenizer_config.json; gumbel tokenize -m ./m upon | - | 0 | 479\n | -
the start in front | model; echo '{"add_bos_token": true}' > m/tokenizer_config.json; gumbel tokenize -m ./m "Once upon" | - | 0 | 4095 490 479\n | -
and not shown     | gumbel generate -m ./m -n 2 -g "Once upon" | - | 0 | Once upon a time | -
another letter    | model; json '"normalizer": {"type": "Replace", "pattern": {"String": "U"}, "content": "\u0075"}'; gumbel tokenize -m ./m "Once Upon" | - | 0 | 490 479\n | -
shown as typed    | gumbel generate -m ./m -n 2 -g "Once Upon" | - | 0 | Once Upon a time | -
in the interface  | gumbel -m ./m --no-session -n 2 | Once Upon\n/at 1\n | 0 | Once Upon a time\ntoken 1 of 4: " upon"\n | -
and replaced      | gumbel -m ./m --no-session -n 1 | Once Upon\n/at 0\n/what Twice\n | 0 | ~Twice Upon | -
longer letters    | json '"normalizer": {"type": "Replace", "pattern": {"String": "\u00c9"}, "content": "e"}'; gumbel -m ./m --no-session -n 1 | \0303\0211\0303\0211 upon time\n/at 1\n/what a\n | 0 | ~^[^ ]{4} a time | -
it is told        | gumbel info ./m | - | 0 | ~a text is changed first: Replace$ | -
and not converted | gumbel convert ./m -o m.gguf | - | 1 | - | ~found one with a normalizer \(Replace\), which GGUF has no words for
two ends          | model; file config.json 's/"eos_token_id": *4095/"eos_token_id": [423, 258]/'; gumbel generate -m ./m -n 9 "Once upon" | - | 0 | Once upon | -
generation's end  | echo '{"eos_token_id": 423}' > m/generation_config.json; gumbel generate -m ./m -n 9 "Once upon" | - | 0 | Once upon a | -
no end            | echo '{}' > m/generation_config.json; gumbel generate -m ./m -n 4 "Once upon" | - | 0 | Once upon a time, there | -
no beginning      | file config.json '/bos_token_id/d'; gumbel generate -m ./m "" | - | 1 | - | ~the prompt is empty, and m has no token that begins a text
gelu              | model; file config.json 's/gelu_new/gelu/'; gumbel generate -m ./m -g -n 4 "Once upon" | - | 0 | Once upon a time, there | -
a git-lfs pointer | model; printf "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n" > m/model.safetensors; gumbel generate -m ./m x | - | 1 | - | ~m/model.safetensors: this is a git-lfs pointer, .*git lfs pull
another one       | model; cp m/model.safetensors c; printf "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n" > m/vocab.json; gumbel tokenize -m ./m x | - | 1 | - | ~m/vocab.json: this is a git-lfs pointer
an adapter        | rm -rf m; mkdir m; echo '{"base_model_name_or_path": "gpt2"}' > m/adapter_config.json; gumbel generate -m ./m x | - | 1 | - | ~m: expected a model, found an adapter \(LoRA\) for "gpt2".*merge
an adapter besides | model; echo '{"base_model_name_or_path": "gpt2"}' > m/adapter_config.json; gumbel generate -m ./m x | - | 1 | - | ~found an adapter
another one       | model; file config.json 's/"gpt2"/"llama"/'; gumbel generate -m ./m x | - | 1 | - | ~model_type: expected "gpt2", the one architecture .* found "llama"
quantized         | model; file config.json 's/"n_layer"/"quantization_config": {}, "n_layer"/'; gumbel generate -m ./m x | - | 1 | - | ~quantization_config: expected none
no hint           | gumbel score "Once upon" | - | 0 | ~perplexity | -
a hint            | gumbel score "Once<|endoftext|>" | - | 0 | ~perplexity | stories: the text spells a special token, which is scored as its letters; --specials reads it as the token\n
no hint needed    | gumbel score --specials "Once<|endoftext|>" | - | 0 | ~4095 | -
by its weights    | model; gumbel tokenize -m m/model.safetensors "Once upon"; cd m && gumbel tokenize -m model.safetensors a | - | 0 | 490 479\n64\n | -
by another file   | model; gumbel tokenize -m m/vocab.json x | - | 1 | - | ~m/vocab.json: expected a GGUF file or the folder of a model
a length of 1e30  | model; echo '{"model_max_length": 1000000000000000019884624838656, "x": [-12345678901234567890, 1234567890123456789.5, "\\"12345678901234567890"]}' > m/tokenizer_config.json; gumbel tokenize -m ./m "Once upon" | - | 0 | 490 479\n | -
no tokenizer      | model; rm m/vocab.json m/merges.txt; gumbel tokenize -m ./m x | - | 1 | - | ~m: expected tokenizer.json, or vocab.json and merges.txt
broken link       | model; ln -s nowhere m/tokenizer.json; gumbel tokenize -m ./m x | - | 1 | - | ~m/tokenizer.json: .*No such file
EOF
done_testing
