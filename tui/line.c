#include "tui/line.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tui/commands.h"
#include "tui/editor.h"
#include "tui/line_input.h"
#include "tui/signals.h"

#define INPUT "standard input"

typedef struct placed {
    uint32_t segment;
    size_t end;
} placed;

typedef struct line_app {
    gb_ui ui;
    bool terminal;   /* lines come from one */
    int signals;
    gb_str text;     /* the conversation */
    placed *placed;
    size_t n_placed;
    gb_str bytes;    /* read last */
    gb_line_input input; /* read, not yet done */
    bool mid_line;   /* what was printed last ended no line */
    bool failed, quit;
    int quit_signal;
    gb_error output; /* standard output failed */
} line_app;

static void read_signals(line_app *a, bool editing);

/* Writes a piece at a time, only when there is room, so that a signal is seen
 * however long the reader takes. */
static bool
put(line_app *a, int fd, const char *name, const gb_str *text, gb_error *err)
{
    struct pollfd fds[2] = {{a->signals, POLLIN, 0}, {fd, POLLOUT, 0}};
    size_t at = 0, left, written;

    while (at < text->len && a->quit_signal == 0) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents != 0)
            read_signals(a, false);
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

static void
print(line_app *a, const char *text, size_t n)
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

static void
print_line(line_app *a, const char *text, size_t n)
{
    if (a->mid_line)
        print(a, "\n", 1);
    print(a, text, n);
    if (a->mid_line)
        print(a, "\n", 1);
}

/* To standard error. */
static void
warn(line_app *a, const char *text)
{
    gb_str line = GB_STR_INIT;

    if (a->mid_line && isatty(STDOUT_FILENO))
        print(a, "\n", 1);
    gb_str_puts(&line, "gumbel: ");
    gb_utf8_visible(&line, text, strlen(text), false);
    gb_str_putc(&line, '\n');
    put(a, STDERR_FILENO, "standard error", &line, NULL);
    gb_str_free(&line);
}

static void
complain(line_app *a, const char *text)
{
    warn(a, text);
    a->failed = true;
}

static void
say(gb_ui *ui, const char *text)
{
    print_line(ui->arg, text, strlen(text));
}

static void
page(gb_ui *ui, const char *title, const char *text, size_t n)
{
    (void)title;
    print_line(ui->arg, text, n);
}

static void
fill(gb_ui *ui, const char *text)
{
    line_app *a = ui->arg;

    if (a->terminal)
        gb_prompt_fill(text);
    else
        say(ui, text);
}

static bool
find(gb_ui *ui, const char *wanted, gb_error *err)
{
    line_app *a = ui->arg;
    const char *text = gb_str_cstr(&a->text), *end;
    bool found = false;
    size_t n;

    if (wanted[0] == '\0')
        return gb_fail_usage(err, "/find needs a text to search for");
    for (; *text != '\0'; text += n + (text[n] == '\n')) {
        end = strchr(text, '\n');
        n = end != NULL ? (size_t)(end - text) : strlen(text);
        if (memmem(text, n, wanted, strlen(wanted)) == NULL)
            continue;
        print_line(a, text, n);
        found = true;
    }
    return found || gb_fail(err, "\"%s\" is not in the conversation", wanted);
}

static bool
scroll(gb_ui *ui, const char *where, gb_error *err)
{
    (void)ui, (void)where;
    return gb_fail_usage(err, "there is no screen to scroll here");
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
    gb_signals_suspend();
}

static void
quit(gb_ui *ui)
{
    line_app *a = ui->arg;

    a->quit = true;
}

static const gb_ui_face face = {
    .say = say,
    .page = page,
    .fill = fill,
    .find = find,
    .scroll = scroll,
    .show_log = show_log,
    .redraw = redraw,
    .suspend = suspend,
    .quit = quit,
};

static void
cut(line_app *a, uint32_t segment)
{
    size_t end;

    while (a->n_placed > 0 && a->placed[a->n_placed - 1].segment > segment)
        a->n_placed--;
    end = a->n_placed > 0 ? a->placed[a->n_placed - 1].end : 0;
    if (end >= a->text.len)
        return;
    a->text.data[a->text.len = end] = '\0';
    print_line(a, ".. taken back ..", 16);
}

static void
take_segment(line_app *a, const gb_news *news)
{
    bool user = news->role == GB_ROLE_USER;
    const char *turn = user ? "Human: " : "AI:";

    if (news->role == GB_ROLE_MARK) {
        gb_str line = GB_STR_INIT;

        gb_str_printf(&line, ".. %s ..", gb_str_cstr(&news->text));
        print_line(a, line.data, line.len);
        gb_str_free(&line);
    } else {
        if (news->mode == GB_MODE_CHAT && a->mid_line)
            print(a, "\n", 1);
        if (news->mode == GB_MODE_CHAT && (!user || !a->terminal))
            print(a, turn, strlen(turn));
        /* What was typed stands on the terminal already. */
        if (!user || !a->terminal)
            print(a, news->text.data, news->text.len);
        gb_str_append(&a->text, news->text.data, news->text.len);
    }
    a->placed =
        gb_realloc_array(a->placed, a->n_placed + 1, sizeof *a->placed);
    a->placed[a->n_placed++] = (placed){news->segment, a->text.len};
}

static void
take_text(line_app *a, const gb_news *news)
{
    if (a->n_placed == 0 ||
        a->placed[a->n_placed - 1].segment != news->segment)
        return;
    gb_str_append(&a->text, news->text.data, news->text.len);
    a->placed[a->n_placed - 1].end = a->text.len;
    print(a, news->text.data, news->text.len);
}

