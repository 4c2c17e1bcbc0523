/* The conversation on the screen, after any sequence of what can be done to
 * it. The bytes are read as such a sequence: see step(). */
#include "fuzz.h"

#include <string.h>

#include "tui/view.h"

#define MAX_PLACES 64

typedef struct program {
    const uint8_t *at;
    size_t left;
    gb_view *view;
    unsigned width, height;
    gb_view_pos places[MAX_PLACES]; /* in order */
    size_t n_places;
} program;

static unsigned
byte(program *p)
{
    if (p->left == 0)
        return 0;
    p->left--;
    return *p->at++;
}

/* A length, then as many bytes. */
static const char *
text(program *p, size_t *n)
{
    const char *s;

    *n = byte(p);
    if (*n > p->left)
        *n = p->left;
    s = (const char *)p->at;
    p->at += *n;
    p->left -= *n;
    return s;
}

typedef struct drawn {
    unsigned right, width;
} drawn;

static void
put(void *arg, unsigned column, const gb_cell *cell, gb_view_pos pos,
    gb_text_kind kind, gb_view_match match)
{
    drawn *d = arg;

    (void)pos;
    FUZZ_CHECK(column == d->right);
    FUZZ_CHECK(cell->bytes >= 1 && kind <= GB_TEXT_FORGOTTEN_MODEL);
    FUZZ_CHECK(match <= GB_MATCH_CURRENT);
    FUZZ_CHECK(memchr(cell->shown, '\0', sizeof cell->shown) != NULL);
    d->right += cell->width;
    FUZZ_CHECK(d->right <= d->width);
}

/* A place on the screen is found there again, and counted. */
static void
check_place(program *p, unsigned row, unsigned column)
{
    gb_view_pos pos, begin = {0, 0}, back;
    unsigned r, c;

    FUZZ_CHECK(gb_view_pos_at(p->view, row, column, &pos));
    FUZZ_CHECK(gb_view_where(p->view, pos, &r, &c));
    FUZZ_CHECK(r == row && c <= column);
    back = gb_view_advance(p->view, begin,
                           gb_view_distance(p->view, begin, pos));
    FUZZ_CHECK(gb_view_distance(p->view, begin, back) ==
               gb_view_distance(p->view, begin, pos));
}

static void
draw(program *p)
{
    drawn d = {.width = p->width};
    unsigned row;

    for (row = 0; row < p->height; row++) {
        d.right = 0;
        if (!gb_view_draw(p->view, row, put, &d))
            break;
        check_place(p, row, d.right / 2);
        check_place(p, row, p->width);
    }
    FUZZ_CHECK(gb_view_new_below(p->view) <= GB_VIEW_MANY);
    FUZZ_CHECK(!gb_view_follows(p->view) || gb_view_new_below(p->view) == 0);
}

static void
resize(program *p)
{
    p->width = 1 + byte(p) % 100;
    p->height = 1 + byte(p) % 40;
    gb_view_resize(p->view, p->width, p->height);
}

static void
append(program *p)
{
    gb_text_kind kind = (gb_text_kind)(byte(p) % (GB_TEXT_ERROR + 1));
    size_t n;
    const char *s = text(p, &n);

    gb_view_append(p->view, kind, s, n);
}

static void
find(program *p)
{
    size_t n;
    const char *s = text(p, &n);

    gb_view_find(p->view, s, n);
}

static void
truncate_at_place(program *p)
{
    if (p->n_places == 0)
        return;
    p->n_places = byte(p) % p->n_places;
    gb_view_truncate(p->view, p->places[p->n_places]);
    FUZZ_CHECK(memcmp(&p->places[p->n_places], &(gb_view_pos){0, 0},
                      sizeof p->places[0]) != 0 ||
               gb_view_is_empty(p->view));
}

static void
remember(program *p)
{
    gb_view_pos pos = {0, 0};

    if (p->n_places > 0)
        pos = p->places[byte(p) % p->n_places];
    gb_view_remember(p->view, gb_view_advance(p->view, pos, byte(p)));
}

static void
step(program *p)
{
    switch (byte(p) % 12) {
    case 0:
        resize(p);
        break;
    case 1:
        gb_view_scroll(p->view, (long)byte(p) - 128);
        break;
    case 2:
        gb_view_page(p->view, (int)(byte(p) % 5) - 2);
        break;
    case 3:
        gb_view_home(p->view);
        break;
    case 4:
        gb_view_follow(p->view);
        FUZZ_CHECK(gb_view_follows(p->view));
        break;
    case 5:
        find(p);
        break;
    case 6:
        gb_view_find_next(p->view, byte(p) % 2);
        break;
    case 7:
        if (p->n_places < MAX_PLACES)
            p->places[p->n_places++] = gb_view_end(p->view);
        break;
    case 8:
        truncate_at_place(p);
        break;
    case 9:
        remember(p);
        break;
    case 10:
        draw(p);
        break;
    default:
        append(p);
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    program p = {.at = data, .left = size, .width = 1, .height = 1};

    p.view = gb_view_new(byte(&p) % 2);
    resize(&p);
    while (p.left > 0)
        step(&p);
    draw(&p);
    gb_view_free(p.view);
    return 0;
}
