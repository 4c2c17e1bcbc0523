#!/bin/sh
# gumbel replay: a session computed again, damaged, or of something else.
. "$abs_top_srcdir/tests/cli/setup"

# A session as another program may write it.
cat > new.jsonl <<'EOF'
{"type":"header","format":"gumbel-session","version":1,"model":{"name":"stories","sha256":"SHA"},"dtype":"f16","prefill":"own","mode":"continue","settings":{"seed":"7","temperature":"0.5"}}
{"type":"prompt","text":"Once upon a time","ids":[490,479,258,423]}
{"type":"run","how":"send"}
EOF
sha=$(sha256sum < "$stories/model.safetensors" | cut -c -64)
sed "s/SHA/$sha/" new.jsonl > session.jsonl
sed -i "s/490,479,258,423/$(gumbel tokenize 'Once upon a time' |
    tr ' ' ,)/" session.jsonl
gumbel generate --json -n 8 -s 7 -t 0.5 "Once upon a time" > generated ||
    exit 99
sed -n 's/^{"type":"token","step":\([0-9]*\),"id":\([0-9]*\),.*/{"type":"token","step":\1,"id":\2}/p' \
    generated >> session.jsonl
is "tokens to verify" 8 "$(grep -c '"token"' session.jsonl)"
gumbel generate -n 8 -s 7 -t 0.5 "Once upon a time" > text

gumbel replay session.jsonl > out 2> err
is "status of an identical replay" 0 "$?"
is "the text that generate writes" "$(cat text)" "$(cat out)"
is "its verdict" "verified: 8 tokens identical" "$(head -n 1 err)"

sed '/"step":5/s/"id":[0-9]*/"id":5/' session.jsonl > other.jsonl
gumbel replay other.jsonl > out 2> err
is "status of a replay that diverges" 1 "$?"
grep -q 'diverged at token 6 (step 5 of seed 7, line 9): recorded 5 ' err
ok "it says where" $? "$(cat err)"
printf '{"type":"token","st' > torn
cat session.jsonl torn > torn.jsonl
sed 's/"dtype":"f16"/"dtype":"f32"/' session.jsonl > f32.jsonl
printf '{"type":"dance"}\n' | cat session.jsonl - > later.jsonl
echo 'Once upon a time' | gumbel --dtype q8_0 --cache-type f16 \
    --session q8.jsonl -n 8 -t 0.5 \
    > /dev/null 2>&1
sed 's/"version":1/"version":3/' session.jsonl > version.jsonl
sed '/"step":3/d' session.jsonl > gap.jsonl
sed '/"step":5/s/"id":[0-9]*/"id":4096/' session.jsonl > unknown.jsonl
sed 's/"dtype":"f16"/&,"device":"x\\u009b2J\\u202e"/' session.jsonl > hostile.jsonl
head -c 40 session.jsonl > head.jsonl
{ echo; sed 'a\
 ' session.jsonl; printf '\r\n\n'; } > blank.jsonl
printf '\n\n' > blank
: > empty.jsonl

table <<'EOF'
json          | gumbel replay --json session.jsonl | - | 0 | ~"verdict":"identical","tokens":8, | -
json diverged | gumbel replay --json other.jsonl   | - | 1 | ~"verdict":"diverged".*"token":5.*"recorded":5 | ~diverged at token 6
one line      | gumbel replay --json session.jsonl|grep -c "" | - | 0 | 1\n | -
torn          | gumbel replay --json torn.jsonl    | - | 0 | ~"torn":true    | -
later events  | gumbel replay --json later.jsonl   | - | 0 | ~"unknown_events":1 | -
pace          | gumbel replay --pace recorded --json session.jsonl | - | 0 | ~identical | -
as then       | gumbel replay --json f32.jsonl     | - | 0 | ~"differences":null | -
of 8 bits     | gumbel replay --json q8.jsonl      | - | 0 | ~identical".*"differences":null | -
of 8, as f16  | gumbel replay --json --dtype f16 q8.jsonl||true | - | 0 | ~dtype f16, was q8_0 | *
halves        | head -n 1 q8.jsonl                 | - | 0 | ~"cache_type":"f16" | -
as floats     | gumbel replay --json --cache-type f32 q8.jsonl||true | - | 0 | ~cache type f32, was f16 | *
before halves | gumbel replay --json --cache-type f16 session.jsonl||true | - | 0 | ~cache type f16, was f32 | *
other type    | gumbel replay --json --dtype f32 session.jsonl | - | 0 | ~dtype f32, was f16 | -
hostile       | gumbel replay hostile.jsonl        | - | 0 | *       | ~was x\\u\{9b\}2J\\u\{202e\}
hostile, json | gumbel replay --json hostile.jsonl | - | 0 | ~was x\\u009b2J\\u202e | -
missing       | gumbel replay nowhere.jsonl        | - | 2 | - | ~nowhere.jsonl
folder        | gumbel replay .                    | - | 2 | - | ~folder
no session    | gumbel replay generated            | - | 2 | - | ~line 1.*"format"
empty         | gumbel replay empty.jsonl          | - | 2 | - | ~no whole line
only a piece  | gumbel replay head.jsonl           | - | 2 | - | ~no whole line
version       | gumbel replay version.jsonl        | - | 2 | - | ~version 3
no such token | gumbel replay unknown.jsonl        | - | 2 | * | ~line 9.*token id 4096, but the vocabulary has 4096
a gap         | gumbel replay --json gap.jsonl     | - | 2 | * | ~gap.jsonl, line 7.*step 3, found 4
blank lines   | gumbel replay --json blank.jsonl   | - | 0 | ~identical","tokens":8, | -
only those    | gumbel replay blank                | - | 2 | - | ~no whole line
from input    | gumbel replay --json - < session.jsonl | - | 0 | ~identical","tokens":8, | -
a pipe        | cat session.jsonl|gumbel replay --json - | - | 0 | ~identical","tokens":8, | -
by its name   | cat session.jsonl|gumbel replay --json /dev/stdin | - | 0 | ~identical","tokens":8, | -
a named pipe  | mkfifo p; cat session.jsonl > p & gumbel replay --json p | - | 0 | ~identical","tokens":8, | -
torn pipe     | cat torn.jsonl|gumbel replay --json - | - | 0 | ~"torn":true | -
wrong pipe    | sed 4d session.jsonl|gumbel replay --json - | - | 2 | * | ~standard input, line 4
empty pipe    | gumbel replay -                    | - | 2 | - | ~standard input: .*no whole line
closed        | gumbel replay - <&-               | - | 1 | - | ~standard input: cannot read
not a folder  | gumbel replay - < .                | - | 1 | - | ~standard input: cannot read: Is a directory
no file named | gumbel replay                      | - | 2 | - | ~missing
EOF
# The seed of a reseed is the one in the file, as older versions chose it too.
{
    cat session.jsonl
    echo '{"type":"stop","reason":"length"}'
    echo '{"type":"run","how":"reseed","seed":"8"}'
    gumbel generate --json -n 8 -s 8 -t 0.5 "Once upon a time" |
        sed -n 's/^{"type":"token","step":\([0-9]*\),"id":\([0-9]*\),.*/{"type":"token","step":\1,"id":\2}/p'
} > reseed.jsonl
table <<'EOF'
another seed | gumbel replay --json reseed.jsonl | - | 0 | ~"verdict":"identical","tokens":16, | -
EOF

