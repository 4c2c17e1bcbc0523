/* The engine's thread: takes requests in order and does them. */
#include "session/worker.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "session/export.h"
#include "session/list.h"
#include "session/steer.h"
#include "session/worker_state.h"

/* The share of the newest token in the smoothed time for one. */
#define GB_SMOOTHING 0.05

static char *
copy(const char *s)
{
    return s != NULL ? gb_strdup(s) : NULL;
}

static bool obey(gb_worker *w, const gb_request *r, gb_str *out,
                 gb_error *err);

static bool
set(gb_worker *w, const gb_event *e, gb_error *err)
{
    gb_watcher watcher = gb_worker_watcher(w);

    if (w->session != NULL) {
        if (w->replay_shown)
            gb_worker_tell_session(w);
        return gb_session_do(w->session, e, 0, err);
    }
    if (!gb_settings_change(&w->settings, e->name, e->value, err))
        return false;
    watcher.settings(w, &w->settings, w->mode, 0);
    return true;
}

static bool
steer(gb_worker *w, const gb_request *r, gb_str *out, gb_error *err)
{
    const gb_steer *verb = gb_steer_find(r->name, r->value);

    if (verb == NULL)
        return gb_fail_usage(err, "there is no verb %s", r->name);
    if (verb->when == GB_WHEN_IDLE)
        gb_worker_tell_state(w, GB_STATE_SWEEPING);
    if (!verb->run(w->session, r->value != NULL ? r->value : "", out, err))
        return false;
    if ((r->flags & GB_STEER_QUIET) != 0)
        gb_str_clear(out);
    return true;
}

/* Between two tokens: settings, the pace, and what only looks. */
static void
do_sets(gb_worker *w)
{
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    gb_task *t;

    while ((t = gb_worker_next_set(w)) != NULL) {
        gb_str_clear(&text);
        if (obey(w, &t->request, &text, &err))
            gb_worker_tell_done(w, t->number, GB_REASON_NONE,
                                gb_str_cstr(&text));
        else
            gb_worker_tell_error(w, t->number, &err);
        gb_task_free(t);
    }
    gb_str_free(&text);
}

/* The model's text. */

/* What waited took no time: its speed is that of the take beside it. */
static void
count_token(gb_worker *w, bool waited)
{
    double now = gb_now_ms(), took = now - w->last_token;
    uint64_t n = gb_tree_run_tokens(w->session->tree);
    double share = n > 1 ? 1.0 / (double)(n - 1) : 1;

    w->last_token = now;
    w->logprob = w->session->last_pick.logprob;
    /* The first token of a run has the reading of the prompt in it. */
    if (n < 2 || waited)
        return;
    if (share < GB_SMOOTHING)
        share = GB_SMOOTHING;
    w->token_ms += (took - w->token_ms) * share;
}

/* Waits for the moment of the next token. False: something has happened
 * before. */
static bool
keep_pace(gb_worker *w)
{
    double due = gb_pace_due(&w->pace);

    if (due <= gb_now_ms())
        return true;
    gb_worker_tell_state(w, isfinite(due) ? GB_STATE_WRITING
                                          : GB_STATE_PAUSED);
    gb_worker_wait(w, due);
    return false;
}

/* Lets the model write until the run ends. */
static bool
write_on(gb_worker *w, gb_error *err)
{
    const gb_tree *t = w->session->tree;
    uint64_t before;
    double began;
    bool waits;

    gb_worker_watch_run(w);
    if (w->draft != NULL)
        w->draft_before = gb_draft_counted(w->draft);
    gb_pace_begin(&w->pace, gb_now_ms());
    gb_worker_tell_state(w, GB_STATE_READING);
    while (gb_session_is_writing(w->session)) {
        do_sets(w);
        if (atomic_load(&w->cancel)) {
            gb_session_stop(w->session);
            break;
        }
        waits = gb_session_has_waiting(w->session);
        if (gb_worker_watch_on(w) || (!waits && !keep_pace(w)))
            continue;
        before = gb_tree_run_tokens(t);
        began = gb_now_ms();
        w->session->loop.rests = gb_pace_holds(&w->pace);
        if (!gb_session_step(w->session, err))
            return false;
        if (gb_tree_run_tokens(t) == before)
            continue;
        gb_worker_watch_step(w, gb_now_ms() - began);
        gb_pace_count(&w->pace, gb_now_ms());
        gb_worker_tell_state(w, GB_STATE_WRITING);
        count_token(w, waits);
        gb_worker_tell_changes(w);
    }
    return true;
}

/* The requests. */

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
    bool replace = (r->flags & GB_SAVE_REPLACE) != 0, ok;
    gb_str more = GB_STR_INIT;
    const gb_exporting how = {gb_worker_progress(w), &more};

    if (r->what == GB_DO_EXPORT)
        ok = gb_session_export_file(w->session, r->name, replace, &how, err);
    else
        ok = gb_session_save(w->session, r->name, replace, err);
    if (!ok && err->status == GB_INTERRUPTED)
        gb_worker_stopped(err, "%s was not written", r->name);
    if (ok && gb_session_owns(w->session, r->name))
        gb_str_printf(said, "%s is this session's own file, to which all is "
                      "saved already", r->name);
    else if (ok)
        gb_str_printf(said, "saved as %s%s", r->name, gb_str_cstr(&more));
    gb_str_free(&more);
    return ok;
}

