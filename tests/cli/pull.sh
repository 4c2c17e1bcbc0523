#!/bin/sh
# Models from a hub on loopback, and all that can go wrong on the way.
. "$abs_top_srcdir/tests/cli/setup"

tools=$abs_top_builddir/tests/tools
if HF_ENDPOINT=none gumbel pull --dry-run me/m 2>&1 | grep -q 'built without libcurl'; then
    echo "1..0 # SKIP this gumbel was built without libcurl"
    exit 0
fi
models=$XDG_DATA_HOME/gumbel/models
partial=$models/.partial/me+m
commit=0123456789abcdef0123456789abcdef01234567
www=$scratch/www
HF_HUB_DOWNLOAD_TIMEOUT=1
export HF_HUB_DOWNLOAD_TIMEOUT
mkfifo keep || exit 99
hub=

# hub RULE...: a new one, which ends when fd 9 is closed.
hub() {
    exec 9>&-
    [ -z "$hub" ] || wait "$hub"
    : > port
    "$tools/hub" "$www" "$scratch/log" "$@" < keep > port &
    hub=$!
    exec 9> keep
    until [ -s port ]; do
        kill -0 "$hub" || exit 99
        sleep 0.01
    done
    port=$(cat port)
    HF_ENDPOINT=http://127.0.0.1:$port
    export HF_ENDPOINT
}

# fresh: as if nothing had ever come.
fresh() {
    chmod -R u+w "$models" 2> /dev/null
    rm -rf "$models"
}

# entry FILE: as the hub lists it.
entry() {
    bytes=$(($(wc -c < "$1")))
    case $1 in
    *.safetensors | *.bin | *.gguf)
        printf '{"rfilename": "%s", "size": %s, "lfs": {"sha256": "%s"}}' \
            "${1##*/}" "$bytes" "$(sha256sum < "$1" | cut -d' ' -f1)"
        ;;
    *)
        printf '{"rfilename": "%s", "size": %s, "blobId": "%s"}' "${1##*/}" \
            "$bytes" "$({ printf 'blob %s\0' "$bytes"; cat "$1"; } |
                sha1sum | cut -d' ' -f1)"
        ;;
    esac
}

# publish REPOSITORY COMMIT [MORE]: lists what is in its folder, and MORE.
publish() {
    mkdir -p "$www/api/models/$1/revision"
    {
        printf '{"sha": "%s", "siblings": [' "$2"
        for file in "$www/$1/resolve/$2"/*; do
            entry "$file"
            printf ', '
        done
        printf '%s]}' "${3-{\}}"
    } > "$www/api/models/$1/revision/main"
}

# count PART: requests whose line in the log has it.
count() {
    grep -c -e "$1" "$scratch/log"
}

m=$www/me/m/resolve/$commit
mkdir -p "$m" && "$tools/random_model" "$m" --layers 1 --width 32 --heads 2 \
    --vocab 300 --context 32 --dtype f16 > /dev/null || exit 99
size=$(($(wc -c < "$m/model.safetensors")))
half=$((size / 2))
publish me/m $commit '{"rfilename": "tf_model.h5", "size": 5},
    {"rfilename": "../../evil", "size": 5}, {"rfilename": "a\\u001b[2J"}'

# whole: the model is there, byte for byte, and nothing besides.
whole() {
    for file in "$m"/*; do
        cmp "$file" "$models/me/m/${file##*/}" || return 1
    done
    [ "$(ls "$models/me/m" | wc -l)" = "$(ls "$m" | wc -l)" ] &&
        [ ! -e "$models/.partial" ]
}

