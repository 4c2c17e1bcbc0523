#include "tui/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "tui/app.h"

static const gb_transcript *
transcript(const gb_app *a)
{
    return &a->ui.mirror.transcript;
}

/* The cursor. */

uint64_t
gb_reading_cursor(const gb_app *a)
{
    const gb_reading *r = &a->read;
    uint64_t all = gb_transcript_tokens(transcript(a)), number;
    gb_place place = a->ui.mirror.stats.cursor;

    if (r->asked == 0 && !r->moved)
        return place.node != 0 &&
                       gb_transcript_number(transcript(a), place, &number) &&
                       number < all
                   ? number
                   : all;
    return r->cursor < all ? r->cursor : all;
}

/* One request at a time is on its way, so that keys may come as fast as they
 * like; `now`: what follows it must act there. */
static void
ask(gb_app *a, bool now)
{
    uint64_t all = gb_transcript_tokens(transcript(a));
    gb_request request = {.what = GB_DO_STEER, .name = "at",
                          .flags = GB_STEER_QUIET};
    char value[24] = "end";

    if (!a->read.moved || (a->read.asked != 0 && !now))
        return;
    if (a->read.cursor < all)
        snprintf(value, sizeof value, "%" PRIu64, a->read.cursor);
    request.value = value;
    a->read.asked = gb_mirror_post(&a->ui.mirror, &request, NULL);
    a->read.moved = a->read.asked == 0;
}

/* Brings the cursor into sight. */
static void
show(gb_app *a, uint64_t number)
{
    gb_view_pos begin, end;

    a->read.shown = number < gb_transcript_tokens(transcript(a)) ? number
                                                                 : UINT64_MAX;
    if (gb_transcript_token(transcript(a), number, &begin, &end, NULL))
        gb_view_show(a->view, gb_view_is_beyond(end, begin)
                                  ? gb_view_skip_blanks(a->view, begin)
                                  : begin);
    else
        gb_view_follow(a->view);
}

static void
move_cursor(gb_app *a, uint64_t number)
{
    a->read.cursor = number;
    a->read.moved = true;
    a->read.has_goal = a->read.took = false;
    ask(a, false);
    show(a, gb_reading_cursor(a));
    a->dirty = true;
}

void
gb_reading_move_to(gb_app *a, gb_view_pos pos)
{
    uint64_t number;

    if (gb_transcript_token_at(transcript(a), pos, &number))
        move_cursor(a, number);
}

void
gb_reading_move_to_end(gb_app *a)
{
    uint64_t all = gb_transcript_tokens(transcript(a));

    if (gb_reading_cursor(a) < all)
        move_cursor(a, all);
}

void
gb_reading_settle(gb_app *a)
{
    ask(a, true);
}

bool
gb_reading_done(gb_app *a, uint64_t command)
{
    if (command == 0 || command != a->read.asked)
        return false;
    a->read.asked = 0;
    ask(a, false);
    return true;
}

void
gb_reading_follow(gb_app *a)
{
    uint64_t number = gb_reading_cursor(a);

    /* At the end it stays there while the text grows. */
    if (number == gb_transcript_tokens(transcript(a)))
        number = UINT64_MAX;
    if (number != a->read.shown)
        show(a, number);
}

/* Motions. */

static void
left(gb_app *a)
{
    uint64_t here = gb_reading_cursor(a);

    move_cursor(a, here > 0 ? here - 1 : 0);
}

static void
right(gb_app *a)
{
    move_cursor(a, gb_reading_cursor(a) + 1);
}

/* Whether a token begins a word: something is seen of it, and blanks, or
 * another text, stand before that. */
static bool
begins_word(const gb_app *a, uint64_t number)
{
    size_t n, k;
    const char *text = gb_transcript_text(transcript(a), number, &n), *before;

    if (n == 0 || strspn(text, " \n\t") >= n)
        return false;
    if (number == 0 || strchr(" \n\t", text[0]) != NULL)
        return true;
    before = gb_transcript_text(transcript(a), number - 1, &k);
    return k == 0 || before + k != text ||
           strchr(" \n\t", before[k - 1]) != NULL;
}

