#!/bin/sh
# gumbel logprobs and gumbel score.
. "$abs_top_srcdir/tests/cli/setup"

yes 'a dog' | head -n 600 > long

table <<'EOF'
to a pipe         | gumbel logprobs Once|wc -c     | -              | 0 | 16512\n | -
header            | gumbel logprobs Once|head -c 128|tr -d "\n" | - | 0 | ~^.NUMPY.*'descr': '<f4', 'fortran_order': False, 'shape': \(4096,\), \} +$ | -
to a file         | gumbel logprobs -o f Once; wc -c < f | -        | 0 | 16512\n | -
file is replaced  | echo > f; gumbel logprobs -o f Once; wc -c < f | - | 0 | 16512\n | -
nothing beside it | ls                             | -              | 0 | f\nlong\n | -
to /dev/stdout    | gumbel logprobs -o /dev/stdout Once|wc -c | - | 0 | 16512\n | -
and on from there | (echo; gumbel logprobs -o /dev/stdout Once; echo) >> f; wc -c < f | - | 0 | 33026\n | -
to /dev/null      | gumbel logprobs -o /dev/null Once; test -c /dev/null | - | 0 | - | -
to a link         | ln -s f l; echo > f; gumbel logprobs -o l Once; wc -c < f; rm l | - | 0 | 16512\n | -
the umask counts  | umask 037; gumbel logprobs -o g Once; stat -c %a g; rm g | - | 0 | 640\n | -
no such folder    | gumbel logprobs -o no/f Once   | -              | 1 | - | ~no/f: cannot create
a folder          | mkdir d; gumbel logprobs -o d Once; s=$?; rmdir d; exit $s | - | 1 | - | ~d: .*found a folder
filters need json | gumbel logprobs --top-k 3 Once | -              | 2 | - | ~logprobs --json
json              | gumbel logprobs --json --top-k 2 "Once upon a" | - | 0 | ~^\{"prompt_ids":\[490,479,258\],"temperature":0.8,"tokens":\[\{"id":423,"text":" time","logprob":-0.0[0-9]+\},\{[^{]*\}\]\}$ | -
json, all         | gumbel logprobs --json Once|tr { "\n"|grep -c logprob\": | - | 0 | 4096\n | -
json, min-p       | gumbel logprobs --json --min-p 1 Once|tr { "\n"|grep -c logprob\": | - | 0 | 1\n | -
json to a file    | gumbel logprobs --json -o f Once; head -c 14 f | - | 0 | {"prompt_ids": | -
empty prompt      | gumbel logprobs --json --top-k 1 "" | -         | 0 | ~"prompt_ids":\[4095\] | -
standard input    | gumbel logprobs --json --top-k 1 | Once\n       | 0 | ~"prompt_ids":\[490,198\] | -
cut, the end      | gumbel logprobs --json --top-k 1 --max-prompt-tokens -1 "Once upon" | - | 0 | ~"prompt_ids":\[479\] | -
too long          | gumbel logprobs --json < long | - | 1 | - | ~prompt has [0-9]+ tokens.*holds 512; --max-prompt-tokens 512 keeps its beginning, -512 its end$
cut               | gumbel logprobs --json --top-k 1 --max-prompt-tokens 1 "Once upon" | - | 0 | ~"prompt_ids":\[490\] | -
full device       | gumbel logprobs Once >/dev/full | -             | 1 | - | ~No space

score             | gumbel score "Once upon a"     | -              | 0 | ~^490	-	Once$ | -
score, values     | gumbel score "Once upon a"     | -              | 0 | ~^258	-0\.[0-9]{6}	 a$ | -
score, perplexity | gumbel score "Once upon a"     | -              | 0 | ~^perplexity	1\.[0-9]+$ | -
score, one token  | gumbel score Once              | -              | 0 | 490\t-\tOnce\nperplexity\t-\n | -
score, nothing    | gumbel score ""                | -              | 0 | perplexity\t-\n | -
score, json       | gumbel score --json "Once upon" | -             | 0 | ~^\{"ids":\[490,479\],"logprobs":\[null,-0\.[0-9]+\],"perplexity":1\.[0-9]+\}$ | -
score, json, none | gumbel score --json ""         | -              | 0 | {"ids":[],"logprobs":[],"perplexity":null}\n | -
score, input      | gumbel score                   | Once\n         | 0 | ~^198	-[0-9.]+	\^J$ | -
score, controls   | gumbel score                   | a\033[2J\377    | 0 | !\x1b | -
score, no prompt  | gumbel score --temperature 1 x | -              | 2 | - | ~takes no option --temperature
EOF

# A text that is longer than the context: every token gets a value.
yes 'The dog ran to the tree. ' | head -n 300 > long
n=$(gumbel tokenize < long | wc -w)
gumbel score < long > out
is "long text: a line for each token" "$((n + 1))" "$(grep -c '' out)"
is "long text: values for all but the first" 1 "$(grep -c '	-	' out)"
head -c 300 long > short
gumbel score < short | sed '/^perplexity/d' > a
head -n "$(grep -c '' a)" out > b
cmp -s a b
ok "long text: begins as the short one" $? "$(diff a b | head)"
done_testing
