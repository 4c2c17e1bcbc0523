/* The model's text: runs, their tokens, and what the user picks. */
#include "session/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/chat.h"

static bool
need_writing(const gb_tree *t, gb_error *err)
{
    return t->writing || gb_fail_usage(err, "the model is not writing");
}

/* The bytes of the tokens that end the model's text so far, as far as the
 * stream may still hold some of them back. */
static void
held_bytes(const gb_tree *t, const gb_path *path, gb_str *out)
{
    size_t first = path->len, i, n, tokens = 0;
    size_t least = first > GB_HELD_TOKENS ? first - GB_HELD_TOKENS : 0;
    const gb_stretch *s;
    const char *bytes;
    uint32_t j;

    while (first > least && tokens < GB_HELD_TOKENS) {
        s = &path->data[first - 1];
        if (s->node->role != GB_ROLE_NOTE &&
            (s->node->role != GB_ROLE_MODEL || s->node->hidden ||
             s->tokens == 0 ||
             gb_ends_has(&t->ends, s->node->tokens[s->tokens - 1].id)))
            break;
        tokens += s->node->role == GB_ROLE_MODEL ? s->tokens : 0;
        first--;
    }
    for (i = first; i < path->len; i++) {
        s = &path->data[i];
        if (s->node->role == GB_ROLE_NOTE)
            continue;
        j = s->tokens > GB_HELD_TOKENS ? s->tokens - GB_HELD_TOKENS : 0;
        for (; j < s->tokens; j++) {
            bytes = gb_tokenizer_bytes(t->tokenizer, s->node->tokens[j].id,
                                       &n);
            gb_str_append(out, bytes, n);
        }
    }
}

gb_stream *
gb_path_stream(const gb_tree *t, const gb_path *path, gb_mode mode,
               const gb_settings *settings)
{
    gb_str held = GB_STR_INIT, shown = GB_STR_INIT;
    const char *stops[GB_CHAT_STOPS];
    size_t n = gb_chat_stops(mode, settings, stops);
    gb_stream *stream = gb_stream_new(stops, n);

    held_bytes(t, path, &held);
    if (gb_stream_push(stream, gb_str_cstr(&held), held.len, &shown)) {
        gb_stream_free(stream);
        stream = gb_stream_new(stops, n);
    }
    gb_str_free(&held);
    gb_str_free(&shown);
    return stream;
}

void
gb_tree_begin_stream(gb_tree *t)
{
    gb_stream_free(t->stream);
    t->stream = gb_path_stream(t, &t->path, t->mode, &t->settings);
}

/* A run from the current place on, which belongs to the current act. */
static gb_run *
begin_run(gb_tree *t)
{
    if (t->n_runs == t->runs_capacity) {
        t->runs_capacity = t->runs_capacity > 0 ? t->runs_capacity * 2 : 16;
        t->runs = gb_realloc_array(t->runs, t->runs_capacity,
                                   sizeof *t->runs);
    }
    t->runs[t->n_runs] = (gb_run){
        .from = gb_tree_place(t),
        .settings = t->settings,
        .mode = t->mode,
        .source = GB_SOURCE_WRITTEN,
        .step = t->step,
    };
    t->acts[t->act].run = t->n_runs;
    t->writing = true;
    t->cut = t->stop_hit = false;
    gb_tree_begin_stream(t);
    return &t->runs[t->n_runs++];
}

/* Runs. */

static bool
run_after_text(gb_tree *t, gb_error *err)
{
    const gb_act *a = t->act != GB_NONE ? &t->acts[t->act] : NULL;

    if (a == NULL || a->run != GB_NONE || gb_tree_view_length(t) == 0 ||
        (a->type != GB_EVENT_PROMPT && a->type != GB_EVENT_EDIT &&
         a->type != GB_EVENT_PICK))
        return gb_fail_usage(err, "there is no new text to go on from");
    begin_run(t);
    return true;
}

