/* What the worker tells of what stands beside the text. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "session/steer.h"
#include "session/worker_state.h"

/* Tokens a second up to which each is looked at as it is written. */
#define GB_WATCH_RATE 30.0

void
gb_worker_tell_tree(gb_worker *w)
{
    gb_news *n = gb_news_new(GB_NEWS_TREE);

    n->tree = gb_seen_tree_of(w->session->tree);
    gb_news_put(&w->news, n);
}

/* Between two pieces of news of the sessions, ms. */
#define GB_LIST_PACE 50.0

static void
tell_listing(gb_worker *w)
{
    gb_news *n = gb_news_new(GB_NEWS_SESSIONS);

    n->sessions = gb_alloc(sizeof *n->sessions);
    gb_list_copy(n->sessions, &w->listing);
    gb_news_put(&w->news, n);
}

bool
gb_worker_tell_sessions(gb_worker *w, gb_error *err)
{
    gb_list list;

    if (!gb_list_read(&list, err))
        return false;
    gb_list_take_over(&list, &w->listing);
    gb_list_free(&w->listing);
    w->listing = list;
    w->listed = 0;
    gb_list_describe(&w->listing);
    tell_listing(w);
    return true;
}

bool
gb_worker_list_on(gb_worker *w)
{
    const double until = gb_now_ms() + GB_LIST_PACE;

    if (w->model == NULL || w->listed == w->listing.len)
        return false;
    do {
        if (!gb_listed_read_story(&w->listing.data[w->listed], w->model,
                                  &w->lister, &w->cancel))
            return false;
        w->listed++;
    } while (w->listed < w->listing.len && gb_now_ms() < until);
    if (w->listed == w->listing.len) {
        gb_model_close(w->lister);
        w->lister = NULL;
    }
    tell_listing(w);
    return true;
}

/* Looks. */

void
gb_worker_begin_watch(gb_worker *w, const gb_request *r)
{
    w->watch.flags = r->flags;
    w->watch.likeliest = r->count;
    w->watch.seen_told = w->watch.forks_told = false;
}

void
gb_worker_watch_run(gb_worker *w)
{
    w->watch.look_ms[0] = w->watch.look_ms[1] = 0;
}

void
gb_worker_watch_step(gb_worker *w, double took)
{
    double *ms = &w->watch.step_ms;

    /* The first token of a run has the reading of the prompt in it. */
    if (gb_tree_run_tokens(w->session->tree) > 1)
        *ms = *ms > 0 ? *ms + (took - *ms) * 0.1 : took;
}

/* Whether each token can be looked at before the next one is due. A look that
 * took long may have been bad luck, two are not. */
static bool
keeps_up(const gb_worker *w)
{
    const gb_watch *v = &w->watch;

    if (w->pace.paused)
        return true;
    return !w->pace.rush && w->pace.rate > 0 &&
           w->pace.rate <= GB_WATCH_RATE &&
           v->step_ms + fmin(v->look_ms[0], v->look_ms[1]) <=
               1000 / w->pace.rate;
}

/* What is to be told of now; false: what was told before stays. */
static bool
find_subject(const gb_worker *w, gb_subject *now, uint64_t *number)
{
    const gb_session *s = w->session;
    gb_stretch at;

    *now = (gb_subject){.none = NULL};
    if (s == NULL || w->engine == NULL) {
        now->none = "there is no model";
    } else if (w->replay_shown) {
        now->none = "a replay is shown";
    } else {
        *number = gb_steer_cursor(s);
        if (!gb_steer_at(s, *number, &at) && gb_session_is_writing(s)) {
            if (!keeps_up(w)) {
                now->none = "tokens come too fast to look at each";
                return true;
            }
            if (!s->tree->writing || gb_tree_run_tokens(s->tree) == 0 ||
                *number == 0)
                return false;
            --*number;
            now->newest = true;
        }
        now->next = !gb_steer_at(s, *number, &at);
        now->place = now->next ? gb_tree_place(s->tree)
                               : (gb_place){at.node->id, at.tokens};
        now->settings = s->tree->settings;
        now->step = s->tree->step;
    }
    return true;
}

