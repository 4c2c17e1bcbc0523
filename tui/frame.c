#include "tui/frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/round.h"
#include "tui/candidate_pane.h"
#include "tui/first.h"
#include "tui/layout.h"
#include "tui/screen.h"
#include "tui/title.h"

#define STRIP_STATE 12     /* columns */
#define STRIP_AXIS_FROM 40

void
gb_frame_view(gb_view *v, unsigned top, unsigned left, unsigned width,
              unsigned height)
{
    gb_prose p = {.view = v};

    gb_prose_place(&p, top, left, width, height);
    gb_prose_draw(&p);
}

gb_row
gb_frame_new_row(unsigned width)
{
    gb_row r;

    gb_row_init(&r, width, gb_screen_is_ascii());
    return r;
}

void
gb_frame_row(gb_row *r, unsigned row, unsigned column)
{
    size_t i, start = 0, n;

    for (i = 0; i < r->n_pieces; i++) {
        n = r->pieces[i].end - start;
        gb_screen_put_raw(row, column, r->pieces[i].style,
                          r->text.data + start, n);
        column += gb_cells_width(r->text.data + start, n, r->ascii);
        start += n;
    }
    gb_row_free(r);
}

void
gb_frame_title(const char *title, const char *right, unsigned width)
{
    unsigned used = 1, need = gb_cells_width(right, strlen(right),
                                             gb_screen_is_ascii());
    /* What is short stands there whatever else has room. */
    const unsigned kept = need > 0 && need * 3 + 4 <= width ? need + 3 : 0;

    used += gb_screen_put(0, 1, width - 1 - kept, GB_STYLE_TITLE, title);
    if (need > 0 && used + need + 2 < width)
        gb_screen_put(0, width - need - 1, need, GB_STYLE_FAINT, right);
}

static void
draw_title(const gb_frame *f, unsigned width)
{
    gb_row r;

    if (f->page_title != NULL) {
        gb_frame_title(f->page_title, "", width);
        return;
    }
    r = gb_frame_new_row(width);
    gb_title_put(&r, f->mirror);
    gb_frame_row(&r, 0, 0);
}

static void
draw_rule_text(const char *text, gb_style style, unsigned row, unsigned width)
{
    unsigned used = gb_cells_width(text, strlen(text), gb_screen_is_ascii());

    if (width < 8)
        return;
    if (used + 4 > width)
        used = width - 4;
    gb_screen_put(row, width - used - 2, used, style, text);
}

/* What the colours of the tokens mean, where there is room for it besides. */
static void
draw_legend(const gb_frame *f, unsigned row, unsigned width)
{
    gb_row r;

    if (f->prose->transcript == NULL ||
        f->prose->colouring == GB_COLOUR_OFF || width < 60)
        return;
    r = gb_frame_new_row(width - 4);
    gb_row_puts(&r, GB_STYLE_FAINT, " ");
    gb_colour_legend(f->prose->colouring, &r);
    gb_row_puts(&r, GB_STYLE_FAINT, " ");
    gb_frame_row(&r, row, 2);
}

/* The rule below the text, in it what is to be said of the view, or else what
 * happened on the line one is at. */
static void
draw_rule(const gb_frame *f, unsigned row, unsigned width)
{
    gb_str words = GB_STR_INIT;
    gb_style style = GB_STYLE_WARN;
    char *text;

    gb_screen_line(row, 0, width);
    draw_legend(f, row, width);
    f->rule(f->rule_arg, &words);
    if (words.len == 0) {
        style = GB_STYLE_MARK;
        gb_prose_here(f->prose, &words);
    }
    if (words.len > 0) {
        text = gb_format(" %s ", words.data);
        draw_rule_text(text, style, row, width);
        free(text);
    }
    gb_str_free(&words);
}

static void
draw_axis(const gb_frame *f, unsigned row, unsigned width)
{
    gb_row r = gb_frame_new_row(width);

    gb_axis_put(&r, f->axis, width, true);
    gb_frame_row(&r, row, 0);
}

static void
draw_status(const gb_frame *f, unsigned row, unsigned width)
{
    gb_row r = gb_frame_new_row(width);

    gb_status_put(&r, f->status);
    gb_frame_row(&r, row, 0);
}

void
gb_frame_last(unsigned row, unsigned width, const char *error,
              const char *notice, const char *const *hints)
{
    gb_last l = {.error = error, .notice = notice, .hints = hints};
    unsigned rows = gb_last_rows(&l, width, row);

    gb_last_draw(&l, row, width);
    if (rows > 0)
        gb_last_draw_message(&l, row - rows, rows, width);
}

static unsigned
width_of(const char *text)
{
    return gb_cells_width(text, strlen(text), gb_screen_is_ascii());
}

