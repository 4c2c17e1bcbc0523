#include "tui/axis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"

#define NOBODY SIZE_MAX
/* In so many columns the beginning of a name says something. */
#define CUT_NAME 4

/* A column of the axis. */
typedef struct spot {
    char shown[32]; /* "" behind a wide character */
    gb_style style;
    size_t owner;   /* index of the band, or NOBODY */
    bool taken;     /* by a mark or a border */
} spot;

typedef struct canvas {
    const gb_axis *axis;
    double low, high;
    spot *spots;    /* (n) */
    unsigned n;
    bool ascii;
    /* The marks, and the band that holds the first of them. */
    double at, other; /* 0: towards it; other < 0: there is none */
    size_t winner;
    bool wins;      /* it is the token that is shown */
} canvas;

static double
in_force(const gb_axis *a)
{
    return a->greedy ? 0 : a->temperature;
}

static bool
is_own(const gb_axis *a)
{
    return a->own && a->seen != NULL && a->seen->n_bands > 0;
}

static void
place_marks(canvas *c)
{
    const gb_axis *a = c->axis;
    double own;

    c->at = in_force(a);
    c->other = -1;
    if (!is_own(a))
        return;
    own = a->seen->settings.greedy ? 0 : (double)a->seen->settings.temperature;
    if (own != c->at)
        c->other = c->at;
    c->at = own;
}

/* Wider by whole powers of ten where a mark lies outside. */
static void
choose_range(canvas *c)
{
    double t[2] = {c->at, c->other};
    int i;

    c->low = 0.1;
    c->high = 10;
    for (i = 0; i < 2; i++) {
        while (t[i] > 0 && t[i] < c->low * 0.9999)
            c->low /= 10;
        while (t[i] > c->high * 1.0001)
            c->high *= 10;
    }
}

static unsigned
column_of(const canvas *c, double t)
{
    double at;

    if (t <= c->low)
        return 0;
    at = log(t / c->low) / log(c->high / c->low) * c->n;
    return at < c->n ? (unsigned)at : c->n - 1;
}

static double
temperature_at(const canvas *c, unsigned column)
{
    return c->low * pow(c->high / c->low, (column + 0.5) / c->n);
}

/* The band of what is shown holds the temperature that it was written with,
 * wherever rounding puts the end. */
static void
find_winner(canvas *c)
{
    const gb_seen *s = c->axis->seen;
    const gb_seen_band *b;
    size_t i;

    c->winner = NOBODY;
    for (i = 0; s != NULL && i < s->n_bands; i++) {
        b = &s->bands[i];
        if (c->winner == NOBODY && (c->at < b->to || i + 1 == s->n_bands))
            c->winner = i;
        if (is_own(c->axis) && b->token.id == s->token.id &&
            b->from <= c->at && c->at <= b->to)
            c->winner = i;
    }
    c->wins = c->winner != NOBODY &&
              (!is_own(c->axis) ||
               s->bands[c->winner].token.id == s->token.id);
}

static void
set(canvas *c, unsigned column, const char *shown, gb_style style)
{
    snprintf(c->spots[column].shown, sizeof c->spots[column].shown, "%s",
             shown);
    c->spots[column].style = style;
}

static void
mark(canvas *c, double t, const char *shown, gb_style style)
{
    unsigned column = column_of(c, t);

    set(c, column, shown, style);
    c->spots[column].taken = true;
}

/* The first column behind a stretch of one owner. */
static unsigned
stretch_end(const canvas *c, unsigned from)
{
    unsigned to = from;

    while (to < c->n && c->spots[to].owner == c->spots[from].owner)
        to++;
    return to;
}

/* An interval of less than two columns has no room for more than its border:
 * it is left to the next one, unless the mark is in it. */
static void
drop_slivers(canvas *c)
{
    unsigned mark_column = column_of(c, c->at), from, to, first = 0;

    for (from = 0; from < c->n; from = to) {
        to = stretch_end(c, from);
        if (to - from < 2 && from != mark_column && to < c->n)
            continue;
        for (; first < from; first++)
            if (first != mark_column)
                c->spots[first].owner = c->spots[from].owner;
        first = to;
    }
}

