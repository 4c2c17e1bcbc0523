/* What each event does to a tree; run.c has those of the model. */
#include "session/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "session/bias.h"
#include "session/ends.h"

/* Conditions. */

bool
gb_tree_need_idle(const gb_tree *t, gb_error *err)
{
    return !t->writing || gb_fail_usage(err, "the model is still writing");
}

bool
gb_tree_check_ids(const gb_tree *t, const gb_event *e, uint32_t limit,
                  gb_error *err)
{
    size_t i;

    if (e->n_ids > limit)
        return gb_fail_usage(err, "expected at most %u ids, found %zu", limit,
                             e->n_ids);
    for (i = 0; i < e->n_ids; i++)
        if (e->ids[i] >= t->n_vocab)
            return gb_fail_usage(err, "token id %u, but the vocabulary has %u",
                                 e->ids[i], t->n_vocab);
    return true;
}

bool
gb_tree_check_place(const gb_tree *t, gb_place place, gb_error *err)
{
    return gb_tree_has(t, place) ||
           gb_fail_usage(err, "there is no place behind token %u of node %u",
                         place.tokens, place.node);
}

static bool
check_room(const gb_tree *t, gb_error *err)
{
    return gb_tree_view_length(t) + t->pin.len <= (uint64_t)t->n_ctx + 1 ||
           gb_fail_usage(err, "the model's view is longer than its context "
                         "of %u tokens", t->n_ctx);
}

/* Acts and runs. */

/* What is done so far is what the current act has led to. */
static void
leave_act(gb_tree *t)
{
    gb_act *a = t->act != GB_NONE ? &t->acts[t->act] : NULL;

    if (a == NULL)
        return;
    a->to = gb_tree_place(t);
    a->seed_to = t->settings.seed;
    a->step_to = t->step;
}

void
gb_tree_begin_act(gb_tree *t, gb_event_type type)
{
    leave_act(t);
    if (t->n_acts == t->acts_capacity) {
        t->acts_capacity = t->acts_capacity > 0 ? t->acts_capacity * 2 : 16;
        t->acts = gb_realloc_array(t->acts, t->acts_capacity,
                                   sizeof *t->acts);
    }
    t->acts[t->n_acts] = (gb_act){
        .type = type,
        .before = t->act,
        .again = GB_NONE,
        .from = gb_tree_place(t),
        .seed_from = t->settings.seed,
        .step_from = t->step,
        .run = GB_NONE,
    };
    if (t->act != GB_NONE)
        t->acts[t->act].again = t->n_acts;
    else
        t->again = t->n_acts;
    t->act = t->n_acts++;
}

/* Seed and step become those of a place. */
void
gb_tree_take_noise(gb_tree *t, uint64_t seed, uint64_t step)
{
    t->settings.seed = seed;
    t->step = step;
    t->fresh_seed = false;
    t->version++;
}

/* The same, unless the user has set a seed for what comes next. */
static void
take_noise_of(gb_tree *t, uint64_t seed, uint64_t step)
{
    if (!t->fresh_seed)
        gb_tree_take_noise(t, seed, step);
}

/* Texts. */

static void
add_note(gb_tree *t, const char *text, size_t n)
{
    gb_node *note = gb_tree_add(t, GB_ROLE_NOTE, false);

    gb_utf8_clean(&note->text, text, n, true);
    gb_tree_settle(t, note);
}

static void
add_text(gb_tree *t, const gb_event *e, gb_role role)
{
    gb_node *n = gb_tree_add(t, role, false);
    char *text;
    size_t i;

    gb_utf8_clean(&n->text, e->text, e->n_text, true);
    for (i = 0; i < e->n_ids; i++)
        gb_node_push(n, e->ids[i], GB_SOURCE_TYPED, &GB_WHY_UNKNOWN);
    n->skipped = e->skipped;
    n->restart = e->skipped > 0;
    gb_node_place_ends(n, t->tokenizer);
    gb_tree_settle(t, n);
    if (e->skipped == 0)
        return;
    text = gb_format("the model sees only the end of this: its first %llu "
                     "tokens are too many", (unsigned long long)e->skipped);
    add_note(t, text, strlen(text));
    free(text);
}

static bool
check_text(const gb_tree *t, const gb_event *e, gb_error *err)
{
    return gb_tree_need_idle(t, err) &&
           gb_tree_check_ids(t, e, t->n_ctx, err) && check_room(t, err);
}

static bool
apply_prompt(gb_tree *t, const gb_event *e, gb_error *err)
{
    if (!check_text(t, e, err))
        return false;
    if (!e->what || t->act == GB_NONE)
        gb_tree_begin_act(t, e->type);
    add_text(t, e, GB_ROLE_USER);
    return true;
}

