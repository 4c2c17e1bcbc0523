/* Places in a view: counted in bytes, and found on the screen. */
#include "tui/view_inside.h"

bool
gb_view_is_beyond(gb_view_pos a, gb_view_pos b)
{
    return a.paragraph > b.paragraph ||
           (a.paragraph == b.paragraph && a.offset > b.offset);
}

/* Bytes of text before a place. */
static size_t
bytes_before(const gb_view *v, gb_view_pos pos)
{
    const gb_paragraph *p = &v->text.data[pos.paragraph];

    return p->before + (p->block ? 0 : pos.offset);
}

size_t
gb_view_distance(const gb_view *v, gb_view_pos from, gb_view_pos to)
{
    size_t a = bytes_before(v, from), b = bytes_before(v, to);

    return b > a ? b - a : 0;
}

/* The last paragraph that has at most so many bytes of text before it. */
static size_t
paragraph_at(const gb_view *v, size_t bytes)
{
    size_t low = 0, high = v->text.len, middle;

    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (v->text.data[middle].before <= bytes)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bool
holds(const gb_paragraph *p, size_t bytes)
{
    return !p->block && bytes >= p->before &&
           bytes - p->before <= p->text.len;
}

gb_view_pos
gb_view_advance(const gb_view *v, gb_view_pos pos, size_t n)
{
    const gb_paragraph *data = v->text.data;
    size_t bytes = bytes_before(v, pos) + n, i = paragraph_at(v, bytes), k;

    /* A place beside a block is that behind the text above it. */
    for (k = i; k > 0 && (data[k].block || data[k - 1].block); k--)
        if (holds(&data[k - 1], bytes))
            i = k - 1;
    if (!holds(&data[i], bytes))
        return gb_view_end(v);
    return (gb_view_pos){i, bytes - data[i].before};
}

gb_view_pos
gb_view_skip_blanks(const gb_view *v, gb_view_pos pos)
{
    const gb_paragraph *p = &v->text.data[pos.paragraph];
    size_t at = pos.offset;

    while (at < p->text.len && p->text.data[at] == ' ')
        at++;
    return at < p->text.len ? (gb_view_pos){pos.paragraph, at} : pos;
}

/* Lines that are scrolled to one by one; what is farther away is brought a
 * third of the way down. */
#define NEAR 2

static bool
is_below(gb_view_line a, gb_view_line b)
{
    return a.paragraph > b.paragraph ||
           (a.paragraph == b.paragraph && a.line > b.line);
}

void
gb_view_show(gb_view *v, gb_view_pos pos)
{
    gb_view_line top = gb_view_top(v), end = top, near;
    gb_view_line r = gb_view_row_of(v, pos);

    gb_view_down(v, &end, v->height - 1);
    near = end;
    gb_view_down(v, &near, NEAR);
    if (is_below(top, r)) {
        near = top;
        gb_view_up(v, &near, NEAR);
        if (is_below(near, r))
            gb_view_up(v, &r, v->height / 3);
    } else if (is_below(r, end)) {
        gb_view_up(v, &r, is_below(r, near) ? v->height / 3 : v->height - 1);
    } else {
        return;
    }
    gb_view_set_top(v, r);
}

static bool
visible_row(gb_view *v, unsigned row, gb_view_line *r)
{
    *r = gb_view_top(v);
    return gb_view_down(v, r, row) == row;
}

bool
gb_view_row(gb_view *v, unsigned row, gb_view_pos *begin, gb_view_pos *end,
            bool *last)
{
    gb_view_line r;

    if (!visible_row(v, row, &r))
        return false;
    *begin = gb_view_row_begin(v, r);
    *end = gb_view_row_end(v, r);
    *last = end->offset == v->text.data[r.paragraph].text.len;
    return true;
}

/* Goes over the cells of a line up to a column, or to a place. */
static gb_view_pos
walk(const gb_view *v, gb_view_line r, unsigned until, gb_view_pos place,
     unsigned *column)
{
    const gb_paragraph *p = &v->text.data[r.paragraph];
    gb_view_pos at = gb_view_row_begin(v, r), end = gb_view_row_end(v, r);
    gb_cell cell;

    *column = 0;
    while (at.offset < end.offset) {
        gb_cell_read(&cell, p->text.data + at.offset,
                     p->text.len - at.offset, *column, v->text.ascii);
        if (*column + cell.width > until ||
            at.offset + cell.bytes > place.offset ||
            at.offset + cell.bytes >= end.offset)
            break;
        at.offset += cell.bytes;
        *column += cell.width;
    }
    return at;
}

bool
gb_view_pos_at(gb_view *v, unsigned row, unsigned column, gb_view_pos *pos)
{
    static const gb_view_pos anywhere = {SIZE_MAX, SIZE_MAX};
    unsigned stop;
    gb_view_line r;

    if (!visible_row(v, row, &r))
        return false;
    *pos = walk(v, r, column, anywhere, &stop);
    return true;
}

bool
gb_view_where(gb_view *v, gb_view_pos pos, unsigned *row, unsigned *column)
{
    gb_view_line r = gb_view_top(v), at = gb_view_row_of(v, pos);
    gb_cell cell;
    const gb_paragraph *p = &v->text.data[pos.paragraph];
    gb_view_pos stop;

    for (*row = 0; r.paragraph != at.paragraph || r.line != at.line; ++*row)
        if (*row + 1 >= v->height || gb_view_down(v, &r, 1) == 0)
            return false;
    stop = walk(v, at, (unsigned)-1, pos, column);
    if (stop.offset < pos.offset && stop.offset < p->text.len) {
        gb_cell_read(&cell, p->text.data + stop.offset,
                     p->text.len - stop.offset, *column, v->text.ascii);
        *column += cell.width;
    }
    return true;
}
