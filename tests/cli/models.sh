#!/bin/sh
# Which models there are, what they are, and to delete them.
. "$abs_top_srcdir/tests/cli/setup"

models=$XDG_DATA_HOME/gumbel/models
HF_HUB_CACHE=$scratch/hub
export HF_HUB_CACHE
mkdir -p "$models/me" "$scratch/hub/models--you--it/refs" \
    "$scratch/hub/models--you--it/snapshots/c0ffee" || exit 99
cp -r "$stories" "$models/mine" && cp -r "$stories" "$models/me/too" &&
    cp -r "$stories" "$models/me/bad" || exit 99
chmod -R u+w "$models"
printf c0ffee > "$scratch/hub/models--you--it/refs/main"
# As there: links to files elsewhere.
for file in "$stories"/*; do
    ln -s "$file" "$scratch/hub/models--you--it/snapshots/c0ffee/"
done
echo '{"model_type": "llama"}' > "$models/me/bad/config.json"
mkdir "$models/.partial" "$models/nothing"
mkdir -p "$models/.partial/you+more"

table <<'END'
# name | command | stdin | status | stdout | stderr
the list | gumbel models | - | 0 | ~^stories +5.4 MB +2.7M +f16 +512 +/ | -
no word of others | gumbel models | - | 0 | !nothing\|partial | -
with an owner | gumbel models | - | 0 | ~^me/too +5.4 MB .* /.*/gumbel/models/me/too$ | -
not usable | gumbel models | - | 0 | ~cannot be used: .*me/bad/config.json: model_type: .*"llama" | -
never used | gumbel models --json | - | 0 | ~"name":"me/too",.*"where":"data folder",.*"context":512,"last_used":null | -
use it | gumbel generate -m me/too -n 1 Once | - | 0 | Once upon | -
it was used | gumbel models --json | - | 0 | ~"name":"me/too",.*"last_used":1[0-9]+, | -
of another program | gumbel models --json | - | 0 | ~"name":"you/it",.*c0ffee","where":"Hugging Face cache" | -
is used there | gumbel generate -m you/it -n 3 Once | - | 0 | Once upon a time | -
by its name | gumbel info -m you/it | - | 0 | ~^model +you/it$ | -
no such | gumbel generate -m you/more x | - | 1 | - | ~no model "you/more" found: there is nothing at you/more, .*/gumbel/models/you/more.*; gumbel pull you/more loads it
no such short one | gumbel generate -m gpt2-large x | - | 1 | - | ~gumbel pull gpt2-large loads it from the hub
no such, no hub | gumbel generate -m none x | - | 1 | - | !pull
no way out | gumbel generate -m mine/../me/too x | - | 1 | - | ~no model

info | gumbel info | - | 0 | ~gpt2: 4 layers, 3 heads, width 192, inner width 768, gelu_new | -
info, tensors | gumbel info stories | - | 0 | ~^  h.0.attn.c_attn.weight +\[192, 576\] +F16 +221184$ | -
info, tokens | gumbel info | - | 0 | ~4096 ids; a text ends with 4095 "<\|endoftext\|>" | -
info, memory | gumbel info | - | 0 | ~^ +q8_0 +3.2 MB$ | -
info --json | gumbel info --json | - | 0 | ~"memory":.*"q8_0":3166720,.*"context":3145728,"token":6144 | -
info, not usable | gumbel info me/bad | - | 1 | - | ~model_type
info, no tokenizer | rm "$models/mine/vocab.json"; gumbel info mine | - | 0 | ~^tokenizer +cannot be used: .*vocab.json: cannot open | -
info, no weights | rm "$models/mine/model.safetensors"; cp "$stories/vocab.json" "$models/mine"; gumbel info mine | - | 0 | ~^weights +cannot be used: .*expected model.safetensors | -
info, ignored | touch "$models/me/too/tf_model.h5" "$models/me/too/pytorch_model.bin"; gumbel info me/too | - | 0 | ~^  tf_model.h5 +weights for other programs$ | -
info, a wish in vain | t=$models/me/too; echo '{"add_bos_token": true, "add_eos_token": false}' > "$t/tokenizer_config.json"; gumbel info me/too|grep add_; echo '{}' > "$t/tokenizer.json"; gumbel info me/too|grep add_|sed "s/^ *//;s/  */ /g" | - | 0 | add_bos_token tokenizer.json goes before tokenizer_config.json\n | -
info --json, in vain | gumbel info me/too --json; rm "$models/me/too/tokenizer.json" "$models/me/too/tokenizer_config.json" | - | 0 | ~"field":"add_bos_token","why":"tokenizer.json goes before | -
info, another | gumbel info me/too --json | - | 0 | ~"file":"pytorch_model.bin","why":"another file of weights goes before it" | -

rm, which | gumbel models rm | - | 2 | - | ~expected the names
rm, another word | gumbel models delete | - | 2 | - | ~expected rm or nothing, found "delete"
rm, none | gumbel models rm none | - | 1 | - | ~no model "none" is installed
rm, a way out | gumbel models rm ../models/mine | - | 1 | - | ~no model "../models/mine"
rm, shipped | gumbel models rm stories | - | 1 | - | ~stories ships with gumbel
rm, of others | gumbel models rm you/it | - | 1 | - | ~not gumbel's own.*hf cache
rm | gumbel models rm me/too me/bad | - | 0 | - | -
rm, a part | gumbel models rm you/more | - | 0 | - | -
END
[ ! -e "$models/me" ] && [ ! -e "$models/.partial/you+more" ] &&
    [ -e "$scratch/hub/models--you--it/snapshots/c0ffee/config.json" ]
ok "deleted is what was to be" $?

# Models of one file stay, and what is known of them.
mkdir "$models/one" && cp "$stories"/* "$models/one" &&
    touch "$models/one/f.gguf" "$models/one/.f.gguf.pulled.json" || exit 99
gumbel models rm one
[ $? -eq 0 ] && [ ! -e "$models/one/config.json" ] &&
    [ -e "$models/one/f.gguf" ] && [ -e "$models/one/.f.gguf.pulled.json" ]
ok "models of one file stay, with their records" $?

# A link goes, what it leads to stays.
rm -r "$models/mine" && mkdir "$scratch/far" && cp "$stories"/* "$scratch/far" &&
    ln -s "$scratch/far" "$models/mine" || exit 99
gumbel models rm mine
[ $? -eq 0 ] && [ ! -h "$models/mine" ] && [ -e "$scratch/far/config.json" ]
ok "of a link only the link is deleted" $?
done_testing