void
gb_frame_asks(unsigned row, unsigned column, const char *question,
              const char *typed, const char *said)
{
    const char *between = strcmp(question, ">") == 0 ? " " : ": ";
    unsigned width, height, room, behind;
    gb_row r;

    gb_screen_size(&width, &height);
    behind = said != NULL ? width_of(said) + 2 : 0;
    behind = behind < width / 2 ? behind : 0;
    r = gb_frame_new_row(width);
    gb_row_pad(&r, column);
    /* The answer has what it needs, and half of the row at most. */
    room = width_of(typed) + behind + 3;
    r.width = room < width / 2 ? width - room : width - width / 2;
    gb_row_puts(&r, GB_STYLE_KEY, question);
    r.width = width;
    gb_row_puts(&r, GB_STYLE_KEY, between);
    r.width = width - behind;
    gb_row_typed(&r, GB_STYLE_PLAIN, typed, strlen(typed));
    r.width = width;
    column = r.used < width ? r.used : width - 1;
    if (behind > 0) {
        gb_row_puts(&r, GB_STYLE_PLAIN, "  ");
        gb_row_puts(&r, GB_STYLE_WARN, said);
    }
    gb_frame_row(&r, row, 0);
    gb_screen_show(row, column);
}

void
gb_frame_words(unsigned bottom, unsigned rows, unsigned width)
{
    unsigned longest = 1, columns, need, row, column, w;
    bool ascii = gb_screen_is_ascii();
    const char *const *words;
    size_t n = gb_prompt_matches(&words), i;

    if (n == 0 || rows == 0)
        return;
    for (i = 0; i < n; i++) {
        w = gb_cells_width(words[i], strlen(words[i]), ascii);
        longest = w > longest ? w : longest;
    }
    columns = width / (longest + 2) > 0 ? width / (longest + 2) : 1;
    need = (unsigned)gb_div_up(n, columns);
    rows = need < rows ? need : rows;
    for (row = 0; row < rows; row++) {
        gb_screen_blank(bottom - rows + row);
        for (column = 0; column < columns; column++) {
            i = (size_t)row * columns + column;
            if (i < n)
                gb_screen_put(bottom - rows + row,
                              1 + column * (longest + 2), longest,
                              GB_STYLE_MARK, words[i]);
        }
    }
    if (rows < need && width > 8)
        gb_screen_put(bottom - 1, width - 5, 4, GB_STYLE_WARN, "more");
}

static void
draw_prompt_row(const gb_prompt_view *v, size_t i, unsigned row,
                unsigned width)
{
    const gb_prompt_row *r = &v->rows[i];
    char gutter[2] = {r->gutter, '\0'};
    char *text = gb_strndup(v->text.data + r->start, r->end - r->start);

    if (width > GB_PROMPT_GUTTER)
        gb_screen_put(row, 0, 1, GB_STYLE_KEY, gutter);
    if (width > GB_PROMPT_GUTTER)
        gb_screen_put(row, GB_PROMPT_GUTTER, width - GB_PROMPT_GUTTER,
                      GB_STYLE_PLAIN, text);
    else
        gb_screen_put(row, 0, width, GB_STYLE_PLAIN, text);
    free(text);
}

/* Temperature, spectrum and state in one row. */
static void
draw_strip(const gb_frame *f, const gb_layout *l, unsigned width)
{
    gb_row r = gb_frame_new_row(width);
    gb_str words = GB_STR_INIT;
    unsigned state;

    f->rule(f->rule_arg, &words);
    state = gb_cells_width(words.data, words.len, r.ascii) + 1;
    state = state > STRIP_STATE ? state : STRIP_STATE;
    gb_status_put_temperature(&r, f->status);
    if (width >= STRIP_AXIS_FROM && r.used + state < width)
        gb_axis_put(&r, f->axis, width - r.used - state, false);
    gb_row_puts(&r, GB_STYLE_PLAIN, " ");
    if (words.len == 0)
        gb_status_put_state(&r, f->status, true);
    gb_row_put(&r, GB_STYLE_WARN, words.data, words.len);
    gb_frame_row(&r, l->status_row, 0);
    gb_str_free(&words);
}

static void
draw_line_down(const gb_layout *l)
{
    gb_screen_line_down(l->text_row, l->text_width, l->text_height);
    if (l->top_rule)
        gb_screen_put(l->text_row - 1, l->text_width, 1, GB_STYLE_RULE,
                      gb_screen_is_ascii() ? "+" : "┬");
}

static gb_pane
make_pane(const gb_mirror *m)
{
    gb_pane pane = {.seen = m->seen};
    const gb_seen_fork *fork;
    size_t i;

    for (i = 0; m->seen != NULL && i < m->n_forks; i++) {
        fork = &m->forks[i];
        if (fork->place.node != m->seen->place.node ||
            fork->place.tokens != m->seen->place.tokens)
            continue;
        pane.ways = fork->ways;
        if (i + 1 == m->n_forks) {
            pane.other = gb_str_cstr(&m->other);
            pane.other_take = m->other_take;
        }
    }
    return pane;
}

/* Rows of a part of the screen; draw_rows frees them. */
static gb_row *
make_rows(unsigned n, unsigned width)
{
    gb_row *rows = gb_alloc_array(n, sizeof *rows);
    unsigned i;

    for (i = 0; i < n; i++)
        rows[i] = gb_frame_new_row(width);
    return rows;
}