static bool
run_on(gb_tree *t, const gb_event *e, gb_error *err)
{
    gb_node *n;
    size_t i;

    if ((e->n_ids == 0) != (gb_tree_view_length(t) > 0))
        return gb_fail_usage(err, e->n_ids == 0
                             ? "there is no text to go on from"
                             : "only an empty text begins with ids");
    if (!gb_tree_check_ids(t, e, t->n_ctx, err))
        return false;
    gb_tree_begin_act(t, e->type);
    if (e->n_ids > 0) {
        n = gb_tree_add(t, GB_ROLE_USER, true);
        for (i = 0; i < e->n_ids; i++)
            gb_node_push(n, e->ids[i], GB_SOURCE_TYPED, &GB_WHY_UNKNOWN);
        gb_tree_settle(t, n);
    }
    begin_run(t)->limit = e->tokens;
    return true;
}

/* A run once more, from where it or the event says. */
static bool
run_again(gb_tree *t, const gb_event *e, gb_error *err)
{
    const gb_run *last = t->act != GB_NONE && t->acts[t->act].run != GB_NONE
                             ? &t->runs[t->acts[t->act].run] : NULL;
    gb_place from = e->place;
    gb_run run;

    if (last == NULL && (!e->placed || e->how == GB_HOW_RETRY))
        return gb_fail_usage(err, "there is no text of the model to write "
                             "again");
    if (!e->placed)
        from = last->from;
    else if (!gb_tree_check_place(t, from, err))
        return false;
    run = last != NULL ? *last : (gb_run){0};
    gb_tree_begin_act(t, e->type);
    if (e->how == GB_HOW_RETRY) {
        run.settings.pin = t->settings.pin; /* version 1 had none */
        t->settings = run.settings;
        t->mode = run.mode;
        gb_tree_take_noise(t, run.settings.seed, run.step);
    } else if (e->how == GB_HOW_RESEED) {
        if (!e->placed)
            t->mode = run.mode;
        gb_tree_take_noise(t, e->seed, 0);
    } else {
        gb_tree_noise(t, from, &run.settings.seed, &run.step);
        gb_tree_take_noise(t, run.settings.seed, run.step);
    }
    gb_tree_move(t, from);
    begin_run(t);
    gb_tree_tell_settings(t);
    return true;
}

/* What would have come: the noise of other steps than those of the place. */
static bool
run_what(gb_tree *t, const gb_event *e, gb_error *err)
{
    gb_run *run;

    if (t->act == GB_NONE || gb_tree_view_length(t) == 0)
        return gb_fail_usage(err, "there is no text to go on from");
    gb_tree_take_noise(t, e->seed, e->step);
    run = begin_run(t);
    run->source = GB_SOURCE_WHAT;
    run->limit = e->tokens;
    gb_tree_tell_settings(t);
    return true;
}

bool
gb_tree_apply_run(gb_tree *t, const gb_event *e, gb_error *err)
{
    if (!gb_tree_need_idle(t, err))
        return false;
    switch (e->how) {
    case GB_HOW_SEND:
        return run_after_text(t, err);
    case GB_HOW_CONTINUE:
        return run_on(t, e, err);
    case GB_HOW_RETRY:
    case GB_HOW_RESEED:
    case GB_HOW_AGAIN:
        return run_again(t, e, err);
    case GB_HOW_WHAT:
        return run_what(t, e, err);
    }
    return gb_fail_usage(err, "a run of no kind");
}

/* Tokens. */

/* The model's text that grows: the last node, when this run wrote it with
 * these settings. */
static gb_node *
growing(gb_tree *t)
{
    size_t run = t->acts[t->act].run;
    gb_stretch *s = t->path.len > 0 ? &t->path.data[t->path.len - 1] : NULL;
    bool known = t->view_known;
    gb_node *n;

    if (s != NULL && s->node->role == GB_ROLE_MODEL && !s->node->hidden &&
        s->node->run == run && s->node->version == t->version &&
        s->tokens == s->node->n_tokens)
        return s->node;
    n = gb_tree_add(t, GB_ROLE_MODEL, false);
    n->run = run;
    gb_tree_settle(t, n);
    t->view_known = known;
    return n;
}