/* A file, sent as it is. */
static bool
read_file(gb_worker *w, const gb_request *r, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_PROMPT};
    gb_str text = GB_STR_INIT;
    bool ok = gb_text_read(r->name, GB_TEXT_MAX, &text, err);

    if (ok && text.len == 0)
        ok = gb_fail_usage(err, "%s: the file is empty", r->name);
    e.text = gb_str_cstr(&text);
    e.n_text = text.len;
    ok = ok && gb_session_do(w->session, &e, r->flags, err);
    gb_str_free(&text);
    return ok;
}

/* A file, or the number of one in the list of sessions. */
static bool
load(gb_worker *w, const char *name, gb_error *err)
{
    char *path = gb_list_path(name, err);
    bool ok = path != NULL;

    gb_worker_tell_state(w, GB_STATE_LOADING);
    ok = ok && gb_worker_open_session(w, path, NULL, err);
    free(path);
    return ok;
}

static bool
obey(gb_worker *w, const gb_request *r, gb_str *out, gb_error *err)
{
    if ((gb_worker_manner(r) & GB_WITH_NAME) != 0 && r->name == NULL)
        return gb_fail_usage(err, "a name is missing");
    switch (r->what) {
    case GB_DO_EVENT:
        return r->event.type == GB_EVENT_SET
                   ? set(w, &r->event, err)
                   : gb_session_do(w->session, &r->event, r->flags, err);
    case GB_DO_STEER:
        return steer(w, r, out, err);
    case GB_DO_PACE:
        return gb_pace_change(&w->pace, r->value, err);
    case GB_DO_DRAFT:
        return gb_worker_set_draft(w, r->name, out, err);
    case GB_DO_READ:
        return read_file(w, r, err);
    case GB_DO_EXPORT:
    case GB_DO_SAVE:
        return save(w, r, out, err);
    case GB_DO_LOAD:
        return load(w, r->name, err);
    case GB_DO_MODEL:
    case GB_DO_DEVICE:
        return switch_engine(w, r, err);
    case GB_DO_REPLAY:
        return gb_worker_replay(w, r->name,
                                (r->flags & GB_REPLAY_PACE) != 0, err);
    case GB_DO_TREE:
        gb_worker_tell_tree(w);
        return true;
    case GB_DO_SESSIONS:
        return gb_worker_tell_sessions(w, err);
    case GB_DO_FORGET:
        return gb_steer_forget(w->session, r->name, out, err);
    case GB_DO_WATCH:
        gb_worker_begin_watch(w, r);
        return true;
    case GB_DO_TRIAL:
        return gb_worker_begin_trial(w, r, err);
    case GB_DO_STOP:
        break;
    }
    return true;
}

static bool
do_request(gb_worker *w, const gb_request *r, gb_str *out, gb_error *err)
{
    const unsigned manner = gb_worker_manner(r);

    if (((manner & GB_WITH_SESSION) != 0 && w->session == NULL) ||
        ((manner & GB_WITH_ENGINE) != 0 && w->engine == NULL))
        return gb_fail(err, "there is no model");
    if (w->replay_shown && (manner & GB_LEAVES_REPLAY) == 0)
        gb_worker_tell_session(w);
    w->reason = GB_REASON_NONE;
    if ((manner & GB_LOADS) != 0)
        gb_worker_end_trial(w);
    else if (r->what != GB_DO_TRIAL)
        gb_trial_pause(w->trial);
    if (!obey(w, r, out, err))
        return false;
    if (w->session == NULL || !gb_session_is_writing(w->session))
        return true;
    if (!write_on(w, err))
        return false;
    gb_steer_report(w->session, out);
    return true;
}

static gb_state
resting_state(const gb_worker *w, const gb_request *r)
{
    if (w->session == NULL || w->engine == NULL)
        return GB_STATE_FAILED;
    if ((gb_worker_manner(r) & GB_ONLY_LOOKS) != 0)
        return w->state;
    return r->what == GB_DO_STOP || w->reason == GB_REASON_INTERRUPT
               ? GB_STATE_STOPPED
               : GB_STATE_IDLE;
}

static void
do_task(gb_worker *w, gb_task *t)
{
    const gb_request *r = &t->request;
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    bool ok;

    gb_worker_tell_text(w, GB_NEWS_STARTED, t->number, "");
    ok = do_request(w, r, &text, &err);
    gb_worker_tell_changes(w);
    if (!ok && err.status == GB_INTERRUPTED) {
        w->reason = GB_REASON_INTERRUPT;
        gb_str_clear(&text);
        gb_str_puts(&text, err.text);
        ok = true;
    }
    gb_worker_tell_state(w, resting_state(w, r));
    if (ok)
        gb_worker_tell_done(w, t->number, w->reason, gb_str_cstr(&text));
    else
        gb_worker_tell_error(w, t->number, &err);
    gb_str_free(&text);
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
    do {
        while (gb_worker_begin_spare(w) &&
               (gb_worker_watch_on(w) || gb_worker_try_on(w) ||
                gb_worker_list_on(w)))
            ;
        t = gb_worker_next(w);
        if (t != NULL)
            do_task(w, t);
    } while (t != NULL);
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
    free(w->drafter);
    free(w);
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
    w->cache_type = o->cache_type;
    w->cache_bytes = o->cache_bytes;
    w->settings = o->settings;
    w->mode = o->mode;
    w->pace.rate = o->pace;
    w->drafter = gb_strdup(o->draft != NULL ? o->draft : GB_DRAFT_DEFAULT);
    w->record = o->journal;
    w->logprob = NAN;
    status = gb_thread_start(&w->thread, work, w);
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