hub
table <<'END'
# name | command | stdin | status | stdout | stderr
what would come | gumbel pull --dry-run me/m | - | 0 | ~^ +[0-9.]+ kB  model.safetensors$ | -
nothing of it came | [ ! -e "$models" ] | - | 0 | - | -
it comes | gumbel pull me/m | - | 0 | ~^me/m is in .*/gumbel/models/me/m \([0-9.]+ kB\); gumbel -m me/m uses it$ | -
it is whole | whole | - | 0 | - | -
it writes | gumbel generate -m me/m -n 2 a | - | 0 | * | -
not again | gumbel pull me/m | - | 0 | ~^me/m is there already: /.* uses it | -
as JSON | gumbel pull --json me/m | - | 0 | ~"commit":"0123456789abcdef.*"was_there":true | -
the list says it | gumbel models | - | 0 | ~^me/m .* f16 +32 | -
without the hub | HF_HUB_OFFLINE=1 gumbel pull me/m | - | 0 | ~there already | -
not there, no hub | HF_HUB_OFFLINE=1 gumbel pull me/n | - | 1 | - | ~me/n: it is not there, and \$HF_HUB_OFFLINE
no name | gumbel pull | - | 2 | - | ~expected the name of a model
no such short name | gumbel pull gpt2-midium | - | 2 | - | ~did you mean gpt2-medium
no name of the hub | gumbel pull ../evil | - | 2 | - | ~expected the name of a model on the hub
no model | gumbel pull me/none | - | 1 | - | ~me/none: 127.0.0.1: there is none
no hub | HF_ENDPOINT=ftp://x gumbel pull me/m | - | 2 | - | ~\$HF_ENDPOINT: expected an address
a token is no line | HF_TOKEN="$(printf 'a\nX: y')" gumbel pull me/m; grep -c auth=-$ "$scratch/log" | - | 0 | * | *
END
is "no other host, no token: nothing was asked with one" 0 \
    "$(grep -c 'X: y' "$scratch/log")"

# Cut off after N bytes, it goes on from there.
fresh
hub "1:safetensors:cut:$half"
check "cut off" "gumbel pull me/m" - 0 '~is in' -
whole
ok "cut off: it is whole" $?
is "cut off: it was gone on with" 1 \
    "$(count "range=bytes=$half- if-range=\"one\"")"

# After Ctrl-C too, by the same command.
fresh
hub "1:safetensors:slow:$half"
HF_HUB_DOWNLOAD_TIMEOUT=60 env --default-signal=INT "$gumbel" pull me/m > out 2> err &
pid=$!
await "[ \"\$(cat $partial/*.part 2> /dev/null | wc -c)\" -ge $half ]"
ok "stopped: it has begun" $?
check "two at once" "gumbel pull me/m" - 1 - '~me/m: another gumbel is loading'
check "deleted meanwhile" "gumbel models rm me/m" - 1 - \
    '~me/m: another gumbel is loading'
kill -INT "$pid"
wait "$pid"
is "stopped: status" 130 $?
grep -q 'what has come is kept' err
ok "stopped: it says how to go on" $? "$(cat err)"
check "not yet a model" "gumbel generate -m me/m x" - 1 - '~gumbel pull me/m'
check "what is there" "gumbel pull --dry-run me/m" - 0 \
    '~model.safetensors  \(there: ' -
check "gone on with" "gumbel pull me/m" - 0 '~is in' -
whole
ok "gone on with: it is whole" $?
is "gone on with: the small ones once, and to look" 2 "$(count /config.json)"
is "gone on with: from there" 1 "$(count "range=bytes=$half-")"

# again NAME RULE...: cut off, then RULEs; it is whole in the end.
again() {
    name=$1
    shift
    fresh
    hub "1:safetensors:cut:$half" "$@"
    check "$name" "gumbel pull me/m" - 0 '~is in' -
    whole
    ok "$name: it is whole" $?
}
again "another version meanwhile" '*:safetensors:etag:two'
again "a server without ranges" '*:safetensors:whole'
again "a wrong byte in what came before" "1:safetensors:flip:$((size - 1))"
again "nothing more comes for a while" "1:safetensors:slow:10"
fresh
hub '*:safetensors:status:416'
check "no part is right" "gumbel pull me/m" - 1 - \
    '~me/m: model.safetensors: the server has no such part of it \(416\)'
again "busy, 429" '1:safetensors:status:429 Retry-After: 1'
again "busy, 503" '3:safetensors:status:503 Retry-After: 0'
again "sent elsewhere" '1:resolve:redirect:http://localhost:%p'

