#include "tui/view_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/wrap.h"

static bool
is_block(gb_text_kind kind)
{
    return kind == GB_TEXT_MARK || kind == GB_TEXT_SYSTEM ||
           kind == GB_TEXT_ERROR;
}

/* Below a line end, or else below or above a block. */
static gb_paragraph *
add_paragraph(gb_paragraphs *ps, bool line_end)
{
    const gb_paragraph *above = ps->len > 0 ? &ps->data[ps->len - 1] : NULL;
    size_t before = 0;

    if (above != NULL)
        before = above->before + (above->block ? 0 : above->text.len) +
                 (line_end && !above->block ? 1 : 0);
    if (ps->len == ps->capacity) {
        ps->capacity = ps->capacity > 0 ? ps->capacity * 2 : 16;
        ps->data =
            gb_realloc_array(ps->data, ps->capacity, sizeof *ps->data);
    }
    memset(&ps->data[ps->len], 0, sizeof *ps->data);
    ps->data[ps->len].before = before;
    return &ps->data[ps->len++];
}

static void
free_paragraph(gb_paragraph *p)
{
    gb_str_free(&p->text);
    free(p->runs);
    free(p->starts);
}

void
gb_paragraphs_init(gb_paragraphs *ps, bool ascii)
{
    memset(ps, 0, sizeof *ps);
    ps->ascii = ascii;
    add_paragraph(ps, false);
}

void
gb_paragraphs_free(gb_paragraphs *ps)
{
    size_t i;

    for (i = 0; i < ps->len; i++)
        free_paragraph(&ps->data[i]);
    free(ps->data);
}

static void
add_run(gb_paragraph *p, gb_text_kind kind)
{
    gb_text_run *last = p->n_runs > 0 ? &p->runs[p->n_runs - 1] : NULL;

    if (last != NULL && last->kind == kind)
        return;
    if (last != NULL && last->offset == p->text.len) {
        last->kind = kind;
        return;
    }
    /* Grown at powers of two. */
    if ((p->n_runs & (p->n_runs - 1)) == 0)
        p->runs = gb_realloc_array(p->runs,
                                   p->n_runs > 0 ? p->n_runs * 2 : 1,
                                   sizeof *p->runs);
    p->runs[p->n_runs++] = (gb_text_run){p->text.len, kind};
}

void
gb_paragraphs_append(gb_paragraphs *ps, gb_text_kind kind, const char *text,
                     size_t n)
{
    gb_paragraph *p = &ps->data[ps->len - 1];
    bool block = is_block(kind);
    const char *end;
    size_t length;

    if (n == 0)
        return;
    /* A mark takes an empty paragraph over; text never goes on behind one,
     * nor does a mark behind another. */
    if (block ? p->block || p->text.len > 0 : p->block)
        p = add_paragraph(ps, false);
    for (;;) {
        p->block = block;
        end = memchr(text, '\n', n);
        length = end != NULL ? (size_t)(end - text) : n;
        if (length > 0) {
            add_run(p, kind);
            gb_str_append(&p->text, text, length);
        }
        if (end == NULL)
            return;
        text += length + 1;
        n -= length + 1;
        if (n == 0 && block)
            return;
        p = add_paragraph(ps, true);
        if (n == 0)
            return;
    }
}

void
gb_paragraphs_truncate(gb_paragraphs *ps, gb_view_pos pos)
{
    gb_paragraph *p;

    if (pos.paragraph >= ps->len)
        return;
    while (ps->len > pos.paragraph + 1)
        free_paragraph(&ps->data[--ps->len]);
    p = &ps->data[pos.paragraph];
    if (pos.offset == 0)
        p->block = false;
    if (pos.offset >= p->text.len)
        return;
    p->text.len = pos.offset;
    p->text.data[pos.offset] = '\0';
    while (p->n_runs > 0 && p->runs[p->n_runs - 1].offset >= pos.offset)
        p->n_runs--;
    p->width = 0;
}

static void
add_start(gb_paragraph *p, size_t start)
{
    if (p->n_lines > p->lines_capacity) {
        p->lines_capacity = p->lines_capacity > 0 ? p->lines_capacity * 2 : 4;
        p->starts =
            gb_realloc_array(p->starts, p->lines_capacity, sizeof *p->starts);
    }
    p->starts[p->n_lines - 1] = start;
    p->n_lines++;
}

size_t
gb_paragraph_lines(gb_paragraphs *ps, size_t i, unsigned width)
{
    gb_paragraph *p = &ps->data[i];
    size_t start;

    if (p->width == width && p->laid_out == p->text.len)
        return p->n_lines;
    if (p->width != width) {
        p->n_lines = 1;
        ps->layouts++;
    } else {
        /* Text added at the end changes no line but the last few. */
        p->n_lines = p->n_lines > 2 ? p->n_lines - 2 : 1;
    }
    start = gb_paragraph_start(p, p->n_lines - 1);
    for (;;) {
        start = gb_wrap(p->text.data, p->text.len, start, width, ps->ascii);
        if (start >= p->text.len)
            break;
        add_start(p, start);
    }
    p->width = width;
    p->laid_out = p->text.len;
    return p->n_lines;
}

size_t
gb_paragraph_start(const gb_paragraph *p, size_t line)
{
    return line == 0 ? 0 : p->starts[line - 1];
}

size_t
gb_paragraph_line_at(const gb_paragraph *p, size_t offset)
{
    size_t low = 0, high = p->n_lines, middle;

    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (gb_paragraph_start(p, middle) <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

gb_text_kind
gb_paragraph_kind(const gb_paragraph *p, size_t offset)
{
    size_t low = 0, high = p->n_runs, middle;

    if (p->n_runs == 0)
        return GB_TEXT_MODEL;
    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (p->runs[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return p->runs[low].kind;
}
