#include "tui/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

#define LIMIT ((size_t)1 << 20)

struct gb_log {
    gb_str text;
    int pipe[2];
    int saved[2]; /* what 1 and 2 were */
};

gb_log *
gb_log_open(gb_error *err)
{
    gb_log *l = gb_alloc(sizeof *l);
    int i;

    /* Not blocking at either end: a driver that prints more than the pipe
     * holds loses some of it instead of standing still. */
    if (pipe2(l->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        gb_fail(err, "no pipe for the log: %s", strerror(errno));
        free(l);
        return NULL;
    }
    for (i = 0; i < 2; i++)
        l->saved[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, 3);
    gb_log_resume(l);
    return l;
}

void
gb_log_suspend(gb_log *l)
{
    int i;

    fflush(stdout);
    for (i = 0; i < 2; i++)
        if (l->saved[i] >= 0)
            dup2(l->saved[i], i + 1);
}

void
gb_log_resume(gb_log *l)
{
    int i;

    fflush(stdout);
    for (i = 0; i < 2; i++)
        dup2(l->pipe[1], i + 1);
}

void
gb_log_close(gb_log *l)
{
    int i;

    if (l == NULL)
        return;
    gb_log_suspend(l);
    for (i = 0; i < 2; i++) {
        if (l->saved[i] >= 0)
            close(l->saved[i]);
        close(l->pipe[i]);
    }
    gb_str_free(&l->text);
    free(l);
}

int
gb_log_fd(const gb_log *l)
{
    return l->pipe[0];
}

static void
shorten(gb_log *l)
{
    const char *end;

    if (l->text.len <= LIMIT)
        return;
    end = memchr(l->text.data + LIMIT / 2, '\n', l->text.len - LIMIT / 2);
    gb_str_drop(&l->text, end != NULL ? (size_t)(end + 1 - l->text.data)
                                      : l->text.len - LIMIT / 2);
}

bool
gb_log_pump(gb_log *l)
{
    bool bell = false;
    char buffer[4096];
    int rounds;
    ssize_t n, i;

    /* Not for ever: keys come first. */
    for (rounds = 0; rounds < 16; rounds++) {
        n = read(l->pipe[0], buffer, sizeof buffer);
        if (n <= 0)
            break;
        for (i = 0; i < n; i++) {
            if (buffer[i] == '\a')
                bell = true;
            else if (buffer[i] != '\r')
                gb_str_putc(&l->text, buffer[i]);
        }
        shorten(l);
    }
    return bell;
}

void
gb_log_add(gb_log *l, const char *line)
{
    if (l->text.len > 0 && l->text.data[l->text.len - 1] != '\n')
        gb_str_putc(&l->text, '\n');
    gb_str_puts(&l->text, line);
    gb_str_putc(&l->text, '\n');
    shorten(l);
}

const char *
gb_log_text(const gb_log *l, size_t *n)
{
    *n = l->text.len;
    return gb_str_cstr(&l->text);
}
