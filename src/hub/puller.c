#include "hub/puller.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"

#define TELL_MS 250 /* between two signs of progress */

struct gb_puller {
    pthread_t thread;
    char *name;
    int fds[2]; /* a byte for whoever polls */
    atomic_bool cancel;
    double told; /* the thread's: when it told something, of this file */
    const char *file;

    pthread_mutex_t lock; /* of what follows */
    char text[120];
    bool ended, ok;
    gb_pulled pulled;
    gb_error err;
};

static void
wake(gb_puller *p)
{
    (void)!write(p->fds[1], "", 1);
}

static void
on_progress(void *arg, const gb_pull_progress *progress)
{
    gb_puller *p = arg;
    double now = gb_now_ms();
    bool late = now - p->told >= TELL_MS;

    pthread_mutex_lock(&p->lock);
    gb_pull_describe(progress, p->text, sizeof p->text);
    pthread_mutex_unlock(&p->lock);
    if (!late && progress->file == p->file && progress->waits == NULL)
        return;
    p->told = now;
    p->file = progress->file;
    wake(p);
}

static void *
run(void *arg)
{
    gb_puller *p = arg;
    const gb_pull_options o = {.name = p->name, .cancel = &p->cancel,
                               .progress = on_progress, .arg = p};
    gb_error err = GB_ERROR_INIT;
    gb_pulled pulled;
    bool ok = gb_pull(&o, &pulled, &err);

    pthread_mutex_lock(&p->lock);
    p->ok = ok;
    p->pulled = pulled;
    p->err = err;
    p->ended = true;
    pthread_mutex_unlock(&p->lock);
    wake(p);
    return NULL;
}

gb_puller *
gb_puller_start(const char *name, gb_error *err)
{
    gb_puller *p = gb_alloc(sizeof *p);

    if (pipe2(p->fds, O_CLOEXEC | O_NONBLOCK) != 0) {
        gb_fail(err, "no pipe is to be had to load %s", name);
        free(p);
        return NULL;
    }
    p->name = gb_strdup(name);
    pthread_mutex_init(&p->lock, NULL);
    if (gb_thread_start(&p->thread, run, p) == 0)
        return p;
    gb_fail(err, "no thread is to be had to load %s", name);
    pthread_mutex_destroy(&p->lock);
    close(p->fds[0]);
    close(p->fds[1]);
    free(p->name);
    free(p);
    return NULL;
}

void
gb_puller_cancel(gb_puller *p)
{
    atomic_store(&p->cancel, true);
}

void
gb_puller_close(gb_puller *p)
{
    if (p == NULL)
        return;
    gb_puller_cancel(p);
    pthread_join(p->thread, NULL);
    pthread_mutex_destroy(&p->lock);
    close(p->fds[0]);
    close(p->fds[1]);
    gb_pulled_free(&p->pulled);
    free(p->name);
    free(p);
}

int
gb_puller_fd(const gb_puller *p)
{
    return p->fds[0];
}

bool
gb_puller_look(gb_puller *p)
{
    char bytes[64];
    bool ended;

    while (read(p->fds[0], bytes, sizeof bytes) > 0)
        continue;
    pthread_mutex_lock(&p->lock);
    ended = p->ended;
    pthread_mutex_unlock(&p->lock);
    return ended;
}

void
gb_puller_describe(gb_puller *p, char *out, size_t n)
{
    pthread_mutex_lock(&p->lock);
    snprintf(out, n, "%s: %s", p->name, p->text);
    pthread_mutex_unlock(&p->lock);
}

const gb_pulled *
gb_puller_result(gb_puller *p, gb_error *err)
{
    if (p->ok)
        return &p->pulled;
    *err = p->err;
    return NULL;
}
