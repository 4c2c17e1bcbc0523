#!/bin/sh
# Options, help, suggestions.
. "$abs_top_srcdir/tests/cli/setup"

table <<'EOF'
version           | gumbel --version          | - | 0 | ~^gumbel [0-9].*                     | -
version, short    | gumbel -V                 | - | 0 | ~GNU GPL version 3 or later          | -
help              | gumbel --help             | - | 0 | ~generate +\[PROMPT\]                | -
help names config | gumbel -h                 | - | 0 | ~gumbel/config                       | -
help of a command | gumbel generate --help    | - | 0 | ~^Usage: gumbel generate             | -
help before it    | gumbel --help generate    | - | 0 | ~^Usage: gumbel generate             | -
help, example     | gumbel score -h           | - | 0 | ~^  gumbel score                     | -
help is its own   | gumbel tokenize -h        | - | 0 | !temperature                         | -
help, no columns  | gumbel generate -h        | - | 0 | !^.{80}                              | -
no such command   | gumbel generat            | - | 2 | - | ~"generat"; did you mean "generate"\?
a text            | gumbel 'Once upon' | - | 2 | - | ~gumbel generate "Once upon" writes this
nothing near      | gumbel xyzzy              | - | 2 | - | ~unknown command "xyzzy"; gumbel --help
command, controls | gumbel "$(printf 'x\033[2J')" | - | 2 | - | !\x1b
no such option    | gumbel generate --sed 1 x | - | 2 | - | ~unknown option --sed; did you mean --seed\?
beginning of one  | gumbel generate --tmep 1 x | - | 2 | - | ~did you mean --temperature\?
no such letter    | gumbel generate -z x      | - | 2 | - | ~unknown option -z
dash is no text   | gumbel generate -1        | - | 2 | - | ~after --
no value          | gumbel generate --seed    | - | 2 | - | ~option --seed needs a value: --seed N
no value, short   | gumbel generate -s        | - | 2 | - | ~option --seed needs a value
not of this one   | gumbel tokenize --seed 1 x | - | 2 | - | ~gumbel tokenize takes no option --seed
two arguments     | gumbel generate a b       | - | 2 | - | ~takes 1 argument, found 2; .* quotes
no arguments      | gumbel devices x          | - | 2 | - | ~takes no arguments, found "x"
empty value       | gumbel generate -m "" x   | - | 2 | - | ~model: expected PATH
bad type          | gumbel generate --dtype f8 x | - | 2 | - | ~expected one of auto f32 f16 bf16 q8_0 q4_0, found "f8"
bad prefill       | gumbel generate --prefill x x | - | 2 | - | ~expected one of auto own clblast, found "x"
bad switch        | gumbel generate --greedy=2 x | - | 2 | - | ~expected on or off, found "2"
json and trace    | gumbel generate --json --trace x | - | 2 | - | ~exclude each other
empty stop        | gumbel generate --stop "" x | - | 2 | - | ~stop: expected TEXT

temperature 0     | gumbel generate -t 0 x    | - | 2 | - | ~from 0.001 to 1000, found "0" .*--greedy
temperature -1    | gumbel generate -t -1 x   | - | 2 | - | ~from 0.001 to 1000, found "-1"
temperature nan   | gumbel generate -t nan x  | - | 2 | - | ~from 0.001 to 1000, found "nan"
temperature inf   | gumbel generate -t inf x  | - | 2 | - | ~from 0.001 to 1000, found "inf"
temperature low   | gumbel generate -t 0.0009 x | - | 2 | - | ~from 0.001 to 1000
temperature high  | gumbel generate -t 1000.1 x | - | 2 | - | ~from 0.001 to 1000
temperature text  | gumbel logprobs -t warm x | - | 2 | - | ~from 0.001 to 1000, found "warm"
seed -1           | gumbel generate -s -1 x   | - | 2 | - | ~from 0 to 18446744073709551615, found "-1"
seed 2^64         | gumbel generate -s 18446744073709551616 x | - | 2 | - | ~from 0 to 18446744073709551615
seed text         | gumbel generate --seed=x x | - | 2 | - | ~seed: expected a whole number
n 0               | gumbel generate -n 0 x    | - | 2 | - | ~max-new-tokens: expected a whole number from 1
n negative        | gumbel generate -n -5 x   | - | 2 | - | ~max-new-tokens: expected a whole number from 1
top-k             | gumbel generate --top-k -1 x | - | 2 | - | ~top-k: expected
top-p             | gumbel generate --top-p 0 x | - | 2 | - | ~top-p: expected
min-p             | gumbel generate --min-p 2 x | - | 2 | - | ~min-p: expected
prompt tokens     | gumbel generate --max-prompt-tokens 0 x | - | 2 | - | ~max-prompt-tokens: expected

