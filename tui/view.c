#include "tui/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/view_find.h"
#include "tui/view_text.h"

/* A line on the screen. */
typedef struct row {
    size_t paragraph, line;
} row;

struct gb_view {
    gb_paragraphs text;
    unsigned width, height;
    bool follows;
    gb_view_pos top; /* the line at the top holds it; unless it follows */
    gb_view_pos seen; /* where the text ended when it ceased to follow */
    gb_view_pos remembered; /* from here on the model remembers */
    gb_find find;
};

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

gb_view_pos
gb_view_advance(const gb_view *v, gb_view_pos pos, size_t n)
{
    const gb_paragraph *p = &v->text.data[pos.paragraph];

    while (p->block || pos.offset + n > p->text.len) {
        if (pos.paragraph + 1 == v->text.len)
            return gb_view_end(v);
        /* A line end is one byte; a mark in between was put there. */
        if (!p->block && !p[1].block)
            n -= p->text.len - pos.offset + 1;
        else if (!p->block)
            n -= p->text.len - pos.offset;
        pos = (gb_view_pos){pos.paragraph + 1, 0};
        p++;
    }
    pos.offset += n;
    return pos;
}

void
gb_view_remember(gb_view *v, gb_view_pos pos)
{
    v->remembered = pos;
}

static bool
is_beyond(gb_view_pos a, gb_view_pos b)
{
    return a.paragraph > b.paragraph ||
           (a.paragraph == b.paragraph && a.offset > b.offset);
}

void
gb_view_truncate(gb_view *v, gb_view_pos pos)
{
    gb_paragraphs_truncate(&v->text, pos);
    pos = gb_view_end(v);
    if (is_beyond(v->seen, pos))
        v->seen = pos;
    if (is_beyond(v->top, pos))
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

static size_t
lines_of(gb_view *v, size_t paragraph)
{
    return gb_paragraph_lines(&v->text, paragraph, v->width);
}

/* Moves r by up to n lines; returns how many it was. Lays out only what it
 * passes. */
static size_t
move_up(gb_view *v, row *r, size_t n)
{
    size_t left = n;

    while (left > r->line) {
        if (r->paragraph == 0) {
            left -= r->line;
            r->line = 0;
            return n - left;
        }
        left -= r->line + 1;
        r->paragraph--;
        r->line = lines_of(v, r->paragraph) - 1;
    }
    r->line -= left;
    return n;
}

static size_t
move_down(gb_view *v, row *r, size_t n)
{
    size_t left = n, below;

    for (;;) {
        below = lines_of(v, r->paragraph) - 1 - r->line;
        if (left <= below) {
            r->line += left;
            return n;
        }
        if (r->paragraph + 1 == v->text.len) {
            r->line += below;
            return n - left + below;
        }
        left -= below + 1;
        r->paragraph++;
        r->line = 0;
    }
}

static row
last_row(gb_view *v)
{
    size_t last = v->text.len - 1;

    return (row){last, lines_of(v, last) - 1};
}

static row
row_of(gb_view *v, gb_view_pos pos)
{
    lines_of(v, pos.paragraph);
    return (row){pos.paragraph,
                 gb_paragraph_line_at(&v->text.data[pos.paragraph],
                                      pos.offset)};
}

/* The line at the top. Where a wider or higher window shows the end although
 * the view does not follow, no row is left empty; the place it stays at is
 * kept, for when the window shrinks again. */
static row
top_row(gb_view *v)
{
    row r, below;

    if (!v->follows) {
        r = below = row_of(v, v->top);
        if (move_down(v, &below, v->height) == v->height)
            return r;
    }
    r = last_row(v);
    move_up(v, &r, v->height - 1);
    return r;
}

/* Makes r the line at the top, or follows when the end is then in sight. */
static void
set_top(gb_view *v, row r)
{
    row below = r;

    if (move_down(v, &below, v->height) < v->height) {
        gb_view_follow(v);
        return;
    }
    if (v->follows)
        v->seen = gb_view_end(v);
    v->follows = false;
    v->top = (gb_view_pos){
        r.paragraph,
        gb_paragraph_start(&v->text.data[r.paragraph], r.line)};
}

void
gb_view_scroll(gb_view *v, long lines)
{
    row r;

    if (lines > 0 && v->follows)
        return;
    r = top_row(v);
    if (lines < 0)
        move_up(v, &r, 0 - (size_t)lines);
    else
        move_down(v, &r, (size_t)lines);
    set_top(v, r);
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
    set_top(v, (row){0, 0});
}

void
gb_view_follow(gb_view *v)
{
    v->follows = true;
    v->top = (gb_view_pos){0, 0};
}

bool
gb_view_follows(const gb_view *v)
{
    return v->follows;
}

unsigned
gb_view_new_below(gb_view *v)
{
    row r;

    if (v->follows)
        return 0;
    r = top_row(v);
    if (move_down(v, &r, v->height) < v->height)
        return 0;
    r = row_of(v, v->seen);
    return (unsigned)move_down(v, &r, GB_VIEW_MANY);
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

    if (is_beyond(v->remembered, (gb_view_pos){paragraph, offset})) {
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
    row r = top_row(v);
    const gb_paragraph *p;
    unsigned column = 0;
    size_t at, end;
    gb_cell cell;

    if (move_down(v, &r, index) < index)
        return false;
    p = &v->text.data[r.paragraph];
    at = gb_paragraph_start(p, r.line);
    end = r.line + 1 < p->n_lines ? gb_paragraph_start(p, r.line + 1)
                                  : p->text.len;
    gb_find_spans(&v->find, p->text.data, p->text.len, at, end, &spans);
    for (; at < end; at += cell.bytes) {
        gb_cell_read(&cell, p->text.data + at, p->text.len - at, column,
                     v->text.ascii);
        if (column + cell.width > v->width)
            break;
        put(arg, column, &cell, kind_at(v, r.paragraph, at),
            match_at(v, &spans, r.paragraph, at));
        column += cell.width;
    }
    free(spans.data);
    return true;
}

/* Brings the match into sight, a third of the way down. */
static void
show(gb_view *v, gb_view_pos pos)
{
    row top = top_row(v), r = row_of(v, pos), end = top;
    bool above = r.paragraph < top.paragraph ||
                 (r.paragraph == top.paragraph && r.line < top.line);

    move_down(v, &end, v->height - 1);
    if (!above && (r.paragraph < end.paragraph ||
                   (r.paragraph == end.paragraph && r.line <= end.line)))
        return;
    move_up(v, &r, v->height / 3);
    set_top(v, r);
}

/* The place just behind the last visible line. */
static gb_view_pos
visible_end(gb_view *v)
{
    row r = top_row(v);
    const gb_paragraph *p;

    move_down(v, &r, v->height - 1);
    p = &v->text.data[r.paragraph];
    return (gb_view_pos){r.paragraph,
                         r.line + 1 < p->n_lines
                             ? gb_paragraph_start(p, r.line + 1)
                             : p->text.len};
}

static bool
go(gb_view *v, gb_view_pos from, bool backwards)
{
    v->find.has_current = gb_find_nearest(&v->find, &v->text, from, backwards,
                                          &v->find.current);
    if (v->find.has_current)
        show(v, v->find.current);
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
gb_view_layouts(const gb_view *v)
{
    return v->text.layouts;
}
