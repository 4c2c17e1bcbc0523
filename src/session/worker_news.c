/* What the worker tells the interface. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "session/steer.h"
#include "session/worker_state.h"

const char *
gb_state_name(gb_state state)
{
    static const char *const names[] = {
        [GB_STATE_LOADING] = "loading",     [GB_STATE_IDLE] = "idle",
        [GB_STATE_READING] = "reading",     [GB_STATE_WRITING] = "writing",
        [GB_STATE_STOPPED] = "stopped",     [GB_STATE_FAILED] = "failed",
        [GB_STATE_REPLAYING] = "replaying", [GB_STATE_PAUSED] = "paused",
        [GB_STATE_SWEEPING] = "sweeping",
    };

    return names[state];
}

void
gb_worker_tell_state(gb_worker *w, gb_state state)
{
    gb_news *n;

    if (state == w->state)
        return;
    n = gb_news_new(GB_NEWS_STATE);
    w->state = n->state = state;
    gb_news_put(&w->news, n);
}

static void
on_progress(void *worker, gb_phase phase, uint64_t done, uint64_t total)
{
    gb_worker *w = worker;
    gb_news *n;

    if (phase == GB_PHASE_PREFILL && (w->state == GB_STATE_REPLAYING ||
                                      w->state == GB_STATE_SWEEPING ||
                                      w->watch.looking))
        return;
    if (phase == GB_PHASE_PREFILL || phase == GB_PHASE_EXPORT)
        w->state = GB_STATE_READING;
    n = gb_news_new(GB_NEWS_STATE);
    n->state = w->state;
    n->phase = phase;
    n->done = done;
    n->total = total;
    gb_news_put(&w->news, n);
}

gb_progress
gb_worker_progress(gb_worker *w)
{
    return (gb_progress){on_progress, w, &w->cancel};
}

void
gb_worker_tell_text(gb_worker *w, gb_news_type type, uint64_t number,
                    const char *text)
{
    gb_news *n = gb_news_new(type);

    n->command = number;
    gb_str_puts(&n->text, text);
    gb_news_put(&w->news, n);
}

void
gb_worker_tell_error(gb_worker *w, uint64_t number, const gb_error *err)
{
    gb_news *n = gb_news_new(GB_NEWS_ERROR);

    n->command = number;
    n->status = err->status;
    gb_str_puts(&n->text, err->text);
    gb_news_put(&w->news, n);
}

/* Whether more of the run stands behind a node. */
static bool
is_left(const gb_node *n)
{
    const gb_node *c;

    for (c = n->first; c != NULL; c = c->next)
        if (c->run == n->run && c->at == n->n_tokens)
            return true;
    return false;
}

static gb_reason
find_rest(const gb_tree *t)
{
    const gb_stretch *s = NULL;
    const gb_node *n;
    size_t i;

    /* A stop string is taken back by a node that is not shown. */
    for (i = t->path.len; i > 0 && s == NULL; i--)
        if (t->path.data[i - 1].node->role != GB_ROLE_NOTE &&
            !t->path.data[i - 1].node->hidden)
            s = &t->path.data[i - 1];
    if (s == NULL || s->node->role != GB_ROLE_MODEL ||
        s->tokens < s->node->n_tokens)
        return GB_REASON_NONE;
    n = s->node;
    if (n->run != GB_NONE)
        return is_left(n) ? GB_REASON_NONE : t->runs[n->run].reason;
    return n->n_tokens > 0 &&
                   gb_ends_has(&t->ends, n->tokens[n->n_tokens - 1].id)
               ? GB_REASON_EOS
               : GB_REASON_NONE;
}

