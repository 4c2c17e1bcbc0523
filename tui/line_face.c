#include "tui/line_app.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"
#include "tui/signals.h"
#include "tui/view_find.h"

/* Writes a piece at a time, only when there is room, so that a signal is seen
 * however long the reader takes. */
static bool
put(gb_line_app *a, int fd, const char *name, const gb_str *text, gb_error *err)
{
    struct pollfd fds[2] = {{a->signals, POLLIN, 0}, {fd, POLLOUT, 0}};
    size_t at = 0, left, written;

    while (at < text->len && a->quit_signal == 0) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents != 0)
            gb_line_signals(a, false);
        if (fds[1].revents == 0)
            continue;
        left = text->len - at;
        if (!gb_fd_write_some(fd, name, text->data + at,
                              left < PIPE_BUF ? left : PIPE_BUF, &written,
                              err))
            return false;
        at += written;
    }
    return true;
}

void
gb_line_print(gb_line_app *a, const char *text, size_t n)
{
    gb_str shown = GB_STR_INIT;

    gb_utf8_visible(&shown, text, n, true);
    if (shown.len > 0) {
        a->mid_line = shown.data[shown.len - 1] != '\n';
        if (a->output.status == GB_OK &&
            !put(a, STDOUT_FILENO, "standard output", &shown, &a->output))
            a->quit = true;
    }
    gb_str_free(&shown);
}

void
gb_line_say(gb_line_app *a, const char *text, size_t n)
{
    if (a->mid_line)
        gb_line_print(a, "\n", 1);
    gb_line_print(a, text, n);
    if (a->mid_line)
        gb_line_print(a, "\n", 1);
}

void
gb_line_warn(gb_line_app *a, const char *text)
{
    gb_str line = GB_STR_INIT;

    if (a->mid_line && isatty(STDOUT_FILENO))
        gb_line_print(a, "\n", 1);
    gb_str_puts(&line, "gumbel: ");
    gb_utf8_visible(&line, text, strlen(text), false);
    gb_str_putc(&line, '\n');
    put(a, STDERR_FILENO, "standard error", &line, NULL);
    gb_str_free(&line);
}

void
gb_line_complain(gb_line_app *a, const char *text)
{
    gb_line_warn(a, text);
    a->failed = true;
}

static void
say(gb_ui *ui, const char *text)
{
    gb_line_say(ui->arg, text, strlen(text));
}

static void
page(gb_ui *ui, const char *title, const char *text, size_t n)
{
    (void)title;
    gb_line_say(ui->arg, text, n);
}

static void
fill(gb_ui *ui, const char *text)
{
    gb_line_app *a = ui->arg;

    if (a->terminal)
        gb_prompt_fill(text);
    else
        say(ui, text);
}

static bool
find(gb_ui *ui, const char *wanted, gb_error *err)
{
    gb_line_app *a = ui->arg;
    const char *line = gb_str_cstr(&a->text), *end = line + a->text.len;
    const char *next;
    gb_find f = {.n_wanted = 0};
    gb_spans spans = {.len = 0};
    bool found = false;
    size_t n;

    if (!gb_find_set(&f, wanted, strlen(wanted)))
        return gb_fail_usage(err, "/find needs a text to search for");
    for (; line < end; line += n + 1) {
        next = memchr(line, '\n', (size_t)(end - line));
        n = (size_t)((next != NULL ? next : end) - line);
        gb_find_spans(&f, line, n, 0, n, &spans);
        if (spans.len == 0)
            continue;
        gb_line_say(a, line, n);
        found = true;
    }
    free(spans.data);
    gb_find_free(&f);
    return found || gb_fail(err, "\"%s\" is not in the conversation", wanted);
}

static bool
scroll(gb_ui *ui, const char *where, gb_error *err)
{
    (void)ui, (void)where;
    return gb_fail_usage(err, "there is no screen to scroll here");
}

static bool
look(gb_ui *ui, const char *name, const char *value, gb_error *err)
{
    (void)ui, (void)value;
    return gb_fail_usage(err, "there is no screen here for /%s", name);
}

static void
show_log(gb_ui *ui)
{
    say(ui, "without a screen, what drivers print goes to standard error");
}

static void
redraw(gb_ui *ui)
{
    (void)ui;
}

static void
suspend(gb_ui *ui)
{
    (void)ui;
    gb_prompt_leave();
    gb_signals_suspend();
    gb_prompt_return();
}

static void
quit(gb_ui *ui)
{
    gb_line_app *a = ui->arg;

    a->quit = true;
}

const gb_ui_face gb_line_face = {
    .say = say,
    .page = page,
    .fill = fill,
    .find = find,
    .scroll = scroll,
    .look = look,
    .show_log = show_log,
    .redraw = redraw,
    .suspend = suspend,
    .quit = quit,
};
