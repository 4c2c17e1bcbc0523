/* The engine's thread: takes requests in order and does them. */
#include "session/worker.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "session/worker_state.h"

/* The share of the newest token in the smoothed time for one. */
#define GB_SMOOTHING 0.05

/* Those for which a session must be there, an engine too, and those in which
 * the model writes. */
static const struct {
    bool needs_session, needs_engine, is_run;
} kinds[GB_DO_COUNT] = {
    [GB_DO_SEND] = {true, true, true},   [GB_DO_EDIT] = {true, true, true},
    [GB_DO_READ] = {true, true, true},   [GB_DO_CONTINUE] = {true, true, true},
    [GB_DO_RETRY] = {true, true, true},  [GB_DO_RESEED] = {true, true, true},
    [GB_DO_UNDO] = {true, true, false},  [GB_DO_REDO] = {true, true, false},
    [GB_DO_CLEAR] = {true, true, false}, [GB_DO_MODE_SET] = {true, true, false},
    [GB_DO_MARK] = {true, true, false},  [GB_DO_EXPORT] = {true, false, false},
    [GB_DO_SAVE] = {true, false, false}, [GB_DO_LOAD] = {true, true, false},
    [GB_DO_REPLAY] = {true, true, false},
};

static char *
copy(const char *s)
{
    return s != NULL ? gb_strdup(s) : NULL;
}

/* Settings. */

static bool
set(gb_worker *w, const gb_request *r, gb_error *err)
{
    const char *name = r->name != NULL ? r->name : "";
    const char *value = r->value != NULL ? r->value : "";
    gb_watcher watcher = gb_worker_watcher(w);

    if (w->session != NULL) {
        if (w->replay_shown)
            gb_worker_tell_session(w);
        return gb_session_set(w->session, name, value, err);
    }
    if (!gb_settings_change(&w->settings, name, value, err))
        return false;
    watcher.settings(w, &w->settings, w->mode, 0);
    return true;
}

static void
do_set(gb_worker *w, gb_task *t)
{
    gb_error err = GB_ERROR_INIT;

    if (set(w, &t->request, &err))
        gb_worker_tell_done(w, t->number, GB_REASON_NONE, "");
    else
        gb_worker_tell_error(w, t->number, &err);
    gb_task_free(t);
}

static void
do_sets(gb_worker *w)
{
    gb_task *t;

    while ((t = gb_worker_next_set(w)) != NULL)
        do_set(w, t);
}

/* The model's text. */

static void
count_token(gb_worker *w)
{
    double now = gb_now_ms(), took = now - w->last_token;
    uint64_t n = gb_history_run_tokens(gb_session_history(w->session));
    double share = n > 1 ? 1.0 / (double)(n - 1) : 1;

    w->last_token = now;
    w->logprob = gb_session_last_pick(w->session)->logprob;
    /* The first token of a run has the reading of the prompt in it. */
    if (n < 2)
        return;
    if (share < GB_SMOOTHING)
        share = GB_SMOOTHING;
    w->token_ms += (took - w->token_ms) * share;
}

/* Lets the model write until the run ends. */
static bool
write_on(gb_worker *w, gb_error *err)
{
    uint64_t before;
    const gb_history *h = gb_session_history(w->session);

    gb_worker_tell_state(w, GB_STATE_READING);
    while (gb_session_is_writing(w->session)) {
        do_sets(w);
        if (atomic_load(&w->cancel)) {
            gb_session_stop(w->session);
            break;
        }
        before = gb_history_run_tokens(h);
        if (!gb_session_step(w->session, err))
            return false;
        if (gb_history_run_tokens(h) == before)
            continue;
        gb_worker_tell_state(w, GB_STATE_WRITING);
        count_token(w);
        gb_worker_tell_changes(w);
    }
    return true;
}

/* The requests. */

