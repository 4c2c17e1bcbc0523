#!/bin/sh
# The config file and the environment.
. "$abs_top_srcdir/tests/cli/setup"

# config TEXT: writes the config file.
config() {
    mkdir -p "$XDG_CONFIG_HOME/gumbel"
    printf '%b' "$1" > "$XDG_CONFIG_HOME/gumbel/config"
}
settings() {
    gumbel generate --json -n 1 "$@" | jq -c "select(.type==\"start\").settings"
}
command -v jq > /dev/null || { echo "1..0 # SKIP jq is not installed"; exit 0; }

table <<'EOF'
used              | config '# mine\n\n seed = 7 \n'; settings x                  | - | 0 | ~"seed":7 | -
overruled         | config 'seed = 7\n'; settings -s 8 x                        | - | 0 | ~"seed":8 | -
switch            | config 'greedy = on\n'; settings x                          | - | 0 | ~"greedy":true | -
switch off again  | config 'greedy = on\n'; settings --greedy=off x             | - | 0 | ~"greedy":false | -
quotes            | config 'stop = "a\\n\\"b"\n'; settings x                    | - | 0 | ~"stop":\["a\\n\\"b"\] | -
stops replaced    | config 'stop = a\nstop = b\n'; settings --stop c x          | - | 0 | ~"stop":\["c"\] | -
stops kept        | config 'stop = a\nstop = b\n'; settings x                   | - | 0 | ~"stop":\["a","b"\] | -
no final line end | config 'seed = 9'; settings x                               | - | 0 | ~"seed":9 | -
wrong value       | config 'seed = 1\nseed = x\ntop-k = 3\n'; settings x        | - | 0 | ~"seed":1,.*"top-k":3 | ~^gumbel: .*/gumbel/config:2: seed: expected a whole number.*"x"$
wrong name        | config 'sed = 1\n'; settings x                              | - | 0 | * | ~config:1: unknown name "sed"; did you mean "seed"\?
no equals         | config 'seed 1\n'; settings x                               | - | 0 | * | ~config:1: expected name = value
no quote          | config 'stop = "a\n'; settings x                            | - | 0 | ~"stop":\[\] | ~config:1: stop: expected the closing quote
command line only | config 'json = on\n'; settings x                            | - | 0 | * | ~config:1: json is for the command line only
not of this one   | config 'seed = 5\n'; gumbel tokenize Once                   | - | 0 | 490\n | -
help needs none   | config 'sed = 1\n'; gumbel --version                        | - | 0 | * | -
a folder          | rm -r "$XDG_CONFIG_HOME/gumbel/config"; mkdir -p "$XDG_CONFIG_HOME/gumbel/config"; gumbel tokenize Once; rmdir "$XDG_CONFIG_HOME/gumbel/config" | - | 0 | 490\n | ~config: expected a file, found a folder
a NUL             | config 'seed = 3\n\0000\n'; settings x                      | - | 0 | ~"seed":3 | ~config:2: expected text, found a NUL byte$
carriage returns  | config 'seed = 3\r\nstop = "x"\r\n'; settings x             | - | 0 | ~"seed":3,.*"stop":\["x"\] | -
a byte order mark | config '\0357\0273\0277seed = 3\n'; settings x             | - | 0 | ~"seed":3 | -
UTF-16            | config '\0377\0376s\0000e\0000\n\0000'; settings x         | - | 0 | ~"seed":0 | ~^gumbel: .*/config: expected text in UTF-8, found UTF-16$
a long line       | config "seed = 3\n$(head -c 200000 /dev/zero|tr "\0" x)\n"; settings x | - | 0 | ~"seed":3 | ~config:2: expected name = value
model in it       | config 'model = /nowhere\n'; gumbel tokenize Once           | - | 1 | - | ~/nowhere
variable wins     | config 'model = /nowhere\n'; GUMBEL_MODEL=$stories gumbel tokenize Once | - | 0 | 490\n | -
option wins       | config ''; GUMBEL_MODEL=/nowhere gumbel tokenize -m "$stories" Once | - | 0 | 490\n | -
empty variable    | config ''; GUMBEL_MODEL= gumbel tokenize Once               | - | 0 | 490\n | -
device variable   | config ''; GUMBEL_DEVICE=xyzzy gumbel generate x            | - | 1 | - | ~no OpenCL device fits "xyzzy"
EOF
done_testing
