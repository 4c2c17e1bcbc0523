#include "tui/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/app.h"
#include "tui/prompt_complete.h"
#include "tui/screen.h"

/* The stack. */

void
gb_page_open(gb_app *a, gb_page *p, const gb_page_kind *kind)
{
    gb_page *same = a->page, *below;

    p->kind = kind;
    /* One of a kind is enough, but for texts. */
    while (same != NULL && (same->kind != kind || gb_page_is_text(p)))
        same = same->below;
    below = same != NULL ? same->below : a->page;
    while (a->page != below)
        gb_page_back(a);
    p->app = a;
    p->below = a->page;
    p->stale = true;
    a->page = p;
    a->dirty = true;
}

void
gb_page_back(gb_app *a)
{
    gb_page *p = a->page;

    if (p == NULL)
        return;
    a->page = p->below;
    a->dirty = true;
    if (p->kind->free != NULL)
        p->kind->free(p);
    gb_view_free(p->view);
    gb_str_free(&p->typed);
    free(p->question);
    free(p->title);
    free(p);
}

void
gb_page_close_all(gb_app *a)
{
    while (a->page != NULL)
        gb_page_back(a);
}

bool
gb_page_is_full(const gb_page *p)
{
    return p->kind->title != NULL;
}

void
gb_page_news(gb_app *a, const gb_news *news)
{
    gb_page *p;

    for (p = a->page; p != NULL; p = p->below)
        if (p->kind->news != NULL)
            p->kind->news(p, news);
}

bool
gb_page_run(gb_page *p, const char *command)
{
    gb_error err = GB_ERROR_INIT;

    if (gb_ui_command_run(&p->app->ui, command, &err))
        return true;
    gb_app_error(p->app, err.text);
    return false;
}

bool
gb_page_post(gb_page *p, const gb_request *request)
{
    gb_error err = GB_ERROR_INIT;

    if (gb_mirror_post(&p->app->ui.mirror, request, &err) != 0)
        return true;
    gb_app_error(p->app, err.text);
    return false;
}

/* Keys. */

void
gb_page_ask(gb_page *p, gb_page_asks asks, const char *question,
            void (*answer)(gb_page *p, const char *text))
{
    p->asks = asks;
    free(p->question);
    p->question = gb_strdup(question);
    gb_str_clear(&p->typed);
    p->found = true;
    p->answer = answer;
}

static void
do_typed(gb_page *p, const char *text)
{
    if (text[strspn(text, "/ ")] != '\0')
        gb_page_run(p, text);
}

void
gb_page_type(gb_page *p, const char *begin)
{
    gb_page_ask(p, GB_ASKS_COMMAND, ">", do_typed);
    gb_str_puts(&p->typed, begin);
}

static void
answer(gb_page *p, const char *text)
{
    p->asks = GB_ASKS_NOTHING;
    if (p->answer != NULL)
        p->answer(p, text);
}

/* A key while the page asks for something. */
static void
ask_key(gb_page *p, const gb_key *key)
{
    gb_page_asks asks = p->asks;
    bool up = strcmp(key->name, "Up") == 0;

    gb_prompt_forget_matches();
    if (asks == GB_ASKS_COMMAND && strcmp(key->name, "Tab") == 0) {
        gb_prompt_complete_line(&p->typed);
        return;
    }
    if (asks == GB_ASKS_FIND && (up || strcmp(key->name, "Down") == 0)) {
        gb_page_find(p, true, up);
        return;
    }
    if (asks == GB_ASKS_SURE) {
        p->asks = GB_ASKS_NOTHING;
        if (strcmp(key->name, "y") == 0)
            answer(p, "y");
    } else if (strcmp(key->name, "Esc") == 0 ||
               strcmp(key->name, "C-c") == 0) {
        p->asks = GB_ASKS_NOTHING;
    } else if (strcmp(key->name, "Enter") == 0) {
        answer(p, gb_str_cstr(&p->typed));
    } else {
        gb_app_type(&p->typed, key);
    }
    if (asks == GB_ASKS_FIND && p->asks == asks)
        p->found = gb_page_find(p, false, false);
}

/* A click on a row. */
static bool
click(gb_page *p, const gb_key *key)
{
    if (strcmp(key->name, "Click") != 0)
        return false;
    if (key->column < p->width && key->row >= p->first &&
        key->row - p->first < p->height &&
        p->top + key->row - p->first < p->n)
        gb_page_select(p, p->top + key->row - p->first);
    return true;
}

static void
show_keys(gb_page *p)
{
    gb_str text = GB_STR_INIT;
    gb_app *a = p->app;

    gb_ui_page_help(&text, p->kind->mode);
    gb_page_text(a, "Keys", gb_str_cstr(&text), text.len);
    a->page->opener = "F1";
    gb_str_free(&text);
}

static void
act(gb_page *p, gb_page_act what)
{
    if (p->kind->act != NULL && p->kind->act(p, what))
        return;
    if (what == GB_ACT_BACK)
        gb_page_back(p->app);
    else if (what == GB_ACT_HELP)
        show_keys(p);
    else if (what == GB_ACT_FIND)
        gb_page_ask(p, GB_ASKS_FIND, "find", NULL);
    else
        gb_page_list_act(p, what);
}

