#include "tui/prose.h"

#include <stdio.h>
#include <string.h>

#include "tui/screen.h"

void
gb_prose_place(gb_prose *p, unsigned row, unsigned column, unsigned width,
               unsigned height)
{
    bool page = p->transcript == NULL;

    p->row = row;
    p->column = column;
    p->width = width;
    p->height = height;
    p->gutter =
        !page && width >= GB_PROSE_GUTTER_FROM ? GB_PROSE_GUTTER : 0;
    p->text_width = width - p->gutter;
    if (!page && p->text_width > GB_PROSE_WIDTH)
        p->text_width = GB_PROSE_WIDTH;
    gb_view_resize(p->view, p->text_width, height);
}

/* What happened on a line. */

typedef struct line {
    gb_view_pos begin, end;
    bool last; /* end belongs to it */
} line;

/* Whether a place is above the line, or below it. */
static int
compare(const line *l, gb_view_pos pos)
{
    if (gb_view_is_beyond(l->begin, pos))
        return -1;
    if (gb_view_is_beyond(l->end, pos) ||
        (l->last && !gb_view_is_beyond(pos, l->end)))
        return 0;
    return 1;
}

/* Where a mark is drawn: at what it is about, which may be on the next line.
 */
static gb_view_pos
mark_pos(const gb_prose *p, size_t i)
{
    return gb_view_skip_blanks(p->view, p->transcript->marks[i].pos);
}

static gb_view_pos
fork_pos(const gb_prose *p, size_t i)
{
    gb_view_pos begin = {0, 0}, end;
    uint64_t number;

    if (!gb_transcript_number(p->transcript, p->forks[i].place, &number) ||
        !gb_transcript_token(p->transcript, number, &begin, &end, NULL))
        return gb_view_end(p->view);
    return gb_view_skip_blanks(p->view, begin);
}