static bool
apply_edit(gb_tree *t, const gb_event *e, gb_error *err)
{
    const gb_node *n = e->placed ? gb_tree_node(t, e->place.node)
                                 : gb_tree_last(t, GB_ROLE_USER);

    if (!check_text(t, e, err))
        return false;
    if (n == NULL || n->role != GB_ROLE_USER || n->hidden)
        return gb_fail_usage(err, "there is no text of yours to edit");
    gb_tree_begin_act(t, e->type);
    take_noise_of(t, n->settings.seed, n->step);
    gb_tree_move(t, gb_node_before(n));
    add_text(t, e, GB_ROLE_USER);
    gb_tree_tell_settings(t);
    return true;
}

static bool
apply_import(gb_tree *t, const gb_event *e, gb_error *err)
{
    if (!check_text(t, e, err))
        return false;
    if (t->n_acts > 0)
        return gb_fail_usage(err, "text is carried over only at the "
                             "beginning");
    add_text(t, e, e->model ? GB_ROLE_MODEL : GB_ROLE_USER);
    return true;
}

/* Settings. */

bool
gb_tree_encode_pin(const gb_tree *t, const char *text, gb_ids *ids,
                   gb_error *err)
{
    if (text[0] != '\0' &&
        !gb_tokenizer_encode_whole(t->tokenizer, text, strlen(text), false,
                                   ids, err))
        return false;
    return ids->len <= t->n_ctx / 2 ||
           gb_fail_usage(err, "pin: expected at most %u tokens, half of the "
                         "context, found %zu", t->n_ctx / 2, ids->len);
}

bool
gb_tree_pin(gb_tree *t, const char *text, gb_error *err)
{
    gb_ids ids = GB_IDS_INIT;
    bool ok = gb_tree_encode_pin(t, text, &ids, err);

    if (ok) {
        gb_ids_free(&t->pin);
        t->pin = ids;
        t->view_known = false;
    } else {
        gb_ids_free(&ids);
    }
    return ok;
}

static bool
apply_set(gb_tree *t, const gb_event *e, gb_error *err)
{
    gb_settings s = t->settings;
    bool is_seed = strcmp(e->name, "seed") == 0;

    if (!gb_settings_set(&s, e->name, e->value, err))
        return false;
    if (e->step != t->step)
        return gb_fail_usage(err, "expected step %llu, found %llu",
                             (unsigned long long)t->step,
                             (unsigned long long)e->step);
    if (s.bias != t->settings.bias &&
        !gb_bias_check(s.bias, t->tokenizer, t->n_vocab, err))
        return false;
    if (s.pin != t->settings.pin && !gb_tree_pin(t, s.pin, err))
        return false;
    if (is_seed || !gb_settings_same(&s, &t->settings)) {
        t->version++;
        if (t->writing)
            t->runs[t->acts[t->act].run].changed = true;
    }
    if (t->writing && s.stop != t->settings.stop) {
        t->settings = s;
        gb_tree_begin_stream(t);
    }
    t->settings = s;
    if (is_seed) {
        t->step = 0;
        t->fresh_seed = true;
    }
    if (t->path.len == 0)
        t->root_settings = t->settings;
    gb_tree_tell_settings(t);
    return true;
}

static bool
apply_mode(gb_tree *t, const gb_event *e, gb_error *err)
{
    if (!gb_tree_need_idle(t, err))
        return false;
    t->mode = e->mode;
    if (t->path.len == 0)
        t->root_mode = t->mode;
    gb_tree_tell_settings(t);
    return true;
}

/* Notes. */

/* The beginning of what the model still sees. */
static void
quote_view(gb_tree *t, uint32_t from, gb_str *out)
{
    const gb_ids *view = gb_tree_view(t);
    size_t i, n;
    gb_str bytes = GB_STR_INIT, text = GB_STR_INIT;
    const char *b;

    for (i = t->pin.len + from; i < view->len && bytes.len < 40; i++) {
        b = gb_tokenizer_bytes(t->tokenizer, view->data[i], &n);
        gb_str_append(&bytes, b, n);
    }
    gb_utf8_line(&text, gb_str_cstr(&bytes), bytes.len, bytes.len);
    n = text.len > 0 ? strspn(text.data, " ") : 0;
    gb_str_printf(out, "the context was full: the model remembers from "
                  "“%s…” on", gb_str_cstr(&text) + n);
    gb_str_free(&bytes);
    gb_str_free(&text);
}

static bool
apply_evict(gb_tree *t, const gb_event *e, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    gb_node *n;

    if (e->tokens == 0 || e->tokens >= gb_tree_view_length(t))
        return gb_fail_usage(err, "%u of %llu tokens cannot be forgotten",
                             e->tokens,
                             (unsigned long long)gb_tree_view_length(t));
    quote_view(t, e->tokens, &text);
    n = gb_tree_add(t, GB_ROLE_NOTE, false);
    n->drop_front = e->tokens;
    n->text = text;
    gb_tree_settle(t, n);
    return true;
}

