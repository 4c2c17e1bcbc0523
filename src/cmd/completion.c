/* gumbel completion: what a shell needs to complete, from the tables. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/output.h"
#include "model/hub_name.h"
#include "model/installed.h"

/* Appends the names of the options of some commands. */
static void
put_options(gb_str *out, unsigned commands, const char *before)
{
    const gb_option *o;

    for (o = gb_option_table; o->name != NULL; o++)
        if ((o->commands & commands) != 0)
            gb_str_printf(out, "%s%s", before, o->name);
}

static void
put_commands(gb_str *out, const char *between)
{
    const gb_command *const *c;

    for (c = gb_commands; *c != NULL; c++)
        gb_str_printf(out, "%s%s", c == gb_commands ? "" : between,
                      (*c)->name);
}

static bool
takes_file(const gb_option *o)
{
    return o->arg != NULL && strcmp(o->arg, "FILE") == 0;
}

static bool
is_model(const gb_option *o)
{
    return strcmp(o->name, "model") == 0;
}

static void
put_short_names(gb_str *out)
{
    const char *const *n;

    for (n = gb_hub_short_names; *n != NULL; n++)
        gb_str_printf(out, "%s ", *n);
}

/* The cases of what stands behind an option. */
static void
put_bash_values(gb_str *out)
{
    const gb_option *o;

    for (o = gb_option_table; o->name != NULL; o++) {
        if (o->arg == NULL)
            continue;
        gb_str_printf(out, "    --%s", o->name);
        if (o->letter != 0)
            gb_str_printf(out, " | -%c", o->letter);
        gb_str_puts(out, ")\n        ");
        if (o->words != NULL)
            gb_str_printf(out, "COMPREPLY=($(compgen -W '%s' -- \"$cur\"))",
                          o->words);
        else if (is_model(o))
            gb_str_puts(out, "COMPREPLY=($(compgen -f -W \"$(gumbel "
                        "completion models 2> /dev/null)\" -- \"$cur\"))");
        else if (takes_file(o))
            gb_str_puts(out, "COMPREPLY=($(compgen -f -- \"$cur\"))");
        gb_str_puts(out, "\n        return\n        ;;\n");
    }
}

static void
put_bash(gb_str *out)
{
    const gb_command *const *c;

    gb_str_puts(out,
        "# bash completion of gumbel; made by: gumbel completion bash\n"
        "_gumbel() {\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} command= word options words=\n"
        "    COMPREPLY=()\n"
        "    for word in \"${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}\"; do\n"
        "        case $word in\n        ");
    put_commands(out, " | ");
    gb_str_puts(out, ")\n            command=$word\n            break\n"
                "            ;;\n        esac\n    done\n"
                "    case ${COMP_WORDS[COMP_CWORD-1]} in\n");
    put_bash_values(out);
    gb_str_puts(out, "    esac\n    case $command in\n");
    for (c = gb_commands; *c != NULL; c++) {
        gb_str_printf(out, "    %s) options='", (*c)->name);
        put_options(out, (*c)->self, " --");
        gb_str_puts(out, "' ;;\n");
    }
    gb_str_puts(out, "    *) options='");
    put_options(out, GB_FOR_TUI, " --");
    gb_str_puts(out, "' words='");
    put_commands(out, " ");
    gb_str_puts(out, "' ;;\n    esac\n    case $command in\n"
                "    convert | info)\n"
                "        words=$(gumbel completion models 2> /dev/null) ;;\n"
                "    models)\n"
                "        words=\"rm $(gumbel completion models 2> /dev/null)\" "
                ";;\n    pull) words='");
    put_short_names(out);
    gb_str_puts(out, "' ;;\n    completion) words='bash zsh fish models' ;;\n"
                "    esac\n"
                "    [[ $cur != -* ]] || words=$options\n"
                "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                "    [[ $command != replay || $cur == -* ]] ||\n"
                "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                "}\ncomplete -o filenames -F _gumbel gumbel\n");
}

/* zsh reads bash's. Where it loads this at the first Tab, it is to answer that,
 * too. */
static void
put_zsh(gb_str *out)
{
    gb_str_puts(out, "#compdef gumbel\n"
                "autoload -U +X bashcompinit && bashcompinit\n");
    put_bash(out);
    gb_str_puts(out, "[[ ${funcstack[1]} != _gumbel ]] ||\n"
                "    _bash_complete -o filenames -F _gumbel\n");
}

