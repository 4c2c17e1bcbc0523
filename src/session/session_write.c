/* The model's text, token by token. */
#include "session/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sample/rng.h"
#include "session/ahead.h"
#include "session/chat.h"
#include "session/steer.h"

static void
end_run(gb_session *s, gb_reason reason)
{
    gb_event e = {.type = GB_EVENT_STOP, .reason = reason};

    gb_session_emit(s, &e, NULL);
    if (s->script_at == s->n_script) /* no take waits for its turn */
        gb_session_drop_ahead(s);
}

void
gb_session_stop(gb_session *s)
{
    if (s->tree->writing)
        end_run(s, GB_REASON_INTERRUPT);
    gb_session_drop_script(s);
    gb_session_drop_ahead(s);
}

/* Takes a stop string off the view, which would otherwise begin the next turn
 * in the model's own words. It may begin within a token: what stood before it
 * there is tokenized again. */
static void
cut_stop(gb_session *s)
{
    const gb_ids *view = gb_tree_view(s->tree);
    const char *stops[GB_CHAT_STOPS], *bytes, *at;
    gb_event e = {.type = GB_EVENT_CUT};
    gb_str tail = GB_STR_INIT, longer = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    size_t n_stops, n, i, found = SIZE_MAX;

    n_stops = gb_chat_stops(s->tree->mode, &s->tree->settings, stops);
    while (found == SIZE_MAX && e.tokens < gb_tree_view_length(s->tree) &&
           e.tokens < GB_HELD_TOKENS) {
        e.tokens++;
        bytes = gb_tokenizer_bytes(s->model->tokenizer,
                                   view->data[view->len - e.tokens], &n);
        gb_str_append(&longer, bytes, n);
        gb_str_append(&longer, gb_str_cstr(&tail), tail.len);
        gb_str_clear(&tail);
        gb_str_append(&tail, longer.data, longer.len);
        gb_str_clear(&longer);
        for (i = 0; i < n_stops; i++) {
            at = memmem(tail.data, tail.len, stops[i], strlen(stops[i]));
            if (at != NULL && (size_t)(at - tail.data) < found)
                found = (size_t)(at - tail.data);
        }
    }
    if (found != SIZE_MAX &&
        gb_tokenizer_encode(s->model->tokenizer, tail.data, found, false, &ids,
                            NULL)) {
        e.ids = ids.data;
        e.n_ids = ids.len;
        gb_session_emit(s, &e, NULL);
    }
    gb_str_free(&tail);
    gb_str_free(&longer);
    gb_ids_free(&ids);
}

void
gb_session_set_draft(gb_session *s, gb_draft *draft)
{
    gb_loop_set_draft(&s->loop, draft);
    if (s->ahead != NULL)
        gb_ahead_set_draft(s->ahead, draft);
    if (draft != NULL)
        gb_draft_learn_tree(draft, s->tree);
}

static uint64_t
run_limit(const gb_session *s)
{
    const gb_run *run = &s->tree->runs[s->tree->n_runs - 1];

    return run->limit > 0 ? run->limit : s->tree->settings.max_new_tokens;
}

/* Ends the run if the last token was one to end with. */
static void
end_if_done(gb_session *s, gb_token id)
{
    const gb_run *run = &s->tree->runs[s->tree->n_runs - 1];
    gb_reason end = gb_loop_end(s->engine, s->tree->settings.ignore_eos, id,
                                s->tree->stop_hit, run->tokens, run_limit(s));

    if (end == GB_REASON_STOP)
        cut_stop(s);
    if (end != GB_REASON_NONE)
        end_run(s, end);
}

static void
note_prefill(gb_session *s, uint32_t from)
{
    gb_event e = {.type = GB_EVENT_PREFILL, .from = from};

    e.to = gb_engine_length(s->engine);
    if (e.to > from + 1 && gb_loop_counts_reads(s->engine)) {
        gb_session_emit(s, &e, NULL);
        s->synced = true;
    }
}

/* Takes side by side, from the first token of the first of them on: each has
 * the seed behind the one before. */
static void
begin_ahead(gb_session *s)
{
    const gb_settings *set = &s->tree->settings;
    uint64_t *seeds = gb_alloc_array(s->n_ahead, sizeof *seeds);
    size_t i;

    for (i = 0; i < s->n_ahead; i++)
        seeds[i] = gb_seed_jump(set->seed, i);
    gb_ahead_free(s->ahead);
    s->ahead = gb_ahead_new(&s->loop, set, seeds, s->n_ahead);
    s->n_ahead = 0;
    free(seeds);
}

/* The next token, beside others or alone. */
static bool
pick_token(gb_session *s, gb_error *err)
{
    const gb_settings *set = &s->tree->settings;
    bool found = false;

    if (s->n_ahead > 0)
        begin_ahead(s);
    if (s->ahead != NULL && !gb_ahead_write(s->ahead, &s->loop, set,
                                            &s->last_pick, &found, err))
        return false;
    return found || gb_loop_write(&s->loop, set, &s->last_pick, err);
}

static bool
write_token(gb_session *s, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_TOKEN};
    gb_error problem = GB_ERROR_INIT;
    uint32_t from;
    bool ok;

    if (!gb_session_make_room(s, err)) {
        end_run(s, GB_REASON_ERROR);
        return false;
    }
    gb_loop_follow(&s->loop, s->tree, s->synced);
    s->synced = true;
    from = gb_engine_length(s->engine);
    e.step = s->loop.step;
    s->loop.left = run_limit(s) - s->tree->runs[s->tree->n_runs - 1].tokens;
    ok = pick_token(s, &problem);
    note_prefill(s, from);
    if (!ok) {
        end_run(s, problem.status == GB_INTERRUPTED ? GB_REASON_INTERRUPT
                                                    : GB_REASON_ERROR);
        if (err != NULL)
            *err = problem;
        return problem.status == GB_INTERRUPTED;
    }
    e.id = s->last_pick.id;
    e.why = gb_why_of(&s->last_pick);
    if (!gb_session_emit(s, &e, err)) {
        end_run(s, GB_REASON_ERROR);
        return false;
    }
    end_if_done(s, e.id);
    return true;
}

bool
gb_session_step(gb_session *s, gb_error *err)
{
    while (!s->tree->writing && s->script_at < s->n_script)
        if (!gb_session_follow_script(s, err))
            return false;
    return !s->tree->writing || write_token(s, err);
}

bool
gb_session_has_waiting(const gb_session *s)
{
    return s->tree->writing && s->ahead != NULL && s->synced &&
           gb_ahead_has(s->ahead, &s->loop, &s->tree->settings);
}

void
gb_session_drop_ahead(gb_session *s)
{
    gb_ahead_free(s->ahead);
    s->ahead = NULL;
    s->n_ahead = 0;
}

bool
gb_session_run(gb_session *s, gb_error *err)
{
    while (gb_session_is_writing(s))
        if (!gb_session_step(s, err))
            return false;
    return true;
}