static gb_stats
current_stats(gb_worker *w)
{
    gb_stats s = {.logprob = w->logprob};
    size_t current = 0;
    gb_stretch at;
    const gb_tree *t;

    if (w->token_ms > 0)
        s.tokens_per_second = 1000 / w->token_ms;
    if (w->session == NULL)
        return s;
    t = w->session->tree;
    s.context_used = (uint32_t)(gb_tree_view_length(t) + t->pin.len);
    s.context_total = w->model->config.n_ctx;
    s.step = t->step;
    s.seed = t->settings.seed;
    s.run_tokens = gb_tree_run_tokens(t);
    if (w->draft != NULL)
        s.drafts = gb_draft_counted(w->draft);
    s.drafts.drafted -= w->draft_before.drafted;
    s.drafts.accepted -= w->draft_before.accepted;
    if (w->session->has_cursor &&
        gb_steer_at(w->session, gb_steer_cursor(w->session), &at))
        s.cursor = (gb_place){at.node->id, at.tokens};
    if (!t->writing) {
        s.rests = find_rest(t);
        w->takes = (uint32_t)gb_tree_takes(t, NULL, &current);
        w->take = (uint32_t)current + 1;
    }
    s.takes = w->takes;
    s.take = s.takes > 0 ? w->take : 0;
    return s;
}

void
gb_worker_tell_stats(gb_worker *w)
{
    gb_news *n = gb_news_new(GB_NEWS_STATS);

    n->stats = current_stats(w);
    gb_news_put(&w->news, n);
}

void
gb_worker_tell_done(gb_worker *w, uint64_t number, gb_reason reason,
                    const char *text)
{
    gb_news *n = gb_news_new(GB_NEWS_DONE);

    n->command = number;
    n->reason = reason;
    n->stats = current_stats(w);
    gb_str_puts(&n->text, text);
    gb_news_put(&w->news, n);
}

/* What is worth knowing of the model. */
static void
tell_note(gb_worker *w)
{
    gb_error note = GB_ERROR_INIT;

    snprintf(note.text, sizeof note.text, "%s: %s", w->model->name,
             w->model->note);
    gb_worker_tell_error(w, 0, &note);
}

void
gb_worker_tell_engine(gb_worker *w)
{
    const gb_engine_info *info = gb_engine_get_info(w->engine);
    gb_news *n = gb_news_new(GB_NEWS_ENGINE);
    char *log;

    w->watch.seen_told = false;
    gb_str_puts(&n->text, w->model->name);
    n->path = gb_path_absolute(w->model->path);
    n->spec = w->device != NULL ? gb_strdup(w->device) : NULL;
    n->device = gb_strdup(info->device.name);
    n->dtype = gb_strdup(info->dtype);
    n->prefill = gb_strdup(info->prefill);
    n->cache_type = gb_strdup(info->cache_type);
    n->n_ctx = w->model->config.n_ctx;
    n->ends = w->model->config.ends;
    gb_news_put(&w->news, n);
    log = gb_format("%s on %s: weights %.1f MB %s%s%s, loaded in %.0f ms, "
                    "kernels %s in %.0f ms, prefill %s", w->model->name,
                    info->device.name, (double)info->weight_bytes / 1e6,
                    info->dtype,
                    info->dtype_why[0] != '\0' ? ", " : "",
                    info->dtype_why, info->load_ms,
                    info->program_cached ? "from the cache" : "compiled",
                    info->compile_ms, info->prefill);
    gb_worker_tell_text(w, GB_NEWS_LOG, 0, log);
    free(log);
    if (w->model->note != NULL)
        tell_note(w);
}

void
gb_worker_tell_memory(gb_worker *w, uint32_t segment, size_t offset)
{
    gb_news *n = gb_news_new(GB_NEWS_MEMORY);

    n->node = segment;
    n->offset = offset;
    gb_news_put(&w->news, n);
}

static void
tell_memory(gb_worker *w)
{
    const uint32_t end = gb_tree_place(w->session->tree).node;
    const gb_node *node = NULL;
    size_t offset = 0;
    uint32_t id = 0;

    /* Where the view begins does not depend on where in a node it ends. */
    if (w->memory_known && end == w->memory_end)
        return;
    w->memory_end = end;
    if (gb_tree_memory(w->session->tree, &node, &offset))
        id = node->id;
    else
        offset = 0;
    if (w->memory_known && id == w->memory_node && offset == w->memory_offset)
        return;
    w->memory_known = true;
    w->memory_node = id;
    w->memory_offset = offset;
    gb_worker_tell_memory(w, id, offset);
}

