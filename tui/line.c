#include "tui/line.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tui/editor.h"
#include "tui/line_app.h"
#include "tui/pulling.h"
#include "tui/signals.h"

#define INPUT "standard input"

static void
read_news(gb_line_app *a)
{
    gb_news *news;

    while (!a->quit &&
           (news = gb_worker_take(a->ui.mirror.worker)) != NULL) {
        gb_line_news(a, news);
        gb_news_free(news);
    }
}

static void
read_pull(gb_line_app *a)
{
    gb_error err = GB_ERROR_INIT;

    if (!gb_ui_pull_news(&a->ui, &err))
        gb_line_complain(a, err.text);
}

static void
interrupt(gb_line_app *a, bool editing)
{
    if (editing) {
        a->ui.face->say(&a->ui, "Ctrl-D on an empty line or /quit leaves");
        gb_prompt_restart();
    } else {
        gb_mirror_do(&a->ui.mirror, GB_DO_STOP, NULL, NULL);
    }
}

static void
quit_by(gb_line_app *a, int signal_number)
{
    a->quit = true;
    a->quit_signal = signal_number;
}

void
gb_line_signals(gb_line_app *a, bool editing)
{
    int number;

    while ((number = gb_signals_take()) != 0) {
        if (number == SIGTSTP) {
            a->ui.face->suspend(&a->ui);
        } else if (number == SIGWINCH) {
            gb_prompt_resized();
        } else if (number == SIGCONT) {
            gb_prompt_leave();
            gb_prompt_return();
        } else if (number == SIGINT && a->terminal) {
            interrupt(a, editing);
        } else {
            quit_by(a, number);
        }
    }
}

static void
read_input(gb_line_app *a)
{
    gb_error err = GB_ERROR_INIT;
    bool end;

    gb_str_clear(&a->bytes);
    if (!gb_fd_read_some(STDIN_FILENO, INPUT, &a->bytes, &end, &err)) {
        gb_line_complain(a, err.text);
        a->quit = true;
        return;
    }
    gb_lines_push(&a->input.lines, a->bytes.data, a->bytes.len);
    if (end)
        gb_lines_end(&a->input.lines);
}

/* The terminal: readline would take that for Ctrl-D. */
static bool
is_gone(gb_line_app *a)
{
    struct pollfd fd = {STDIN_FILENO, 0, 0};

    if (poll(&fd, 1, 0) <= 0)
        return false;
    quit_by(a, SIGHUP);
    return true;
}

/* Waits for one thing to happen, among them input where it is wanted. */
static void
wait_for(gb_line_app *a, bool input)
{
    struct pollfd fds[4] = {
        {a->signals, POLLIN, 0},
        {gb_worker_fd(a->ui.mirror.worker), POLLIN, 0},
        {input ? STDIN_FILENO : -1, POLLIN, 0},
        {gb_ui_pull_fd(&a->ui), POLLIN, 0},
    };

    if (poll(fds, 4, -1) < 0)
        return;
    if (fds[0].revents != 0)
        gb_line_signals(a, input && a->terminal);
    if (fds[1].revents != 0)
        read_news(a);
    if (fds[3].revents != 0)
        read_pull(a);
    if (fds[2].revents != 0 && !a->terminal)
        read_input(a);
    else if (fds[2].revents != 0 && !is_gone(a))
        gb_prompt_read();
}

/* Until the model is there, and all that was asked for is done. What comes
 * from a file does not wait for a model from the hub by itself. */
static void
finish(gb_line_app *a)
{
    gb_mirror *m = &a->ui.mirror;

    while (!a->quit && (m->state == GB_STATE_LOADING ||
                        m->finished < m->posted || gb_mirror_is_busy(m) ||
                        (a->ui.puller != NULL && !a->terminal)))
        wait_for(a, false);
}

static char *
typed_line(gb_line_app *a)
{
    gb_error err = GB_ERROR_INIT;
    char *line;

    if (a->mid_line)
        gb_line_print(a, "\n", 1);
    gb_prompt_start();
    while (!a->quit) {
        line = gb_prompt_take();
        if (line != NULL) {
            if (!gb_prompt_remember(line, &err))
                gb_line_complain(a, err.text);
            return line;
        }
        if (gb_prompt_take_end()) {
            is_gone(a);
            return NULL;
        }
        wait_for(a, true);
    }
    gb_prompt_pause();
    return NULL;
}