# Where options may stand.
option before     | gumbel --json tokenize Once | - | 0 | ~"ids" | -
option after      | gumbel tokenize Once --json | - | 0 | ~"ids" | -
after two dashes  | gumbel tokenize -- --json | - | 0 | ~^[0-9 ]+$ | -
a switch off      | gumbel tokenize --json=off Once | - | 0 | 490\n | -
the last one wins | gumbel tokenize --json --json=off Once | - | 0 | 490\n | -
EOF

stops=
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do
    stops="$stops --stop s$i"
done
check "too many stop strings" "gumbel generate $stops x" - 2 - \
    '~stop: more than 16'

# Every command is in the help, and has an example.
for command in generate spectrum sweep logprobs score tokenize bench devices; do
    check "$command has an example" "gumbel $command --help" - 0 \
        "~^  gumbel $command" -
done

# Each shell's completion is one that it reads, with every option in it.
names=$(gumbel --help | sed -n 's/^ .*--\([a-z-]*\).*/\1/p')
for shell in bash zsh fish; do
    gumbel completion $shell > completion
    missing=
    for name in $names; do
        grep -q -E -e "(--|-l )$name( |'|\$)" completion ||
            missing="$missing $name"
    done
    is "completion for $shell has all options" "" "$missing"
    if command -v $shell > /dev/null; then
        $shell -n completion 2> err
        ok "$shell reads it" $? "$(cat err)"
    else
        skip "$shell reads it" "$shell is not installed"
    fi
done
check "completion, no shell" "gumbel completion csh" - 2 - '~expected bash, .*, found "csh"'
check "completion of models" "gumbel completion models" - 0 'stories\n' -
mkdir -p "$XDG_DATA_HOME/gumbel/models/me" &&
    cp -r "$stories" "$XDG_DATA_HOME/gumbel/models/me/\$(echo sly)" || exit 99
check "no names that a shell would run" "gumbel completion models" - 0 \
    'stories\n' -
check "bash completes" "gumbel completion bash > c; bash -c '. ./c; COMP_WORDS=(gumbel generate --dtype q); COMP_CWORD=3; _gumbel; echo \${COMPREPLY[@]}'" - 0 'q8_0 q4_0\n' -
check "bash knows of no rm behind info" "gumbel completion bash > c; bash -c '. ./c; COMP_WORDS=(gumbel info r); COMP_CWORD=2; _gumbel; echo \${COMPREPLY[@]}'" - 0 '\n' -
if command -v fish > /dev/null; then
    check "fish completes" "gumbel completion fish > c; fish -N -c '. ./c; complete -C \"gumbel pull gpt2-x\"; complete -C \"gumbel generate --dtype q8\"' | cut -f1" - 0 'gpt2-xl\nq8_0\n' -
else
    skip "fish completes" "fish is not installed"
fi
if command -v zsh > /dev/null; then
    # As the shell does at the first Tab behind it.
    mkdir -p functions && gumbel completion zsh > functions/_gumbel
    cat > tab <<'END'
compdef() { }
compset() { false }
compadd() { print -r -- $matches }
fpath=(./functions $fpath)
autoload -U _gumbel
words=(gumbel generate --dtype q)
CURRENT=4
_gumbel
_bash_complete -o filenames -F _gumbel
END
    check "zsh completes" "zsh -f tab | grep -c 'q8_0 q4_0'" - 0 '2\n' -
else
    skip "zsh completes" "zsh is not installed"
fi
done_testing