# refused NAME ERROR RULE...: it says so, and there is no model.
refused() {
    name=$1 why=$2
    shift 2
    fresh
    hub "$@"
    check "$name" "gumbel pull me/m" - 1 - "~^gumbel: me/m: $why"
    [ ! -e "$models/me" ]
    ok "$name: there is none" $?
}
refused "a wrong byte" \
    'model.safetensors: SHA-256: expected [0-9a-f]{64}, found' \
    '*:safetensors:flip:50'
refused "a wrong byte of a small file" 'vocab.json: SHA-1 of git: expected' \
    '*:vocab:flip:50'
refused "too short" "model.safetensors: expected $size bytes, as the hub lists them, found" \
    '*:safetensors:less:10'
refused "too long" 'config.json: expected .* bytes, as the hub lists' \
    '*:config.json:more:10'
refused "another size beside it" 'config.json: expected 7 bytes \(X-Linked' \
    '*:config.json:header:X-Linked-Size: 7'
refused "401" '127.0.0.1: there is no such model, or it is one that needs a' \
    '*:api:status:401'
refused "403, of the hub's own words" 'its owner gives|.*the terms on its' \
    '*:api:status:403 X-Error-Code: GatedRepo'
refused "404" 'model.safetensors: there is none' '*:safetensors:status:404'
refused "no such revision" '127.0.0.1: there is no such revision' \
    '*:api:status:404 X-Error-Code: RevisionNotFound'
refused "always 503" 'model.safetensors: the server answered 503' \
    '*:safetensors:status:503 Retry-After: 0'
is "always 503: asked five times" 5 "$(count safetensors)"
refused "a long wait" 'vocab.json: the server wants to be asked again in 4000' \
    '*:vocab:status:429 Retry-After: 4000'
refused "words that act on a terminal" '.*\(\^\[\[2J\)$' \
    "*:vocab:status:404 X-Error-Message: $(printf '\033[2J')"
refused "round and round" 'config.json: more than 10 redirects' \
    '*:config.json:redirect:http://127.0.0.1:%p'
refused "to a file" 'config.json: refused to be sent to another address' \
    '*:config.json:redirect:file://'
refused "no JSON" "127.0.0.1: the hub's answer" '*:api:flip:0'

# The token goes to the hub, and nowhere else.
fresh
hub '1:safetensors:redirect:http://localhost:%p'
check "with a token" "HF_TOKEN=secret gumbel pull me/m" - 0 '~is in' -
is "it goes to the hub" 0 \
    "$(grep host=127 "$scratch/log" | grep -v -c 'auth=Bearer secret$')"
is "and not to where that sends" "auth=-" \
    "$(sed -n 's/.*host=localhost.* //p' "$scratch/log")"
check "a wrong one" "hub '*:api:status:401'; HF_TOKEN=x gumbel pull me/n" - 1 - \
    '~access is denied with this token'
hub
check "through a proxy" \
    "HF_ENDPOINT=http://hub.invalid http_proxy=127.0.0.1:$port gumbel pull --dry-run gpt2; grep -c host=hub.invalid $scratch/log" \
    - 0 '1\n' '~gpt2: hub.invalid: there is none'
check "no certificate" "HF_ENDPOINT=https://127.0.0.1:$port gumbel pull me/m" \
    - 1 - '~me/m: 127.0.0.1: '

# What cannot be used is refused before its weights.
cp -r "$www/me/m" "$www/me/llama"
echo '{"model_type": "llama"}' > "$www/me/llama/resolve/$commit/config.json"
publish me/llama $commit
cp -r "$www/me/m" "$www/me/h5"
rm "$www/me/h5/resolve/$commit/model.safetensors"
publish me/h5 $commit '{"rfilename": "tf_model.h5"}'
cp -r "$www/me/h5" "$www/me/only"
echo GGUF, or not > "$www/me/only/resolve/$commit/a.gguf"
publish me/only $commit '{"rfilename": "b.gguf"}'
hub
table <<'END'
another kind, only looked at | gumbel pull --dry-run me/llama | - | 1 | - | ~^gumbel: me/llama: config.json: model_type: expected "gpt2".* found "llama"$
another kind | gumbel pull me/llama | - | 1 | - | ~^gumbel: me/llama: config.json: model_type: expected "gpt2".* found "llama"$
its weights did not come | ! grep safetensors "$scratch/log" | - | 0 | - | -
other programs' weights | gumbel pull me/h5 | - | 1 | - | ~expected model.safetensors or pytorch_model.bin.*TensorFlow
no such file | gumbel pull me/only/c.gguf | - | 1 | - | ~it has no file c.gguf
a bad file | gumbel pull me/only/a.gguf | - | 1 | - | ~^gumbel: me/only/a.gguf: a.gguf: 
GGUF alone | gumbel pull me/only | - | 1 | - | ~one is to be named: me/only/a.gguf, me/only/b.gguf
END