static char *
read_line(gb_line_app *a)
{
    gb_error err = GB_ERROR_INIT;
    gb_line what;
    char *text;

    while (!a->quit) {
        what = gb_line_input_next(&a->input, &text, &err);
        if (what == GB_LINE)
            return gb_strdup(text);
        if (what == GB_LINE_END)
            break;
        if (what == GB_LINE_BAD)
            gb_line_complain(a, err.text);
        else
            wait_for(a, true);
    }
    return NULL;
}

static void
do_lines(gb_line_app *a)
{
    gb_error err = GB_ERROR_INIT;
    char *line;

    finish(a);
    /* From a terminal, /model may still help. */
    if (a->ui.mirror.state == GB_STATE_FAILED && !a->terminal)
        return;
    while (!a->quit) {
        line = a->terminal ? typed_line(a) : read_line(a);
        if (line == NULL)
            break;
        if (!gb_ui_line(&a->ui, line, &err))
            gb_line_complain(a, err.text);
        free(line);
        finish(a);
    }
    if (a->mid_line)
        gb_line_print(a, "\n", 1);
}

static gb_completion
complete(void *arg, const char *line, gb_prompt_add *add)
{
    gb_line_app *a = arg;

    return gb_ui_complete(&a->ui, line, add);
}

static bool
edit(void *arg, const char *text, gb_str *out)
{
    gb_error err = GB_ERROR_INIT;
    bool ok;

    gb_prompt_leave();
    ok = gb_editor_run(text, STDIN_FILENO, out, &err);
    gb_prompt_return();
    if (!ok)
        gb_line_complain(arg, err.text);
    return ok;
}

static bool
open_prompt(gb_line_app *a, gb_error *err)
{
    char *folder = gb_xdg("XDG_STATE_HOME", ".local/state");
    char *history = folder != NULL ? gb_path_join(folder, "history") : NULL;
    gb_prompt_options options = {.history = history,
                                 .plain = true,
                                 .complete = complete,
                                 .edit = edit,
                                 .arg = a};
    bool ok = gb_prompt_open(&options, err);

    free(folder);
    free(history);
    return ok;
}

static void
free_app(gb_line_app *a)
{
    gb_puller_close(a->ui.puller);
    gb_mirror_free(&a->ui.mirror);
    gb_str_free(&a->text);
    gb_str_free(&a->bytes);
    gb_line_input_free(&a->input);
}

int
gb_line_main(const gb_tui_options *options, gb_error *err)
{
    gb_line_app a = {
        .terminal = isatty(STDIN_FILENO),
        .input.lines = {.name = INPUT, .limit = GB_TEXT_MAX},
    };
    gb_worker *worker;
    bool closed;

    a.signals = gb_signals_open(err);
    if (a.signals < 0)
        return GB_FAILED;
    worker = gb_worker_start(&options->worker, err);
    if (worker == NULL) {
        gb_signals_close();
        return GB_FAILED;
    }
    a.ui.face = &gb_line_face;
    a.ui.arg = &a;
    gb_mirror_init(&a.ui.mirror, worker, &options->worker.settings,
                   options->worker.mode);
    a.ui.mirror.transcript.sink = gb_line_sink(&a);
    if (a.terminal && !open_prompt(&a, err))
        gb_line_complain(&a, err->text);
    a.failed = false;
    do_lines(&a);
    if (a.terminal)
        gb_prompt_close();
    closed = gb_worker_close(worker, err);
    gb_signals_close();
    if (closed && a.output.status != GB_OK) {
        *err = a.output;
        closed = false;
    } else if (closed) {
        err->text[0] = '\0'; /* it was said where it happened */
    }
    free_app(&a);
    if (a.quit_signal != 0)
        return 128 + a.quit_signal;
    if (!closed)
        return (int)err->status;
    return a.failed && !a.terminal ? GB_FAILED : GB_OK;
}
