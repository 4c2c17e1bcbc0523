#!/bin/sh
# Damaged models: one sentence that names the file and what is wrong.
. "$abs_top_srcdir/tests/cli/setup"

weights=m/model.safetensors
golden=$abs_top_srcdir/tests/golden

# model: a fresh copy of the stories model in m.
model() {
    rm -rf m
    cp -r "$stories" m && chmod -R u+w m
}

# config SED: changes config.json.
config() {
    model
    sed "$1" "$stories/config.json" > m/config.json
}

# length N: eight bytes, little endian.
length() {
    n=$1
    for _ in 1 2 3 4 5 6 7 8; do
        printf "\\$(printf %03o $((n % 256)))"
        n=$((n / 256))
    done
}

# header SED: changes the header of model.safetensors.
header() {
    model
    n=$(od -A n -t u4 -N 4 "$weights" | tr -d ' ')
    tail -c +9 "$weights" | head -c "$n" | sed "$1" > header
    tail -c +$((n + 9)) "$weights" > data
    { length "$(wc -c < header)"; cat header data; } > "$weights"
}

# vocab SED, merges SED
vocab() {
    model
    sed "$1" "$stories/vocab.json" > m/vocab.json
}
merges() {
    model
    sed "$1" "$stories/merges.txt" > m/merges.txt
}
run() {
    gumbel generate -n 3 -m m x
}

table <<'EOF'
# The copy itself is fine, and so is what must be ignored or is optional.
unharmed          | model; run                                         | - | 0 | ~^x | -
header unharmed   | header ''; run                                     | - | 0 | ~^x | -

# Folders and files.
no such folder    | gumbel generate -m /no/such x                      | - | 1 | - | ~/no/such
no such name      | gumbel generate -m nosuch x                        | - | 1 | - | ~nosuch
a file            | gumbel generate -m /etc/passwd x                   | - | 1 | - | ~/etc/passwd
no model in it    | mkdir -p empty; gumbel generate -m empty x         | - | 1 | - | ~empty
no config         | model; rm m/config.json; run                       | - | 1 | - | ~config.json
no weights        | model; rm m/model.safetensors; run                 | - | 1 | - | ~model.safetensors
no vocabulary     | model; rm m/vocab.json; run                        | - | 1 | - | ~vocab.json
no merges         | model; rm m/merges.txt; run                        | - | 1 | - | ~merges.txt
weights, a folder | model; rm m/model.safetensors; mkdir m/model.safetensors; run | - | 1 | - | ~safetensors