# A model of one file.
g=$www/me/g/resolve/$commit
mkdir -p "$g" && cp "$abs_top_srcdir/tests/golden/tiny.gguf" "$g/tiny.gguf" || exit 99
publish me/g $commit
cut='1:resolve:cut:1000'
hub "$cut"
table <<'END'
a file, only looked at | gumbel pull --dry-run me/g/tiny.gguf | - | 0 | ~into .*/me/g/tiny.gguf$ | -
a file, cut off | gumbel pull me/g/tiny.gguf | - | 0 | ~^me/g/tiny.gguf is in .*/gumbel/models/me/g/tiny.gguf \([0-9.]+ kB\) | -
a file: gone on with | grep -c 'range=bytes=1000-' "$scratch/log" | - | 0 | 1\n | -
a file: it is whole | cmp "$g/tiny.gguf" "$models/me/g/tiny.gguf" && [ ! -e "$models/.partial/me+g+tiny.gguf" ] | - | 0 | - | -
a file: it writes | gumbel generate -m me/g/tiny.gguf -n 2 a | - | 0 | * | *
a file: the list says it | gumbel models | - | 0 | ~^me/g/tiny.gguf .*/me/g/tiny.gguf$ | -
a file: not again | gumbel pull me/g/tiny.gguf | - | 0 | ~there already: /.* uses it | -
END
# Killed between the two steps of its end: what is ready, and was not put there.
record=$models/me/g/.tiny.gguf.pulled.json
mkdir -p "$models/.partial/me+g+tiny.gguf"
mv "$models/me/g/tiny.gguf" "$models/.partial/me+g+tiny.gguf/tiny.gguf"
mv "$record" "$record.ready"
table <<'END'
a file, killed at the end | gumbel pull me/g/tiny.gguf | - | 0 | ~there already: /.* uses it | -
it is in its place | cmp "$g/tiny.gguf" "$models/me/g/tiny.gguf" && [ ! -e "$models/.partial/me+g+tiny.gguf" ] | - | 0 | - | -
a file: it goes again | gumbel models rm me/g/tiny.gguf && [ ! -e "$models/me/g" ] | - | 0 | - | -
END

# Shards, and PyTorch's files where there is nothing else.
s=$www/me/s/resolve/$commit
mkdir -p "$s" && "$tools/random_model" "$s" --layers 1 --width 32 --heads 2 \
    --vocab 300 --context 32 --shards 2 > /dev/null || exit 99
touch "$s/pytorch_model.bin"
publish me/s $commit
hub
check "shards" "gumbel pull me/s && gumbel info me/s" - 0 '~in 2 files' -
[ ! -e "$models/me/s/pytorch_model.bin" ]
ok "shards: and not the other weights" $?
sed -i 's/model-00002[^"]*/..\/..\/..\/x/' "$s/model.safetensors.index.json"
mv "$s" "$www/me/s/resolve/1123456789abcdef0123456789abcdef01234567"
publish me/s 1123456789abcdef0123456789abcdef01234567
check "a shard elsewhere" "gumbel pull me/s" - 1 - \
    '~weight_map: expected the name of a file beside it, found'
check "the older version stays" "gumbel info me/s" - 0 '~in 2 files' -