/* Appends a token to the node at the end of the path. */
static void
push_token(gb_tree *t, gb_node *n, gb_token id, gb_token_source source,
           const gb_why *why)
{
    size_t from = n->text.len;

    gb_node_push(n, id, source, why);
    n->view_len++;
    t->path.data[t->path.len - 1].tokens = n->stay = n->n_tokens;
    if (t->view_known)
        gb_ids_push(&t->view, id);
    t->step++;
    t->fresh_seed = false;
    t->stop_hit =
        gb_stream_push_token(t->stream, t->tokenizer,
                             t->settings.ignore_eos ? NULL : &t->ends, id,
                             &n->text);
    n->tokens[n->n_tokens - 1].end = (uint32_t)n->text.len;
    t->made += n->text.len - from;
}

bool
gb_tree_check_token(const gb_tree *t, const gb_event *e, gb_error *err)
{
    const uint64_t length = gb_tree_view_length(t);

    if (!need_writing(t, err))
        return false;
    if (e->id >= t->n_vocab)
        return gb_fail_usage(err, "token id %u, but the vocabulary has %u",
                             e->id, t->n_vocab);
    if (e->step != t->step)
        return gb_fail_usage(err, "expected step %llu, found %llu",
                             (unsigned long long)t->step,
                             (unsigned long long)e->step);
    if (t->cut || t->stop_hit || length == 0 ||
        length + t->pin.len > t->n_ctx)
        return gb_fail_usage(err, "no token can follow here");
    return true;
}

bool
gb_tree_apply_token(gb_tree *t, const gb_event *e, gb_error *err)
{
    gb_run *run;

    if (!gb_tree_check_token(t, e, err))
        return false;
    run = &t->runs[t->acts[t->act].run];
    run->tokens++;
    push_token(t, growing(t), e->id, run->source, &e->why);
    return true;
}

bool
gb_tree_apply_pick(gb_tree *t, const gb_event *e, gb_error *err)
{
    uint64_t seed, step;
    gb_node *n;
    size_t i;

    if (!gb_tree_need_idle(t, err) ||
        !gb_tree_check_ids(t, e, t->n_ctx, err) ||
        !gb_tree_check_place(t, e->place, err))
        return false;
    if (e->n_ids == 0 || e->place.node == 0)
        return gb_fail_usage(err, "there is no token to take instead");
    gb_tree_begin_act(t, e->type);
    gb_tree_noise(t, e->place, &seed, &step);
    gb_tree_take_noise(t, seed, step);
    gb_tree_move(t, e->place);
    gb_tree_begin_stream(t);
    n = gb_tree_add(t, GB_ROLE_MODEL, false);
    gb_tree_settle(t, n);
    for (i = 0; i < e->n_ids; i++)
        push_token(t, n, e->ids[i], GB_SOURCE_PICKED, &e->why);
    gb_stream_free(t->stream);
    t->stream = NULL;
    t->stop_hit = false;
    gb_tree_tell_settings(t);
    return true;
}

bool
gb_tree_apply_cut(gb_tree *t, const gb_event *e, gb_error *err)
{
    gb_node *n;
    size_t i;

    if (!need_writing(t, err) || !gb_tree_check_ids(t, e, GB_HELD_TOKENS, err))
        return false;
    if (t->cut || e->tokens > GB_HELD_TOKENS ||
        e->tokens > gb_tree_view_length(t) ||
        e->tokens >= gb_tree_view_length(t) + e->n_ids)
        return gb_fail_usage(err, "%u tokens cannot be cut off here",
                             e->tokens);
    n = gb_tree_add(t, GB_ROLE_MODEL, true);
    n->drop_back = e->tokens;
    for (i = 0; i < e->n_ids; i++)
        gb_node_push(n, e->ids[i], GB_SOURCE_WRITTEN, &GB_WHY_UNKNOWN);
    gb_tree_settle(t, n);
    t->cut = true;
    return true;
}

bool
gb_tree_apply_stop(gb_tree *t, const gb_event *e, gb_error *err)
{
    gb_run *run;

    if (!need_writing(t, err))
        return false;
    run = &t->runs[t->acts[t->act].run];
    t->writing = t->stop_hit = false;
    gb_stream_free(t->stream);
    t->stream = NULL;
    run->reason = e->reason;
    if (t->watcher.stopped != NULL)
        t->watcher.stopped(t->watcher.arg, e->reason, run->tokens);
    return true;
}