static bool
set_mode(gb_worker *w, const char *name, gb_error *err)
{
    gb_mode mode = gb_history_mode(gb_session_history(w->session));

    if (name == NULL || !gb_mode_change(name, &mode))
        return gb_fail_usage(err, "mode: expected continue or chat, found %s",
                             name != NULL ? name : "nothing");
    return gb_session_set_mode(w->session, mode, err);
}

static bool
switch_engine(gb_worker *w, const gb_request *r, gb_error *err)
{
    gb_worker_tell_state(w, GB_STATE_LOADING);
    if (r->what == GB_DO_MODEL)
        return gb_worker_load(w, r->name, w->device, err);
    return gb_worker_load(w, w->model == NULL ? w->model_name : NULL, r->name,
                          err);
}

static bool
save(gb_worker *w, const gb_request *r, gb_str *said, gb_error *err)
{
    bool replace = (r->flags & GB_SAVE_REPLACE) != 0;

    if (r->what == GB_DO_EXPORT
            ? !gb_session_export_file(w->session, r->name, replace, err)
            : !gb_session_save(w->session, r->name, replace, err))
        return false;
    if (gb_session_owns(w->session, r->name))
        gb_str_printf(said, "%s is this session's own file, to which all is "
                      "saved already", r->name);
    else
        gb_str_printf(said, "saved as %s", r->name);
    return true;
}

static bool
obey(gb_worker *w, const gb_request *r, gb_str *said, gb_error *err)
{
    gb_session *s = w->session;

    switch (r->what) {
    case GB_DO_SEND:
        return gb_session_send(s, r->text, r->n_text, r->flags, err);
    case GB_DO_EDIT:
        return gb_session_edit(s, r->text, r->n_text, err);
    case GB_DO_READ:
        return gb_session_read(s, r->name, r->flags, err);
    case GB_DO_CONTINUE:
        return gb_session_continue(s, err);
    case GB_DO_RETRY:
        return gb_session_retry(s, err);
    case GB_DO_RESEED:
        return gb_session_reseed(s, err);
    case GB_DO_UNDO:
        return gb_session_undo(s, err);
    case GB_DO_REDO:
        return gb_session_redo(s, err);
    case GB_DO_CLEAR:
        return gb_session_clear(s, err);
    case GB_DO_MODE_SET:
        return set_mode(w, r->name, err);
    case GB_DO_MARK:
        return gb_session_mark(s, r->text, err);
    case GB_DO_EXPORT:
    case GB_DO_SAVE:
        return save(w, r, said, err);
    case GB_DO_LOAD:
        gb_worker_tell_state(w, GB_STATE_LOADING);
        return gb_worker_open_session(w, r->name, NULL, err);
    case GB_DO_MODEL:
    case GB_DO_DEVICE:
        return switch_engine(w, r, err);
    case GB_DO_REPLAY:
        return gb_worker_replay(w, r->name,
                                (r->flags & GB_REPLAY_PACE) != 0, err);
    case GB_DO_STOP:
    case GB_DO_SET:
    case GB_DO_COUNT:
        break;
    }
    return true;
}

static bool
needs_name(gb_do what)
{
    return what == GB_DO_READ || what == GB_DO_EXPORT || what == GB_DO_SAVE ||
           what == GB_DO_LOAD || what == GB_DO_MODEL;
}

static bool
do_request(gb_worker *w, const gb_request *r, gb_str *said, gb_error *err)
{
    if ((kinds[r->what].needs_session && w->session == NULL) ||
        (kinds[r->what].needs_engine && w->engine == NULL))
        return gb_fail(err, "there is no model");
    if (needs_name(r->what) && r->name == NULL)
        return gb_fail_usage(err, "a name is missing");
    if (w->replay_shown && r->what != GB_DO_REPLAY && r->what != GB_DO_STOP)
        gb_worker_tell_session(w);
    w->reason = GB_REASON_NONE;
    if (!obey(w, r, said, err))
        return false;
    return !kinds[r->what].is_run || write_on(w, err);
}

