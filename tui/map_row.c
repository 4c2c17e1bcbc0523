#include "tui/map_row.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

size_t
gb_map_find(const gb_seen_trial *trial, double temperature)
{
    size_t i;

    for (i = 0; i < trial->n_map; i++)
        if (trial->map[i].from <= temperature &&
            temperature <= trial->map[i].to)
            return i + 1;
    return 0;
}

double
gb_map_beyond(double end, double until, bool upwards)
{
    double unit, t;
    int decimals;

    for (decimals = 2; decimals <= 7; decimals++) {
        unit = pow(10, -decimals);
        t = upwards ? (floor(end / unit) + 1) * unit
                    : (ceil(end / unit) - 1) * unit;
        /* Not on the end itself, which is the neighbour's as well. */
        if (upwards ? (float)t > (float)end && t < until
                    : (float)t < (float)end && t > until)
            return t;
    }
    return upwards ? (double)nextafterf((float)end, INFINITY)
                   : (double)nextafterf((float)end, 0);
}

/* The map's cells, a glyph each. */
typedef struct map_cell {
    const char *glyph;
    char digit[2];
    gb_style style;
} map_cell;

typedef struct map {
    map_cell *cells; /* (n) */
    unsigned n, mark; /* the temperature's; n: none */
    double from, to;
    bool ascii;
} map;

static unsigned
cell_of(const map *m, double t)
{
    double share = (t - m->from) / (m->to - m->from) * (double)m->n;

    if (!(share > 0))
        return 0;
    return share >= (double)m->n ? m->n : (unsigned)share;
}

/* Where the temperature is marked, within the text that it gives if that has
 * cells. */
static unsigned
mark_of(const map *m, const gb_seen_band *own, double t)
{
    unsigned cell = cell_of(m, t), end;

    if (!(t >= m->from && t <= m->to))
        return m->n;
    end = own != NULL && cell_of(m, own->from) < cell_of(m, own->to)
              ? cell_of(m, own->to)
              : m->n;
    return cell < end ? cell : end - 1;
}

/* One text, between two cells, the last of which is its end; its number only
 * beside the mark. */
static void
put_text(map *m, unsigned from, unsigned to, size_t number, gb_style style)
{
    char digits[24];
    unsigned length, room, i;

    if (from >= to)
        return;
    for (i = from; i < to; i++)
        m->cells[i] = (map_cell){m->ascii ? "-" : "─", "", style};
    if (to < m->n) {
        m->cells[to - 1].glyph = m->ascii ? "|" : "┤";
        m->cells[to - 1].style = GB_STYLE_RULE;
        to--;
    }
    snprintf(digits, sizeof digits, "%zu", number);
    length = (unsigned)strlen(digits);
    room = to - from;
    if (length > room)
        return;
    from += (room - length) / 2;
    if (m->mark >= from && m->mark < from + length)
        return;
    for (i = 0; i < length; i++)
        m->cells[from + i] = (map_cell){NULL, {digits[i]}, style};
    if (room < length + 2)
        return;
    m->cells[from - 1].glyph = m->cells[from + length].glyph = " ";
}

void
gb_map_put(gb_row *row, const gb_seen_trial *trial, double temperature)
{
    size_t own = gb_map_find(trial, temperature), i;
    map m = {.from = trial->map_from, .to = trial->map_to,
             .ascii = row->ascii};
    char end[24];
    unsigned ends, k;

    gb_row_printf(row, GB_STYLE_FAINT, "%.2g", m.from);
    gb_row_puts(row, GB_STYLE_RULE, gb_row_sign(row, " ├", " |"));
    ends = row->used + 2 +
           (unsigned)snprintf(end, sizeof end, "%.2g", m.to);
    if (row->width <= ends || !(m.to > m.from))
        return;
    m.n = row->width - ends;
    m.cells = gb_alloc_array(m.n, sizeof *m.cells);
    for (k = 0; k < m.n; k++)
        m.cells[k] = (map_cell){m.ascii ? "." : "·", "", GB_STYLE_FAINT};
    m.mark = mark_of(&m, own > 0 ? &trial->map[own - 1] : NULL, temperature);
    for (i = 0; i < trial->n_map; i++)
        put_text(&m, cell_of(&m, trial->map[i].from),
                 cell_of(&m, trial->map[i].to), i + 1,
                 i + 1 == own ? GB_STYLE_TOKEN : GB_STYLE_FAINT);
    if (m.mark < m.n)
        m.cells[m.mark] = (map_cell){m.ascii ? "*" : "●", "", GB_STYLE_TOKEN};
    for (k = 0; k < m.n; k++)
        gb_row_puts(row, m.cells[k].style, m.cells[k].glyph != NULL
                                               ? m.cells[k].glyph
                                               : m.cells[k].digit);
    gb_row_puts(row, GB_STYLE_RULE, gb_row_sign(row, "┤ ", "| "));
    gb_row_puts(row, GB_STYLE_FAINT, end);
    free(m.cells);
}
