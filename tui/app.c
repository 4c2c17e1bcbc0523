#include "tui/app.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "tui/layout.h"
#include "tui/line.h"
#include "tui/pulling.h"
#include "tui/screen.h"
#include "tui/signals.h"
#include "tui/way_back.h"

/* How long after a frame the next may follow: what the model writes is
 * collected, what is typed appears at once. */
#define FRAME_MS 20.0
#define KEY_FRAME_MS 4.0

/* News taken before the keyboard is looked at again. */
#define NEWS_AT_ONCE 256

/* So many are asked for to be shown beside the text. */
#define CANDIDATES 40

enum { TTY, SIGNALS, WORKER, LOG, PULL, N_FDS };

/* "3 of 17" */
static void
put_matches(gb_app *a, gb_str *out)
{
    size_t index, n = gb_view_matches(gb_app_view(a), &index);

    if (!a->found)
        gb_str_puts(out, "not found");
    else if (n >= GB_VIEW_MANY)
        gb_str_printf(out, "one of %u or more", GB_VIEW_MANY);
    else
        gb_str_printf(out, "%zu of %zu", index, n);
}

static void
make_rule(void *arg, gb_str *out)
{
    gb_app *a = arg;
    gb_view *v = gb_app_view(a);
    unsigned n = gb_view_new_below(v), row, column;

    if (a->searching && a->wanted.len > 0)
        put_matches(a, out);
    else if (n >= GB_VIEW_MANY)
        gb_str_printf(out, "%u or more new lines below", GB_VIEW_MANY);
    else if (n > 0)
        gb_str_printf(out, "%u new line%s below", n, n == 1 ? "" : "s");
    else if (a->page != NULL)
        gb_str_puts(out, a->page->below != NULL ? "Esc back"
                                                : "Esc closes");
    else if (!gb_view_follows(v) &&
             (!a->reading || !gb_prose_cursor_at(&a->prose, &row, &column)))
        gb_str_puts(out, "scrolled up");
    else if (a->ui.mirror.state == GB_STATE_READING &&
             a->ui.mirror.phase == GB_PHASE_COMPILE)
        gb_str_puts(out, "kernels are compiled for this device, once");
    else
        gb_ui_pull_describe(&a->ui, out);
}

/* Where the conversation, or a page over it, is drawn. */
static void
set_prose(gb_app *a)
{
    const gb_mirror *m = &a->ui.mirror;

    a->prose.view = gb_app_view(a);
    a->prose.transcript = a->page == NULL ? &m->transcript : NULL;
    a->prose.forks = m->forks;
    a->prose.n_forks = m->n_forks;
    a->prose.ghost = gb_reading_shows_other(a) ? &m->other : NULL;
    a->prose.take = m->other_take;
    a->prose.reading = a->reading && a->page == NULL;
    a->prose.cursor = gb_reading_cursor(a);
}

bool
gb_app_is_first(const gb_app *a)
{
    return a->page == NULL && !a->searching && !a->reading &&
           a->ui.mirror.state != GB_STATE_FAILED &&
           a->ui.mirror.transcript.n_parts == 0 &&
           gb_view_is_empty(a->view) && gb_prompt_is_empty();
}

bool
gb_app_shows_candidates(const gb_app *a)
{
    unsigned width, height;

    if (a->page != NULL)
        return false;
    if (a->candidates_chosen)
        return a->candidates;
    gb_screen_size(&width, &height);
    return a->reading && width >= GB_PANE_FROM;
}

/* Asks for what the rows beside the text show. */
static void
watch(gb_app *a)
{
    gb_mirror *m = &a->ui.mirror;
    gb_request request = {.what = GB_DO_WATCH,
                          .flags = GB_WATCH_BANDS | GB_WATCH_FORKS};

    if (a->page != NULL)
        request.count = gb_page_wants(a->page);
    if (request.count < CANDIDATES && gb_app_shows_candidates(a))
        request.count = CANDIDATES;
    if (!m->ready || m->state == GB_STATE_FAILED ||
        (a->watched == request.flags && a->listed == request.count))
        return;
    if (gb_mirror_post(m, &request, NULL) == 0)
        return;
    a->watched = request.flags;
    a->listed = request.count;
}

static const gb_part *
last_written(const gb_transcript *t)
{
    size_t i = t->n_parts;

    while (i-- > 0)
        if (t->parts[i].role == GB_ROLE_MODEL)
            return &t->parts[i];
    return NULL;
}

/* What the text at the cursor, or the end of it, was written with. */
static const gb_settings *
written_with(const gb_mirror *m)
{
    const gb_place cursor = m->stats.cursor;
    const gb_part *part;

    if (m->state == GB_STATE_WRITING)
        return NULL;
    part = cursor.node != 0 ? gb_transcript_part(&m->transcript, cursor)
                            : last_written(&m->transcript);
    return part != NULL && part->role == GB_ROLE_MODEL ? &part->settings
                                                       : NULL;
}

