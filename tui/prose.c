#include "tui/prose.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "tui/screen.h"

static gb_view_pos fork_pos(const gb_prose *p, size_t i);
static bool cursor_ink(const gb_prose *p, gb_view_pos *pos);

/* Makes room for a row below the last fork, if that is in sight. */
static void
place_ghost(gb_prose *p)
{
    unsigned row, column;

    if (p->ghost == NULL || p->transcript == NULL || p->n_forks == 0 ||
        p->ghost->len == 0 || p->height < 4)
        return;
    gb_view_resize(p->view, p->text_width, p->height - 1);
    if (!gb_view_where(p->view, fork_pos(p, p->n_forks - 1), &row, &column)) {
        gb_view_resize(p->view, p->text_width, p->height);
        return;
    }
    p->rows = p->height - 1;
    p->above = row;
}

/* The row of the screen that a row of the text stands in. */
static unsigned
screen_row(const gb_prose *p, unsigned row)
{
    return p->row + row + (row > p->above ? 1 : 0);
}

void
gb_prose_place(gb_prose *p, unsigned row, unsigned column, unsigned width,
               unsigned height)
{
    const unsigned old_width = p->text_width, old_height = p->height;
    bool page = p->transcript == NULL;
    gb_view_pos ink;

    p->row = row;
    p->column = column;
    p->width = width;
    p->height = height;
    p->gutter = page || width < GB_PROSE_SLIM_FROM ? 0
                : width < GB_PROSE_GUTTER_FROM     ? GB_PROSE_SLIM
                                                   : GB_PROSE_GUTTER;
    p->text_width = width - p->gutter;
    if (!page && p->text_width > GB_PROSE_WIDTH)
        p->text_width = GB_PROSE_WIDTH;
    gb_view_resize(p->view, p->text_width, height);
    p->rows = p->above = height;
    if (p->text_width != old_width || height != old_height) {
        gb_view_settle(p->view);
        /* What is read stays in sight. */
        if (p->reading && cursor_ink(p, &ink))
            gb_view_show(p->view, ink);
    }
    place_ghost(p);
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
             e->ascii ? "Y" : "┬", ways);
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

/* The places between which the cursor's token stands; false: at the end. */
static bool
cursor_token(const gb_prose *p, gb_view_pos *begin, gb_view_pos *end)
{
    gb_view_pos rest;
    uint64_t i;

    *begin = *end = gb_view_end(p->view);
    if (p->transcript == NULL ||
        !gb_transcript_token(p->transcript, p->cursor, begin, end, NULL))
        return false;
    /* Half a character is seen at the whole one. */
    for (i = 1; !gb_view_is_beyond(*end, *begin) &&
                gb_transcript_token(p->transcript, p->cursor + i, &rest, end,
                                    NULL);
         i++)
        continue;
    return true;
}

/* Where something of it is seen. */
static bool
cursor_ink(const gb_prose *p, gb_view_pos *pos)
{
    gb_view_pos end, ink;
    bool token = cursor_token(p, pos, &end);

    if (token) {
        ink = gb_view_skip_blanks(p->view, *pos);
        if (gb_view_is_beyond(end, ink))
            *pos = ink;
    }
    return token;
}

static bool
cursor_cell(const gb_prose *p, unsigned *row, unsigned *column)
{
    gb_view_pos pos;

    cursor_ink(p, &pos);
    return gb_view_where(p->view, pos, row, column);
}

bool
gb_prose_cursor_at(const gb_prose *p, unsigned *row, unsigned *column)
{
    if (!cursor_cell(p, row, column))
        return false;
    *row = screen_row(p, *row);
    *column += p->column + p->gutter;
    if (*column >= p->column + p->width)
        *column = p->column + p->width - 1;
    return true;
}

bool
gb_prose_pos_at(const gb_prose *p, unsigned row, unsigned column,
                gb_view_pos *pos)
{
    unsigned left = p->column + p->gutter, i;

    if (column < p->column || column >= p->column + p->width)
        return false;
    for (i = 0; i < p->rows; i++)
        if (screen_row(p, i) == row)
            return gb_view_pos_at(p->view, i,
                                  column > left ? column - left : 0, pos);
    return false;
}

void
gb_prose_here(const gb_prose *p, gb_str *out)
{
    gb_str signs = GB_STR_INIT;
    unsigned row, column;

    if (room(p) == 0 && cursor_cell(p, &row, &column))
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
    gb_view_pos begin, end; /* of the cursor's token; end is begin: none */
    gb_view_pos behind; /* the last cell, which was */
    bool inside;        /* one of it */
    gb_view_pos token_end; /* of the one at the last cell, and how far that */
    unsigned step;         /* one stands out */
} pen;

