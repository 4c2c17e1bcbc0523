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

# Drivers that this machine does not have; see fake_driver.c.
mkdir fakes none bad
echo "$abs_top_builddir/tests/tools/fake_driver.so" > fakes/fake.icd
echo /dev/null > bad/bad.icd
fake() {
    wish=$1
    shift
    OCL_ICD_VENDORS=$PWD/fakes OCL_ICD_PLATFORM_SORT=none GUMBEL_FAKE=$wish \
        "$gumbel" "$@"
}

# takes NAME FAKE NUMBER
takes() {
    is "$1" "$3" "$(fake "$2" devices 2>&1 | sed -n 's/^\* \([0-9:]*\) .*/\1/p')"
}

gpu='N|H100|gpu|8|OpenCL 3.0'
again='O|h100|gpu|1|OpenCL 3.0'
card='A|FPGA|accelerator|64|OpenCL 1.2'
pocl='Portable Computing Language|cpu-znver5|cpu|2|OpenCL 3.0'
none='Portable Computing Language'
intel='Intel(R) OpenCL|EPYC|cpu|2|OpenCL 3.0'
more='Other|EPYC|cpu|4|OpenCL 3.0'
old='Clover|R600|gpu|64|OpenCL 1.1 Mesa'
off='N|H100|gpu-off|64|OpenCL 3.0'
bare='N|H100|gpu-bare|64|OpenCL 3.0'
soft='M|llvmpipe|cpu|8|OpenCL 3.0'
odd='N|H100|gpu|8|3.0'
hostile=$(printf 'N|x\033[2J|gpu-off|1|OpenCL 3.0')
takes "a GPU before the processor" "$pocl;$gpu" 1:0
takes "a GPU before an accelerator" "$card;$gpu" 1:0
takes "an accelerator before the processor" "$pocl;$card" 1:0
takes "the first of two alike" "$pocl;$intel" 0:0
takes "more units" "$pocl;$more;$intel" 1:0
for name in 'llvmpipe (LLVM 15.0.6, 256 bits)' LavaPipe softpipe swrast \
    'zink Vulkan 1.3(llvmpipe)' 'Oclgrind Simulator'; do
    takes "$name is the last" "M|$name|gpu|64|OpenCL 3.0;$pocl" 1:0
done
takes "software alone" "$soft" 0:0
takes "not what is too old" "$old;$pocl" 1:0
takes "not what is not there" "$off;$pocl" 1:0
takes "not what has no compiler" "$bare;$pocl" 1:0