/* The first of n, which stand in order, that is not above the line. */
static size_t
first_on(const gb_prose *p, const line *l, size_t n,
         gb_view_pos (*place)(const gb_prose *p, size_t i))
{
    size_t low = 0, middle;

    while (low < n) {
        middle = low + (n - low) / 2;
        if (compare(l, place(p, middle)) < 0)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

typedef struct events {
    gb_str *signs, *words;
    size_t n;
    bool ascii;
} events;

/* Two events share the gutter by the first character of each. */
static void
add_sign(events *e, const char *sign)
{
    gb_cell cell;

    if (e->n == 0) {
        gb_str_puts(e->signs, sign);
    } else if (e->n == 1) {
        gb_cell_read(&cell, e->signs->data, e->signs->len, 0, e->ascii);
        e->signs->data[e->signs->len = cell.bytes] = '\0';
        gb_cell_read(&cell, sign, strlen(sign), 0, e->ascii);
        gb_str_append(e->signs, sign, cell.bytes);
    }
}

static void
add_event(events *e, const char *sign, const char *words)
{
    add_sign(e, sign);
    gb_str_printf(e->words, "%s%s", e->n > 0 ? "; " : "", words);
    e->n++;
}

static void
add_fork(events *e, uint32_t ways)
{
    char sign[16], words[32];

    snprintf(sign, sizeof sign, ways < 10 ? "%s%u" : "%s+",
             e->ascii ? "Y" : "⑂", ways);
    snprintf(words, sizeof words, "%u takes part here", ways);
    add_event(e, sign, words);
}

void
gb_prose_events(const gb_prose *p, unsigned row, gb_str *signs,
                gb_str *words)
{
    events e = {signs, words, 0, gb_screen_is_ascii()};
    const gb_transcript *t = p->transcript;
    size_t i;
    line l;

    if (t == NULL || !gb_view_row(p->view, row, &l.begin, &l.end, &l.last))
        return;
    for (i = first_on(p, &l, t->n_marks, mark_pos);
         i < t->n_marks && compare(&l, mark_pos(p, i)) == 0; i++)
        add_event(&e, t->marks[i].sign, t->marks[i].words);
    for (i = first_on(p, &l, p->n_forks, fork_pos);
         i < p->n_forks && compare(&l, fork_pos(p, i)) == 0; i++)
        add_fork(&e, p->forks[i].ways);
}

/* Columns for words at the right of the text. */
static unsigned
room(const gb_prose *p)
{
    unsigned left = p->width - p->gutter - p->text_width;

    return left >= GB_PROSE_WORDS ? left - 2 : 0;
}

void
gb_prose_here(const gb_prose *p, gb_str *out)
{
    gb_str signs = GB_STR_INIT;
    unsigned row, column;

    if (room(p) == 0 &&
        gb_view_where(p->view, gb_view_end(p->view), &row, &column))
        gb_prose_events(p, row, &signs, out);
    gb_str_free(&signs);
}

/* Drawing. */

/* Text of one style, collected so that it is drawn at once. */
typedef struct pen {
    const gb_prose *prose;
    unsigned row, column, next;
    gb_style style;
    gb_str text;
} pen;

static void
flush_pen(pen *p)
{
    if (p->text.len > 0)
        gb_screen_put_raw(p->row, p->column, p->style, p->text.data);
    gb_str_clear(&p->text);
}

static gb_style
style_of(gb_text_kind kind, gb_view_match match)
{
    static const gb_style styles[] = {
        [GB_TEXT_USER] = GB_STYLE_USER,     [GB_TEXT_MODEL] = GB_STYLE_MODEL,
        [GB_TEXT_END] = GB_STYLE_FAINT,     [GB_TEXT_MARK] = GB_STYLE_MARK,
        [GB_TEXT_SYSTEM] = GB_STYLE_SYSTEM, [GB_TEXT_ERROR] = GB_STYLE_ERROR,
        [GB_TEXT_FORGOTTEN_USER] = GB_STYLE_FORGOTTEN_USER,
        [GB_TEXT_FORGOTTEN_MODEL] = GB_STYLE_FORGOTTEN,
    };

    if (match != GB_MATCH_NONE)
        return match == GB_MATCH_CURRENT ? GB_STYLE_CURRENT : GB_STYLE_MATCH;
    return styles[kind];
}

static void
put_cell(void *arg, unsigned column, const gb_cell *cell, gb_view_pos pos,
         gb_text_kind kind, gb_view_match match)
{
    gb_style style = style_of(kind, match);
    pen *p = arg;

    (void)pos;
    column += p->prose->column + p->prose->gutter;
    if (style != p->style || column != p->next) {
        flush_pen(p);
        p->style = style;
        p->column = column;
    }
    gb_str_puts(&p->text, cell->shown);
    p->next = column + cell->width;
}

/* What stands at both sides of a line. */
static void
draw_events(const gb_prose *p, unsigned row)
{
    unsigned right = p->column + p->gutter + p->text_width + 2;
    gb_str signs = GB_STR_INIT, words = GB_STR_INIT;

    if (p->gutter > 0)
        gb_prose_events(p, row, &signs, &words);
    gb_screen_put(p->row + row, p->column, p->gutter, GB_STYLE_MARK,
                  gb_str_cstr(&signs));
    if (room(p) > 0)
        gb_screen_put(p->row + row, right, room(p), GB_STYLE_FAINT,
                      gb_str_cstr(&words));
    gb_str_free(&signs);
    gb_str_free(&words);
}

void
gb_prose_draw(const gb_prose *p)
{
    pen out = {p, 0, 0, 0, GB_STYLE_PLAIN, GB_STR_INIT};
    unsigned row;

    for (row = 0; row < p->height; row++) {
        out.row = p->row + row;
        out.next = out.column = 0;
        if (!gb_view_draw(p->view, row, put_cell, &out))
            break;
        flush_pen(&out);
        draw_events(p, row);
    }
    gb_str_free(&out.text);
}
