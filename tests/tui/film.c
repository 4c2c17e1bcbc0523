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

/* One thing that a row shows, and when: from times[0] to times[1], from
 * times[2] ... */
typedef struct piece {
    char *svg;
    double *times;
    size_t n_times;
    bool here; /* in the frame that is being taken */
} piece;

typedef struct row {
    piece *pieces;
    size_t n_pieces;
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
            free(f->rows[i].pieces[k].svg);
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

/* A piece that looks like this; a new one when the row has never had it. */
static piece *
find_piece(row *r, const char *svg, size_t n)
{
    piece *p;
    size_t i;

    for (i = 0; i < r->n_pieces; i++)
        if (strlen(r->pieces[i].svg) == n &&
            memcmp(r->pieces[i].svg, svg, n) == 0)
            return &r->pieces[i];
    r->pieces = gb_realloc_array(r->pieces, r->n_pieces + 1,
                                 sizeof(*r->pieces));
    p = &r->pieces[r->n_pieces++];
    *p = (piece){.svg = gb_strndup(svg, n)};
    return p;
}

/* Takes what a row looks like now: a line of SVG is a piece. */
static void
show(const film *f, row *r, const char *svg)
{
    const char *end;
    size_t i;

    for (i = 0; i < r->n_pieces; i++)
        r->pieces[i].here = false;
    for (; (end = strchr(svg, '\n')) != NULL; svg = end + 1)
        find_piece(r, svg, (size_t)(end - svg))->here = true;
    for (i = 0; i < r->n_pieces; i++)
        if (r->pieces[i].here != (r->pieces[i].n_times % 2 == 1))
            add_time(&r->pieces[i], f->now);
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
        show(f, &f->rows[i], gb_str_cstr(&svg));
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

static bool
same_times(const piece *a, const piece *b)
{
    return a->n_times == b->n_times &&
        memcmp(a->times, b->times, a->n_times * sizeof(*a->times)) == 0;
}

/* Backgrounds come first, whenever they appeared. */
static bool
is_behind(const piece *p)
{
    return strncmp(p->svg, "<rect", 5) == 0;
}

/* What a row shows of one kind; what comes and goes together is one thing.
 * Where nothing moves it is the last frame that is seen. */
static void
put_row(gb_str *out, const row *r, bool behind, double length)
{
    const piece *p, *open = NULL;
    size_t i;

    for (i = 0; i < r->n_pieces; i++) {
        p = &r->pieces[i];
        if (is_behind(p) != behind)
            continue;
        if (open != NULL && !same_times(p, open)) {
            gb_str_puts(out, "</g>\n");
            open = NULL;
        }
        if (open == NULL) {
            gb_str_printf(out, "<g visibility=\"%s\">",
                          p->n_times % 2 == 1 ? "visible" : "hidden");
            if (p->n_times > 1 || p->times[0] > 0)
                put_times(out, p, length);
            open = p;
        }
        gb_str_printf(out, "%s\n", p->svg);
    }
    if (open != NULL)
        gb_str_puts(out, "</g>\n");
}

bool
film_write(film *f, const screen *s, const char *folder, const char *name,
           gb_error *err)
{
    gb_str out = GB_STR_INIT;
    double length = f->now + LAST_FRAME;
    size_t i;
    bool ok;

    svg_put_head(&out, s);
    for (i = 0; i < f->n_rows; i++) {
        put_row(&out, &f->rows[i], true, length);
        put_row(&out, &f->rows[i], false, length);
    }
    ok = svg_save(&out, folder, name, err);
    gb_str_free(&out);
    return ok;
}