static gb_status_in
make_status(const gb_mirror *m)
{
    return (gb_status_in){
        .settings = m->settings,
        .stats = m->stats,
        .state = m->state,
        .phase = m->phase,
        .done = m->done,
        .total = m->total,
        .waiting = gb_worker_waiting(m->worker),
        .pace = m->rush ? 0 : m->pace,
        .written = written_with(m),
    };
}

/* It rests behind a text, which Enter alone goes on with. */
static bool
can_go_on(const gb_mirror *m)
{
    return (m->state == GB_STATE_IDLE && m->stats.rests != GB_REASON_NONE) ||
           m->state == GB_STATE_STOPPED;
}

static void
draw(gb_app *a)
{
    static const char *const search_hints[] = {
        "Enter stay", "Esc back", "↑↓ other matches", "F1 help", NULL,
    };
    const gb_mirror *m = &a->ui.mirror;
    gb_axis axis = {m->seen, (double)m->settings.temperature,
                    m->settings.greedy, m->stats.cursor.node != 0};
    gb_status_in status = make_status(m);
    const char **page_hints;
    gb_frame f;

    if (a->page != NULL && gb_page_is_full(a->page)) {
        gb_page_draw(a->page);
        return;
    }
    page_hints = a->page != NULL ? gb_page_hints(a->page) : NULL;
    memset(&f, 0, sizeof f);
    set_prose(a);
    f.mirror = m;
    f.page_title = a->page != NULL ? a->page->title : NULL;
    f.prose = &a->prose;
    f.rule = make_rule;
    f.rule_arg = a;
    f.axis = &axis;
    f.status = &status;
    f.first = gb_app_is_first(a);
    f.candidates = gb_app_shows_candidates(a);
    f.search = a->searching ? gb_str_cstr(&a->wanted) : NULL;
    f.last.error = a->error;
    f.last.notice = a->searching ? NULL : a->notice;
    f.last.hints = a->searching         ? search_hints
                   : page_hints != NULL ? page_hints
                   : a->prose.reading   ? a->reading_hints
                                        : a->hints;
    f.last.goes_on = can_go_on(m) && a->page == NULL && !a->reading &&
                     !a->searching && gb_prompt_is_empty();
    gb_frame_draw(&f);
    free(page_hints);
}

static void
take_keys(gb_app *a, bool late)
{
    gb_key key;

    while (!a->quit && gb_keys_next(a->keys, late, &key))
        gb_app_key(a, &key);
}

static void
read_tty(gb_app *a)
{
    char buffer[16384];
    ssize_t n = read(STDIN_FILENO, buffer, sizeof buffer);

    a->typed = gb_now_ms();
    if (n > 0) {
        gb_keys_push(a->keys, buffer, (size_t)n);
        take_keys(a, false);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        /* The terminal is gone. */
        a->quit = true;
        a->quit_signal = SIGHUP;
    }
}

static void
read_signals(gb_app *a)
{
    gb_error err = GB_ERROR_INIT;
    int number;

    while ((number = gb_signals_take()) != 0) {
        a->dirty = true;
        switch (number) {
        case SIGWINCH:
            gb_screen_resized();
            break;
        case SIGCONT:
            gb_screen_resume();
            break;
        case SIGTSTP:
            gb_app_face.suspend(&a->ui);
            break;
        case SIGINT:
            gb_ui_command_run(&a->ui, "/stop", &err);
            break;
        default:
            a->quit = true;
            a->quit_signal = number;
        }
    }
}

static void
read_news(gb_app *a)
{
    gb_news *news;
    int i;

    for (i = 0; i < NEWS_AT_ONCE; i++) {
        news = gb_worker_take(a->ui.mirror.worker);
        if (news == NULL)
            return;
        gb_app_news(a, news);
        gb_news_free(news);
    }
}

static void
read_pull(gb_app *a)
{
    gb_error err = GB_ERROR_INIT;

    a->dirty = true;
    if (!gb_ui_pull_news(&a->ui, &err))
        gb_app_error(a, err.text);
}

/* Milliseconds until the next frame is due; -1: none is wanted. */
static int
until_frame(const gb_app *a, double last)
{
    double left;

    if (!a->dirty)
        return -1;
    left = last + (a->hurry ? KEY_FRAME_MS : FRAME_MS) - gb_now_ms();
    return left <= 0 ? 0 : (int)left + 1;
}

/* Milliseconds until the rest of a key is given up; -1: none has begun. */
static int
until_late(const gb_app *a)
{
    int wait = gb_keys_wait(a->keys);
    double left = a->typed + wait - gb_now_ms();

    if (wait < 0)
        return -1;
    return left <= 0 ? 0 : (int)left + 1;
}

