/* The queue of requests; worker.h says in which order they are done. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "session/steer.h"
#include "session/worker_state.h"

/* Where a condition variable can wait by it, a clock that is never set. */
#ifdef __APPLE__
#define GB_WAIT_CLOCK CLOCK_REALTIME
#else
#define GB_WAIT_CLOCK CLOCK_MONOTONIC
#endif

#define GB_WAITING_MAX 256
#define GB_WAITING_BYTES_MAX (2 * GB_TEXT_MAX)

#define ENGINE (GB_WITH_SESSION | GB_WITH_ENGINE)
#define LOADS (GB_STOPS_RUN | GB_LOADS)
#define LOOKS (GB_BETWEEN_TOKENS | GB_ONLY_LOOKS)

static const unsigned manners[] = {
    [GB_DO_EVENT] = ENGINE,
    [GB_DO_STEER] = ENGINE,
    [GB_DO_PACE] = GB_BETWEEN_TOKENS,
    [GB_DO_DRAFT] = GB_WITH_NAME | GB_BETWEEN_TOKENS,
    [GB_DO_STOP] = GB_STOPS_RUN | GB_LEAVES_REPLAY,
    [GB_DO_READ] = GB_WITH_NAME | ENGINE,
    [GB_DO_EXPORT] = GB_WITH_NAME | GB_WITH_SESSION,
    [GB_DO_SAVE] = GB_WITH_NAME | GB_WITH_SESSION,
    [GB_DO_LOAD] = GB_WITH_NAME | ENGINE | LOADS,
    [GB_DO_MODEL] = GB_WITH_NAME | LOADS,
    [GB_DO_DEVICE] = LOADS,
    [GB_DO_REPLAY] = ENGINE | GB_STOPS_RUN | GB_LEAVES_REPLAY,
    [GB_DO_WATCH] = LOOKS | GB_LEAVES_REPLAY,
    [GB_DO_TREE] = GB_WITH_SESSION | LOOKS,
    [GB_DO_SESSIONS] = LOOKS | GB_LEAVES_REPLAY,
    [GB_DO_FORGET] = GB_WITH_NAME | LOOKS | GB_LEAVES_REPLAY,
    [GB_DO_TRIAL] = ENGINE | LOOKS,
};

static bool
event_stops(const gb_event *e)
{
    switch (e->type) {
    case GB_EVENT_PROMPT:
    case GB_EVENT_MARK:
    case GB_EVENT_NAME:
        return false;
    case GB_EVENT_RUN:
        return e->how != GB_HOW_CONTINUE;
    default:
        return true;
    }
}

unsigned
gb_worker_manner(const gb_request *r)
{
    const unsigned manner = manners[r->what];
    const gb_steer *verb;

    if (r->what == GB_DO_EVENT && r->event.type == GB_EVENT_SET)
        return GB_BETWEEN_TOKENS;
    if (r->what == GB_DO_EVENT)
        return manner | (event_stops(&r->event) ? GB_STOPS_RUN : 0u);
    if (r->what != GB_DO_STEER)
        return manner;
    verb = gb_steer_find(r->name, r->value);
    /* One that there is not is refused at once. */
    if (verb == NULL || verb->when == GB_WHEN_NOW)
        return manner | GB_BETWEEN_TOKENS;
    return manner | (verb->when == GB_WHEN_STOP ? GB_STOPS_RUN : 0u);
}

static char *
copy(const char *s)
{
    return s != NULL ? gb_strdup(s) : NULL;
}

static gb_task *
new_task(const gb_request *r, uint64_t number)
{
    gb_task *t = gb_alloc(sizeof *t);

    t->number = number;
    t->request = *r;
    t->request.name = t->name = copy(r->name);
    t->request.value = t->value = copy(r->value);
    t->request.event.name = t->event_name = copy(r->event.name);
    t->request.event.value = t->event_value = copy(r->event.value);
    t->request.event.text = t->event_text =
        gb_strndup(r->event.text != NULL ? r->event.text : "",
                   r->event.text != NULL ? r->event.n_text : 0);
    return t;
}

void
gb_task_free(gb_task *t)
{
    free(t->name);
    free(t->value);
    free(t->event_name);
    free(t->event_value);
    free(t->event_text);
    free(t);
}

static void
push(gb_worker *w, gb_task *t)
{
    if (w->first == NULL)
        w->first = t;
    else
        w->last->next = t;
    w->last = t;
    w->waiting++;
    w->waiting_bytes += t->request.event.n_text;
}

/* Takes the task behind `before` (NULL: the first) out of the queue. */
static gb_task *
pull(gb_worker *w, gb_task *before)
{
    gb_task **link = before != NULL ? &before->next : &w->first, *t = *link;

    if (t == NULL)
        return NULL;
    *link = t->next;
    if (w->last == t)
        w->last = before;
    w->waiting--;
    w->waiting_bytes -= t->request.event.n_text;
    return t;
}

