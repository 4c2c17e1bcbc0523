#include "tests/tui/stage.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

/* So long after its last piece a frame is taken to be whole, */
#define QUIET_MS 3
/* and so long it may take. */
#define FRAME_MS 40

static const struct {
    const char *variable, *folder;
} own[] = {
    {"HOME", "home"}, {"XDG_CONFIG_HOME", "config"},
    {"XDG_DATA_HOME", "data"}, {"XDG_STATE_HOME", "state"},
    {"XDG_RUNTIME_DIR", "runtime"},
};

static const char *const not_wanted[] = {
    "COLORFGBG", "COLORTERM", "COLUMNS", "EDITOR", "GUMBEL_DEVICE",
    "GUMBEL_MODEL", "INPUTRC", "LANG", "LC_CTYPE", "LC_MESSAGES", "LINES",
    "NO_COLOR", "TMUX", "VISUAL",
};

bool
stage_move(stage *t, const char *folder, gb_error *err)
{
    char *path;
    size_t i;
    bool ok;

    free(t->folder);
    t->folder = gb_path_join(folder, "work");
    ok = gb_make_folders(t->folder, err);
    for (i = 0; i < GB_COUNT(own) && ok; i++) {
        path = gb_path_join(folder, own[i].folder);
        ok = gb_make_folders(path, err);
        setenv(own[i].variable, path, 1);
        free(path);
    }
    return ok;
}

bool
stage_open(stage *t, const char *folder, gb_error *err)
{
    bool ok = stage_move(t, folder, err);
    size_t i;

    t->rows = 24;
    t->columns = 80;
    t->term = "xterm-256color";
    for (i = 0; i < GB_COUNT(not_wanted); i++)
        unsetenv(not_wanted[i]);
    setenv("TERM", t->term, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    pty_adopt();
    return ok;
}

void
stage_close(stage *t)
{
    pty_end(&t->pty);
    screen_close(t->screen);
    free(t->folder);
    free(t->kept);
    film_free(t->film);
    free(t->film_name);
    gb_str_free(&t->printed);
}

bool
stage_run(stage *t, const char *command, gb_error *err)
{
    char *line = gb_format("exec %s", command);
    bool ok;

    pty_end(&t->pty);
    screen_close(t->screen);
    t->screen = screen_open(t->rows, t->columns);
    ok = pty_start(&t->pty, line, t->folder, t->rows, t->columns);
    if (!ok)
        gb_fail(err, "could not start it on a terminal: %s", strerror(errno));
    free(line);
    return ok;
}

static void
take_typed(stage *t)
{
    gb_str *typed = screen_typed(t->screen);

    pty_type(&t->pty, gb_str_cstr(typed), typed->len);
    gb_str_clear(typed);
}

size_t
stage_pump(stage *t, int ms)
{
    char buffer[65536];
    size_t n;

    if (t->screen == NULL)
        return 0;
    take_typed(t);
    n = pty_pump(&t->pty, buffer, sizeof(buffer), ms);
    screen_feed(t->screen, buffer, n);
    if (t->keeps_printed)
        gb_str_append(&t->printed, buffer, n);
    take_typed(t);
    if (t->film != NULL)
        film_take(t->film, t->screen, gb_now_ms(), n > 0);
    return n;
}

static bool
say_end(const stage *t, gb_error *err)
{
    int status = t->pty.status;

    if (WIFSIGNALED(status))
        return gb_fail_context(err, "the program was killed by SIG%s",
                               sigabbrev_np(WTERMSIG(status)));
    return gb_fail_context(err, "the program ended with status %d",
                           WEXITSTATUS(status));
}

/* A frame arrives in pieces; half of one with half of the one before shows
 * what was never meant. A program that does not stop printing is judged in
 * its stride. */
static void
wait_for_whole_frame(stage *t)
{
    double deadline = gb_now_ms() + FRAME_MS;

    while (stage_pump(t, QUIET_MS) > 0 && gb_now_ms() < deadline)
        ;
}

bool
stage_wait(stage *t, stage_check *check, void *arg, gb_error *err)
{
    double deadline = gb_now_ms() + t->timeout_ms;

    for (;;) {
        wait_for_whole_frame(t);
        if (check(t, arg, err))
            return true;
        if (gb_now_ms() > deadline)
            return gb_fail_context(err, "after %g s",
                                   t->timeout_ms / 1000);
        if (stage_pump(t, 20) == 0 && t->pty.ended)
            return stage_wait_end(t, err) && (check(t, arg, err) ||
                                              say_end(t, err));
    }
}

bool
stage_wait_end(stage *t, gb_error *err)
{
    double deadline = gb_now_ms() + t->timeout_ms;
    int quiet = 0;

    if (t->screen == NULL)
        return gb_fail_usage(err, "there is no program");
    while (!t->pty.ended) {
        stage_pump(t, 20);
        if (gb_now_ms() > deadline)
            return gb_fail(err, "after %g s the program has not ended",
                           t->timeout_ms / 1000);
    }
    /* What it has printed is there at once, but may be more than one read
     * gives; what it started may go on printing for ever. */
    while (quiet < 5 && gb_now_ms() < deadline)
        quiet = stage_pump(t, 10) > 0 ? 0 : quiet + 1;
    return true;
}

static pid_t
start_shell(const stage *t, const char *command, int output[2])
{
    pid_t pid = pipe(output) == 0 ? fork() : -1;

    if (pid != 0)
        return pid;
    setsid();
    dup2(output[1], 1);
    dup2(output[1], 2);
    close(output[0]);
    close(output[1]);
    if (freopen("/dev/null", "r", stdin) == NULL || chdir(t->folder) < 0)
        _exit(125);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Until the end of what it prints; the program in the terminal goes on. */
static void
read_shell(stage *t, int fd, pid_t pid, gb_str *out)
{
    double deadline = gb_now_ms() + t->timeout_ms;
    struct pollfd poller = {fd, POLLIN, 0};
    char buffer[4096];
    ssize_t n;

    for (;;) {
        stage_pump(t, 0);
        if (poll(&poller, 1, 10) > 0) {
            n = read(fd, buffer, sizeof(buffer));
            if (n <= 0)
                return;
            gb_str_append(out, buffer, (size_t)n);
        }
        if (gb_now_ms() > deadline)
            kill(-pid, SIGKILL);
    }
}

int
stage_shell(stage *t, const char *command, gb_str *out)
{
    int output[2], status = -1;
    pid_t pid;

    fflush(NULL);
    pid = start_shell(t, command, output);
    if (pid < 0)
        return -1;
    close(output[1]);
    read_shell(t, output[0], pid, out);
    close(output[0]);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
stage_dump(const stage *t)
{
    gb_str text = GB_STR_INIT;
    int row, column;
    char *rest, *line;

    if (t->screen == NULL)
        return;
    screen_cursor(t->screen, &row, &column);
    screen_text(t->screen, &text);
    text.data[text.len - 1] = '\0';
    printf("# the screen, %d columns and %d rows; cursor %d %d%s\n",
           screen_columns(t->screen), screen_rows(t->screen), row, column,
           screen_cursor_visible(t->screen) ? "" : " (hidden)");
    for (rest = text.data; (line = strsep(&rest, "\n")) != NULL;)
        printf("# |%s\n", line);
    gb_str_free(&text);
}

void
stage_explain(const stage *t, const gb_error *err)
{
    char *text = gb_strdup(err->text), *rest, *line;

    for (rest = text; (line = strsep(&rest, "\n")) != NULL;)
        printf("# %s\n", line);
    free(text);
    stage_dump(t);
}