static gb_state
resting_state(const gb_worker *w, const gb_request *r)
{
    if (w->session == NULL || w->engine == NULL)
        return GB_STATE_FAILED;
    return r->what == GB_DO_STOP || w->reason == GB_REASON_INTERRUPT
               ? GB_STATE_STOPPED
               : GB_STATE_IDLE;
}

static void
do_task(gb_worker *w, gb_task *t)
{
    const gb_request *r = &t->request;
    gb_error err = GB_ERROR_INIT;
    gb_str said = GB_STR_INIT;
    bool ok;

    gb_worker_tell_text(w, GB_NEWS_STARTED, t->number, "");
    ok = do_request(w, r, &said, &err);
    gb_worker_tell_changes(w);
    if (!ok && err.status == GB_INTERRUPTED) {
        w->reason = GB_REASON_INTERRUPT;
        gb_str_clear(&said);
        gb_str_puts(&said, err.text);
        ok = true;
    }
    gb_worker_tell_state(w, resting_state(w, r));
    if (ok)
        gb_worker_tell_done(w, t->number, w->reason, gb_str_cstr(&said));
    else
        gb_worker_tell_error(w, t->number, &err);
    gb_str_free(&said);
    gb_task_free(t);
}

static void *
work(void *arg)
{
    gb_worker *w = arg;
    gb_error err = GB_ERROR_INIT;
    gb_news *n = gb_news_new(GB_NEWS_STATE);
    gb_task *t;

    n->state = w->state = GB_STATE_LOADING;
    gb_news_put(&w->news, n);
    if (gb_worker_load(w, w->model_name, w->device, &err)) {
        gb_worker_tell_state(w, GB_STATE_IDLE);
    } else {
        /* The reason first: some have no use for the state but to end. */
        gb_worker_tell_error(w, 0, &err);
        gb_worker_tell_state(w, GB_STATE_FAILED);
    }
    while ((t = gb_worker_next(w)) != NULL) {
        if (t->request.what == GB_DO_SET) {
            do_set(w, t);
            gb_worker_tell_changes(w);
        } else {
            do_task(w, t);
        }
    }
    gb_worker_unload(w);
    return NULL;
}

/* Start and end. */

static void
release(gb_worker *w)
{
    gb_worker_end_queue(w);
    gb_news_close(&w->news);
    free(w->model_name);
    free(w->device);
    free(w->path);
    free(w->load);
    free(w);
}

/* Signals are for the interface's thread; those that the device's driver
 * makes inherit the mask. */
static int
start_thread(gb_worker *w)
{
    sigset_t all, before;
    int status;

    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    status = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

gb_worker *
gb_worker_start(const gb_worker_options *o, gb_error *err)
{
    gb_worker *w = gb_alloc(sizeof *w);
    int status;

    if (!gb_news_open(&w->news, err)) {
        free(w);
        return NULL;
    }
    gb_worker_begin_queue(w);
    w->model_name = copy(o->model);
    w->device = copy(o->device);
    w->path = copy(o->path);
    w->load = copy(o->load);
    w->dtype = o->dtype;
    w->prefill = o->prefill;
    w->settings = o->settings;
    w->mode = o->mode;
    w->record = o->journal;
    w->logprob = NAN;
    status = start_thread(w);
    if (status != 0) {
        gb_fail(err, "cannot start a thread: %s", strerror(status));
        release(w);
        return NULL;
    }
    return w;
}

bool
gb_worker_close(gb_worker *w, gb_error *err)
{
    bool ok;

    if (w == NULL)
        return true;
    gb_worker_quit(w);
    pthread_join(w->thread, NULL);
    ok = w->close_ok;
    if (!ok && err != NULL)
        *err = w->close_error;
    release(w);
    return ok;
}

int
gb_worker_fd(const gb_worker *w)
{
    return w->news.fd[0];
}

gb_news *
gb_worker_take(gb_worker *w)
{
    return gb_news_take(&w->news);
}
