#include "cmd/progress.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"

enum { PATIENCE_MS = 500, REDRAW_MS = 100, CELLS = 24 };

/* The thread draws, because while kernels compile nobody else has time to. */
struct gb_bar {
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t closed;
    bool closing;
    gb_phase phase;
    uint64_t done, total;
    char text[80]; /* in place of the phase, when there is any */
    double share;
};

static void
add_bar(gb_str *line, double share)
{
    int i, full = (int)((share < 1 ? share : 1) * CELLS);

    gb_str_puts(line, " [");
    for (i = 0; i < CELLS; i++)
        gb_str_putc(line, i < full ? '#' : '.');
    gb_str_putc(line, ']');
}

static void
describe(const gb_bar *b, gb_str *line)
{
    const double mb = 1e6;

    if (b->text[0] != '\0') {
        gb_str_puts(line, b->text);
        add_bar(line, b->share);
        return;
    }
    switch (b->phase) {
    case GB_PHASE_LOAD:
        gb_str_puts(line, "loading the weights");
        break;
    case GB_PHASE_COMPILE:
        gb_str_puts(line, "compiling the kernels");
        break;
    case GB_PHASE_PREFILL:
        gb_str_puts(line, "reading the prompt");
        break;
    case GB_PHASE_HASH:
        gb_str_puts(line, "hashing the weights");
        break;
    case GB_PHASE_CONVERT:
        gb_str_puts(line, "writing the weights");
        break;
    case GB_PHASE_SESSION:
        gb_str_puts(line, "reading the session");
        break;
    case GB_PHASE_EXPORT:
        gb_str_puts(line, "looking at the tokens");
        break;
    case GB_PHASE_REPLAY:
        gb_str_puts(line, "replaying");
        break;
    }
    if (b->total == 0)
        return;
    add_bar(line, (double)b->done / (double)b->total);
    if (b->phase != GB_PHASE_PREFILL)
        gb_str_printf(line, " %.0f of %.0f MB", (double)b->done / mb,
                      (double)b->total / mb);
    else
        gb_str_printf(line, " %llu of %llu", (unsigned long long)b->done,
                      (unsigned long long)b->total);
}

/* Draws over the line of before, which had *width characters. Plain text and
 * a carriage return work on any terminal. */
static void
draw(const gb_str *line, size_t *width)
{
    gb_str out = GB_STR_INIT;
    size_t i;

    gb_str_putc(&out, '\r');
    gb_str_append(&out, gb_str_cstr(line), line->len);
    for (i = line->len; i < *width; i++)
        gb_str_putc(&out, ' ');
    if (line->len == 0)
        gb_str_putc(&out, '\r');
    gb_fd_write(STDERR_FILENO, "standard error", out.data, out.len, NULL);
    *width = line->len;
    gb_str_free(&out);
}

static void
add_ms(struct timespec *t, long ms)
{
    t->tv_nsec += ms * 1000000;
    t->tv_sec += t->tv_nsec / 1000000000;
    t->tv_nsec %= 1000000000;
}

static void *
run(void *arg)
{
    gb_bar *b = arg;
    gb_str line = GB_STR_INIT;
    struct timespec next;
    size_t width = 0;

    clock_gettime(CLOCK_MONOTONIC, &next);
    add_ms(&next, PATIENCE_MS);
    pthread_mutex_lock(&b->lock);
    while (!b->closing) {
        if (pthread_cond_timedwait(&b->closed, &b->lock, &next) != ETIMEDOUT)
            continue;
        gb_str_clear(&line);
        describe(b, &line);
        draw(&line, &width);
        add_ms(&next, REDRAW_MS);
    }
    pthread_mutex_unlock(&b->lock);
    gb_str_clear(&line);
    if (width > 0)
        draw(&line, &width);
    gb_str_free(&line);
    return NULL;
}

gb_bar *
gb_bar_open(void)
{
    pthread_condattr_t attributes;
    gb_bar *b;

    if (!isatty(STDERR_FILENO))
        return NULL;
    b = gb_alloc(sizeof *b);
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&b->closed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (gb_thread_start(&b->thread, run, b) != 0) {
        free(b);
        return NULL;
    }
    return b;
}

void
gb_bar_update(void *bar, gb_phase phase, uint64_t done, uint64_t total)
{
    gb_bar *b = bar;

    if (b == NULL)
        return;
    pthread_mutex_lock(&b->lock);
    b->phase = phase;
    b->done = done;
    b->total = total;
    pthread_mutex_unlock(&b->lock);
}

void
gb_bar_say(gb_bar *b, double done, const char *text)
{
    if (b == NULL)
        return;
    pthread_mutex_lock(&b->lock);
    b->share = done;
    snprintf(b->text, sizeof b->text, "%s", text);
    pthread_mutex_unlock(&b->lock);
}

void
gb_bar_close(gb_bar *b)
{
    if (b == NULL)
        return;
    pthread_mutex_lock(&b->lock);
    b->closing = true;
    pthread_cond_signal(&b->closed);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    pthread_cond_destroy(&b->closed);
    pthread_mutex_destroy(&b->lock);
    free(b);
}