/* A text in single quotes, as fish reads it. */
static void
put_fish_text(gb_str *out, const char *text)
{
    gb_str_putc(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            gb_str_putc(out, '\\');
        gb_str_putc(out, *text);
    }
    gb_str_putc(out, '\'');
}

static void
put_fish_option(gb_str *out, const gb_option *o)
{
    const gb_command *const *c;

    gb_str_printf(out, "complete -c gumbel -l %s", o->name);
    if (o->letter != 0)
        gb_str_printf(out, " -s %c", o->letter);
    if (o->arg != NULL)
        gb_str_puts(out, takes_file(o) || is_model(o) ? " -r -F" : " -x");
    if (o->words != NULL)
        gb_str_printf(out, " -a '%s'", o->words);
    else if (is_model(o))
        gb_str_puts(out, " -a '(gumbel completion models)'");
    if ((o->commands & GB_FOR_ALL) != GB_FOR_ALL) {
        gb_str_puts(out, " -n '__fish_seen_subcommand_from");
        for (c = gb_commands; *c != NULL; c++)
            if (((*c)->self & o->commands) != 0)
                gb_str_printf(out, " %s", (*c)->name);
        gb_str_puts(out, (o->commands & GB_FOR_TUI) != 0
                             ? "; or __fish_use_subcommand'" : "'");
    }
    gb_str_puts(out, " -d ");
    put_fish_text(out, o->help);
    gb_str_putc(out, '\n');
}

/* What may stand behind a command. */
static void
put_fish_arguments(gb_str *out)
{
    static const char seen[] =
        "complete -c gumbel -n '__fish_seen_subcommand_from ";

    gb_str_printf(out, "%sreplay' -F\n", seen);
    gb_str_printf(out, "%sconvert info models' -a '(gumbel completion "
                  "models)'\n", seen);
    gb_str_printf(out, "%smodels' -a rm\n", seen);
    gb_str_printf(out, "%scompletion' -a 'bash zsh fish models'\n", seen);
    gb_str_printf(out, "%spull' -a '", seen);
    put_short_names(out);
    gb_str_puts(out, "'\n");
}

static void
put_fish(gb_str *out)
{
    const gb_command *const *c;
    const gb_option *o;

    gb_str_puts(out, "# fish completion of gumbel; made by: gumbel completion "
                "fish\ncomplete -c gumbel -f\n");
    for (c = gb_commands; *c != NULL; c++) {
        gb_str_printf(out, "complete -c gumbel -n __fish_use_subcommand -a %s "
                      "-d ", (*c)->name);
        put_fish_text(out, (*c)->summary);
        gb_str_putc(out, '\n');
    }
    put_fish_arguments(out);
    for (o = gb_option_table; o->name != NULL; o++)
        put_fish_option(out, o);
}

/* Only what means itself to every shell: bash expands the words that it is
 * given to complete, commands in them, too. */
static void
put_models(gb_str *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+@/";
    gb_installed_list list;
    const char *name;
    size_t i;

    gb_installed_read(&list);
    for (i = 0; i < list.len; i++) {
        name = list.data[i].name;
        if (name[strspn(name, plain)] == '\0')
            gb_str_printf(out, "%s\n", name);
    }
    gb_installed_free(&list);
}

static int
run(const gb_options *o, gb_error *err)
{
    static const struct {
        const char *name;
        void (*put)(gb_str *out);
    } kinds[] = {{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish},
                 {"models", put_models}};
    gb_str out = GB_STR_INIT;
    char shown[GB_JSON_SHOWN];
    bool ok = false;
    size_t i;

    for (i = 0; o->n_args > 0 && i < GB_COUNT(kinds); i++)
        if (strcmp(o->args[0], kinds[i].name) == 0) {
            kinds[i].put(&out);
            ok = true;
        }
    ok = ok ? gb_put_text(gb_str_cstr(&out), out.len, err)
            : gb_fail_usage(err, "expected bash, zsh, fish or models, found %s",
                            o->n_args > 0 ? gb_json_quote(o->args[0], shown)
                                          : "nothing");
    gb_str_free(&out);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_completion = {
    .name = "completion",
    .args = "SHELL",
    .summary = "Print what bash, zsh or fish needs to complete",
    .help =
        "SHELL is bash, zsh or fish. make install puts these where the shells "
        "look; elsewhere a shell can read them when it starts. With models, "
        "the names of the models are printed that are installed.",
    .example = "source <(gumbel completion bash)",
    .self = GB_FOR_COMPLETION,
    .max_args = 1,
    .run = run,
};
