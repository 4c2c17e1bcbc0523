#include "base/text.h"

#include <string.h>

#include "base/file.h"

static const char mark[] = "\xef\xbb\xbf"; /* U+FEFF in UTF-8 */

/* Kept of a line that is too long at either end, so that it can be seen what
 * it was. */
#define KEPT ((size_t)2048)

/* Its byte order mark, or letters with a zero byte before or behind each. */
static bool
is_utf16(const char *s, size_t n)
{
    size_t i, zeros[2] = {0, 0};

    if (n >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 ||
                   memcmp(s, "\xfe\xff", 2) == 0))
        return true;
    n = n < 128 ? n : 128;
    for (i = 0; i < n; i++)
        zeros[i % 2] += s[i] == '\0';
    return n >= 8 && ((zeros[0] == 0 && zeros[1] == n / 2) ||
                      (zeros[1] == 0 && zeros[0] == n - n / 2));
}

static bool
refuse_utf16(const char *name, gb_error *err)
{
    return gb_fail(err, "%s: expected text in UTF-8, found UTF-16", name);
}

bool
gb_text_begin(gb_str *text, const char *name, gb_error *err)
{
    const char *s = gb_str_cstr(text);

    if (is_utf16(s, text->len))
        return refuse_utf16(name, err);
    if (text->len >= 3 && memcmp(s, mark, 3) == 0)
        gb_str_drop(text, 3);
    return true;
}

/* Turns \r\n into \n. */
static void
end_lines(gb_str *text)
{
    char *to = text->data;
    size_t i;

    for (i = 0; i < text->len; i++)
        if (text->data[i] != '\r' || i + 1 == text->len ||
            text->data[i + 1] != '\n')
            *to++ = text->data[i];
    if (text->data != NULL)
        text->data[text->len = (size_t)(to - text->data)] = '\0';
}

bool
gb_text_read(const char *path, size_t limit, gb_str *out, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    bool ok = gb_file_read(path, limit, &text, err) &&
              gb_text_begin(&text, path, err);

    if (ok) {
        end_lines(&text);
        gb_str_append(out, gb_str_cstr(&text), text.len);
    }
    gb_str_free(&text);
    return ok;
}

void
gb_lines_free(gb_lines *l)
{
    gb_str_free(&l->bytes);
}

void
gb_lines_push(gb_lines *l, const void *bytes, size_t n)
{
    if (l->ended)
        return;
    gb_str_drop(&l->bytes, l->taken);
    l->searched -= l->taken;
    l->taken = 0;
    gb_str_append(&l->bytes, bytes, n);
}

void
gb_lines_end(gb_lines *l)
{
    l->ended = true;
}

/* Drops the middle of an unfinished line that is too long. */
static void
shorten(gb_lines *l)
{
    size_t n = l->bytes.len - l->taken;
    char *line;

    if (n <= l->limit)
        return;
    line = l->bytes.data + l->taken;
    l->too_long = true;
    if (n > 2 * KEPT) {
        memmove(line + KEPT, line + n - KEPT, KEPT + 1);
        l->bytes.len = l->taken + 2 * KEPT;
    }
    l->searched = l->bytes.len;
}

/* The end of the line that begins at `taken`, NULL when it is not there. */
static char *
find_end(gb_lines *l)
{
    char *s = l->bytes.data;
    char *end = l->searched < l->bytes.len
                    ? memchr(s + l->searched, '\n',
                             l->bytes.len - l->searched)
                    : NULL;

    if (end != NULL)
        return end;
    l->searched = l->bytes.len;
    if (l->ended && l->taken < l->bytes.len)
        return s + l->bytes.len;
    shorten(l);
    return NULL;
}

/* Looks at what came first: skips the mark; false when it is UTF-16. */
static bool
begin(gb_lines *l, gb_error *err)
{
    const char *s = l->bytes.data;

    l->begun = true;
    if (l->too_long)
        return true;
    if (is_utf16(s, l->bytes.len)) {
        gb_str_clear(&l->bytes);
        l->searched = 0;
        l->ended = true;
        return refuse_utf16(l->name, err);
    }
    if (l->bytes.len >= 3 && memcmp(s, mark, 3) == 0)
        l->taken = 3;
    return true;
}

/* Is the line fit to be used? */
static bool
check(gb_lines *l, const char *line, size_t n, gb_error *err)
{
    bool too_long = l->too_long || n > l->limit;

    l->too_long = false;
    if (too_long)
        return gb_fail(err, "%s:%lu: a line of more than %zu bytes", l->name,
                       l->number, l->limit);
    if (memchr(line, '\0', n) != NULL)
        return gb_fail(err, "%s:%lu: expected text, found a NUL byte",
                       l->name, l->number);
    return true;
}

gb_line
gb_lines_next(gb_lines *l, char **line, size_t *n, gb_error *err)
{
    char *end = find_end(l);

    *line = NULL;
    *n = 0;
    if (end == NULL)
        return l->ended ? GB_LINE_END : GB_LINE_MORE;
    if (!l->begun && !begin(l, err))
        return GB_LINE_BAD;
    l->number++;
    *line = l->bytes.data + l->taken;
    *n = (size_t)(end - *line);
    l->taken += *n + (*end == '\n');
    l->searched = l->taken;
    if (*n > 0 && end[-1] == '\r')
        --*n;
    (*line)[*n] = '\0';
    return check(l, *line, *n, err) ? GB_LINE : GB_LINE_BAD;
}
