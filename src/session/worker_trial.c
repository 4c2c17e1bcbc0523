/* The last run on trial, while nothing else is to be done. */
#include "base/clock.h"
#include "session/worker_state.h"

/* Between two pieces of news of it, ms. */
#define GB_TRIAL_PACE 50.0

bool
gb_worker_begin_trial(gb_worker *w, const gb_request *r, gb_error *err)
{
    const gb_settings *s = &r->settings;
    const double t = (double)s->temperature;

    if ((r->flags & GB_TRIAL_END) != 0) {
        gb_worker_end_trial(w);
        return true;
    }
    if (s->stop == NULL || s->pin == NULL || s->bias == NULL ||
        s->dry_breakers == NULL)
        return gb_fail_usage(err, "settings are missing");
    if (!(t >= GB_TEMPERATURE_MIN && t <= GB_TEMPERATURE_MAX))
        return gb_fail_usage(err, "temperature: expected a number from %g to "
                             "%g, found %g", GB_TEMPERATURE_MIN,
                             GB_TEMPERATURE_MAX, t);
    w->trying = true;
    w->tried = *s;
    w->trial_told = false;
    return true;
}

void
gb_worker_end_trial(gb_worker *w)
{
    gb_trial_close(w->trial);
    w->trial = NULL;
    w->trying = false;
}

static void
tell_trial(gb_worker *w)
{
    gb_news *n = gb_news_new(GB_NEWS_TRIAL);

    n->trial = gb_trial_see(w->trial);
    gb_news_put(&w->news, n);
    w->trial_told = gb_trial_is_found(w->trial);
}

/* There is nothing to try, any more. */
static void
give_up(gb_worker *w, const gb_error *err)
{
    gb_news *n = gb_news_new(GB_NEWS_TRIAL);

    gb_str_puts(&n->text, err->text);
    gb_news_put(&w->news, n);
    gb_worker_end_trial(w);
}

/* Computes until there is something to tell. */
static bool
compute(gb_worker *w, gb_error *err)
{
    const double until = gb_now_ms() + GB_TRIAL_PACE;
    const bool found = gb_trial_is_found(w->trial);
    bool ok = true;

    w->watch.looking = true;
    while (ok && gb_now_ms() < until && !gb_trial_is_done(w->trial) &&
           gb_trial_is_found(w->trial) == found)
        ok = atomic_load(&w->cancel) ? gb_fail_interrupted(err)
                                     : gb_trial_step(w->trial, err);
    w->watch.looking = false;
    return ok;
}

bool
gb_worker_try_on(gb_worker *w)
{
    gb_error err = GB_ERROR_INIT;

    if (!w->trying || w->session == NULL || w->engine == NULL ||
        w->replay_shown)
        return false;
    if (w->trial != NULL && !gb_trial_holds(w->trial)) {
        gb_trial_close(w->trial);
        w->trial = NULL;
    }
    if (w->trial == NULL)
        w->trial = gb_trial_open(w->session, &err);
    if (w->trial == NULL || !gb_trial_ask(w->trial, &w->tried, &err)) {
        give_up(w, &err);
        return true;
    }
    /* What is known already is told at once. */
    if (w->trial_told || !gb_trial_is_found(w->trial)) {
        if (w->trial_told && gb_trial_is_done(w->trial))
            return false;
        if (!compute(w, &err)) {
            if (err.status == GB_INTERRUPTED)
                return false;
            give_up(w, &err);
            return true;
        }
    }
    tell_trial(w);
    return true;
}
