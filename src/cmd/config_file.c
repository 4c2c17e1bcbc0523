#include "cmd/config_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/text.h"

#define LIMIT (1 << 20) /* bytes; nobody writes that much by hand */

char *
gb_config_file_path(void)
{
    char *folder = gb_xdg("XDG_CONFIG_HOME", ".config");
    char *path = folder != NULL ? gb_path_join(folder, "config") : NULL;

    free(folder);
    return path;
}

/* Cuts white space off both ends of s, in place. */
static char *
trim(char *s)
{
    static const char space[] = " \t\v\f";
    size_t n;

    s += strspn(s, space);
    n = strlen(s);
    while (n > 0 && strchr(space, s[n - 1]) != NULL)
        n--;
    s[n] = '\0';
    return s;
}

/* Turns "a\n" with its quotes into what it stands for, in place. Returns
 * false when the quotes do not end with the line or a \ is followed by
 * anything but n, t, " or \. */
static bool
unquote(char *s)
{
    static const char from[] = "nt\"\\", to[] = "\n\t\"\\";
    const char *p = s + 1, *at;
    char *out = s;

    while (*p != '"') {
        if (*p == '\\') {
            p++;
            at = *p != '\0' ? strchr(from, *p) : NULL;
            if (at == NULL)
                return false;
            *out++ = to[at - from];
            p++;
        } else if (*p == '\0') {
            return false;
        } else {
            *out++ = *p++;
        }
    }
    *out = '\0';
    return p[1] == '\0';
}

static bool
unknown_name(const char *name, gb_error *err)
{
    const char *names[64], *near;
    const gb_option *p;
    char shown[GB_JSON_SHOWN];
    size_t n = 0;

    for (p = gb_option_table; p->name != NULL && n < GB_COUNT(names); p++)
        if (!p->once)
            names[n++] = p->name;
    near = gb_nearest(name, names, n);
    gb_json_quote(name, shown);
    if (near != NULL)
        return gb_fail_usage(err, "unknown name %s; did you mean \"%s\"?",
                             shown, near);
    return gb_fail_usage(err, "unknown name %s", shown);
}

/* Sets what one line says; changes the line. */
static bool
use_line(char *line, gb_options *o, gb_error *err)
{
    const gb_option *option;
    char *name, *value, *equals, shown[GB_JSON_SHOWN];

    name = trim(line);
    if (name[0] == '\0' || name[0] == '#')
        return true;
    equals = strchr(name, '=');
    if (equals == NULL)
        return gb_fail_usage(err, "expected name = value, found %s",
                             gb_json_quote(name, shown));
    *equals = '\0';
    name = trim(name);
    value = trim(equals + 1);
    option = gb_option_find(name);
    if (option == NULL)
        return unknown_name(name, err);
    if (option->once)
        return gb_fail_usage(err, "%s is for the command line only", name);
    if (value[0] == '"' && !unquote(value))
        return gb_fail_usage(err, "%s: expected the closing quote at the end "
                             "of the line, and \\n, \\t, \\\" or \\\\ where "
                             "there is a backslash", name);
    return gb_options_set(o, option, value, err);
}

static void
use_lines(gb_lines *l, gb_options *o, gb_str *complaints)
{
    gb_error err = GB_ERROR_INIT;
    gb_line what;
    char *line;
    size_t n;

    while ((what = gb_lines_next(l, &line, &n, &err)) != GB_LINE_END) {
        if (what == GB_LINE && use_line(line, o, &err))
            continue;
        if (what == GB_LINE)
            gb_fail_context(&err, "%s:%lu", l->name, l->number);
        gb_str_printf(complaints, "%s\n", err.text);
    }
}

void
gb_config_file_read(const char *path, gb_options *o, gb_str *complaints)
{
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    gb_lines lines = {.name = path, .limit = LIMIT};

    if (access(path, F_OK) != 0)
        return;
    if (gb_file_read(path, LIMIT, &text, &err)) {
        gb_lines_push(&lines, gb_str_cstr(&text), text.len);
        gb_lines_end(&lines);
        use_lines(&lines, o, complaints);
    } else {
        gb_str_printf(complaints, "%s\n", err.text);
    }
    gb_lines_free(&lines);
    gb_str_free(&text);
}