static void
flush_pen(pen *p)
{
    if (p->text.len > 0)
        gb_screen_put_raw(p->row, p->column, p->style, p->text.data,
                          p->text.len);
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

/* How far the token stands out that a cell is of. */
static unsigned
step_at(pen *p, gb_view_pos pos)
{
    const gb_transcript *t = p->prose->transcript;
    const gb_written *token;
    gb_view_pos begin;
    uint64_t number;

    if (t == NULL || p->prose->colouring == GB_COLOUR_OFF)
        return 0;
    if (gb_view_is_beyond(p->token_end, pos))
        return p->step;
    p->step = 0;
    p->token_end = pos;
    if (gb_transcript_token_at(t, pos, &number) &&
        gb_transcript_token(t, number, &begin, &p->token_end, &token))
        p->step = gb_colour_step(p->prose->colouring, token);
    return p->step;
}

static gb_style
cell_style(pen *p, gb_view_pos pos, gb_text_kind kind, gb_view_match match)
{
    if (match == GB_MATCH_NONE &&
        (kind == GB_TEXT_USER || kind == GB_TEXT_MODEL))
        return gb_colour_style(step_at(p, pos), kind == GB_TEXT_USER);
    return style_of(kind, match);
}

/* Without colours the token stands in brackets as well, where there is a
 * blank at its sides that they can take. */
static const char *
bracket(const pen *p, const gb_cell *cell, gb_view_pos pos, bool inside)
{
    if (!gb_theme_is_colored() && cell->space && cell->width == 1) {
        if (inside && pos.offset == p->begin.offset &&
            pos.paragraph == p->begin.paragraph)
            return "[";
        if (!inside && p->inside)
            return "]";
    }
    return cell->shown;
}

static void
put_cell(void *arg, unsigned column, const gb_cell *cell, gb_view_pos pos,
         gb_text_kind kind, gb_view_match match)
{
    pen *p = arg;
    bool inside = !gb_view_is_beyond(p->begin, pos) &&
                  gb_view_is_beyond(p->end, pos);
    gb_style style = inside ? GB_STYLE_CURSOR
                            : cell_style(p, pos, kind, match);
    const char *shown = bracket(p, cell, pos, inside);

    column += p->prose->column + p->prose->gutter;
    if (style != p->style || column != p->next) {
        flush_pen(p);
        p->style = style;
        p->column = column;
    }
    gb_str_puts(&p->text, shown);
    p->next = column + cell->width;
    p->inside = inside;
    p->behind = (gb_view_pos){pos.paragraph, pos.offset + cell->bytes};
}

/* Leaves the one that has room in a slim gutter: of "T▴" the arrow. */
static void
keep_one_sign(gb_str *signs, bool ascii)
{
    gb_cell cell;

    if (signs->len > 1 && signs->data[0] == 'T')
        gb_str_drop(signs, 1);
    if (signs->len == 0)
        return;
    gb_cell_read(&cell, signs->data, signs->len, 0, ascii);
    signs->data[signs->len = cell.bytes] = '\0';
}

/* What stands at both sides of a line. */
static void
draw_events(const gb_prose *p, unsigned row, unsigned at)
{
    unsigned right = p->column + p->gutter + p->text_width + 2;
    gb_str signs = GB_STR_INIT, words = GB_STR_INIT;

    if (p->gutter > 0)
        gb_prose_events(p, row, &signs, &words);
    if (p->gutter == GB_PROSE_SLIM)
        keep_one_sign(&signs, gb_screen_is_ascii());
    if (p->gutter > 0)
        gb_screen_put(at, p->column, p->gutter - 1, GB_STYLE_MARK,
                      gb_str_cstr(&signs));
    if (room(p) > 0)
        gb_screen_put(at, right, room(p), GB_STYLE_FAINT,
                      gb_str_cstr(&words));
    gb_str_free(&signs);
    gb_str_free(&words);
}

/* A cell behind the line's text: of a token that ends it, or shows nothing,
 * or is not there yet. */
static void
draw_cursor(const gb_prose *p, const pen *out, bool token)
{
    unsigned row, column;

    if ((!token && !p->reading) || !cursor_cell(p, &row, &column) ||
        column >= p->text_width)
        return;
    row = screen_row(p, row);
    column += p->column + p->gutter;
    if (row == out->row && column >= out->next)
        gb_screen_put(row, column, 1, GB_STYLE_CURSOR, " ");
}

static void
draw_ghost(const gb_prose *p)
{
    gb_str text = GB_STR_INIT;
    const char *s;
    gb_row row;
    size_t n;

    if (p->above >= p->height)
        return;
    s = p->ghost->data;
    n = strspn(s, " \n");
    gb_str_printf(&text, "%s take %u: …", gb_screen_is_ascii() ? ":" : "┊",
                  p->take);
    gb_utf8_line(&text, s + n, p->ghost->len - n, p->text_width);
    gb_row_init(&row, p->text_width, gb_screen_is_ascii());
    gb_row_field(&row, GB_STYLE_FAINT, text.data, p->text_width);
    gb_screen_put_raw(p->row + p->above + 1, p->column + p->gutter,
                      GB_STYLE_FAINT, gb_str_cstr(&row.text), row.text.len);
    gb_row_free(&row);
    gb_str_free(&text);
}

/* Of a token whose word stands at the beginning of a line, the blank that
 * hangs at the end of the line before is not seen. */
static void
skip_hanging(const gb_prose *p, pen *out)
{
    gb_view_pos ink = gb_view_skip_blanks(p->view, out->begin);
    unsigned row, ink_row, column;

    if (gb_view_where(p->view, out->begin, &row, &column) &&
        gb_view_where(p->view, ink, &ink_row, &column) && ink_row != row &&
        gb_view_is_beyond(out->end, ink))
        out->begin = ink;
}

void
gb_prose_draw(const gb_prose *p)
{
    pen out = {.prose = p};
    bool token = cursor_token(p, &out.begin, &out.end);
    unsigned row;

    skip_hanging(p, &out);
    draw_ghost(p);
    for (row = 0; row < p->rows; row++) {
        out.row = screen_row(p, row);
        out.next = out.column = 0;
        out.inside = false;
        if (!gb_view_draw(p->view, row, put_cell, &out))
            break;
        flush_pen(&out);
        if (out.inside && !gb_theme_is_colored() &&
            !gb_view_is_beyond(out.end, out.behind) &&
            out.next < p->column + p->width)
            gb_screen_put(out.row, out.next, 1, GB_STYLE_PLAIN, "]");
        if (out.next == 0)
            out.next = p->column + p->gutter;
        draw_events(p, row, out.row);
        draw_cursor(p, &out, token);
    }
    gb_str_free(&out.text);
}
