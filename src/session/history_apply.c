/* The events, one after the other. */
#include "session/history_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

/* The table's own copy of a name, NULL when there is no such setting. */
static const char *
known_name(const char *name)
{
    size_t i;

    for (i = 0; gb_settings_names[i] != NULL; i++)
        if (strcmp(gb_settings_names[i], name) == 0)
            return gb_settings_names[i];
    return NULL;
}

/* The events. */

static bool
need_idle(const gb_history *h, gb_error *err)
{
    return !h->writing || gb_fail_usage(err, "the model is still writing");
}

static bool
need_writing(const gb_history *h, gb_error *err)
{
    return h->writing || gb_fail_usage(err, "the model is not writing");
}

static bool
check_ids(const gb_history *h, const gb_event *e, uint32_t limit,
          gb_error *err)
{
    size_t i;

    if (e->n_ids > limit)
        return gb_fail_usage(err, "expected at most %u ids, found %zu", limit,
                             e->n_ids);
    for (i = 0; i < e->n_ids; i++)
        if (e->ids[i] >= h->n_vocab)
            return gb_fail_usage(err, "token id %u, but the vocabulary has %u",
                                 e->ids[i], h->n_vocab);
    return true;
}

/* Text can be appended now. */
static bool
check_text(const gb_history *h, const gb_event *e, gb_error *err)
{
    if (!need_idle(h, err))
        return false;
    if (gb_history_view_length(h) > (uint64_t)h->n_ctx + 1)
        return gb_fail_usage(err, "the model's view is longer than its "
                             "context of %u tokens", h->n_ctx);
    return check_ids(h, e, h->n_ctx, err);
}

static void
add_text(gb_history *h, const gb_event *e, gb_role role)
{
    gb_node *n = gb_history_add(h, role, false);
    char *text;

    gb_utf8_clean(&n->segment.text, e->text, e->n_text, true);
    gb_ids_append(&n->segment.ids, e->ids, e->n_ids);
    n->segment.skipped = e->skipped;
    n->restart = e->skipped > 0;
    gb_history_added(h, n);
    if (e->skipped == 0)
        return;
    text = gb_format("the model sees only the end of this: its first %llu "
                     "tokens are too many", (unsigned long long)e->skipped);
    gb_history_mark(h, text, strlen(text));
    free(text);
}

static bool
apply_prompt(gb_history *h, const gb_event *e, gb_error *err)
{
    if (!check_text(h, e, err))
        return false;
    gb_history_begin_act(h, e->type);
    add_text(h, e, GB_ROLE_USER);
    return true;
}

/* Seed and step are those of a place, unless the user has set a seed for what
 * comes next. */
static void
take_place(gb_history *h, uint64_t seed, uint64_t step)
{
    if (h->fresh_seed)
        return;
    h->settings.seed = seed;
    h->step = step;
}

static bool
apply_edit(gb_history *h, const gb_event *e, gb_error *err)
{
    gb_node *n = h->tip != NULL ? h->tip->said : NULL;

    if (!check_text(h, e, err))
        return false;
    if (n == NULL)
        return gb_fail_usage(err, "there is no text of yours to edit");
    gb_history_begin_act(h, e->type);
    take_place(h, n->seed_before, n->step_before);
    gb_history_move(h, n->prev);
    gb_history_mark_differences(h);
    add_text(h, e, GB_ROLE_USER);
    return true;
}

static bool
apply_import(gb_history *h, const gb_event *e, gb_error *err)
{
    if (!check_text(h, e, err))
        return false;
    if (h->n_acts > 0)
        return gb_fail_usage(err, "text is carried over only at the "
                             "beginning");
    add_text(h, e, e->model ? GB_ROLE_MODEL : GB_ROLE_USER);
    return true;
}

