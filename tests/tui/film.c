#include "tests/tui/film.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/tui/svg.h"

/* Milliseconds. */
#define LONGEST_PAUSE 1500.0
#define LAST_FRAME 4000.0
#define FRAME 40.0

/* What a row shows, and when: from times[0] to times[1], from times[2] ... */
typedef struct piece {
    gb_str svg;
    double *times;
    size_t n_times;
} piece;

typedef struct row {
    piece *pieces;
    size_t n_pieces, current;
} row;

struct film {
    row *rows; /* the last one is the cursor */
    size_t n_rows;
    double now, last; /* of the film; of the frame before, as it was told */
    bool begun, changed;
};

film *
film_new(void)
{
    return gb_alloc(sizeof(film));
}

void
film_free(film *f)
{
    size_t i, k;

    if (f == NULL)
        return;
    for (i = 0; i < f->n_rows; i++) {
        for (k = 0; k < f->rows[i].n_pieces; k++) {
            gb_str_free(&f->rows[i].pieces[k].svg);
            free(f->rows[i].pieces[k].times);
        }
        free(f->rows[i].pieces);
    }
    free(f->rows);
    free(f);
}

static void
add_time(piece *p, double time)
{
    p->times = gb_realloc_array(p->times, p->n_times + 1, sizeof(*p->times));
    p->times[p->n_times++] = time;
}

/* The piece of this content, a new one when the row has never shown it. */
static size_t
find_piece(row *r, const gb_str *svg)
{
    size_t i;

    for (i = 0; i < r->n_pieces; i++)
        if (strcmp(gb_str_cstr(&r->pieces[i].svg), gb_str_cstr(svg)) == 0)
            return i;
    r->pieces = gb_realloc_array(r->pieces, r->n_pieces + 1,
                                 sizeof(*r->pieces));
    memset(&r->pieces[r->n_pieces], 0, sizeof(*r->pieces));
    gb_str_puts(&r->pieces[r->n_pieces].svg, gb_str_cstr(svg));
    return r->n_pieces++;
}

static void
show(const film *f, row *r, const gb_str *svg)
{
    bool first = r->n_pieces == 0;
    size_t i = find_piece(r, svg);

    if (!first && i == r->current)
        return;
    if (!first)
        add_time(&r->pieces[r->current], f->now);
    add_time(&r->pieces[i], f->now);
    r->current = i;
}

void
film_frame(film *f, const screen *s, double ms)
{
    gb_str svg = GB_STR_INIT;
    double passed = ms - f->last;
    size_t i;

    if (!f->begun) {
        f->n_rows = (size_t)screen_rows(s) + 1;
        f->rows = gb_alloc_array(f->n_rows, sizeof(*f->rows));
        passed = 0;
    }
    f->begun = true;
    f->last = ms;
    f->now += passed > LONGEST_PAUSE ? LONGEST_PAUSE : passed;
    for (i = 0; i < f->n_rows; i++) {
        gb_str_clear(&svg);
        if (i + 1 < f->n_rows)
            svg_put_row(&svg, s, (int)i + 1);
        else
            svg_put_cursor(&svg, s);
        show(f, &f->rows[i], &svg);
    }
    gb_str_free(&svg);
}

void
film_take(film *f, const screen *s, double ms, bool printed)
{
    f->changed = f->changed || printed;
    if (!f->changed || (printed && ms < f->last + FRAME))
        return;
    f->changed = false;
    film_frame(f, s, ms);
}

/* When the piece is to be seen, as a list of moments between 0 and 1. */
static void
put_times(gb_str *out, const piece *p, double length)
{
    size_t i;

    gb_str_printf(out, "<animate attributeName=\"visibility\" "
                  "calcMode=\"discrete\" dur=\"%.0fms\" "
                  "repeatCount=\"indefinite\" values=\"", length);
    if (p->times[0] > 0)
        gb_str_puts(out, "hidden;");
    for (i = 0; i < p->n_times; i++)
        gb_str_printf(out, "%s%s", i > 0 ? ";" : "",
                      i % 2 == 0 ? "visible" : "hidden");
    gb_str_puts(out, "\" keyTimes=\"");
    if (p->times[0] > 0)
        gb_str_puts(out, "0;");
    for (i = 0; i < p->n_times; i++)
        gb_str_printf(out, "%s%.5g", i > 0 ? ";" : "", p->times[i] / length);
    gb_str_puts(out, "\"/>");
}

/* What does not move shows the last frame. */
static void
put_piece(gb_str *out, const piece *p, double length)
{
    if (p->svg.len == 0)
        return;
    if (p->n_times == 1 && p->times[0] <= 0) {
        gb_str_puts(out, p->svg.data);
        return;
    }
    gb_str_printf(out, "<g visibility=\"%s\">",
                  p->n_times % 2 == 1 ? "visible" : "hidden");
    put_times(out, p, length);
    gb_str_printf(out, "%s</g>\n", p->svg.data);
}

bool
film_write(film *f, const screen *s, const char *folder, const char *name,
           gb_error *err)
{
    gb_str out = GB_STR_INIT;
    size_t i, k;
    bool ok;

    svg_put_head(&out, s);
    for (i = 0; i < f->n_rows; i++)
        for (k = 0; k < f->rows[i].n_pieces; k++)
            put_piece(&out, &f->rows[i].pieces[k], f->now + LAST_FRAME);
    ok = svg_save(&out, folder, name, err);
    gb_str_free(&out);
    return ok;
}
