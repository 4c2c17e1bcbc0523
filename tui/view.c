#include "tui/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/view_inside.h"

gb_view *
gb_view_new(bool ascii)
{
    gb_view *v = gb_alloc(sizeof *v);

    gb_paragraphs_init(&v->text, ascii);
    v->width = 80;
    v->height = 24;
    v->follows = true;
    return v;
}

void
gb_view_free(gb_view *v)
{
    if (v == NULL)
        return;
    gb_paragraphs_free(&v->text);
    gb_find_free(&v->find);
    free(v);
}

void
gb_view_append(gb_view *v, gb_text_kind kind, const char *text, size_t n)
{
    gb_paragraphs_append(&v->text, kind, text, n);
}

gb_view_pos
gb_view_end(const gb_view *v)
{
    size_t last = v->text.len - 1;

    return (gb_view_pos){last, v->text.data[last].text.len};
}

void
gb_view_remember(gb_view *v, gb_view_pos pos)
{
    v->remembered = pos;
}

void
gb_view_truncate(gb_view *v, gb_view_pos pos)
{
    gb_paragraphs_truncate(&v->text, pos);
    pos = gb_view_end(v);
    if (gb_view_is_beyond(v->seen, pos))
        v->seen = pos;
    if (gb_view_is_beyond(v->top, pos))
        gb_view_follow(v);
    gb_find_truncated(&v->find, pos);
}

bool
gb_view_is_empty(const gb_view *v)
{
    return v->text.len == 1 && v->text.data[0].text.len == 0;
}

bool
gb_view_at_line_start(const gb_view *v)
{
    const gb_paragraph *p = &v->text.data[v->text.len - 1];

    return p->block || p->text.len == 0;
}

void
gb_view_resize(gb_view *v, unsigned width, unsigned height)
{
    v->width = width > 0 ? width : 1;
    v->height = height > 0 ? height : 1;
}

void
gb_view_fit(gb_view *v, const gb_view *other)
{
    gb_view_resize(v, other->width, other->height);
}

void
gb_view_scroll(gb_view *v, long lines)
{
    gb_view_line r;

    if (lines > 0 && v->follows)
        return;
    r = gb_view_top(v);
    if (lines < 0)
        gb_view_up(v, &r, 0 - (size_t)lines);
    else
        gb_view_down(v, &r, (size_t)lines);
    gb_view_set_top(v, r);
}

void
gb_view_page(gb_view *v, int pages)
{
    /* One line of the page before stays. */
    long step = v->height > 1 ? (long)v->height - 1 : 1;

    gb_view_scroll(v, pages * step);
}

void
gb_view_home(gb_view *v)
{
    gb_view_set_top(v, (gb_view_line){0, 0});
}

void
gb_view_follow(gb_view *v)
{
    v->follows = true;
    v->top = (gb_view_pos){0, 0};
}

void
gb_view_settle(gb_view *v)
{
    if (!v->follows)
        gb_view_set_top(v, gb_view_top(v));
}

bool
gb_view_follows(const gb_view *v)
{
    return v->follows;
}

unsigned
gb_view_new_below(gb_view *v)
{
    gb_view_line r;

    if (v->follows)
        return 0;
    r = gb_view_top(v);
    if (gb_view_down(v, &r, v->height) < v->height)
        return 0;
    r = gb_view_row_of(v, v->seen);
    return (unsigned)gb_view_down(v, &r, GB_VIEW_MANY);
}

static gb_view_match
match_at(const gb_view *v, const gb_spans *spans, size_t paragraph,
         size_t offset)
{
    size_t i;

    for (i = 0; i < spans->len; i++) {
        if (offset < spans->data[i].start)
            return GB_MATCH_NONE;
        if (offset < spans->data[i].end)
            return v->find.has_current &&
                           v->find.current.paragraph == paragraph &&
                           v->find.current.offset == spans->data[i].start
                       ? GB_MATCH_CURRENT
                       : GB_MATCH_SOME;
    }
    return GB_MATCH_NONE;
}

static gb_text_kind
kind_at(const gb_view *v, size_t paragraph, size_t offset)
{
    gb_text_kind kind =
        gb_paragraph_kind(&v->text.data[paragraph], offset);

    if (gb_view_is_beyond(v->remembered, (gb_view_pos){paragraph, offset})) {
        if (kind == GB_TEXT_USER)
            return GB_TEXT_FORGOTTEN_USER;
        if (kind == GB_TEXT_MODEL)
            return GB_TEXT_FORGOTTEN_MODEL;
    }
    return kind;
}

bool
gb_view_draw(gb_view *v, unsigned index, gb_view_put *put, void *arg)
{
    gb_spans spans = {NULL, 0, 0};
    gb_view_line r = gb_view_top(v);
    const gb_paragraph *p;
    unsigned column = 0;
    size_t at, end;
    gb_cell cell;

    if (gb_view_down(v, &r, index) < index)
        return false;
    p = &v->text.data[r.paragraph];
    at = gb_view_row_begin(v, r).offset;
    end = gb_view_row_end(v, r).offset;
    gb_find_spans(&v->find, p->text.data, p->text.len, at, end, &spans);
    for (; at < end; at += cell.bytes) {
        gb_cell_read(&cell, p->text.data + at, p->text.len - at, column,
                     v->text.ascii);
        if (column + cell.width > v->width)
            break;
        put(arg, column, &cell, (gb_view_pos){r.paragraph, at},
            kind_at(v, r.paragraph, at),
            match_at(v, &spans, r.paragraph, at));
        column += cell.width;
    }
    free(spans.data);
    return true;
}

/* The place just behind the last visible line. */
static gb_view_pos
visible_end(gb_view *v)
{
    gb_view_line r = gb_view_top(v);

    gb_view_down(v, &r, v->height - 1);
    return gb_view_row_end(v, r);
}

static bool
go(gb_view *v, gb_view_pos from, bool backwards)
{
    v->find.has_current = gb_find_nearest(&v->find, &v->text, from, backwards,
                                          &v->find.current);
    if (v->find.has_current)
        gb_view_show(v, v->find.current);
    return v->find.has_current;
}

bool
gb_view_find(gb_view *v, const char *text, size_t n)
{
    if (!gb_find_set(&v->find, text, n))
        return false;
    return go(v, visible_end(v), true);
}

bool
gb_view_find_next(gb_view *v, bool backwards)
{
    gb_view_pos from;

    if (!gb_find_is_set(&v->find))
        return false;
    if (!v->find.has_current)
        return go(v, visible_end(v), true);
    from = v->find.current;
    if (!backwards)
        from.offset++;
    return go(v, from, backwards);
}

size_t
gb_view_matches(const gb_view *v, size_t *index)
{
    return gb_find_count(&v->find, &v->text, GB_VIEW_MANY, index);
}

bool
gb_view_found(const gb_view *v, gb_view_pos *pos)
{
    *pos = v->find.current;
    return gb_find_is_set(&v->find) && v->find.has_current;
}

size_t
gb_view_layouts(const gb_view *v)
{
    return v->text.layouts;
}