static bool
apply_run_on(gb_history *h, const gb_event *e, gb_error *err)
{
    gb_node *n;

    if ((e->n_ids == 0) != (gb_history_view_length(h) > 0))
        return gb_fail_usage(err, e->n_ids == 0
                             ? "there is no text to go on from"
                             : "only an empty text begins with ids");
    if (!check_ids(h, e, h->n_ctx, err))
        return false;
    gb_history_begin_act(h, e->type);
    if (e->n_ids > 0) {
        n = gb_history_add(h, GB_ROLE_USER, true);
        gb_ids_append(&n->segment.ids, e->ids, e->n_ids);
        gb_history_added(h, n);
    }
    gb_history_begin_run(h, h->tip);
    return true;
}

/* The last run again, from where it began. */
static bool
apply_run_again(gb_history *h, const gb_event *e, gb_error *err)
{
    const gb_run_state *last = gb_history_run(h);
    gb_run_state r;

    if (last == NULL)
        return gb_fail_usage(err, "there is no text of the model to write "
                             "again");
    r = *last;
    gb_history_begin_act(h, e->type);
    h->mode = r.mode;
    if (e->how == GB_HOW_RETRY) {
        h->settings = r.settings;
        h->step = r.step;
    } else {
        h->settings.seed = e->seed;
        h->step = 0;
    }
    h->fresh_seed = false;
    gb_history_move(h, r.base);
    gb_history_mark_differences(h);
    gb_history_begin_run(h, r.base);
    return true;
}

static bool
apply_run(gb_history *h, const gb_event *e, gb_error *err)
{
    const gb_act *last = h->n_acts > 0 ? &h->acts[h->n_acts - 1] : NULL;

    if (!need_idle(h, err))
        return false;
    if (e->how == GB_HOW_CONTINUE)
        return apply_run_on(h, e, err);
    if (e->how != GB_HOW_SEND)
        return apply_run_again(h, e, err);
    if (last == NULL || last->run != GB_NO_RUN ||
        (last->type != GB_EVENT_PROMPT && last->type != GB_EVENT_EDIT) ||
        gb_history_view_length(h) == 0)
        return gb_fail_usage(err, "there is no new text to go on from");
    gb_history_begin_run(h, h->tip);
    return true;
}

/* The model's text that grows: the tip, when this run wrote it. */
static gb_node *
growing(gb_history *h)
{
    size_t index = h->acts[h->n_acts - 1].run;
    gb_node *n = h->tip;
    bool known = h->view_known;

    if (!n->hidden && n->segment.role == GB_ROLE_MODEL && n->run == index)
        return n;
    n = gb_history_add(h, GB_ROLE_MODEL, false);
    n->run = index;
    gb_history_added(h, n);
    h->view_known = known;
    return n;
}

/* Appends what the token adds to the text that is shown. */
static void
grow_text(gb_history *h, gb_node *n, gb_token id)
{
    gb_str *text = &n->segment.text;
    size_t size, old = text->len;
    const char *bytes = gb_tokenizer_bytes(h->tokenizer, id, &size);

    if (id == h->eos_id && !h->settings.ignore_eos)
        return;
    h->stop_hit = gb_stream_push(h->stream, bytes, size, text);
    h->made += text->len - old;
}

static bool
apply_token(gb_history *h, const gb_event *e, gb_error *err)
{
    uint64_t length = gb_history_view_length(h);
    gb_node *n;

    if (!need_writing(h, err))
        return false;
    if (e->id >= h->n_vocab)
        return gb_fail_usage(err, "token id %u, but the vocabulary has %u",
                             e->id, h->n_vocab);
    if (e->step != h->step)
        return gb_fail_usage(err, "expected step %llu, found %llu",
                             (unsigned long long)h->step,
                             (unsigned long long)e->step);
    if (h->cut || h->stop_hit || length == 0 || length > h->n_ctx)
        return gb_fail_usage(err, "no token can follow here");
    n = growing(h);
    gb_node_push(n, e->id, e->logprob);
    if (h->view_known)
        gb_ids_push(&h->view, e->id);
    h->step++;
    h->fresh_seed = false;
    gb_history_run(h)->tokens++;
    grow_text(h, n, e->id);
    return true;
}