# A newer version: only what is another comes, and takes its place.
fresh
hub
gumbel pull me/m > out 2> err && touch "$models/me/m/x.gguf"
ok "the older version" $? "$(cat err)"
newer=2123456789abcdef0123456789abcdef01234567
mv "$m" "$www/me/m/resolve/$newer"
m=$www/me/m/resolve/$newer
sed -i 's/"model_type"/"newer": 1, "model_type"/' "$m/config.json"
publish me/m $newer
hub
check "a newer version" "gumbel pull me/m" - 0 '~is in' -
rm "$models/me/m/x.gguf"
ok "a newer version: models of one file stay" $?
whole
ok "a newer version: it is whole" $?
is "a newer version: only what is new comes" 2 "$(wc -l < "$scratch/log")"

# Killed while the newer one takes the place: behind the exchange, and between
# the two steps where the file system knows none.
mkdir "$models/.partial" && cp -r "$models/me/m" "$partial"
check "killed behind the exchange" "gumbel pull me/m" - 0 '~there already' -
whole
ok "killed behind the exchange: it is whole" $?
mkdir "$models/.partial" && mv "$models/me/m" "$partial~old"
check "killed in between" "gumbel pull me/m" - 0 '~there already' -
whole
ok "killed in between: it is whole" $?

# What is deleted stays deleted, whatever was left of it.
mkdir "$models/.partial" && cp -r "$models/me/m" "$partial~old"
check "deleted, with an older one" "gumbel models rm me/m && ls -A $models" - \
    0 - -
mkdir -p "$partial~old"
check "deleted, only an older one" "gumbel models rm me/m && ls -A $models" - \
    0 - -
mkdir -p "$models/me/g" && touch "$models/me/g/.x.gguf.pulled.json.ready"
check "deleted, only a record" \
    "gumbel models rm me/g/x.gguf && ls -A $models" - 0 - -

# While it comes it is deleted: it is whole, or not there.
for round in 1 2 3 4 5 6; do
    "$gumbel" pull me/m > /dev/null 2> err &
    pid=$!
    "$gumbel" models rm me/m > /dev/null 2> err.rm
    wait "$pid"
    pulled=$?
    whole 2> /dev/null || [ "$(ls -A "$models")" = "" ]
    ok "round $round: whole or not there" $? "$(cat err err.rm)"
    [ "$pulled" = 0 ] || grep -q 'me/m: another gumbel is' err
    ok "round $round: loaded, or it says why not" $? "$(cat err)"
done

# In the cache of Hugging Face's libraries.
snapshot=$scratch/hf/models--me--m/snapshots/$newer
mkdir -p "${snapshot%/*}" "$scratch/hf/models--me--m/refs"
printf %s $newer > "$scratch/hf/models--me--m/refs/main"
ln -s "$m" "$snapshot"
fresh
check "others have it" "HF_HUB_CACHE=$scratch/hf gumbel pull me/m" - 0 \
    "~there already: $snapshot; gumbel -m me/m" -
mkdir -p "$models/me" && cp -r "$m" "$models/me/m"
check "a folder of one's own" "gumbel pull me/m" - 1 - \
    '~me/m is there, and did not come from the hub; move it away'
rm "$models/me/m/config.json"
check "also one that is no model" "gumbel pull me/m" - 1 - \
    '~me/m is there, and did not come from the hub; move it away'

# No room: what came stays.
fresh
hub
(ulimit -f 8; trap '' XFSZ; exec "$gumbel" pull me/m) > out 2> err
is "a full disk: status" 1 $?
grep -q '^gumbel: me/m: model.safetensors: .*File too large' err
ok "a full disk: it says so" $? "$(cat err)"
check "room again" "gumbel pull me/m" - 0 '~is in' -
whole
ok "room again: it is whole" $?
is "room again: it was gone on with" 1 "$(count 'range=bytes=[1-9]')"

# In the interface, line by line.
fresh
hub
check "/pull" "gumbel --no-session" '/pull me/m\n/model me/m\n/model\n' 0 \
    '~^me/m is there; /model me/m switches to it$' -
check "/pull, not there" "gumbel --no-session" '/pull me/none\n' 1 - \
    '~me/none: 127.0.0.1: there is none'
exec 9>&-
done_testing