static int
shorter(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void
loop(gb_app *a, int signals)
{
    struct pollfd fds[N_FDS] = {
        [TTY] = {STDIN_FILENO, POLLIN, 0},
        [SIGNALS] = {signals, POLLIN, 0},
        [WORKER] = {gb_worker_fd(a->ui.mirror.worker), POLLIN, 0},
        [LOG] = {gb_log_fd(a->log), POLLIN, 0},
        [PULL] = {-1, POLLIN, 0},
    };
    double last = gb_now_ms() - FRAME_MS;
    int frame, key;

    a->dirty = true;
    while (!a->quit) {
        frame = until_frame(a, last);
        if (frame == 0) {
            a->dirty = a->hurry = false;
            watch(a);
            draw(a);
            last = gb_now_ms();
            continue;
        }
        key = until_late(a);
        fds[PULL].fd = gb_ui_pull_fd(&a->ui);
        if (poll(fds, N_FDS, shorter(frame, key)) < 0)
            continue;
        if (key == 0 && fds[TTY].revents == 0)
            take_keys(a, true);
        if (fds[SIGNALS].revents != 0)
            read_signals(a);
        if (fds[TTY].revents != 0)
            read_tty(a);
        if (fds[WORKER].revents != 0)
            read_news(a);
        if (fds[PULL].revents != 0)
            read_pull(a);
        if (fds[LOG].revents != 0 && gb_log_pump(a->log))
            gb_screen_bell();
    }
}

static gb_completion
complete(void *arg, const char *line, gb_prompt_add *add)
{
    gb_app *a = arg;

    return gb_ui_complete(&a->ui, line, add);
}

static bool
open_prompt(gb_app *a, gb_error *err)
{
    char *folder = gb_xdg("XDG_STATE_HOME", ".local/state");
    char *history = folder != NULL ? gb_path_join(folder, "history") : NULL;
    gb_prompt_options options = {.history = history,
                                 .ascii = gb_screen_is_ascii(),
                                 .complete = complete,
                                 .edit = gb_app_edit,
                                 .arg = a};
    bool ok = gb_prompt_open(&options, err);

    free(folder);
    free(history);
    return ok;
}

static void
free_app(gb_app *a)
{
    gb_page_close_all(a);
    gb_puller_close(a->ui.puller);
    gb_view_free(a->view);
    gb_keys_free(a->keys);
    gb_mirror_free(&a->ui.mirror);
    gb_str_free(&a->wanted);
    free(a->hints);
    free(a->reading_hints);
    free(a->error);
    free(a->notice);
}

static bool
run(gb_app *a, const gb_tui_options *options, gb_error *err)
{
    gb_error trouble = GB_ERROR_INIT;
    int signals = gb_signals_open(err);

    if (signals < 0 || !gb_screen_open(options->color, err))
        return false;
    a->log = gb_log_open(err);
    if (a->log != NULL) {
        gb_screen_define_keys(a->keys);
        a->no_mouse = options->no_mouse;
        a->prose.colouring = options->colouring;
        if (a->no_mouse)
            gb_screen_mouse(false);
        a->view = gb_view_new(gb_screen_is_ascii());
        a->ui.mirror.transcript.sink =
            gb_view_sink(a->view, gb_screen_is_ascii());
        if (!open_prompt(a, &trouble))
            gb_app_error(a, trouble.text);
        if (options->complaints != NULL && options->complaints[0] != '\0')
            gb_app_error(a, options->complaints);
        loop(a, signals);
        gb_prompt_close();
    }
    gb_screen_close();
    gb_log_close(a->log);
    gb_signals_close();
    return a->log != NULL;
}

/* What was told and not looked at any more. */
static void
take_rest(gb_mirror *m)
{
    gb_news *news;

    while ((news = gb_worker_take(m->worker)) != NULL) {
        gb_mirror_take(m, news);
        gb_news_free(news);
    }
}

static int
run_screen(const gb_tui_options *options, gb_error *err)
{
    gb_app app = {.keys = gb_keys_new(), .hints = gb_ui_hints(GB_UI_PROMPT),
                  .reading_hints = gb_ui_hints(GB_UI_READING)};
    gb_worker *worker = gb_worker_start(&options->worker, err);
    gb_str line = GB_STR_INIT;
    bool ok;

    if (worker == NULL) {
        free_app(&app);
        return GB_FAILED;
    }
    app.ui.face = &gb_app_face;
    app.ui.arg = &app;
    gb_mirror_init(&app.ui.mirror, worker, &options->worker.settings,
                   options->worker.mode);
    app.ui.mirror.pace = options->worker.pace;
    ok = run(&app, options, err);
    take_rest(&app.ui.mirror);
    gb_way_back(&line, &app.ui.mirror, &options->worker);
    ok = gb_worker_close(worker, ok ? err : NULL) && ok;
    free_app(&app);
    if (ok && line.len > 0 && app.quit_signal == 0)
        fprintf(stderr, "%s\n", line.data);
    gb_str_free(&line);
    if (app.quit_signal != 0)
        return 128 + app.quit_signal;
    return ok ? GB_OK : GB_FAILED;
}

int
gb_tui_main(const gb_tui_options *options, gb_error *err)
{
    bool screen = gb_screen_is_possible();
    gb_tui_options o = *options;

    if (o.worker.pace < 0)
        o.worker.pace = screen ? GB_TUI_PACE : 0;
    return screen ? run_screen(&o, err) : gb_line_main(&o, err);
}
