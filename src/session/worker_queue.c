/* The queue of requests; worker.h says in which order they are done. */
#include <stdlib.h>

#include "base/mem.h"
#include "session/worker_state.h"

#define GB_WAITING_MAX 256
#define GB_WAITING_BYTES_MAX (2 * GB_TEXT_MAX)

/* Whoever asks for these does not want to wait for the end of a run. */
static bool
implies_stop(gb_do what)
{
    switch (what) {
    case GB_DO_STOP:
    case GB_DO_EDIT:
    case GB_DO_RETRY:
    case GB_DO_RESEED:
    case GB_DO_UNDO:
    case GB_DO_REDO:
    case GB_DO_CLEAR:
    case GB_DO_MODE_SET:
    case GB_DO_LOAD:
    case GB_DO_MODEL:
    case GB_DO_DEVICE:
    case GB_DO_REPLAY:
        return true;
    case GB_DO_SEND:
    case GB_DO_READ:
    case GB_DO_CONTINUE:
    case GB_DO_SET:
    case GB_DO_MARK:
    case GB_DO_EXPORT:
    case GB_DO_SAVE:
    case GB_DO_COUNT:
        break;
    }
    return false;
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
    t->name = copy(r->name);
    t->value = copy(r->value);
    t->text = gb_strndup(r->text != NULL ? r->text : "",
                         r->text != NULL ? r->n_text : 0);
    t->request = *r;
    t->request.name = t->name;
    t->request.value = t->value;
    t->request.text = t->text;
    return t;
}

void
gb_task_free(gb_task *t)
{
    free(t->name);
    free(t->value);
    free(t->text);
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
    w->waiting_bytes += t->request.n_text;
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
    w->waiting_bytes -= t->request.n_text;
    return t;
}

/* What is asked for next is meant for what these bring: they end only when
 * the user says so. */
static bool
is_loading(gb_do what)
{
    return what == GB_DO_LOAD || what == GB_DO_MODEL || what == GB_DO_DEVICE;
}

/* With the lock held. */
static void
update_cancel(gb_worker *w)
{
    uint64_t before = w->loading ? w->halt_before : w->stop_before;

    atomic_store(&w->cancel,
                 w->quit || (w->running != 0 && w->running < before));
}

/* Likewise. */
static void
set_running(gb_worker *w, uint64_t number, bool loading)
{
    w->running = number;
    w->loading = loading;
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

    if (r->n_text > GB_TEXT_MAX) {
        gb_fail_usage(err, "a text of %zu bytes: at most %zu can be sent at "
                      "once", r->n_text, GB_TEXT_MAX);
        return 0;
    }
    pthread_mutex_lock(&w->lock);
    if (w->waiting >= GB_WAITING_MAX ||
        w->waiting_bytes + r->n_text > GB_WAITING_BYTES_MAX) {
        gb_fail(err, "%zu commands are waiting already; this one was not "
                "taken", w->waiting);
    } else {
        number = ++w->last_number;
        push(w, new_task(r, number));
        if (implies_stop(r->what))
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

    pthread_mutex_lock(&w->lock);
    for (t = w->first; t != NULL; before = t, t = t->next)
        if (t->request.what == GB_DO_SET || implies_stop(t->request.what))
            break;
    if (t != NULL)
        t = t->request.what == GB_DO_SET ? pull(w, before) : NULL;
    pthread_mutex_unlock(&w->lock);
    return t;
}

gb_task *
gb_worker_next(gb_worker *w)
{
    gb_task *t = NULL;

    pthread_mutex_lock(&w->lock);
    set_running(w, 0, false);
    while (!w->quit && (t = pull(w, NULL)) == NULL)
        pthread_cond_wait(&w->wake, &w->lock);
    if (t != NULL)
        set_running(w, t->number, is_loading(t->request.what));
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
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
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