# model.safetensors
empty             | model; : > $weights; run                           | - | 1 | - | ~model.safetensors
seven bytes       | model; printf 1234567 > $weights; run              | - | 1 | - | ~model.safetensors
cut in its header | model; head -c 1000 "$stories/model.safetensors" > $weights; run | - | 1 | - | ~model.safetensors: header length: expected at most the 992 bytes
cut in its data   | model; head -c 100000 "$stories/model.safetensors" > $weights; run | - | 1 | - | ~safetensors: tensor .*: expected an end within the file's 95[0-9]* bytes
a byte short      | model; head -c -1 "$stories/model.safetensors" > $weights; run | - | 1 | - | ~safetensors: tensor .*: expected an end within the file's 5329151 bytes
header too long   | model; length 99999999 > $weights; run             | - | 1 | - | ~model.safetensors
header over limit | model; { length 200000000; cat "$stories"/*.txt; } > $weights; run | - | 1 | - | ~model.safetensors
header endless    | model; printf '\377\377\377\377\377\377\377\377{}' > $weights; run | - | 1 | - | ~model.safetensors
header not JSON   | header 's/^{/x/'; run                              | - | 1 | - | ~model.safetensors
header a list     | model; { length 2; echo "[]"; } > $weights; run    | - | 1 | - | ~model.safetensors
type I64          | header 's/"F16"/"I64"/'; run                       | - | 1 | - | ~I64
type F8           | header 's/"F16"/"F8_E4M3"/'; run                   | - | 1 | - | ~F8_E4M3
offset beyond     | header 's/"data_offsets": *\[[0-9]*, *[0-9]*\]/"data_offsets":[0,99999999999]/'; run | - | 1 | - | ~safetensors
offset negative   | header 's/"data_offsets": *\[[0-9]*,/"data_offsets":[-2,/'; run | - | 1 | - | ~safetensors
tensor missing    | header 's/ln_f\.weight/ln_g.weight/'; run          | - | 1 | - | ~ln_f.weight
shape is wrong    | header 's/\("shape": *\[\)[0-9]*/\11/'; run        | - | 1 | - | ~safetensors

# The same of other files of weights.
a pickle cut off  | model; rm $weights; head -c -1 "$golden/pickled.bin" > m/pytorch_model.bin; run | - | 1 | - | ~pytorch_model.bin: .* found no directory at its end \(is the file cut off
half a pickle     | head -c 1800 "$golden/pickled.bin" > m/pytorch_model.bin; run | - | 1 | - | ~pytorch_model.bin: .* found no directory at its end \(is the file cut off
GGUF, its header  | head -c 4000 "$golden/tiny.gguf" > cut.gguf; gumbel generate -m ./cut.gguf x | - | 1 | - | ~cut.gguf: byte [0-9]+: expected [0-9]+ bytes more, found the end of the file
GGUF, its data    | head -c 30000 "$golden/tiny.gguf" > cut.gguf; gumbel generate -m ./cut.gguf x | - | 1 | - | ~cut.gguf: tensor ".*": expected its .* within the file, found its end
GGUF, a byte short | head -c -1 "$golden/tiny.gguf" > cut.gguf; gumbel generate -m ./cut.gguf x | - | 1 | - | ~cut.gguf: tensor ".*": expected its .* within the file, found its end

# config.json
not JSON          | model; echo no > m/config.json; run                | - | 1 | - | ~config.json
empty config      | model; : > m/config.json; run                      | - | 1 | - | ~config.json
other model       | config 's/"gpt2"/"llama"/'; run                    | - | 1 | - | ~model_type.*"llama"
heads not whole   | config 's/"n_head": *[0-9]*/"n_head": 7/'; run     | - | 1 | - | ~n_head
no heads          | config 's/"n_head": *[0-9]*/"n_head": 0/'; run     | - | 1 | - | ~n_head
negative layers   | config 's/"n_layer": *[0-9]*/"n_layer": -1/'; run  | - | 1 | - | ~n_layer
absurd width      | config 's/"n_embd": *[0-9]*/"n_embd": 99999999999/'; run | - | 1 | - | ~n_embd
text for a number | config 's/"n_layer": *[0-9]*/"n_layer": "two"/'; run | - | 1 | - | ~n_layer
more layers       | config 's/"n_layer": *[0-9]*/"n_layer": 99/'; run  | - | 1 | - | ~h\.[0-9]+\.
other vocabulary  | config 's/"vocab_size": *[0-9]*/"vocab_size": 5000/'; run | - | 1 | - | ~(vocab|wte)
longer context    | config 's/"n_positions": *[0-9]*/"n_positions": 99999/;s/"n_ctx": *[0-9]*/"n_ctx": 99999/'; run | - | 1 | - | ~(wpe|n_positions|n_ctx)
other activation  | config 's/"activation_function": *"[a-z_]*"/"activation_function": "mish"/'; run | - | 1 | - | ~activation_function.*"mish"

# vocab.json and merges.txt
vocab not JSON    | model; echo x > m/vocab.json; run                  | - | 1 | - | ~vocab.json
id twice          | vocab 's/: *7\([,}]\)/: 8\1/'; run                 | - | 1 | - | ~vocab.json
id negative       | vocab 's/: *7\([,}]\)/: -7\1/'; run                | - | 1 | - | ~vocab.json
id too large      | vocab 's/: *7\([,}]\)/: 4194304\1/'; run            | - | 1 | - | ~vocab.json
id is text        | vocab 's/: *7\([,}]\)/: "x"\1/'; run               | - | 1 | - | ~vocab.json
unknown piece     | merges '5s/.*/zzzqqq xxxyyy/'; run                 | - | 1 | - | ~merges.txt
one piece         | merges '5s/ .*//'; run                             | - | 1 | - | ~merges.txt
EOF
done_testing
