#include "tui/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/screen.h"
#include "tui/title.h"

void
gb_frame_view(gb_view *v, unsigned top, unsigned left, unsigned width,
              unsigned height)
{
    gb_prose p = {.view = v};

    gb_prose_place(&p, top, left, width, height);
    gb_prose_draw(&p);
}

void
gb_frame_title(const char *title, const char *right, unsigned width)
{
    unsigned used = 1, need = gb_cells_width(right, strlen(right),
                                             gb_screen_is_ascii());

    used += gb_screen_put(0, 1, width - 1, GB_STYLE_TITLE, title);
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
    gb_row_init(&r, width, gb_screen_is_ascii());
    gb_title_put(&r, f->mirror);
    gb_frame_row(&r, 0, 0);
    gb_row_free(&r);
}

static void
draw_rule_text(const char *text, gb_style style, unsigned row, unsigned width)
{
    unsigned used = gb_cells_width(text, strlen(text), gb_screen_is_ascii());

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
    gb_row_init(&r, width - 4, gb_screen_is_ascii());
    gb_row_puts(&r, GB_STYLE_FAINT, " ");
    gb_colour_legend(f->prose->colouring, &r);
    gb_row_puts(&r, GB_STYLE_FAINT, " ");
    gb_frame_row(&r, row, 2);
    gb_row_free(&r);
}

/* The rule below the text, in it what is to be said of the view, or else what
 * happened on the line one is at. */
static void
draw_rule(const gb_frame *f, unsigned row, unsigned width)
{
    gb_str words = GB_STR_INIT;
    char *text;

    gb_screen_line(row, 0, width);
    draw_legend(f, row, width);
    if (f->rule[0] != '\0') {
        draw_rule_text(f->rule, GB_STYLE_WARN, row, width);
        return;
    }
    gb_prose_here(f->prose, &words);
    if (words.len > 0) {
        text = gb_format(" %s ", words.data);
        draw_rule_text(text, GB_STYLE_MARK, row, width);
        free(text);
    }
    gb_str_free(&words);
}

void
gb_frame_row(const gb_row *r, unsigned row, unsigned column)
{
    size_t i, start = 0;
    char *text;

    for (i = 0; i < r->n_pieces; i++) {
        text = gb_strndup(r->text.data + start, r->pieces[i].end - start);
        gb_screen_put_raw(row, column, r->pieces[i].style, text);
        column += gb_cells_width(text, strlen(text), r->ascii);
        start = r->pieces[i].end;
        free(text);
    }
}

static void
draw_axis(const gb_frame *f, unsigned row, unsigned width)
{
    gb_row r;

    gb_row_init(&r, width, gb_screen_is_ascii());
    gb_axis_put(&r, f->axis, width, true);
    gb_frame_row(&r, row, 0);
    gb_row_free(&r);
}

static void
draw_status(const gb_frame *f, unsigned row, unsigned width)
{
    gb_row r;

    gb_row_init(&r, width, gb_screen_is_ascii());
    gb_status_put(&r, f->status);
    gb_frame_row(&r, row, 0);
    gb_row_free(&r);
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

/* The completions, in columns over the last rows of the view. */
static void
draw_words(const gb_frame *f, unsigned bottom, unsigned rows, unsigned width)
{
    unsigned longest = 1, columns, need, row, column, w;
    bool ascii = gb_screen_is_ascii();
    size_t i, per_row;

    if (f->n_words == 0 || rows == 0)
        return;
    for (i = 0; i < f->n_words; i++) {
        w = gb_cells_width(f->words[i], strlen(f->words[i]), ascii);
        longest = w > longest ? w : longest;
    }
    columns = width / (longest + 2) > 0 ? width / (longest + 2) : 1;
    per_row = columns;
    need = (unsigned)((f->n_words + per_row - 1) / per_row);
    rows = need < rows ? need : rows;
    for (row = 0; row < rows; row++) {
        gb_screen_blank(bottom - rows + row);
        for (column = 0; column < columns; column++) {
            i = row * per_row + column;
            if (i < f->n_words)
                gb_screen_put(bottom - rows + row,
                              1 + column * (longest + 2), longest,
                              GB_STYLE_MARK, f->words[i]);
        }
    }
    if (rows < need)
        gb_screen_put(bottom - 1, width - 5, 4, GB_STYLE_WARN, "more");
}

static void
draw_prompt_row(const gb_prompt_view *v, size_t i, unsigned row,
                unsigned width)
{
    const gb_prompt_row *r = &v->rows[i];
    char gutter[2] = {r->gutter, '\0'};
    char *text = gb_strndup(v->text.data + r->start, r->end - r->start);

    gb_screen_put(row, 0, 1, GB_STYLE_KEY, gutter);
    gb_screen_put(row, GB_PROMPT_GUTTER, width - GB_PROMPT_GUTTER,
                  GB_STYLE_PLAIN, text);
    free(text);
}

static void
draw_too_small(unsigned width, unsigned height)
{
    char text[64];

    snprintf(text, sizeof text, "%ux%u, needs %dx%d", width, height,
             GB_FRAME_MIN_WIDTH, GB_FRAME_MIN_HEIGHT);
    gb_screen_put(0, 0, width, GB_STYLE_PLAIN, text);
    gb_screen_show_without_cursor();
}

static void
draw_bottom(const gb_frame *f, const gb_prompt_view *prompt, unsigned top,
            unsigned width)
{
    unsigned row = top + 3, in_row, column;
    size_t i;

    draw_rule(f, top, width);
    draw_axis(f, top + 1, width);
    draw_status(f, top + 2, width);
    if (f->line != NULL) {
        gb_last_draw(&f->last, row + 1, width);
        column = gb_screen_put(row, 0, width - 1, GB_STYLE_PLAIN, f->line);
        gb_screen_show(row, column);
        return;
    }
    for (i = 0; i < prompt->n_rows; i++)
        draw_prompt_row(prompt, i, row + (unsigned)i, width);
    gb_last_draw(&f->last, row + (unsigned)prompt->n_rows, width);
    if (f->prose->reading && gb_prose_cursor_at(f->prose, &in_row, &column)) {
        gb_screen_show(in_row, column);
        return;
    }
    column = prompt->cursor_column;
    gb_screen_show(row + (unsigned)prompt->cursor_row,
                   column < width ? column : width - 1);
}

void
gb_frame_draw(const gb_frame *f)
{
    gb_prompt_view prompt;
    unsigned width, height, rows, view_height, message;

    gb_screen_size(&width, &height);
    gb_screen_clear();
    if (width < GB_FRAME_MIN_WIDTH || height < GB_FRAME_MIN_HEIGHT) {
        draw_too_small(width, height);
        return;
    }
    memset(&prompt, 0, sizeof prompt);
    gb_prompt_look(&prompt, width, height / 3);
    rows = f->line != NULL ? 1 : (unsigned)prompt.n_rows;
    view_height = height - 6 - rows;
    message = gb_last_rows(&f->last, width, view_height - 1);
    view_height -= message;
    draw_title(f, width);
    gb_screen_line(1, 0, width);
    gb_prose_place(f->prose, 2, 0, width, view_height);
    gb_prose_draw(f->prose);
    draw_words(f, 2 + view_height, view_height / 2, width);
    if (message > 0)
        gb_last_draw_message(&f->last, 2 + view_height, message, width);
    draw_bottom(f, &prompt, 2 + view_height + message, width);
    gb_prompt_view_free(&prompt);
}
