#!/bin/sh
# A hub behind TLS: whom gumbel trusts.
. "$abs_top_srcdir/tests/cli/setup"

if HF_ENDPOINT=none gumbel pull --dry-run me/m 2>&1 | grep -q 'built without libcurl'; then
    echo "1..0 # SKIP this gumbel was built without libcurl"
    exit 0
fi
if ! command -v openssl > /dev/null; then
    echo "1..0 # SKIP openssl, which serves here, is not installed"
    exit 0
fi

unset CURL_CA_BUNDLE REQUESTS_CA_BUNDLE

# key NAME: a key that is made quickly.
key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2> err
}

# authority NAME: one that signs certificates.
authority() {
    key "$1" && openssl req -x509 -new -key "$1.key" -out "$1.pem" -days 2 \
        -subj "/CN=$1" 2> err
}

# certify NAME HOST DAYS: a certificate of the trusted authority.
certify() {
    printf 'subjectAltName=DNS:%s\n' "$2" > "$1.ext"
    openssl x509 -req -in hub.csr -CA trusted.pem -CAkey trusted.key \
        -CAcreateserial -days "$3" -extfile "$1.ext" -out "$1.pem" 2> err
}

authority trusted && authority other && key hub &&
    openssl req -new -key hub.key -out hub.csr -subj /CN=hub 2> err &&
    certify good localhost 2 && certify name elsewhere.invalid 2 &&
    certify old localhost -1 || { cat err >&2; exit 99; }

# The model, as the hub lays it out.
commit=0123456789abcdef0123456789abcdef01234567
mkdir -p www/api/models/me/m/revision "www/me/m/resolve/$commit" || exit 99
"$abs_top_builddir/tests/tools/random_model" "www/me/m/resolve/$commit" \
    --layers 1 --width 32 --heads 2 --vocab 300 --context 32 > /dev/null ||
    exit 99
{
    printf '{"sha": "%s", "siblings": [' $commit
    for file in "www/me/m/resolve/$commit"/*; do
        printf '{"rfilename": "%s"}, ' "${file##*/}"
    done
    printf '{}]}'
} > 'www/api/models/me/m/revision/main?blobs=true'

# serve CERTIFICATE: sets port; ends by itself should the test be killed.
serve() {
    (cd www && exec timeout 60 openssl s_server -WWW \
        -http_server_binmode -accept 127.0.0.1:0 -cert "../$1.pem" \
        -key ../hub.key) > "$1.out" 2> "$1.err" &
    pid=$!
    servers="$servers $pid"
}
servers=
serve good
good=$pid
serve name
name=$pid
serve old
old=$pid

# port NAME PID: where it serves.
port() {
    pid=$2
    await "grep -q '^ACCEPT 127' $1.out" || exit 99
    sed -n 's/^ACCEPT .*://p' "$1.out"
}
good=https://localhost:$(port good "$good")
name=https://localhost:$(port name "$name")
old=https://localhost:$(port old "$old")
trusted=$scratch/work/trusted.pem
other=$scratch/work/other.pem
weights=www/me/m/resolve/$commit/model.safetensors
export trusted other good name old weights

table <<'END'
# name | command | stdin | status | stdout | stderr
nobody known has signed it | SSL_CERT_FILE=$other HF_ENDPOINT=$good gumbel pull me/m | - | 1 | - | ~^gumbel: me/m: localhost: its certificate is not good: .*SSL_CERT_FILE names others\)$
of another host | SSL_CERT_FILE=$trusted HF_ENDPOINT=$name gumbel pull me/m | - | 1 | - | ~^gumbel: me/m: localhost: its certificate is not good: .*[^)]$
no longer valid | SSL_CERT_FILE=$trusted HF_ENDPOINT=$old gumbel pull me/m | - | 1 | - | ~^gumbel: me/m: localhost: its certificate is not good: .*expired$
no such file of authorities | SSL_CERT_FILE=$scratch/none HF_ENDPOINT=$good gumbel pull me/m | - | 1 | - | ~^gumbel: me/m: localhost: .*authorities that are trusted
nothing of it came | [ ! -e "$XDG_DATA_HOME/gumbel/models/me" ] | - | 0 | - | -
a good one | SSL_CERT_FILE=$trusted HF_ENDPOINT=$good gumbel pull me/m | - | 0 | ~^me/m is in | -
it is whole | cmp "$weights" "$XDG_DATA_HOME/gumbel/models/me/m/model.safetensors" | - | 0 | - | -
END
kill $servers
wait
done_testing
