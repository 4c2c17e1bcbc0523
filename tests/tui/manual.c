/* Is the manual page's part on the interface what the table of commands and
 * keys says? With an argument, prints what it should be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "tui/commands.h"

#define BEGIN ".\\\" from tui/commands.def\n"
#define END ".\\\" end of commands.def\n"

/* Text as roff takes it. */
static void
put(gb_str *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '-')
            gb_str_puts(out, "\\-");
        else if (*text == '\\')
            gb_str_puts(out, "\\e");
        else if (*text == '"')
            gb_str_puts(out, "\\(dq");
        else
            gb_str_putc(out, *text);
    }
}

static void
print_keys(gb_str *out, const gb_ui_key *k)
{
    for (; k->key != NULL; k++) {
        gb_str_puts(out, ".TP\n.B \"");
        gb_ui_key_spell(out, k->key);
        gb_str_puts(out, "\"\n");
        put(out, k->help);
        gb_str_putc(out, '\n');
    }
}

static void
print_page_keys(gb_str *out, gb_page_mode mode)
{
    const gb_ui_page_key *k;
    bool any = false;

    for (k = gb_ui_page_keys; k->key != NULL; k++) {
        if (k->page != mode)
            continue;
        if (!any)
            gb_str_printf(out, ".SS %s\n", gb_ui_page_name(mode));
        any = true;
        gb_str_puts(out, ".TP\n.B \"");
        gb_ui_key_spell(out, k->key);
        gb_str_puts(out, "\"\n");
        put(out, k->help);
        gb_str_putc(out, '\n');
    }
}

static void
print_all(gb_str *out)
{
    const gb_ui_command *c;
    int mode;

    gb_str_puts(out, BEGIN ".SS Commands\n");
    for (c = gb_ui_commands; c->name != NULL; c++) {
        gb_str_puts(out, ".TP\n.BR /");
        put(out, c->name);
        if (c->args[0] != '\0') {
            gb_str_puts(out, " \" \" \\fI");
            put(out, c->args);
            gb_str_puts(out, "\\fR");
        }
        gb_str_putc(out, '\n');
        put(out, c->help);
        gb_str_putc(out, '\n');
    }
    gb_str_puts(out, ".SS Keys\n");
    print_keys(out, gb_ui_keys);
    gb_str_puts(out, ".SS " GB_READING_TITLE "\n");
    print_keys(out, gb_ui_reading_keys);
    for (mode = 0; mode < GB_N_PAGE_MODES; mode++)
        print_page_keys(out, (gb_page_mode)mode);
    gb_str_puts(out, END);
}

static int
check(const char *path, const gb_str *wanted)
{
    gb_error err = GB_ERROR_INIT;
    gb_str page = GB_STR_INIT;
    bool same;

    if (!gb_file_read(path, (size_t)1 << 20, &page, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    same = strstr(gb_str_cstr(&page), gb_str_cstr(wanted)) != NULL;
    gb_str_free(&page);
    printf("1..1\n%sok 1 - the manual page lists the interface's commands\n",
           same ? "" : "not ");
    if (!same)
        printf("# put the output of tests/tui/manual into %s\n", path);
    return !same;
}

int
main(int argc, char **argv)
{
    gb_str out = GB_STR_INIT;
    const char *source = getenv("abs_top_srcdir");
    char *path;
    int status = 0;

    (void)argv;
    print_all(&out);
    if (argc > 1 || source == NULL) {
        fputs(gb_str_cstr(&out), stdout);
    } else {
        path = gb_path_join(source, "doc/gumbel.1");
        status = check(path, &out);
        free(path);
    }
    gb_str_free(&out);
    return status;
}