static void
share_out(canvas *c)
{
    const gb_seen *s = c->axis->seen;
    unsigned column, mark_column = column_of(c, c->at);
    size_t i = 0;

    for (column = 0; column < c->n; column++) {
        c->spots[column].owner = NOBODY;
        if (s == NULL || s->n_bands == 0)
            continue;
        while (i + 1 < s->n_bands &&
               s->bands[i].to < temperature_at(c, column))
            i++;
        c->spots[column].owner = column == mark_column ? c->winner : i;
    }
    drop_slivers(c);
}

static void
draw_line(canvas *c)
{
    unsigned column;
    bool wins;

    for (column = 0; column < c->n; column++) {
        wins = c->wins && c->spots[column].owner == c->winner;
        set(c, column, c->ascii ? "-" : "─",
            wins ? GB_STYLE_TOKEN : GB_STYLE_RULE);
    }
    if (c->other >= 0)
        mark(c, c->other, c->ascii ? "o" : "○", GB_STYLE_KEY);
    mark(c, c->at, c->ascii ? "*" : "●", GB_STYLE_TOKEN);
}

/* Writes at most so many cells of a name; returns the columns used. */
static unsigned
write_name(canvas *c, unsigned column, unsigned end, const char *name,
           size_t cells, gb_style style)
{
    unsigned start = column, i;
    size_t n = strlen(name);
    gb_cell cell;

    for (; n > 0 && cells > 0; cells--, name += cell.bytes, n -= cell.bytes) {
        gb_cell_read(&cell, name, n, 0, c->ascii);
        if (cell.line_end || column + cell.width > end)
            break;
        if (cell.width == 0)
            continue;
        set(c, column, cell.shown, style);
        for (i = 1; i < cell.width; i++)
            set(c, column + i, "", style);
        column += cell.width;
    }
    return column - start;
}

static void
put_border(canvas *c, unsigned column)
{
    set(c, column, c->ascii ? "|" : "┤", GB_STYLE_RULE);
    c->spots[column].taken = true;
}

static void
put_beside(canvas *c, unsigned column, unsigned border, const char *name,
           unsigned width)
{
    write_name(c, column, column + width, name, SIZE_MAX,
               c->wins ? GB_STYLE_TOKEN : GB_STYLE_PLAIN);
    put_border(c, border);
    for (; width > 0; width--)
        c->spots[column++].taken = true;
}

/* Where the mark fills its interval, the name stands beside the mark, if the
 * neighbour has room for it and a border. */
static void
draw_beside(canvas *c)
{
    unsigned at = column_of(c, c->at), from = at, left, right, width;
    const gb_seen_token *token;
    gb_str name = GB_STR_INIT;

    while (from > 0 && c->spots[from - 1].owner == c->winner)
        from--;
    /* Besides the mark there may be a border in it. */
    if (c->winner == NOBODY || stretch_end(c, from) > at + 1 ||
        at - from > (from > 0 ? 1 : 0))
        return;
    for (right = at + 1; right < c->n && !c->spots[right].taken &&
                         c->spots[right].owner == c->spots[at + 1].owner;)
        right++;
    for (left = from; left > 0 && !c->spots[left - 1].taken &&
                      c->spots[left - 1].owner == c->spots[from - 1].owner;)
        left--;
    token = &c->axis->seen->bands[c->winner].token;
    gb_token_name(&name, token->text, token->n, true, c->ascii);
    width = gb_cells_width(gb_str_cstr(&name), name.len, c->ascii);
    if (width + 2 < right - at)
        put_beside(c, at + 1, at + 1 + width, gb_str_cstr(&name), width);
    else if (width + 1 < at - left)
        put_beside(c, at - width, at - width - 1, gb_str_cstr(&name), width);
    gb_str_free(&name);
}

/* Where a stretch of one owner begins there is a border; a mark that stands
 * there has it on its left. */
static void
draw_borders(canvas *c)
{
    unsigned column, at;

    for (column = 1; column < c->n; column++) {
        if (c->spots[column].owner == c->spots[column - 1].owner)
            continue;
        at = column;
        if (c->spots[at].taken && !c->spots[at - 1].taken)
            at--;
        if (!c->spots[at].taken)
            put_border(c, at);
    }
}

