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

/* The rest of the line that begins with a word, and the line after it; NULL:
 * it is none of these. */
static const char *
line_of(const char **text, const char *word, size_t *n)
{
    size_t length = strlen(word);
    const char *line = *text + length, *end;

    if (strncmp(*text, word, length) != 0)
        return NULL;
    end = strchr(line, '\n');
    if (end == NULL)
        return NULL;
    *n = (size_t)(end - line);
    *text = end + 1;
    return line;
}

static bool
read_both(gb_compared *c, const char **text, const char *word,
          const char *other)
{
    gb_str a = GB_STR_INIT, b = GB_STR_INIT;
    size_t n, m;
    const char *first = line_of(text, word, &n);
    const char *second = first != NULL ? line_of(text, other, &m) : NULL;
    bool ok;

    ok = second != NULL && read_line(&c->first, first, n, &a) &&
         read_line(&c->second, second, m, &b) &&
         strcmp(gb_str_cstr(&a), gb_str_cstr(&b)) == 0;
    gb_str_free(&a);
    gb_str_free(&b);
    return ok;
}

bool
gb_compare_read(gb_compared *c, const char *text)
{
    const char *head = text, *back, *end;
    size_t n = 0;

    *c = (gb_compared){.what_if = strncmp(text, "was ", 4) == 0};
    if (!c->what_if && line_of(&text, "", &n) == NULL)
        return false;
    if (!(c->what_if ? read_both(c, &text, "was ", "now ")
                     : read_both(c, &text, "first  ", "second "))) {
        gb_compare_free(c);
        return false;
    }
    c->head = gb_strndup(head, n);
    /* The page has a key for the command that goes back. */
    c->summary = gb_strndup(text, strcspn(text, ";\n"));
    back = strstr(text, "; /");
    end = back != NULL ? strstr(back, " goes back") : NULL;
    c->back = end != NULL ? gb_strndup(back + 2, (size_t)(end - back - 2))
                          : gb_strdup("");
    return true;
}

void
gb_compare_free(gb_compared *c)
{
    gb_flow_free(&c->first);
    gb_flow_free(&c->second);
    free(c->head);
    free(c->summary);
    free(c->back);
    *c = (gb_compared){.head = NULL};
}
