/* The lines of a view, and which of them is at the top. */
#include "tui/view_inside.h"

static size_t
lines_of(gb_view *v, size_t paragraph)
{
    return gb_paragraph_lines(&v->text, paragraph, v->width);
}

size_t
gb_view_up(gb_view *v, gb_view_line *r, size_t n)
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

size_t
gb_view_down(gb_view *v, gb_view_line *r, size_t n)
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

static gb_view_line
last_row(gb_view *v)
{
    size_t last = v->text.len - 1;

    return (gb_view_line){last, lines_of(v, last) - 1};
}

gb_view_line
gb_view_row_of(gb_view *v, gb_view_pos pos)
{
    lines_of(v, pos.paragraph);
    return (gb_view_line){pos.paragraph,
                 gb_paragraph_line_at(&v->text.data[pos.paragraph],
                                      pos.offset)};
}

gb_view_pos
gb_view_row_begin(const gb_view *v, gb_view_line r)
{
    return (gb_view_pos){
        r.paragraph,
        gb_paragraph_start(&v->text.data[r.paragraph], r.line)};
}

gb_view_pos
gb_view_row_end(const gb_view *v, gb_view_line r)
{
    const gb_paragraph *p = &v->text.data[r.paragraph];

    return (gb_view_pos){r.paragraph,
                         r.line + 1 < p->n_lines
                             ? gb_paragraph_start(p, r.line + 1)
                             : p->text.len};
}

gb_view_line
gb_view_top(gb_view *v)
{
    gb_view_line r, below;

    if (!v->follows) {
        r = below = gb_view_row_of(v, v->top);
        if (gb_view_down(v, &below, v->height) == v->height)
            return r;
    }
    r = last_row(v);
    gb_view_up(v, &r, v->height - 1);
    return r;
}

void
gb_view_set_top(gb_view *v, gb_view_line r)
{
    gb_view_line below = r;

    if (gb_view_down(v, &below, v->height) < v->height) {
        gb_view_follow(v);
        return;
    }
    if (v->follows)
        v->seen = gb_view_end(v);
    v->follows = false;
    v->top = gb_view_row_begin(v, r);
}