static bool
apply_cut(gb_history *h, const gb_event *e, gb_error *err)
{
    gb_node *n;

    if (!need_writing(h, err) || !check_ids(h, e, GB_HELD_TOKENS, err))
        return false;
    if (h->cut || e->tokens > GB_HELD_TOKENS ||
        e->tokens >= gb_history_view_length(h) + e->n_ids)
        return gb_fail_usage(err, "%u tokens cannot be cut off here",
                             e->tokens);
    n = gb_history_add(h, GB_ROLE_MODEL, true);
    n->drop_back = e->tokens;
    gb_ids_append(&n->segment.ids, e->ids, e->n_ids);
    gb_history_added(h, n);
    h->cut = true;
    return true;
}

static bool
apply_stop(gb_history *h, const gb_event *e, gb_error *err)
{
    gb_run_state *r = gb_history_run(h);

    if (!need_writing(h, err))
        return false;
    h->writing = false;
    h->stop_hit = false;
    gb_stream_free(h->stream);
    h->stream = NULL;
    r->reason = e->reason;
    if (h->watcher.stopped != NULL)
        h->watcher.stopped(h->watcher.arg, e->reason, r->tokens);
    return true;
}

/* Keeps a change made during a run for a retry. */
static void
keep_change(gb_run_state *r, const gb_event *e)
{
    if (r->n_changes == r->capacity) {
        r->capacity = r->capacity > 0 ? r->capacity * 2 : 4;
        r->changes = gb_realloc_array(r->changes, r->capacity,
                                      sizeof *r->changes);
    }
    r->changes[r->n_changes++] = (gb_run_change){
        r->tokens, gb_strdup(e->name), gb_strdup(e->value),
    };
}

static bool
apply_set(gb_history *h, const gb_event *e, gb_error *err)
{
    gb_settings s = h->settings;
    const char *name = known_name(e->name);

    if (!gb_settings_set(&s, e->name, e->value, err))
        return false;
    if (e->step != h->step)
        return gb_fail_usage(err, "expected step %llu, found %llu",
                             (unsigned long long)h->step,
                             (unsigned long long)e->step);
    h->settings = s;
    if (strcmp(name, "seed") == 0) {
        h->step = 0;
        h->fresh_seed = true;
    }
    if (h->writing)
        keep_change(gb_history_run(h), e);
    if (h->tip == NULL)
        h->root_settings = h->settings;
    else
        gb_history_mark_setting(h, name);
    gb_history_tell_settings(h);
    return true;
}

static bool
apply_mode(gb_history *h, const gb_event *e, gb_error *err)
{
    if (!need_idle(h, err))
        return false;
    h->mode = e->mode;
    gb_history_mark_mode(h);
    gb_history_tell_settings(h);
    return true;
}

/* The beginning of what the model still sees, for a mark. */
static void
quote_view(gb_history *h, uint32_t from, gb_str *out)
{
    const gb_ids *view = gb_history_view(h);
    size_t i, n;
    gb_str bytes = GB_STR_INIT, text = GB_STR_INIT;
    const char *b;

    for (i = from; i < view->len && bytes.len < 40; i++) {
        b = gb_tokenizer_bytes(h->tokenizer, view->data[i], &n);
        gb_str_append(&bytes, b, n);
    }
    gb_utf8_clean(&text, gb_str_cstr(&bytes), bytes.len, false);
    for (i = 0; i < text.len; i++)
        if (text.data[i] == '\n')
            text.data[i] = ' ';
    n = text.len > 0 ? strspn(text.data, " ") : 0;
    gb_str_printf(out, "the context was full: the model remembers from "
                  "“%s…” on", gb_str_cstr(&text) + n);
    gb_str_free(&bytes);
    gb_str_free(&text);
}

