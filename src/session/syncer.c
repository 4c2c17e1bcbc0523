#include "session/syncer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/thread.h"

struct gb_syncer {
    pthread_t thread;
    unsigned pause_ms;
    atomic_bool dirty; /* written to since it was last on the disk */
    atomic_int error;

    pthread_mutex_t lock; /* for what follows; never held for long */
    pthread_cond_t wake;
    int fd;
    char *path; /* of a new file; or NULL */
    bool quit;
};

/* Waits until the pause is over or it is time to go; with the lock held. */
static void
pause_for(gb_syncer *s)
{
    struct timespec end;
    int status = 0;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += s->pause_ms / 1000;
    end.tv_nsec += (long)(s->pause_ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    while (!s->quit && status == 0)
        status = pthread_cond_timedwait(&s->wake, &s->lock, &end);
}

/* With the lock held, which is given up meanwhile. */
static void
sync_file(gb_syncer *s)
{
    int fd = s->fd >= 0 ? fcntl(s->fd, F_DUPFD_CLOEXEC, 0) : -1;
    char *path = s->path;

    s->path = NULL;
    atomic_store(&s->dirty, false);
    pthread_mutex_unlock(&s->lock);
    if (fd >= 0) {
        if (!gb_fd_sync(fd, "", NULL))
            atomic_store(&s->error, errno);
        close(fd);
    }
    if (path != NULL)
        gb_folder_sync(path);
    free(path);
    pthread_mutex_lock(&s->lock);
}

static void *
work(void *arg)
{
    gb_syncer *s = arg;

    pthread_mutex_lock(&s->lock);
    while (!s->quit) {
        if (!atomic_load(&s->dirty)) {
            pthread_cond_wait(&s->wake, &s->lock);
            continue;
        }
        pause_for(s);
        if (!s->quit)
            sync_file(s);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

gb_syncer *
gb_syncer_start(unsigned pause_ms)
{
    gb_syncer *s = gb_alloc(sizeof *s);
    pthread_condattr_t attributes;

    s->pause_ms = pause_ms;
    s->fd = -1;
    atomic_init(&s->dirty, false);
    atomic_init(&s->error, 0);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (gb_thread_start(&s->thread, work, s) == 0)
        return s;
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
}

void
gb_syncer_stop(gb_syncer *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->quit = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s->path);
    free(s);
}

void
gb_syncer_file(gb_syncer *s, int fd, const char *path)
{
    pthread_mutex_lock(&s->lock);
    s->fd = fd;
    free(s->path);
    s->path = path != NULL ? gb_strdup(path) : NULL;
    pthread_mutex_unlock(&s->lock);
}

void
gb_syncer_written(gb_syncer *s)
{
    /* The lock is needed but once in a pause. */
    if (atomic_exchange(&s->dirty, true))
        return;
    pthread_mutex_lock(&s->lock);
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

int
gb_syncer_error(gb_syncer *s)
{
    return atomic_exchange(&s->error, 0);
}