table <<'EOF'
two drivers   | fake "$pocl;$intel" devices | - | 0 | ~the same processor as 1:0, by another driver | -
and back      | fake "$pocl;$intel" devices | - | 0 | ~the same processor as 0:0, by another driver | -
one device    | fake "$gpu;$again;$card" devices|grep -c 'the same device' | - | 0 | 2\n | -
two machines  | fake "$pocl;$gpu;$card" devices     | - | 0 | !the same                 | -
software      | fake "$soft;$pocl" devices          | - | 0 | ~made of software         | -
software json | fake "$soft;$pocl" devices --json   | - | 0 | ~"software":true.*"software":false | -
same, json    | fake "$pocl;$intel" devices --json  | - | 0 | ~"same_as":\[1,0\].*"same_as":\[0,0\] | -
too old       | fake "$old;$pocl" devices           | - | 0 | ~cannot be used: OpenCL 1.1 Mesa, expected OpenCL 1.2 or later | -
too old, json | fake "$old;$pocl" devices --json    | - | 0 | ~"unusable":"OpenCL 1.1.*"unusable":null | -
only too old  | fake "$old" generate x              | - | 1 | - | ~no OpenCL device can be used: 0:0 R600 \(OpenCL 1.1 Mesa, expected
old by number | fake "$old;$pocl" generate -d 0:0 x | - | 1 | - | ~0:0 R600 cannot be used: OpenCL 1.1
no version    | fake "$odd" devices                 | - | 1 | - | ~can be used: 0:0 H100 \(3.0, expected OpenCL 1.2
not there     | fake "$off" devices                 | - | 1 | - | ~0:0 H100 \(its driver says that it is not available\)
no compiler   | fake "$bare" devices                | - | 1 | - | ~0:0 H100 \(its driver has no compiler\)
controls      | fake "$hostile" devices             | - | 1 | - | ~\(its driver says
no log        | fake "$gpu" generate x              | - | 1 | - | ~^gumbel: H100: cannot compile the kernels \(CL_BUILD_PROGRAM_FAILURE\): the compiler says nothing
blank log     | GUMBEL_FAKE_LOG=' ' fake "$gpu" generate x | - | 1 | - | ~the compiler says nothing
short log     | GUMBEL_FAKE_LOG='x: error: y' fake "$gpu" generate x | - | 1 | - | ~FAILURE\): x: error: y$
other log     | GUMBEL_FAKE_LOG='unknown target' fake "$gpu" generate x | - | 1 | - | ~FAILURE\): unknown target$
no devices    | fake rusticl devices                | - | 1 | - | ~^gumbel: no OpenCL device found: rusticl offers none \(RUSTICL_ENABLE is not set.*; for a CPU install
rusticl       | RUSTICL_ENABLE=radeonsi fake rusticl devices | - | 1 | - | ~rusticl offers none \(RUSTICL_ENABLE is "radeonsi"\)
pocl          | fake "$none" devices                | - | 1 | - | !install
pocl, other   | POCL_DEVICES=cuda fake "$none" devices | - | 1 | - | ~Portable Computing Language offers none \(POCL_DEVICES is "cuda"\)$
pocl, remote  | POCL_DEVICES=remote fake "$none" devices | - | 1 | - | ~"remote"; POCL_REMOTE0_PARAMETERS, where its daemon pocld runs, is not set
pocl, daemon  | POCL_DEVICES=remote POCL_REMOTE0_PARAMETERS=far:1 fake "$none" devices | - | 1 | - | ~does the daemon pocld run at far:1\?
two platforms | fake 'rusticl;Other' devices        | - | 1 | - | ~rusticl offers none.*; Other offers none
no platform   | fake '' devices                     | - | 1 | - | ~no OpenCL platform found: the driver .*/fake_driver.so offers none
not a driver  | OCL_ICD_VENDORS=$PWD/bad gumbel devices | - | 1 | - | ~no OpenCL platform found: /dev/null:.
no driver     | OCL_ICD_VENDORS=$PWD/none gumbel devices | - | 1 | - | ~no driver is installed \(none in .*/none\); for a CPU install the package pocl-opencl-icd
EOF

# What a driver says reaches the terminal in its own lines, and harmless.
GUMBEL_FAKE_LOG=$(printf 'built\nk.cl:5:3: error: no \033[2J\n  x +\n  ^\n') \
    fake "$gpu" generate x > out 2> err
is "a log's lines" "gumbel: H100: cannot compile the kernels \
(CL_BUILD_PROGRAM_FAILURE): k.cl:5:3: error: no ^[[2J
  x +
  ^" "$(cat err)"
fake "$hostile" devices > out 2> err
grep -q "$(printf '\033')" err
[ $? = 1 ]
ok "a driver's names" $? "$(cat -v err)"

# Too few addresses for a driver, if not for gumbel with a sanitizer.
if ! (ulimit -v 200000 && gumbel --version) > out 2> err; then
    skip "too few addresses" "gumbel itself needs more"
else
    (ulimit -v 200000 && gumbel devices) > out 2> err
    status=$?
    if [ "$status" -eq 134 ] && grep -q '^PTHREAD ERROR' err; then
        skip "too few addresses" "PoCL 7 aborts where it gets no thread"
    else
        is "too few addresses: status" 1 "$status"
        grep -q 'may have 195 MiB of address space (ulimit -v)' err
        ok "too few addresses" $? "$(cat err)"
    fi
fi

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
    grep -q "^gumbel: .*cannot write\|must be able to write.*not-a-folder" err
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