static bool
is_same(const gb_subject *a, const gb_subject *b)
{
    if (a->none != NULL || b->none != NULL)
        return a->none == b->none;
    return a->next == b->next && a->place.node == b->place.node &&
           a->place.tokens == b->place.tokens &&
           (!a->next || (a->step == b->step &&
                         gb_settings_same(&a->settings, &b->settings)));
}

static void
tell_seen(gb_worker *w, const gb_subject *subject, gb_seen *seen,
          const char *text)
{
    gb_news *n = gb_news_new(GB_NEWS_SEEN);

    n->seen = seen;
    gb_str_puts(&n->text, text);
    gb_news_put(&w->news, n);
    w->watch.seen = *subject;
    w->watch.seen_told = true;
}

/* False: it was ended by something that is to be done first. */
static bool
look(gb_worker *w, const gb_subject *subject, uint64_t number)
{
    double began = gb_now_ms();
    gb_error err = GB_ERROR_INIT;
    gb_seen *seen;

    gb_trial_pause(w->trial);
    w->watch.looking = true;
    seen = gb_seen_look(w->session, number, w->watch.likeliest, &err);
    w->watch.looking = false;
    if (seen == NULL && err.status == GB_INTERRUPTED)
        return false;
    if (subject->newest) {
        w->watch.look_ms[1] = w->watch.look_ms[0];
        w->watch.look_ms[0] = gb_now_ms() - began;
    }
    tell_seen(w, subject, seen, err.text);
    return true;
}

static bool
watch_seen(gb_worker *w)
{
    gb_subject now;
    uint64_t number = 0;

    if ((w->watch.flags & GB_WATCH_BANDS) == 0 ||
        !find_subject(w, &now, &number) ||
        (w->watch.seen_told && is_same(&now, &w->watch.seen)))
        return false;
    if (now.none != NULL) {
        tell_seen(w, &now, NULL, now.none);
        return true;
    }
    /* When it is late already, the next token comes first. */
    if (now.newest && gb_pace_due(&w->pace) <= gb_now_ms())
        return false;
    return look(w, &now, number);
}

/* Where takes part. */

static void
tell_forks(gb_worker *w)
{
    gb_news *n = gb_news_new(GB_NEWS_FORKS);
    gb_str text = GB_STR_INIT;
    gb_take *takes;
    size_t current, count = gb_tree_takes(w->session->tree, &takes, &current);

    n->n_forks = gb_seen_forks_of(w->session->tree, &n->forks);
    if (count > 1) {
        current = (current + count - 1) % count;
        n->take = (uint32_t)current + 1;
        gb_steer_take_text(w->session, &takes[current], GB_SEEN_TEXT, &text);
        gb_utf8_clean(&n->text, gb_str_cstr(&text),
                      text.len < GB_SEEN_TEXT ? text.len : GB_SEEN_TEXT,
                      false);
        free(takes);
    }
    gb_str_free(&text);
    gb_news_put(&w->news, n);
}

/* The end of the path, where another one makes other forks: not when only its
 * last text grows. */
static gb_place
find_end(const gb_tree *t)
{
    gb_place end = gb_tree_place(t);
    const gb_node *n = gb_tree_node(t, end.node);

    if (n != NULL && end.tokens == n->n_tokens)
        end.tokens = UINT32_MAX;
    return end;
}

static bool
watch_forks(gb_worker *w)
{
    gb_watch *v = &w->watch;
    gb_place end;

    if ((v->flags & GB_WATCH_FORKS) == 0 || w->session == NULL ||
        w->replay_shown)
        return false;
    end = find_end(w->session->tree);
    if (v->forks_told && v->end.node == end.node &&
        v->end.tokens == end.tokens &&
        v->n_nodes == w->session->tree->n_nodes)
        return false;
    v->end = end;
    v->n_nodes = w->session->tree->n_nodes;
    v->forks_told = true;
    tell_forks(w);
    return true;
}

bool
gb_worker_watch_on(gb_worker *w)
{
    return w->watch.flags != 0 && (watch_forks(w) || watch_seen(w));
}