/* A run of free columns of one owner. */
typedef struct run {
    unsigned from, to;
} run;

/* The first run of [from, to) that has room for so many columns. */
static bool
find_run(const canvas *c, unsigned from, unsigned to, unsigned need,
         run *found)
{
    unsigned column = from;

    while (column < to) {
        while (column < to && c->spots[column].taken)
            column++;
        found->from = column;
        while (column < to && !c->spots[column].taken)
            column++;
        found->to = column;
        if (need > 0 && found->to - found->from >= need)
            return true;
    }
    return false;
}

static void
draw_name(canvas *c, unsigned from, unsigned to, const char *name,
          gb_style style)
{
    unsigned width = gb_cells_width(name, strlen(name), c->ascii);
    run r;

    if (find_run(c, from, to, width + 2, &r)) {
        set(c, r.from, " ", style);
        set(c, r.from + 1 + width, " ", style);
        write_name(c, r.from + 1, r.to, name, SIZE_MAX, style);
    } else if (find_run(c, from, to, width, &r)) {
        write_name(c, r.from, r.to, name, SIZE_MAX, style);
    } else if (find_run(c, from, to, CUT_NAME, &r)) {
        r.from += write_name(c, r.from, r.to - 1, name, SIZE_MAX, style);
        set(c, r.from, c->ascii ? "~" : "…", style);
    } else if (find_run(c, from, to, 1, &r)) {
        write_name(c, r.from, r.to, name, 1, style);
    }
}

static void
draw_names(canvas *c)
{
    const gb_seen *s = c->axis->seen;
    gb_str name = GB_STR_INIT;
    const gb_seen_token *token;
    unsigned from, to;
    size_t owner;

    for (from = 0; from < c->n; from = to) {
        owner = c->spots[from].owner;
        to = stretch_end(c, from);
        if (owner == NOBODY)
            continue;
        token = &s->bands[owner].token;
        gb_str_clear(&name);
        gb_token_name(&name, token->text, token->n, true, c->ascii);
        draw_name(c, from, to, gb_str_cstr(&name),
                  c->wins && owner == c->winner ? GB_STYLE_TOKEN
                                                : GB_STYLE_PLAIN);
    }
    if (s != NULL && s->n_bands == 0 && s->source == GB_SOURCE_TYPED &&
        c->axis->own)
        draw_name(c, 0, c->n, "typed", GB_STYLE_FAINT);
    gb_str_free(&name);
}

static void
draw(canvas *c)
{
    c->spots = gb_alloc_array(c->n, sizeof *c->spots);
    share_out(c);
    draw_line(c);
    draw_beside(c);
    draw_borders(c);
    draw_names(c);
}

void
gb_axis_put(gb_row *row, const gb_axis *axis, unsigned columns, bool ends)
{
    canvas c = {.axis = axis, .ascii = row->ascii};
    char left[32] = "", right[32] = "";
    unsigned i, around = 2;

    place_marks(&c);
    choose_range(&c);
    find_winner(&c);
    if (ends) {
        snprintf(left, sizeof left, "%g", c.low);
        snprintf(right, sizeof right, " %g", c.high);
        around += 2 + (unsigned)(strlen(left) + strlen(right));
        if (c.at == 0)
            snprintf(left, sizeof left, "%s%.*s",
                     row->ascii ? "T=0" : "T→0", (int)strlen(left) - 3,
                     "   ");
    }
    if (columns <= around)
        return;
    c.n = columns - around;
    draw(&c);
    if (ends)
        gb_row_printf(row, c.at == 0 ? GB_STYLE_TOKEN : GB_STYLE_FAINT,
                      " %s ", left);
    gb_row_puts(row, GB_STYLE_RULE, gb_row_sign(row, "├", "|"));
    for (i = 0; i < c.n; i++)
        gb_row_puts(row, c.spots[i].style, c.spots[i].shown);
    gb_row_puts(row, GB_STYLE_RULE, gb_row_sign(row, "┤", "|"));
    gb_row_puts(row, GB_STYLE_FAINT, right);
    free(c.spots);
}
