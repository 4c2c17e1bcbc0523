#include "base/number.h"
#include "tui/app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tui/editor.h"
#include "tui/screen.h"
#include "tui/signals.h"

gb_view *
gb_app_view(gb_app *a)
{
    return a->page != NULL && gb_page_is_text(a->page) ? a->page->view
                                                       : a->view;
}

void
gb_app_notice(gb_app *a, const char *text)
{
    free(a->notice);
    a->notice = gb_strdup(text);
    /* A narrow screen may have no room for it. */
    if (strlen(text) > 160)
        gb_log_add(a->log, text);
    a->dirty = true;
}

void
gb_app_error(gb_app *a, const char *text)
{
    free(a->error);
    a->error = gb_strdup(text);
    gb_log_add(a->log, text);
    a->dirty = true;
}

void
gb_app_end_search(gb_app *a, bool go_back)
{
    gb_view *v = gb_app_view(a);

    a->searching = false;
    gb_view_find(v, "", 0);
    if (go_back && a->followed)
        gb_view_follow(v);
    a->dirty = true;
}

static void
say(gb_ui *ui, const char *text)
{
    gb_app_notice(ui->arg, text);
}

static void
page(gb_ui *ui, const char *title, const char *text, size_t n)
{
    gb_app *a = ui->arg;

    gb_page_text(a, title, text, n);
    if (strcmp(title, "Help") == 0)
        a->page->opener = "F1";
}

static void
fill(gb_ui *ui, const char *text)
{
    gb_app *a = ui->arg;

    gb_reading_leave(a);
    gb_prompt_fill(text);
}

/* A page that takes the screen for itself has keys of its own for this. */
static bool
is_hidden(const gb_app *a, gb_error *err)
{
    bool hidden = a->page != NULL && gb_page_is_full(a->page);

    if (hidden)
        gb_fail_usage(err, "the conversation is not to be seen here");
    return hidden;
}

static bool
find(gb_ui *ui, const char *text, gb_error *err)
{
    gb_app *a = ui->arg;

    if (is_hidden(a, err))
        return false;
    a->followed = gb_view_follows(gb_app_view(a));
    a->searching = true;
    gb_str_clear(&a->wanted);
    gb_str_puts(&a->wanted, text);
    a->found = gb_view_find(gb_app_view(a), a->wanted.data, a->wanted.len);
    return true;
}

static bool
scroll(gb_ui *ui, const char *where, gb_error *err)
{
    gb_view *v = gb_app_view(ui->arg);

    if (is_hidden(ui->arg, err))
        return false;
    if (strcmp(where, "up") == 0)
        gb_view_scroll(v, -3);
    else if (strcmp(where, "down") == 0)
        gb_view_scroll(v, 3);
    else if (strcmp(where, "page-up") == 0)
        gb_view_page(v, -1);
    else if (strcmp(where, "page-down") == 0)
        gb_view_page(v, 1);
    else if (strcmp(where, "top") == 0)
        gb_view_home(v);
    else if (strcmp(where, "end") == 0)
        gb_view_follow(v);
    else
        return gb_fail_usage(err, "expected up, down, page-up, page-down, "
                             "top or end, not \"%s\"", where);
    return true;
}

static bool
look_mouse(gb_app *a, const char *value, gb_error *err)
{
    bool on = strcmp(value, "on") == 0;

    if (value[0] == '\0') {
        gb_app_notice(a, a->no_mouse ? "mouse off" : "mouse on");
        return true;
    }
    if (!on && strcmp(value, "off") != 0)
        return gb_fail_usage(err, "mouse must be on or off, not \"%s\"",
                             value);
    a->no_mouse = !on;
    gb_screen_mouse(on);
    return true;
}

static bool
look(gb_ui *ui, const char *name, const char *value, gb_error *err)
{
    gb_app *a = ui->arg;
    char *text;

    if (strcmp(name, "mouse") == 0)
        return look_mouse(a, value, err);
    if (value[0] != '\0' &&
        !gb_colouring_change(value, &a->prose.colouring, err))
        return false;
    text = gb_format("colour %s", gb_colouring_name(a->prose.colouring));
    gb_app_notice(a, text);
    free(text);
    return true;
}

static void
show_log(gb_ui *ui)
{
    gb_app *a = ui->arg;
    const char *text;
    size_t n;

    text = gb_log_text(a->log, &n);
    if (n == 0)
        gb_app_notice(a, "nothing has been printed or gone wrong so far");
    else
        gb_page_text(a, "Log", text, n);
    if (n > 0) {
        a->page->opener = "F12";
        gb_view_follow(a->page->view);
    }
}

static bool
open_page(gb_ui *ui, const char *name)
{
    static const struct {
        const char *name;
        void (*open)(gb_app *a);
    } pages[] = {
        {"tree", gb_page_tree},
        {"sessions", gb_page_sessions},
        {"why", gb_page_candidates},
        {"scrub", gb_page_scrub},
    };
    size_t i;

    for (i = 0; i < GB_COUNT(pages); i++)
        if (strcmp(name, pages[i].name) == 0) {
            pages[i].open(ui->arg);
            return true;
        }
    return false;
}

static bool
candidates(gb_ui *ui, const char *arg, gb_error *err)
{
    gb_app *a = ui->arg;
    bool on = !gb_app_shows_candidates(a);

    if (arg[0] != '\0' && !gb_parse_switch(arg, &on))
        return gb_fail_usage(err, "candidates must be on or off, not \"%s\"",
                             arg);
    a->candidates_chosen = true;
    a->candidates = on;
    a->dirty = true;
    return true;
}

static void
redraw(gb_ui *ui)
{
    (void)ui;
    gb_screen_redraw();
}

static void
leave_screen(gb_app *a)
{
    gb_screen_suspend();
    gb_log_suspend(a->log);
}

static void
enter_screen(gb_app *a)
{
    gb_log_resume(a->log);
    gb_screen_resume();
    a->dirty = true;
}

static void
suspend(gb_ui *ui)
{
    leave_screen(ui->arg);
    gb_signals_suspend();
    enter_screen(ui->arg);
}

static void
quit(gb_ui *ui)
{
    gb_app *a = ui->arg;

    a->quit = true;
}

bool
gb_app_edit(void *arg, const char *text, gb_str *out)
{
    gb_error err = GB_ERROR_INIT;
    gb_app *a = arg;
    bool ok;

    leave_screen(a);
    ok = gb_editor_run(text, STDIN_FILENO, out, &err);
    enter_screen(a);
    if (!ok)
        gb_app_error(a, err.text);
    return ok;
}

const gb_ui_face gb_app_face = {
    .say = say,
    .page = page,
    .fill = fill,
    .find = find,
    .scroll = scroll,
    .look = look,
    .show_log = show_log,
    .open = open_page,
    .candidates = candidates,
    .redraw = redraw,
    .suspend = suspend,
    .quit = quit,
};