void
gb_worker_tell_changes(gb_worker *w)
{
    const char *path;

    if (w->session == NULL)
        return;
    if (!w->replay_shown)
        tell_memory(w);
    path = gb_session_path(w->session);
    if (path != NULL && !w->file_told) {
        w->file_told = true;
        gb_worker_tell_text(w, GB_NEWS_FILE, 0, path);
    }
    gb_worker_tell_stats(w);
}

void
gb_worker_tell_session(gb_worker *w)
{
    w->replay_shown = false;
    w->memory_known = false;
    gb_tree_tell(w->session->tree);
    gb_worker_tell_changes(w);
}

/* The watcher. */

static void
on_cut(void *arg, uint32_t node, uint32_t tokens, size_t bytes)
{
    gb_worker *w = arg;
    gb_news *n = gb_news_new(GB_NEWS_CUT);

    n->node = node;
    n->first = tokens;
    n->offset = bytes;
    w->memory_known = false;
    w->watch.seen_told = w->watch.forks_told = false;
    gb_news_put(&w->news, n);
}

/* The tokens from `first` up to `end`, and the text from byte `from` on that
 * they show. */
static void
put_tokens(gb_news *n, const gb_node *node, uint32_t first, uint32_t end,
           size_t from)
{
    n->node = node->id;
    n->first = first;
    n->n_tokens = end - first;
    n->tokens = gb_alloc_array(n->n_tokens, sizeof *n->tokens);
    if (n->n_tokens > 0)
        memcpy(n->tokens, node->tokens + first,
               n->n_tokens * sizeof *n->tokens);
    gb_str_append(&n->text, gb_str_cstr(&node->text) + from,
                  gb_node_bytes(node, end) - from);
}

static void
on_node(void *arg, const gb_node *node, uint32_t tokens)
{
    gb_worker *w = arg;
    gb_news *n = gb_news_new(GB_NEWS_NODE);

    n->role = node->role;
    n->mode = node->mode;
    n->settings = node->settings;
    put_tokens(n, node, 0, tokens, 0);
    gb_news_put(&w->news, n);
}

static void
on_grown(void *arg, const gb_node *node, uint32_t first, size_t from,
         uint32_t tokens)
{
    gb_worker *w = arg;
    gb_news *n = gb_news_new(GB_NEWS_GROWN);

    put_tokens(n, node, first, tokens, from);
    gb_news_put(&w->news, n);
}

static void
on_settings(void *arg, const gb_settings *settings, gb_mode mode,
            uint64_t step)
{
    gb_worker *w = arg;
    gb_news *n = gb_news_new(GB_NEWS_SETTINGS);

    n->settings = *settings;
    n->mode = mode;
    n->step = step;
    gb_news_put(&w->news, n);
}

static void
on_stopped(void *arg, gb_reason reason, uint64_t tokens)
{
    gb_worker *w = arg;

    (void)tokens;
    w->reason = reason;
}

static void
on_problem(void *arg, const char *text)
{
    gb_worker *w = arg;
    gb_error err = {.status = GB_FAILED};

    w->file_told = false; /* it may be another one now */
    gb_fail(&err, "%s", text);
    gb_worker_tell_error(w, 0, &err);
}

static void
on_notice(void *arg, const char *text)
{
    gb_error none = GB_ERROR_INIT;

    snprintf(none.text, sizeof none.text, "%s", text);
    gb_worker_tell_error(arg, 0, &none);
}

static void
tell_sweeping(void *worker, uint64_t done)
{
    gb_worker *w = worker;
    gb_news *n = gb_news_new(GB_NEWS_STATE);

    n->state = w->state;
    n->done = done;
    gb_news_put(&w->news, n);
}

gb_watcher
gb_worker_watcher(gb_worker *w)
{
    return (gb_watcher){
        .arg = w,
        .cut = on_cut,
        .node = on_node,
        .grown = on_grown,
        .settings = on_settings,
        .stopped = on_stopped,
        .problem = on_problem,
        .notice = on_notice,
        .sweeping = tell_sweeping,
    };
}