static void
word(gb_app *a)
{
    uint64_t all = gb_transcript_tokens(transcript(a));
    uint64_t number = gb_reading_cursor(a);

    do {
        number++;
    } while (number < all && !begins_word(a, number));
    move_cursor(a, number);
}

static void
word_back(gb_app *a)
{
    uint64_t number = gb_reading_cursor(a);

    while (number > 0 && !begins_word(a, --number))
        continue;
    move_cursor(a, number);
}

/* Where the cursor is on the screen, which it is brought to. */
static bool
locate(gb_app *a, unsigned *row, unsigned *column)
{
    gb_view_pos pos = gb_view_end(a->view), end;
    uint64_t number = gb_reading_cursor(a);

    show(a, number);
    if (gb_transcript_token(transcript(a), number, &pos, &end, NULL))
        pos = gb_view_skip_blanks(a->view, pos);
    return gb_view_where(a->view, pos, row, column);
}

/* The token that is seen at a cell. What hangs at the end of a line belongs
 * to the next. */
static bool
token_at(gb_app *a, unsigned row, unsigned column, uint64_t *number)
{
    gb_view_pos pos;
    unsigned r, c;

    return gb_view_pos_at(a->view, row, column, &pos) &&
           (!gb_view_where(a->view, gb_view_skip_blanks(a->view, pos), &r,
                           &c) ||
            r == row) &&
           gb_transcript_token_at(transcript(a), pos, number);
}

/* The token of a visible line that is the nearest to a column. */
static bool
nearest(gb_app *a, unsigned row, unsigned column, uint64_t *number)
{
    unsigned width = a->prose.text_width, i;

    for (i = 0; i <= width; i++)
        if ((column + i <= width && token_at(a, row, column + i, number)) ||
            (i <= column && token_at(a, row, column - i, number)))
            return true;
    return false;
}

/* To another line: what is no text of the conversation is passed over. */
static void
move_lines(gb_app *a, int by)
{
    uint64_t here = gb_reading_cursor(a), number;
    unsigned row, column, goal, top, i;
    gb_view_pos begin, end;
    bool last;

    if (!locate(a, &row, &column))
        return;
    goal = a->read.has_goal ? a->read.goal : column;
    for (i = 0; i < a->prose.rows; i++) {
        if (by < 0 && row == 0) {
            if (!gb_view_row(a->view, 0, &begin, &end, &last))
                break;
            gb_view_scroll(a->view, -1);
            if (!gb_view_where(a->view, begin, &top, &column) || top == 0)
                break;
            row = top - 1;
        } else if (by > 0 && row + 1 >= a->prose.rows) {
            gb_view_scroll(a->view, 1);
        } else {
            row = by < 0 ? row - 1 : row + 1;
        }
        if (!gb_view_row(a->view, row, &begin, &end, &last))
            break;
        if (nearest(a, row, goal, &number) && number != here) {
            move_cursor(a, number);
            a->read.has_goal = true;
            a->read.goal = goal;
            return;
        }
    }
    if (by > 0)
        move_cursor(a, gb_transcript_tokens(transcript(a)));
    else
        show(a, here);
}

static void
up(gb_app *a)
{
    move_lines(a, -1);
}

static void
down(gb_app *a)
{
    move_lines(a, 1);
}

/* A page on or back; where there is none, to the end of the text. */
static void
move_page(gb_app *a, int by)
{
    uint64_t here = gb_reading_cursor(a), number;
    unsigned row, column, goal, i;

    if (!locate(a, &row, &column))
        return;
    goal = a->read.has_goal ? a->read.goal : column;
    gb_view_page(a->view, by);
    for (i = 0; i < a->prose.rows; i++)
        if (nearest(a, (row + i) % a->prose.rows, goal, &number))
            break;
    if (i == a->prose.rows || (by < 0 ? number >= here : number <= here))
        number = by < 0 ? 0 : gb_transcript_tokens(transcript(a));
    move_cursor(a, number);
    a->read.has_goal = true;
    a->read.goal = goal;
}

