#include "tui/view_find.h"

#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "base/mem.h"
#include "base/utf8.h"

/* In very long paragraphs matches are counted from this far before the part
 * that is looked at, not from the start. */
#define FAR ((size_t)1 << 16)

static uint32_t
folded(const gb_find *f, uint32_t r)
{
    if (f->exact_case)
        return r;
    if (r < 0x80)
        return r >= 'A' && r <= 'Z' ? r + ('a' - 'A') : r;
    return (uint32_t)towlower((wint_t)r);
}

void
gb_find_free(gb_find *f)
{
    free(f->wanted);
    memset(f, 0, sizeof *f);
}

bool
gb_find_set(gb_find *f, const char *text, size_t n)
{
    size_t length;
    uint32_t r;
    bool valid;

    gb_find_free(f);
    if (n == 0)
        return false;
    f->wanted = gb_alloc_array(n, sizeof *f->wanted);
    while (n > 0) {
        length = gb_utf8_next(text, n, &r, &valid);
        if (length == 0)
            length = n;
        if (r != folded(f, r))
            f->exact_case = true;
        f->wanted[f->n_wanted++] = r;
        text += length;
        n -= length;
    }
    return true;
}

bool
gb_find_is_set(const gb_find *f)
{
    return f->n_wanted > 0;
}

/* The length of what stands for the end of a text at the start of s. */
static size_t
end_mark(const char *s, size_t n)
{
    size_t length = strlen(GB_VIEW_END);

    return n >= length && memcmp(s, GB_VIEW_END, length) == 0 ? length : 0;
}

/* The length in bytes of the match at the start of s, 0 for none. */
static size_t
match_here(const gb_find *f, const char *s, size_t n)
{
    size_t at = 0, length, i;
    uint32_t r;
    bool valid;

    for (i = 0; i < f->n_wanted; i++) {
        if (i > 0)
            at += end_mark(s + at, n - at);
        if (at == n)
            return 0;
        length = gb_utf8_next(s + at, n - at, &r, &valid);
        if (folded(f, r) != f->wanted[i])
            return 0;
        at += length > 0 ? length : n - at;
    }
    return at;
}

/* The next match at or behind `at`; returns its start, n for none. */
static size_t
next_match(const gb_find *f, const char *s, size_t n, size_t at, size_t *end)
{
    uint32_t first = f->wanted[0];
    size_t length;

    for (; at < n; at++) {
        /* Most places are ruled out by their first byte. */
        if (first < 0x80 && folded(f, (unsigned char)s[at]) != first)
            continue;
        if (((unsigned char)s[at] & 0xc0) == 0x80)
            continue;
        length = match_here(f, s + at, n - at);
        if (length > 0) {
            *end = at + length;
            return at;
        }
    }
    return n;
}

static void
add_span(gb_spans *spans, size_t start, size_t end)
{
    if (spans->len == spans->capacity) {
        spans->capacity = spans->capacity > 0 ? spans->capacity * 2 : 8;
        spans->data = gb_realloc_array(spans->data, spans->capacity,
                                       sizeof *spans->data);
    }
    spans->data[spans->len++] = (gb_span){start, end};
}

void
gb_find_spans(const gb_find *f, const char *text, size_t n, size_t from,
              size_t to, gb_spans *spans)
{
    size_t at = from > FAR ? from - FAR : 0, end;

    spans->len = 0;
    if (f->n_wanted == 0 || n == 0)
        return;
    while ((at = next_match(f, text, n, at, &end)) < to && at < n) {
        if (end > from)
            add_span(spans, at, end);
        at = end;
    }
}

/* The last match in s that begins before `before`. */
static bool
last_match(const gb_find *f, const char *s, size_t n, size_t before,
           size_t *start)
{
    size_t at = 0, end;
    bool any = false;

    while (n > 0 && (at = next_match(f, s, n, at, &end)) < n && at < before) {
        *start = at;
        any = true;
        at = end;
    }
    return any;
}

static bool
first_match(const gb_find *f, const char *s, size_t n, size_t from,
            size_t *start)
{
    size_t at = 0, end;

    while (n > 0 && (at = next_match(f, s, n, at, &end)) < n) {
        if (at >= from) {
            *start = at;
            return true;
        }
        at = end;
    }
    return false;
}

bool
gb_find_nearest(const gb_find *f, const gb_paragraphs *ps, gb_view_pos from,
                bool backwards, gb_view_pos *found)
{
    size_t i, k;
    const gb_str *text;
    bool ok;

    /* The paragraph of `from` comes first and, for its other side, last. */
    for (k = 0; k <= ps->len; k++) {
        i = (backwards ? from.paragraph + ps->len - k % ps->len
                       : from.paragraph + k) %
            ps->len;
        text = &ps->data[i].text;
        if (backwards)
            ok = last_match(f, text->data, text->len,
                            k == 0 ? from.offset : SIZE_MAX, &found->offset);
        else
            ok = first_match(f, text->data, text->len,
                             k == 0 ? from.offset : 0, &found->offset);
        if (ok) {
            found->paragraph = i;
            return true;
        }
    }
    return false;
}

size_t
gb_find_count(const gb_find *f, const gb_paragraphs *ps, size_t limit,
              size_t *index)
{
    size_t i, at, end, count = 0;
    const gb_str *text;

    *index = 0;
    for (i = 0; f->n_wanted > 0 && i < ps->len; i++) {
        text = &ps->data[i].text;
        for (at = 0; text->len > 0 && (at = next_match(f, text->data,
                                                        text->len, at, &end)) <
                                          text->len;
             at = end) {
            if (count == limit)
                return count;
            count++;
            if (f->has_current && f->current.paragraph == i &&
                f->current.offset == at)
                *index = count;
        }
    }
    return count;
}

void
gb_find_truncated(gb_find *f, gb_view_pos end)
{
    if (f->has_current &&
        (f->current.paragraph > end.paragraph ||
         (f->current.paragraph == end.paragraph &&
          f->current.offset >= end.offset)))
        f->has_current = false;
}