bool
gb_page_key(gb_page *p, const gb_key *key)
{
    const gb_ui_page_key *k;

    if (p->asks != GB_ASKS_NOTHING) {
        ask_key(p, key);
        return true;
    }
    if (gb_page_is_full(p) && click(p, key))
        return true;
    if (p->opener != NULL && strcmp(key->name, p->opener) == 0) {
        gb_page_back(p->app);
        return true;
    }
    k = gb_ui_page_key_find(p->kind->mode, key->name);
    if (k != NULL)
        act(p, k->act);
    return k != NULL;
}

/* Drawing. */

/* From here on what a row stands for is shown beside the list, below that
 * underneath; where there is little room not at all. */
#define BESIDE 110
#define LEAST_ROWS 9

static void
draw_rows(gb_page *p, unsigned top, unsigned width, unsigned height)
{
    gb_row row;
    unsigned i;

    if (p->kind->head != NULL && height > 2) {
        row = gb_frame_new_row(width);
        gb_row_puts(&row, GB_STYLE_PLAIN, "  ");
        p->kind->head(p, &row);
        gb_frame_row(&row, top++, 0);
        height--;
    }
    p->first = top;
    p->width = width;
    gb_page_scroll(p, height);
    if (p->n == 0 && height > 0)
        gb_screen_put(top, 2, width > 2 ? width - 2 : 0, GB_STYLE_FAINT,
                      p->kind->empty);
    for (i = 0; i < height && p->top + i < p->n; i++) {
        row = gb_frame_new_row(width);
        gb_page_list_row(p, p->top + i, &row);
        gb_frame_row(&row, top + i, 0);
    }
}

void
gb_page_flow(const gb_flow *f, size_t first, unsigned top, unsigned left,
             unsigned width, unsigned height)
{
    gb_row row;
    unsigned i;

    for (i = 0; i < height && first + i < f->n_lines; i++) {
        row = gb_frame_new_row(width);
        gb_flow_put(f, first + i, &row);
        gb_frame_row(&row, top + i, left);
    }
}

static void
draw_preview(gb_page *p, unsigned top, unsigned left, unsigned width,
             unsigned height)
{
    if (p->stale || p->view == NULL) {
        gb_view_free(p->view);
        p->view = gb_view_new(gb_screen_is_ascii());
        if (p->selected < p->n)
            p->kind->preview(p, p->selected, p->view);
        gb_view_resize(p->view, width, height);
        if (!p->kind->at_end)
            gb_view_home(p->view);
        p->stale = false;
    }
    gb_frame_view(p->view, top, left, width, height);
}

static void
draw_list(gb_page *p, unsigned top, unsigned width, unsigned height)
{
    unsigned right = width * 2 / 5, below = height / 3;

    if (p->kind->preview != NULL && width >= BESIDE) {
        width -= right + 1;
        gb_screen_line_down(top, width, height);
        draw_preview(p, top, width + 2, right - 1, height);
    } else if (p->kind->preview != NULL && height >= LEAST_ROWS) {
        height -= below + 1;
        gb_screen_line(top + height, 0, width);
        draw_preview(p, top + height + 1, 1, width - 1, below);
    }
    draw_rows(p, top, width, height);
}

static void
draw_body(gb_page *p, unsigned top, unsigned width, unsigned height)
{
    if (p->kind->draw != NULL)
        p->kind->draw(p, top, width, height);
    else
        draw_list(p, top, width, height);
}

const char **
gb_page_hints(const gb_page *p)
{
    const char **hints = gb_ui_page_hints(p->kind->mode);
    size_t i;

    /* The key that opened it leaves it. */
    if (p->opener != NULL && strcmp(p->opener, "F1") == 0)
        for (i = 0; hints[i] != NULL; i++)
            if (strncmp(hints[i], "F1 ", 3) == 0)
                hints[i] = "F1 back";
    return hints;
}

/* The last row; shows what was drawn. */
static void
draw_last(gb_page *p, unsigned row, unsigned width)
{
    const char **hints;

    if (p->asks == GB_ASKS_NOTHING) {
        hints = gb_page_hints(p);
        gb_frame_last(row, width, p->app->error, p->app->notice, hints);
        free(hints);
        gb_screen_show_without_cursor();
        return;
    }
    gb_frame_asks(row, 1, p->question,
                  p->asks == GB_ASKS_SURE ? "y or n" : gb_str_cstr(&p->typed),
                  p->found ? NULL : "not found");
}

void
gb_page_draw(gb_page *p)
{
    gb_str left = GB_STR_INIT, right = GB_STR_INIT;
    unsigned width, height, top = 0, bottom;

    gb_screen_size(&width, &height);
    gb_screen_clear();
    bottom = height - 1;
    if (height >= 6) {
        p->kind->title(p, &left, &right);
        gb_frame_title(gb_str_cstr(&left), gb_str_cstr(&right), width);
        gb_screen_line(1, 0, width);
        top = 2;
    }
    if (height >= 12)
        gb_screen_line(--bottom, 0, width);
    draw_body(p, top, width, bottom - top);
    if (p->asks == GB_ASKS_COMMAND)
        gb_frame_words(bottom, (bottom - top) / 2, width);
    draw_last(p, height - 1, width);
    gb_str_free(&left);
    gb_str_free(&right);
}