static void
draw_rows(gb_row *rows, unsigned n, unsigned row, unsigned column)
{
    unsigned i;

    for (i = 0; i < n; i++)
        gb_frame_row(&rows[i], row + i, column);
    free(rows);
}

static void
draw_candidates(const gb_frame *f, unsigned row, unsigned column,
                unsigned width, unsigned height)
{
    gb_row *rows = make_rows(height, width);
    gb_pane pane = make_pane(f->mirror);

    gb_pane_put(&pane, rows, height);
    draw_rows(rows, height, row, column);
}

static void
draw_first(const gb_frame *f, const gb_layout *l)
{
    gb_row *rows = make_rows(l->text_height, l->text_width);

    gb_first_put(rows, l->text_height, f->mirror->mode, f->mirror->state);
    draw_rows(rows, l->text_height, l->text_row, 0);
}

static void
draw_text(const gb_frame *f, const gb_layout *l, unsigned width)
{
    unsigned bottom = l->text_row + l->text_height;

    if (l->text_height == 0)
        return;
    gb_prose_place(f->prose, l->text_row, 0, l->text_width, l->text_height);
    if (f->first)
        draw_first(f, l);
    else
        gb_prose_draw(f->prose);
    if (l->pane > 0) {
        draw_line_down(l);
        draw_candidates(f, l->text_row, l->text_width + 1, l->pane,
                        l->text_height);
    }
    gb_frame_words(bottom, l->text_height / 2, width);
}

static void
draw_all(const gb_frame *f, const gb_layout *l, unsigned width)
{
    if (l->title)
        draw_title(f, width);
    if (l->top_rule)
        gb_screen_line(1, 0, width);
    draw_text(f, l, width);
    if (l->message > 0)
        gb_last_draw_message(&f->last, l->message_row, l->message, width);
    if (l->rule)
        draw_rule(f, l->rule_row, width);
    if (l->rule && l->pane > 0 && l->message == 0)
        gb_screen_put(l->rule_row, l->text_width, 1, GB_STYLE_RULE,
                      gb_screen_is_ascii() ? "+" : "┴");
    if (l->drawer > 0)
        draw_candidates(f, l->drawer_row, 0, width, l->drawer);
    if (l->axis)
        draw_axis(f, l->axis_row, width);
    if (l->status)
        draw_status(f, l->status_row, width);
    if (l->strip)
        draw_strip(f, l, width);
    if (l->last)
        gb_last_draw(&f->last, l->last_row, width);
}

/* A message may stand where the hints tell in which mode one is. */
static void
put_mode(unsigned row, unsigned width)
{
    if (width > GB_PROMPT_GUTTER)
        gb_screen_put(row, GB_PROMPT_GUTTER, width - GB_PROMPT_GUTTER,
                      GB_STYLE_FAINT, "reading: Esc comes back here");
}

static void
draw_prompt(const gb_frame *f, const gb_layout *l,
            const gb_prompt_view *prompt, unsigned width)
{
    unsigned in_row, column;
    size_t i;

    if (f->search != NULL) {
        gb_frame_asks(l->prompt_row, 0, "search", f->search, NULL);
        return;
    }
    for (i = 0; i < l->prompt; i++)
        draw_prompt_row(prompt, i, l->prompt_row + (unsigned)i, width);
    if (f->prose->reading && prompt->text.len == 0)
        put_mode(l->prompt_row, width);
    if (f->prose->reading && l->text_height > 0 &&
        gb_prose_cursor_at(f->prose, &in_row, &column)) {
        gb_screen_show(in_row, column);
        return;
    }
    column = prompt->cursor_column;
    gb_screen_show(l->prompt_row + (unsigned)prompt->cursor_row,
                   column < width ? column : width - 1);
}

static void
make_layout(const gb_frame *f, const gb_prompt_view *prompt,
            gb_layout_in *in, gb_layout *l)
{
    bool message = f->last.error != NULL || f->last.notice != NULL;

    in->prompt = f->search != NULL ? 1 : (unsigned)prompt->n_rows;
    in->message = gb_last_rows(&f->last, in->width, in->height);
    in->message_all = in->message;
    if (message && in->message_all == 0 && f->search == NULL)
        in->message_all = 1;
    in->candidates = f->candidates;
    gb_layout_make(l, in);
}

void
gb_frame_draw(const gb_frame *f)
{
    gb_layout_in in;
    gb_prompt_view prompt;
    gb_layout l;

    memset(&in, 0, sizeof in);
    memset(&prompt, 0, sizeof prompt);
    gb_screen_size(&in.width, &in.height);
    gb_screen_clear();
    gb_prompt_look(&prompt, in.width, gb_layout_prompt(in.height));
    make_layout(f, &prompt, &in, &l);
    draw_all(f, &l, in.width);
    draw_prompt(f, &l, &prompt, in.width);
    gb_prompt_view_free(&prompt);
}