static bool
apply_evict(gb_history *h, const gb_event *e, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    gb_node *n;

    if (e->tokens == 0 || e->tokens >= gb_history_view_length(h))
        return gb_fail_usage(err, "%u of %llu tokens cannot be forgotten",
                             e->tokens,
                             (unsigned long long)gb_history_view_length(h));
    quote_view(h, e->tokens, &text);
    n = gb_history_add(h, GB_ROLE_MARK, false);
    n->drop_front = e->tokens;
    n->segment.text = text;
    gb_history_added(h, n);
    return true;
}

static bool
apply_note(gb_history *h, const gb_event *e, gb_error *err)
{
    if (e->type == GB_EVENT_ENGINE && !need_idle(h, err))
        return false;
    if (e->n_text > 0)
        gb_history_mark(h, e->text, e->n_text);
    return true;
}

static bool
apply_undo(gb_history *h, gb_error *err)
{
    gb_act *a;

    if (!need_idle(h, err))
        return false;
    if (h->n_acts == 0)
        return gb_fail_usage(err, "there is nothing to undo");
    a = &h->acts[--h->n_acts];
    h->n_redos++;
    a->after = h->tip;
    a->seed_after = h->settings.seed;
    a->step_after = h->step;
    take_place(h, a->seed_before, a->step_before);
    gb_history_move(h, a->before);
    gb_history_mark_differences(h);
    gb_history_tell_settings(h);
    return true;
}

static bool
apply_redo(gb_history *h, gb_error *err)
{
    const gb_act *a;

    if (!need_idle(h, err))
        return false;
    if (h->n_redos == 0)
        return gb_fail_usage(err, "there is nothing to redo");
    a = &h->acts[h->n_acts++];
    h->n_redos--;
    h->settings.seed = a->seed_after;
    h->step = a->step_after;
    h->fresh_seed = false;
    gb_history_move(h, a->after);
    gb_history_mark_differences(h);
    gb_history_tell_settings(h);
    return true;
}

static bool
apply_clear(gb_history *h, gb_error *err)
{
    if (!need_idle(h, err))
        return false;
    if (h->tip == NULL)
        return gb_fail_usage(err, "there is nothing to clear");
    gb_history_begin_act(h, GB_EVENT_CLEAR);
    h->step = 0;
    gb_history_move(h, NULL);
    gb_history_mark_differences(h);
    gb_history_tell_settings(h);
    return true;
}

bool
gb_history_apply(gb_history *h, const gb_event *e, gb_error *err)
{
    switch (e->type) {
    case GB_EVENT_PROMPT:
        return apply_prompt(h, e, err);
    case GB_EVENT_EDIT:
        return apply_edit(h, e, err);
    case GB_EVENT_IMPORT:
        return apply_import(h, e, err);
    case GB_EVENT_RUN:
        return apply_run(h, e, err);
    case GB_EVENT_TOKEN:
        return apply_token(h, e, err);
    case GB_EVENT_CUT:
        return apply_cut(h, e, err);
    case GB_EVENT_STOP:
        return apply_stop(h, e, err);
    case GB_EVENT_SET:
        return apply_set(h, e, err);
    case GB_EVENT_MODE:
        return apply_mode(h, e, err);
    case GB_EVENT_EVICT:
        return apply_evict(h, e, err);
    case GB_EVENT_PREFILL:
        return true;
    case GB_EVENT_MARK:
    case GB_EVENT_ENGINE:
        return apply_note(h, e, err);
    case GB_EVENT_UNDO:
        return apply_undo(h, err);
    case GB_EVENT_REDO:
        return apply_redo(h, err);
    case GB_EVENT_CLEAR:
        return apply_clear(h, err);
    case GB_EVENT_TYPES:
        break;
    }
    return gb_fail(err, "an event of no type");
}