# Which model: what the session names is never opened for that alone.
random_model=$abs_top_builddir/tests/tools/random_model
small="--layers 1 --width 64 --heads 1 --vocab 4096 --context 64 --dtype f16"
mkdir -p "$XDG_DATA_HOME/gumbel/models" "elsewhere/a folder"
"$random_model" "elsewhere/a folder/mine" $small --seed 1 || exit 99
"$random_model" "elsewhere/other" $small --seed 2 || exit 99
gumbel -m "elsewhere/a folder/mine" -n 3 --session mine.jsonl > /dev/null <<'EOF'
Once
EOF
is "the folder is recorded from the root on" 1 "$(head -n 1 mine.jsonl |
    grep -c "\"path\":\"$PWD/elsewhere/a folder/mine\"")"
mine=$(sha256sum < "elsewhere/a folder/mine/model.safetensors" | cut -c -64)
table <<EOF
only named | gumbel replay mine.jsonl | - | 2 | - | ~needs the model mine \(SHA-256 $mine\), which was $PWD/elsewhere/a folder/mine then: -m says where it is; this is stories \(SHA-256 $sha\)
asked for | gumbel replay --json -m "elsewhere/a folder/mine" mine.jsonl | - | 0 | ~identical | -
another one asked for | gumbel replay --json -m elsewhere/other mine.jsonl 2> err; head -n 1 err | - | 0 | ~^mine.jsonl: needs the model mine \(SHA-256 $mine\) | -
loading says it too | gumbel --load mine.jsonl --no-session | /quit\n | 1 | - | ~mine.jsonl: needs the model mine \(SHA-256 $mine\), which was /.*/mine then
in the interface too | gumbel --no-session | /replay mine.jsonl\n | 1 | - | ~mine.jsonl: needs the model mine \(SHA-256 $mine\), which was /.*/mine then
EOF
ln -s "$PWD/elsewhere/other" "$XDG_DATA_HOME/gumbel/models/mine"
table <<EOF
another of that name | gumbel replay mine.jsonl | - | 2 | - | ~needs the model mine \(SHA-256 $mine\), which was
EOF
rm "$XDG_DATA_HOME/gumbel/models/mine"
ln -s "$PWD/elsewhere/a folder/mine" "$XDG_DATA_HOME/gumbel/models/mine"
sed 's/"name":"mine"/"name":"..\/models\/mine"/' mine.jsonl > slash.jsonl
table <<EOF
installed | gumbel replay --json mine.jsonl | - | 0 | ~identical | -
loading names it | gumbel --load mine.jsonl --no-session | /quit\n | 1 | - | ~needs the model mine \(SHA-256 $mine\), which -m mine opens; this is stories
and as it says | gumbel --load mine.jsonl -m mine --no-session -n 2 | /continue\n | 0 | ~Once | -
a name is no path | gumbel replay slash.jsonl | - | 2 | - | ~needs the model ../models/mine \(SHA-256
EOF

# A file that goes to and fro in a long text: what is printed is in proportion
# to it.
{
    head -n 1 session.jsonl
    printf '{"type":"prompt","text":"%s","ids":[490]}\n' \
        "$(head -c 100000 /dev/zero | tr '\0' a)"
    i=0
    while [ $i -lt 500 ]; do
        echo '{"type":"prompt","text":"b","ids":[490]}'
        printf '{"type":"%s"}\n' undo clear
        echo '{"type":"prompt","text":"c","ids":[490]}'
        printf '{"type":"%s"}\n' undo undo
        i=$((i + 1))
    done
} > jumps.jsonl
gumbel replay jumps.jsonl 2> err | wc -c > size
is "its verdict" "verified: 0 tokens identical" "$(head -n 1 err)"
[ "$(cat size)" -lt $((5 * $(wc -c < jumps.jsonl))) ]
ok "a file that jumps prints little" $? "$(cat size)"
done_testing
