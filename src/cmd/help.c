/* --help and --version, from the tables. */
#include <string.h>

#include "cmd/cmd.h"

enum { WIDTH = 79, INDENT = 30 };

/* Appends text in lines of at most WIDTH columns; the first begins at column
 * `at`, the others are indented by `indent`. */
static void
wrap(gb_str *out, const char *text, size_t at, size_t indent)
{
    size_t word, line = at;

    while (*text != '\0') {
        word = strcspn(text, " ");
        if (line > indent && line + 1 + word > WIDTH) {
            gb_str_printf(out, "\n%*s", (int)indent, "");
            line = indent;
        } else if (line > indent) {
            gb_str_putc(out, ' ');
            line++;
        }
        gb_str_append(out, text, word);
        line += word;
        text += word;
        text += strspn(text, " ");
    }
    gb_str_putc(out, '\n');
}

static void
add_option(gb_str *out, const gb_option *o)
{
    size_t start = out->len, n;

    if (o->letter != 0)
        gb_str_printf(out, "  -%c, --%s", o->letter, o->name);
    else
        gb_str_printf(out, "      --%s", o->name);
    if (o->arg != NULL)
        gb_str_printf(out, " %s", o->arg);
    n = out->len - start;
    if (n + 2 > INDENT) {
        gb_str_putc(out, '\n');
        n = 0;
    }
    gb_str_printf(out, "%*s", (int)(INDENT - n), "");
    wrap(out, o->help, INDENT, INDENT);
}

static void
add_options(gb_str *out, unsigned commands)
{
    const gb_option *o;

    gb_str_puts(out, "\nOptions:\n");
    for (o = gb_option_table; o->name != NULL; o++)
        if ((o->commands & commands) != 0)
            add_option(out, o);
}

static void
help_program(gb_str *out)
{
    const gb_command *const *p;

    gb_str_puts(out,
        "Usage: gumbel [OPTION...]                   the terminal interface\n"
        "       gumbel COMMAND [OPTION...] [ARGUMENT]\n"
        "\n"
        "Write text with a GPT-2 model on an OpenCL device.\n"
        "\n"
        "Commands:\n");
    for (p = gb_commands; *p != NULL; p++)
        gb_str_printf(out, "  %-9s %-12s %s\n", (*p)->name, (*p)->args,
                      (*p)->summary);
    add_options(out, GB_FOR_ALL);
    gb_str_puts(out,
        "\n"
        "gumbel COMMAND --help says which of them a command takes, and shows "
        "an example.\n"
        "Defaults can be set in $XDG_CONFIG_HOME/gumbel/config by lines "
        "NAME = VALUE with\n"
        "the names of the long options, and by $GUMBEL_MODEL and "
        "$GUMBEL_DEVICE.\n");
}

static void
help_command(gb_str *out, const gb_command *c)
{
    const char *p, *end;
    char line[1024];
    size_t n;

    gb_str_printf(out, "Usage: gumbel %s [OPTION...]%s%s\n\n%s.\n", c->name,
                  c->args[0] != '\0' ? " " : "", c->args, c->summary);
    for (p = c->help; *p != '\0'; p = *end != '\0' ? end + 1 : end) {
        end = p + strcspn(p, "\n");
        n = (size_t)(end - p);
        if (n >= sizeof line)
            n = sizeof line - 1;
        memcpy(line, p, n);
        line[n] = '\0';
        gb_str_putc(out, '\n');
        wrap(out, line, 0, 0);
    }
    add_options(out, c->self);
    gb_str_puts(out, "\nExample:\n");
    for (p = c->example; *p != '\0'; p = *end != '\0' ? end + 1 : end) {
        end = p + strcspn(p, "\n");
        gb_str_printf(out, "  %.*s\n", (int)(end - p), p);
    }
}

void
gb_help(gb_str *out, const gb_command *command)
{
    if (command == NULL)
        help_program(out);
    else
        help_command(out, command);
}

void
gb_version(gb_str *out)
{
    gb_str_puts(out, PACKAGE_STRING "\n"
                "License GPLv3+: GNU GPL version 3 or later "
                "<https://gnu.org/licenses/gpl.html>.\n"
                "This is free software: you are free to change and "
                "redistribute it.\n"
                "There is NO WARRANTY, to the extent permitted by law.\n");
}
