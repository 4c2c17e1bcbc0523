#include "tui/compare_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Adds a line without its brackets, and to `same` what is not in them,
 * without spaces. False: they are not in pairs. */
static bool
read_line(gb_flow *f, const char *line, size_t n, gb_str *same)
{
    const char *end = line + n, *stop;
    bool marked = false;
    size_t i;

    line += strspn(line, " ");
    while (line < end) {
        stop = memchr(line, marked ? ']' : '[', (size_t)(end - line));
        if (stop == NULL && marked)
            return false;
        stop = stop != NULL ? stop : end;
        gb_flow_add(f, marked ? GB_STYLE_TOKEN : GB_STYLE_MODEL, line,
                    (size_t)(stop - line));
        for (i = 0; !marked && line + i < stop; i++)
            if (line[i] != ' ')
                gb_str_putc(same, line[i]);
        marked = !marked;
        line = stop + 1;
    }
    return true;
}

static bool
read_both(gb_compared *c, const char *was, const char *now, const char *end)
{
    gb_str a = GB_STR_INIT, b = GB_STR_INIT;
    bool ok;

    ok = read_line(&c->was, was, (size_t)(now - strlen("\nnow ") - was),
                   &a) &&
         read_line(&c->now, now, (size_t)(end - now), &b) &&
         strcmp(gb_str_cstr(&a), gb_str_cstr(&b)) == 0;
    gb_str_free(&a);
    gb_str_free(&b);
    return ok;
}

bool
gb_compare_read(gb_compared *c, const char *text)
{
    const char *now = strstr(text, "\nnow "), *end;

    *c = (gb_compared){.summary = NULL};
    if (strncmp(text, "was ", 4) != 0 || now == NULL)
        return false;
    now += strlen("\nnow ");
    end = strchr(now, '\n');
    if (end == NULL || !read_both(c, text + 4, now, end)) {
        gb_compare_free(c);
        return false;
    }
    c->summary = gb_strdup(end + 1);
    return true;
}

void
gb_compare_free(gb_compared *c)
{
    gb_flow_free(&c->was);
    gb_flow_free(&c->now);
    free(c->summary);
    c->summary = NULL;
}