static bool
apply_note(gb_tree *t, const gb_event *e, gb_error *err)
{
    if (e->type == GB_EVENT_ENGINE && !gb_tree_need_idle(t, err))
        return false;
    if (e->n_text > 0)
        add_note(t, e->text, e->n_text);
    return true;
}

static bool
apply_name(gb_tree *t, const gb_event *e, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    size_t i;

    if (!gb_tree_check_place(t, e->place, err))
        return false;
    gb_utf8_clean(&text, e->text, e->n_text, true);
    for (i = t->n_names; i-- > 0;) {
        if ((t->names[i].place.node != e->place.node ||
             t->names[i].place.tokens != e->place.tokens) &&
            strcmp(t->names[i].text, gb_str_cstr(&text)) != 0)
            continue;
        free(t->names[i].text);
        t->names[i] = t->names[--t->n_names];
    }
    if (text.len > 0) {
        t->names = gb_realloc_array(t->names, t->n_names + 1,
                                    sizeof *t->names);
        t->names[t->n_names++] = (gb_name){e->place, gb_str_take(&text)};
    }
    gb_str_free(&text);
    return true;
}

/* Going from place to place. */

static bool
apply_undo(gb_tree *t, gb_error *err)
{
    const gb_act *a;

    if (!gb_tree_need_idle(t, err))
        return false;
    if (!gb_tree_can_undo(t))
        return gb_fail_usage(err, "there is nothing to undo");
    leave_act(t);
    a = &t->acts[t->act];
    if (a->before != GB_NONE)
        t->acts[a->before].again = t->act;
    else
        t->again = t->act;
    t->act = a->before;
    take_noise_of(t, a->seed_from, a->step_from);
    gb_tree_move(t, a->from);
    gb_tree_tell_settings(t);
    return true;
}

static bool
apply_redo(gb_tree *t, gb_error *err)
{
    const gb_act *a;

    if (!gb_tree_need_idle(t, err))
        return false;
    if (!gb_tree_can_redo(t))
        return gb_fail_usage(err, "there is nothing to redo");
    t->act = t->act != GB_NONE ? t->acts[t->act].again : t->again;
    a = &t->acts[t->act];
    gb_tree_take_noise(t, a->seed_to, a->step_to);
    gb_tree_move(t, a->to);
    gb_tree_tell_settings(t);
    return true;
}

static bool
apply_clear(gb_tree *t, gb_error *err)
{
    if (!gb_tree_need_idle(t, err))
        return false;
    if (t->path.len == 0)
        return gb_fail_usage(err, "there is nothing to clear");
    gb_tree_begin_act(t, GB_EVENT_CLEAR);
    t->step = 0;
    gb_tree_move(t, (gb_place){0, 0});
    t->root_settings = t->settings;
    gb_tree_tell_settings(t);
    return true;
}

static bool
apply_go(gb_tree *t, const gb_event *e, gb_error *err)
{
    const gb_node *n = gb_tree_node(t, e->place.node);
    uint64_t seed, step;

    if (!gb_tree_need_idle(t, err) || !gb_tree_check_place(t, e->place, err))
        return false;
    leave_act(t);
    gb_tree_noise(t, e->place, &seed, &step);
    gb_tree_take_noise(t, seed, step);
    t->act = n != NULL ? n->act : GB_NONE;
    gb_tree_move(t, e->place);
    gb_tree_tell_settings(t);
    return true;
}

bool
gb_tree_apply(gb_tree *t, const gb_event *e, gb_error *err)
{
    switch (e->type) {
    case GB_EVENT_PROMPT:
        return apply_prompt(t, e, err);
    case GB_EVENT_EDIT:
        return apply_edit(t, e, err);
    case GB_EVENT_IMPORT:
        return apply_import(t, e, err);
    case GB_EVENT_RUN:
        return gb_tree_apply_run(t, e, err);
    case GB_EVENT_TOKEN:
        return gb_tree_apply_token(t, e, err);
    case GB_EVENT_PICK:
        return gb_tree_apply_pick(t, e, err);
    case GB_EVENT_CUT:
        return gb_tree_apply_cut(t, e, err);
    case GB_EVENT_STOP:
        return gb_tree_apply_stop(t, e, err);
    case GB_EVENT_SET:
        return apply_set(t, e, err);
    case GB_EVENT_MODE:
        return apply_mode(t, e, err);
    case GB_EVENT_EVICT:
        return apply_evict(t, e, err);
    case GB_EVENT_PREFILL:
        return true;
    case GB_EVENT_MARK:
    case GB_EVENT_ENGINE:
        return apply_note(t, e, err);
    case GB_EVENT_UNDO:
        return apply_undo(t, err);
    case GB_EVENT_REDO:
        return apply_redo(t, err);
    case GB_EVENT_CLEAR:
        return apply_clear(t, err);
    case GB_EVENT_GO:
        return apply_go(t, e, err);
    case GB_EVENT_NAME:
        return apply_name(t, e, err);
    case GB_EVENT_TYPES:
        break;
    }
    return gb_fail(err, "an event of no type");
}