/* With the lock held. */
static void
update_cancel(gb_worker *w)
{
    uint64_t before = w->loading ? w->halt_before : w->stop_before;

    atomic_store(&w->cancel,
                 w->quit || (w->running != 0 && w->running < before) ||
                     (w->spare && w->first != NULL));
}

/* Likewise. */
static void
set_running(gb_worker *w, uint64_t number, bool loading)
{
    w->running = number;
    w->loading = loading;
    w->spare = false;
    update_cancel(w);
}

void
gb_worker_begin_first_file(gb_worker *w)
{
    pthread_mutex_lock(&w->lock);
    set_running(w, w->last_number, true);
    pthread_mutex_unlock(&w->lock);
}

void
gb_worker_ignore_stops(gb_worker *w)
{
    pthread_mutex_lock(&w->lock);
    set_running(w, 0, false);
    pthread_mutex_unlock(&w->lock);
}

uint64_t
gb_worker_post(gb_worker *w, const gb_request *r, gb_error *err)
{
    uint64_t number = 0;

    if (r->event.n_text > GB_TEXT_MAX) {
        gb_fail_usage(err, "a text of %zu bytes: at most %zu can be sent at "
                      "once", r->event.n_text, GB_TEXT_MAX);
        return 0;
    }
    pthread_mutex_lock(&w->lock);
    if (w->waiting >= GB_WAITING_MAX ||
        w->waiting_bytes + r->event.n_text > GB_WAITING_BYTES_MAX) {
        gb_fail(err, "%zu commands are waiting already; this one was not "
                "taken", w->waiting);
    } else {
        number = ++w->last_number;
        push(w, new_task(r, number));
        if ((gb_worker_manner(r) & GB_STOPS_RUN) != 0)
            w->stop_before = number;
        if (r->what == GB_DO_STOP)
            w->halt_before = number;
        update_cancel(w);
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    return number;
}

size_t
gb_worker_waiting(gb_worker *w)
{
    size_t n;

    pthread_mutex_lock(&w->lock);
    n = w->waiting;
    pthread_mutex_unlock(&w->lock);
    return n;
}

/* A setting passes what waits for the end of the run, but nothing that will
 * have ended it. */
gb_task *
gb_worker_next_set(gb_worker *w)
{
    gb_task *before = NULL, *t;
    unsigned manner = 0;

    pthread_mutex_lock(&w->lock);
    for (t = w->first; t != NULL; before = t, t = t->next) {
        manner = gb_worker_manner(&t->request);
        if ((manner & (GB_BETWEEN_TOKENS | GB_STOPS_RUN)) != 0)
            break;
    }
    if (t != NULL)
        t = (manner & GB_BETWEEN_TOKENS) != 0 ? pull(w, before) : NULL;
    pthread_mutex_unlock(&w->lock);
    return t;
}

void
gb_worker_wait(gb_worker *w, double until)
{
    double left = until - gb_now_ms();
    struct timespec t;

    if (!(left > 0))
        return;
    clock_gettime(GB_WAIT_CLOCK, &t);
    left = isfinite(left) && left < 3.6e6 ? left : 3.6e6;
    t.tv_sec += (time_t)(left / 1000);
    t.tv_nsec += (long)(fmod(left, 1000) * 1e6);
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&w->lock);
    /* What was posted before this is looked at first. */
    if (w->posted_seen != w->last_number || w->quit)
        w->posted_seen = w->last_number;
    else
        pthread_cond_timedwait(&w->wake, &w->lock, &t);
    pthread_mutex_unlock(&w->lock);
}

bool
gb_worker_begin_spare(gb_worker *w)
{
    bool free;

    pthread_mutex_lock(&w->lock);
    set_running(w, 0, false);
    free = w->first == NULL && !w->quit;
    w->spare = true;
    update_cancel(w);
    pthread_mutex_unlock(&w->lock);
    return free;
}

gb_task *
gb_worker_next(gb_worker *w)
{
    gb_task *t = NULL;

    pthread_mutex_lock(&w->lock);
    set_running(w, 0, false);
    while (!w->quit && (t = pull(w, NULL)) == NULL)
        pthread_cond_wait(&w->wake, &w->lock);
    if (t != NULL && t->request.what == GB_DO_EXPORT)
        set_running(w, w->last_number, true);
    else if (t != NULL)
        set_running(w, t->number,
                    (gb_worker_manner(&t->request) & GB_LOADS) != 0);
    pthread_mutex_unlock(&w->lock);
    return t;
}

void
gb_worker_quit(gb_worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->quit = true;
    update_cancel(w);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void
gb_worker_begin_queue(gb_worker *w)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attributes);
#ifndef __APPLE__
    pthread_condattr_setclock(&attributes, GB_WAIT_CLOCK);
#endif
    pthread_cond_init(&w->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    atomic_init(&w->cancel, false);
    w->last_number = 1; /* of what is done before the first task */
}

void
gb_worker_end_queue(gb_worker *w)
{
    gb_task *t;

    while ((t = pull(w, NULL)) != NULL)
        gb_task_free(t);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
}
