/* The command line, by getopt_long from the table of options. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cmd/cmd.h"
#include "cmd/config_file.h"
#include "cmd/options.h"

enum { MAX_OPTIONS = 64, LONG_ONLY = 256 };

/* One option as it was given. */
typedef struct given {
    const gb_option *option;
    const char *value; /* NULL: none */
} given;

typedef struct parsed {
    given *given;
    size_t n_given;
    struct option longs[MAX_OPTIONS + 1];
    char shorts[2 * MAX_OPTIONS + 3];
} parsed;

/* Makes what getopt_long wants. A leading '-' hands over arguments in order,
 * a ':' tells a missing value from an unknown option. */
static void
make_getopt_tables(parsed *p)
{
    const gb_option *o;
    char *s = p->shorts;
    size_t i;

    *s++ = '-';
    *s++ = ':';
    for (i = 0; i < MAX_OPTIONS && gb_option_table[i].name != NULL; i++) {
        o = &gb_option_table[i];
        p->longs[i] = (struct option){
            .name = o->name,
            .has_arg = o->arg != NULL ? required_argument : optional_argument,
            .val = LONG_ONLY + (int)i,
        };
        if (o->letter != 0) {
            *s++ = o->letter;
            if (o->arg != NULL)
                *s++ = ':';
        }
    }
    *s = '\0';
}

static const gb_option *
option_of(int c)
{
    const gb_option *p;

    if (c >= LONG_ONLY)
        return &gb_option_table[c - LONG_ONLY];
    for (p = gb_option_table; p->name != NULL; p++)
        if (p->letter == c && c != 0)
            return p;
    return NULL;
}

/* Says what is wrong with an option that getopt_long did not take. */
static bool
unknown_option(const char *word, int letter, gb_error *err)
{
    const char *names[MAX_OPTIONS], *near;
    char *name;
    size_t n;

    if (strncmp(word, "--", 2) != 0)
        return gb_fail_usage(err, "unknown option -%c (after --, what begins "
                             "with a dash is text)", letter);
    for (n = 0; gb_option_table[n].name != NULL; n++)
        names[n] = gb_option_table[n].name;
    name = gb_strndup(word + 2, strcspn(word + 2, "="));
    near = gb_nearest(name, names, n);
    if (near != NULL)
        gb_fail_usage(err, "unknown option --%.60s; did you mean --%s?", name,
                      near);
    else
        gb_fail_usage(err, "unknown option --%.60s", name);
    free(name);
    return false;
}

static bool
missing_value(int c, gb_error *err)
{
    const gb_option *o = option_of(c);

    if (o == NULL)
        return gb_fail_usage(err, "an option lacks its value");
    return gb_fail_usage(err, "option --%s needs a value: --%s %s", o->name,
                         o->name, o->arg);
}

static void
add_arg(gb_options *o, const char *arg)
{
    if (o->command == NULL)
        o->command = arg;
    else
        o->args[o->n_args++] = arg;
}

/* Sorts the words of the command line. */
static bool
split(gb_options *o, parsed *p, int argc, char **argv, gb_error *err)
{
    int c, at;

    make_getopt_tables(p);
    optind = 0;
    opterr = 0;
    for (;;) {
        at = optind > 0 ? optind : 1;
        c = getopt_long(argc, argv, p->shorts, p->longs, NULL);
        if (c == -1)
            break;
        if (c == 1)
            add_arg(o, optarg);
        else if (c == ':')
            return missing_value(optopt, err);
        else if (c == '?')
            return unknown_option(argv[at], optopt, err);
        else
            p->given[p->n_given++] = (given){option_of(c), optarg};
    }
    while (optind < argc)
        add_arg(o, argv[optind++]);
    return true;
}

static bool
is_given(const parsed *p, const char *name)
{
    size_t i;

    for (i = 0; i < p->n_given; i++)
        if (strcmp(p->given[i].option->name, name) == 0)
            return true;
    return false;
}

/* Refuses an option that the command does not take. */
static bool
check_taken(const parsed *p, const gb_command *command, gb_error *err)
{
    unsigned self = command != NULL ? command->self : GB_FOR_TUI;
    const gb_option *o;
    size_t i;

    for (i = 0; i < p->n_given; i++) {
        o = p->given[i].option;
        if ((o->commands & self) == 0)
            return gb_fail_usage(err, "gumbel%s%s takes no option --%s",
                                 command != NULL ? " " : "",
                                 command != NULL ? command->name : "",
                                 o->name);
    }
    return true;
}

static bool
check_args(const gb_options *o, const gb_command *command, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    if (o->n_args <= command->max_args)
        return true;
    if (command->max_args == 0)
        return gb_fail_usage(err, "gumbel %s takes no arguments, found "
                             "%s", command->name,
                             gb_json_quote(o->args[0], shown));
    return gb_fail_usage(err, "gumbel %s takes %zu argument, found %zu; text "
                         "of several words needs quotes", command->name,
                         command->max_args, o->n_args);
}

static bool
from_environment(gb_options *o, gb_error *err)
{
    const gb_option *p;
    const char *value;

    for (p = gb_option_table; p->name != NULL; p++) {
        value = p->variable != NULL ? getenv(p->variable) : NULL;
        if (value == NULL || value[0] == '\0')
            continue;
        if (!gb_options_set(o, p, value, err))
            return gb_fail_context(err, "$%s", p->variable);
    }
    return true;
}

static bool
from_command_line(gb_options *o, const parsed *p, gb_error *err)
{
    size_t i;

    if (is_given(p, "stop"))
        o->settings.stop = gb_intern("");
    if (is_given(p, "bias"))
        o->settings.bias = gb_intern("");
    for (i = 0; i < p->n_given; i++)
        if (!gb_options_set(o, p->given[i].option, p->given[i].value, err))
            return false;
    return true;
}

static bool
read_all(gb_options *o, parsed *p, int argc, char **argv, gb_error *err)
{
    const gb_command *command = NULL;
    char *path;

    if (!split(o, p, argc, argv, err))
        return false;
    if (o->command != NULL) {
        command = gb_command_find(o->command);
        if (command == NULL)
            return gb_command_unknown(o->command, err);
    }
    o->help = is_given(p, "help");
    o->version = is_given(p, "version");
    if (o->help || o->version)
        return true;
    if (!check_taken(p, command, err) ||
        (command != NULL && !check_args(o, command, err)))
        return false;
    if (command == NULL)
        o->settings.max_new_tokens = GB_TUI_TOKENS;
    path = gb_config_file_path();
    if (path != NULL)
        gb_config_file_read(path, o, &o->complaints);
    free(path);
    o->n_dtypes = 0; /* a list on the command line is all of it */
    o->drafts = false;
    return from_environment(o, err) && from_command_line(o, p, err);
}

/* At least as many as there can be options: "-gV" is two in one word. */
static size_t
count_letters(int argc, char **argv)
{
    size_t n = 1;
    int i;

    for (i = 1; i < argc; i++)
        n += strlen(argv[i]);
    return n;
}

bool
gb_options_read(gb_options *o, int argc, char **argv, gb_error *err)
{
    parsed p = {.n_given = 0};
    bool ok;

    *o = (gb_options){.complaints = GB_STR_INIT, .from = 0.5, .to = 1.2,
                      .max_texts = 1000, .takes = 1, .rounds = 3};
    gb_settings_init(&o->settings);
    o->args = gb_alloc_array((size_t)argc + 1, sizeof *o->args);
    p.given = gb_alloc_array(count_letters(argc, argv), sizeof *p.given);
    ok = read_all(o, &p, argc, argv, err);
    free(p.given);
    return ok;
}
