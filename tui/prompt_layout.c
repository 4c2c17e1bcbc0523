/* How the edit line is laid out: hard-wrapped rows around the cursor. Only
 * the lines near the cursor are looked at, so that a pasted megabyte costs
 * no more than what is visible. */
#include "tui/prompt.h"

#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"
#include "tui/wrap.h"

void
gb_prompt_view_free(gb_prompt_view *v)
{
    gb_str_free(&v->text);
    free(v->rows);
    memset(v, 0, sizeof *v);
}

static size_t
line_start(const gb_str *text, size_t at)
{
    while (at > 0 && text->data[at - 1] != '\n')
        at--;
    return at;
}

static size_t
line_end(const gb_str *text, size_t at)
{
    const char *end = at < text->len
                          ? memchr(text->data + at, '\n', text->len - at)
                          : NULL;

    return end != NULL ? (size_t)(end - text->data) : text->len;
}

typedef struct rows {
    gb_prompt_row *data;
    size_t len, capacity;
} rows;

static void
add_row(rows *r, size_t start, size_t end)
{
    if (r->len == r->capacity) {
        r->capacity = r->capacity > 0 ? r->capacity * 2 : 16;
        r->data = gb_realloc_array(r->data, r->capacity, sizeof *r->data);
    }
    r->data[r->len++] = (gb_prompt_row){' ', start, end};
}

/* Adds the rows of the line [start, end); stops `below` rows behind the row
 * that holds point. */
static void
add_line(rows *r, const gb_str *text, size_t start, size_t end, size_t point,
         unsigned width, size_t below, bool ascii)
{
    size_t at = start, next, behind = 0;

    do {
        next = gb_wrap_hard(text->data, end, at, width, ascii);
        add_row(r, at, next);
        if (at > point && ++behind > below)
            return;
        at = next;
    } while (at < end);
    /* A full last row: the cursor behind it stands on a new one. */
    if (point == end &&
        gb_cells_width(text->data + r->data[r->len - 1].start,
                       end - r->data[r->len - 1].start, ascii) >= width)
        add_row(r, end, end);
}

static size_t
row_with(const rows *r, size_t point)
{
    size_t i = r->len - 1;

    while (i > 0 && r->data[i].start > point)
        i--;
    return i;
}

void
gb_prompt_layout(gb_prompt_view *v, size_t point, unsigned width,
                 size_t max_rows, bool ascii)
{
    unsigned gutter = width > GB_PROMPT_GUTTER ? GB_PROMPT_GUTTER : 0;
    unsigned inner = width > gutter ? width - gutter : 1;
    const gb_str *text = &v->text;
    size_t start, end, k, cursor, first, count;
    rows r = {NULL, 0, 0};

    gb_str_reserve(&v->text, 0);
    if (max_rows == 0)
        max_rows = 1;
    start = line_start(text, point);
    for (k = 0; k < max_rows && start > 0; k++)
        start = line_start(text, start - 1);
    for (;;) {
        end = line_end(text, start);
        add_line(&r, text, start, end, point, inner, max_rows, ascii);
        if (end == text->len ||
            (start > point && r.len > row_with(&r, point) + max_rows))
            break;
        start = end + 1;
    }
    cursor = row_with(&r, point);
    count = r.len < max_rows ? r.len : max_rows;
    first = cursor > max_rows / 2 ? cursor - max_rows / 2 : 0;
    if (first + count > r.len)
        first = r.len - count;
    free(v->rows);
    v->rows = gb_alloc_array(count, sizeof *v->rows);
    v->n_rows = count;
    memcpy(v->rows, r.data + first, count * sizeof *v->rows);
    v->cursor_row = cursor - first;
    v->cursor_column =
        gutter + gb_cells_width(text->data + r.data[cursor].start,
                                point - r.data[cursor].start, ascii);
    if (v->rows[0].start == 0)
        v->rows[0].gutter = '>';
    else
        v->rows[0].gutter = '^';
    if (count > 1 && v->rows[count - 1].end < text->len)
        v->rows[count - 1].gutter = 'v';
    free(r.data);
}
