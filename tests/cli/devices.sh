#!/bin/sh
# gumbel devices, and what happens without any.
. "$abs_top_srcdir/tests/cli/setup"

table <<'EOF'
list              | gumbel devices                        | - | 0 | ~^\* [0-9]+:[0-9]+  .            | -
one is chosen     | gumbel devices|grep -c "^\* [0-9]"    | - | 0 | 1\n                              | -
prefill           | gumbel devices                        | - | 0 | ~prompts are read by: (own|clblast) | -
by type           | gumbel devices -d cpu                 | - | 0 | ~^\* [0-9]+:[0-9]+  .            | -
by number         | gumbel devices -d 0:0                 | - | 0 | ~^\* 0:0  .                      | -
by variable       | GUMBEL_DEVICE=0:0 gumbel devices      | - | 0 | ~^\* 0:0  .                      | -
unknown name      | gumbel devices -d xyzzy               | - | 1 | - | ~no OpenCL device fits "xyzzy"; there is 0:0
unknown number    | gumbel devices -d 99:0                | - | 1 | - | ~99:0
generate, unknown | gumbel generate -d xyzzy x            | - | 1 | - | ~no OpenCL device fits "xyzzy"; there is 0:0
no platform       | OCL_ICD_VENDORS=/nonexistent gumbel devices    | - | 1 | - | ~no OpenCL platform
generate, none    | OCL_ICD_VENDORS=/nonexistent gumbel generate x | - | 1 | - | ~no OpenCL platform
tokenize needs none | OCL_ICD_VENDORS=/nonexistent gumbel tokenize Once | - | 0 | 490\n | -
controls in SPEC  | gumbel devices -d "$(printf '\033[2J')" | - | 1 | - | !\x1b
EOF

if command -v jq > /dev/null; then
    gumbel devices --json > out
    is "json: one is chosen" 1 \
        "$(jq '[.devices[] | select(.chosen)] | length' out)"
    is "json: types" true "$(jq '.devices | all((.name | type) == "string" and
        (.memory | type) == "number" and (.platform | type) == "number")' out)"
else
    skip "json" "jq is not installed"
fi

# A cache that cannot be written costs time, not the result.
echo file > not-a-folder
gumbel generate -g -n 5 "Once upon a time" > a
POCL_CACHE_DIR=${POCL_CACHE_DIR:-$XDG_CACHE_HOME/pocl}
export POCL_CACHE_DIR
mkdir -p "$POCL_CACHE_DIR"
XDG_CACHE_HOME=$PWD/not-a-folder \
    gumbel generate -g -n 5 "Once upon a time" > b 2> err
cmp -s a b
ok "cache folder that is a file" $? "$(cat err)"
unset POCL_CACHE_DIR
TMPDIR=$scratch/tmp
export TMPDIR
mkdir "$TMPDIR"
status=0
XDG_CACHE_HOME=$PWD/not-a-folder \
    gumbel generate -g -n 5 "Once upon a time" > b 2> err || status=$?
{ [ "$status" = 0 ] && cmp -s a b; } ||
    grep -q "^gumbel: .*cannot write\|unless it can write.*not-a-folder" err
ok "where the driver cannot do without, it says so" $? "$(cat err)"
status=0
(unset XDG_CACHE_HOME
HOME=/proc/none gumbel generate -g -n 5 "Once upon a time") > b 2> err ||
    status=$?
is "without a home: status" 0 "$status"
cmp -s a b
ok "without a home: the text" $? "$(cat err)"
is "the file is as it was" file "$(cat not-a-folder)"
done_testing