static void
take_news(line_app *a, const gb_news *news)
{
    const char *text = gb_str_cstr(&news->text);

    gb_mirror_take(&a->ui.mirror, news);
    switch (news->type) {
    case GB_NEWS_CUT:
        cut(a, news->segment);
        break;
    case GB_NEWS_SEGMENT:
        take_segment(a, news);
        break;
    case GB_NEWS_TEXT:
        take_text(a, news);
        break;
    case GB_NEWS_DONE:
        if (news->text.len > 0)
            say(&a->ui, text);
        break;
    case GB_NEWS_ERROR:
        if (news->status == GB_OK)
            warn(a, text);
        else
            complain(a, text);
        break;
    case GB_NEWS_VERDICT:
        say(&a->ui, text);
        a->failed = a->failed || !news->identical;
        break;
    default:
        break;
    }
}

static void
read_news(line_app *a)
{
    gb_news *news;

    while (!a->quit &&
           (news = gb_worker_take(a->ui.mirror.worker)) != NULL) {
        take_news(a, news);
        gb_news_free(news);
    }
}

static void
read_signals(line_app *a, bool editing)
{
    int number;

    while ((number = gb_signals_take()) != 0) {
        if (number == SIGTERM || number == SIGHUP ||
            (number == SIGINT && !a->terminal)) {
            a->quit = true;
            a->quit_signal = number;
        } else if (number == SIGTSTP) {
            gb_signals_suspend();
        } else if (number == SIGINT && editing) {
            say(&a->ui, "Ctrl-D on an empty line or /quit leaves");
            gb_prompt_restart();
        } else if (number == SIGINT) {
            gb_mirror_do(&a->ui.mirror, GB_DO_STOP, NULL, NULL);
        }
    }
}

static void
read_input(line_app *a)
{
    gb_error err = GB_ERROR_INIT;
    bool end;

    gb_str_clear(&a->bytes);
    if (!gb_fd_read_some(STDIN_FILENO, INPUT, &a->bytes, &end, &err)) {
        complain(a, err.text);
        a->quit = true;
        return;
    }
    gb_lines_push(&a->input.lines, a->bytes.data, a->bytes.len);
    if (end)
        gb_lines_end(&a->input.lines);
}

/* Waits for one thing to happen, among them input where it is wanted. */
static void
wait_for(line_app *a, bool input)
{
    struct pollfd fds[3] = {
        {a->signals, POLLIN, 0},
        {gb_worker_fd(a->ui.mirror.worker), POLLIN, 0},
        {input ? STDIN_FILENO : -1, POLLIN, 0},
    };

    if (poll(fds, 3, -1) < 0)
        return;
    if (fds[0].revents != 0)
        read_signals(a, input && a->terminal);
    if (fds[1].revents != 0)
        read_news(a);
    if (fds[2].revents != 0 && a->terminal)
        gb_prompt_read();
    else if (fds[2].revents != 0)
        read_input(a);
}

/* Until the model is there, and all that was asked for is done. */
static void
finish(line_app *a)
{
    gb_mirror *m = &a->ui.mirror;

    while (!a->quit && (m->state == GB_STATE_LOADING ||
                        m->finished < m->posted || gb_mirror_is_busy(m)))
        wait_for(a, false);
}

static char *
typed_line(line_app *a)
{
    char *line;

    if (a->mid_line)
        print(a, "\n", 1);
    gb_prompt_start();
    while (!a->quit) {
        line = gb_prompt_take();
        if (line != NULL) {
            gb_prompt_remember(line, NULL);
            return line;
        }
        if (gb_prompt_take_end())
            return NULL;
        wait_for(a, true);
    }
    gb_prompt_pause();
    return NULL;
}

static char *
read_line(line_app *a)
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
            complain(a, err.text);
        else
            wait_for(a, true);
    }
    return NULL;
}

static void
do_lines(line_app *a)
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
            complain(a, err.text);
        free(line);
        finish(a);
    }
    if (a->mid_line)
        print(a, "\n", 1);
}

static gb_completion
complete(void *arg, const char *line, gb_prompt_add *add)
{
    line_app *a = arg;

    return gb_ui_complete(&a->ui, line, add);
}

static bool
edit(void *arg, const char *text, gb_str *out)
{
    gb_error err = GB_ERROR_INIT;
    bool ok = gb_editor_run(text, STDIN_FILENO, out, &err);

    if (!ok)
        complain(arg, err.text);
    return ok;
}

static bool
open_prompt(line_app *a, gb_error *err)
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
free_app(line_app *a)
{
    gb_mirror_free(&a->ui.mirror);
    gb_str_free(&a->text);
    gb_str_free(&a->bytes);
    gb_line_input_free(&a->input);
    free(a->placed);
}

int
gb_line_main(const gb_tui_options *options, gb_error *err)
{
    line_app a = {
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
    a.ui.face = &face;
    a.ui.arg = &a;
    gb_mirror_init(&a.ui.mirror, worker, &options->worker.settings,
                   options->worker.mode);
    if (a.terminal && !open_prompt(&a, err))
        complain(&a, err->text);
    a.failed = false;
    do_lines(&a);
    if (a.terminal)
        gb_prompt_close();
    closed = gb_worker_close(worker, err);
    gb_signals_close();
    if (a.output.status != GB_OK) {
        *err = a.output;
        closed = false;
    } else if (closed) {
        err->text[0] = '\0'; /* it was said where it happened */
    }
    free_app(&a);
    if (a.quit_signal != 0)
        return 128 + a.quit_signal;
    return !closed || (a.failed && !a.terminal) ? GB_FAILED : GB_OK;
}