static void
page_up(gb_app *a)
{
    move_page(a, -1);
}

static void
page_down(gb_app *a)
{
    move_page(a, 1);
}

static void
line_edge(gb_app *a, unsigned edge)
{
    unsigned row, column;
    uint64_t number;

    if (locate(a, &row, &column) && nearest(a, row, edge, &number))
        move_cursor(a, number);
}

static void
line_start(gb_app *a)
{
    line_edge(a, 0);
}

static void
line_end(gb_app *a)
{
    line_edge(a, a->prose.text_width);
}

static void
first(gb_app *a)
{
    move_cursor(a, 0);
}

static void
end(gb_app *a)
{
    move_cursor(a, gb_transcript_tokens(transcript(a)));
}

static const struct {
    const char *name;
    void (*move)(gb_app *a);
} motions[] = {
    {"left", left},           {"right", right},
    {"up", up},               {"down", down},
    {"page-up", page_up},     {"page-down", page_down},
    {"word", word},           {"word-back", word_back},
    {"line-start", line_start}, {"line-end", line_end},
    {"first", first},         {"end", end},
    {"leave", gb_reading_leave},
};

/* The mode. */

void
gb_reading_enter(gb_app *a)
{
    if (gb_transcript_tokens(transcript(a)) == 0) {
        gb_app_notice(a, "there is nothing to read yet");
        return;
    }
    a->reading = true;
    a->read.has_goal = false;
    show(a, gb_reading_cursor(a));
}

void
gb_reading_leave(gb_app *a)
{
    a->reading = false;
    a->dirty = true;
}

/* Where the path last parts from others. */
static bool
last_fork(const gb_app *a, uint64_t *number)
{
    const gb_mirror *m = &a->ui.mirror;

    return m->n_forks > 0 &&
           gb_transcript_number(&m->transcript,
                                m->forks[m->n_forks - 1].place, number);
}

bool
gb_reading_shows_other(const gb_app *a)
{
    uint64_t number;

    return a->reading && last_fork(a, &number) &&
           (a->read.took || gb_reading_cursor(a) == number);
}

void
gb_reading_forks(gb_app *a)
{
    gb_view_pos begin, end;
    uint64_t number;

    if (a->reading && a->read.took && last_fork(a, &number) &&
        gb_transcript_token(transcript(a), number, &begin, &end, NULL))
        gb_view_show(a->view, gb_view_skip_blanks(a->view, begin));
}

static void
act(gb_app *a, const gb_ui_key *k)
{
    size_t i;

    a->read.took = strncmp(k->command, "/take ", 6) == 0;

    if (k->command[0] == '/') {
        ask(a, true);
        gb_app_run(a, k->command);
        return;
    }
    for (i = 0; i < GB_COUNT(motions); i++)
        if (strcmp(motions[i].name, k->command) == 0)
            motions[i].move(a);
}

bool
gb_reading_key(gb_app *a, const gb_key *key)
{
    const gb_ui_key *k = gb_ui_key_find(GB_UI_READING, key->name);

    if (k != NULL) {
        act(a, k);
        return true;
    }
    /* What acts at the prompt and is no text acts here too. */
    k = gb_ui_key_find(GB_UI_PROMPT, key->name);
    if (k != NULL && k->command[0] == '/' && strcmp(k->key, "C-c") != 0) {
        ask(a, true);
        gb_app_run(a, k->command);
        return true;
    }
    gb_reading_leave(a);
    return false;
}

void
gb_reading_click(gb_app *a, const gb_key *key)
{
    gb_view_pos pos;
    uint64_t number;

    if (!gb_prose_pos_at(&a->prose, key->row, key->column, &pos) ||
        !gb_transcript_token_at(transcript(a), pos, &number))
        return;
    if (!a->reading)
        gb_reading_enter(a);
    move_cursor(a, number);
}
