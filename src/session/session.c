/* What can be done with a session. */
#include "session/session.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "sample/rng.h"
#include "session/chat.h"

const char *
gb_session_path(const gb_session *s)
{
    return gb_journal_path(s->journal);
}

gb_journal_reader *
gb_session_reader(const gb_session *s, gb_error *err)
{
    return gb_journal_read(s->journal, err);
}

void
gb_session_problem(const gb_session *s, const gb_error *problem)
{
    void (*tell)(void *arg, const char *text) =
        problem->status == GB_OK ? s->watcher.notice : s->watcher.problem;

    if (tell != NULL)
        tell(s->watcher.arg, problem->text);
}

bool
gb_session_is_writing(const gb_session *s)
{
    return s->tree->writing || s->script_at < s->n_script;
}

/* Events. */

bool
gb_session_know_origin(gb_session *s, gb_error *err)
{
    return s->origin.model_sha256[0] != '\0' ||
           gb_origin_of(s->engine, s->model, &s->origin, err);
}

static bool
write_header(gb_session *s, const gb_settings *settings, gb_mode mode,
             gb_error *err)
{
    gb_header header = {.settings = *settings, .mode = mode};

    if (!gb_session_know_origin(s, err))
        return false;
    header.origin = s->origin;
    gb_header_date(&header);
    return gb_journal_header(s->journal, &header, err);
}

bool
gb_session_emit(gb_session *s, gb_event *e, gb_error *err)
{
    gb_settings settings = s->tree->settings;
    gb_mode mode = s->tree->mode;
    gb_error problem = GB_ERROR_INIT;
    bool ok = true;

    e->ms = gb_now_ms() - s->began;
    if (!gb_tree_apply(s->tree, e, err))
        return false;
    if (e->type != GB_EVENT_TOKEN)
        s->synced = false;
    /* Settings before the first text are part of the header. */
    if (gb_journal_is_empty(s->journal) && s->tree->n_nodes > 0)
        ok = write_header(s, &settings, mode, &problem);
    if (s->tree->n_nodes > 0)
        ok = gb_journal_write(s->journal, e, ok ? &problem : NULL) && ok;
    if (!ok)
        gb_session_problem(s, &problem);
    /* Last: what somebody has seen is in the file. */
    gb_tree_tell_changes(s->tree);
    return true;
}

bool
gb_session_make_room(gb_session *s, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_EVICT};

    while ((e.tokens = gb_tree_excess(s->tree)) > 0)
        if (!gb_session_emit(s, &e, err))
            return false;
    return true;
}

/* The user's text. */

/* What the model sees first of all begins as a text does. */
static bool
encode_text(gb_session *s, const char *text, size_t n, bool first,
            gb_ids *ids, gb_error *err)
{
    gb_tokenizer *t = s->model->tokenizer;

    return first && s->tree->pin.len == 0
               ? gb_tokenizer_encode_whole(t, text, n, false, ids, err)
               : gb_tokenizer_encode(t, text, n, false, ids, err);
}

static bool
encode_turn(gb_session *s, const char *text, size_t n, bool first, gb_ids *ids,
            bool *cut, gb_error *err)
{
    const gb_settings *settings = &s->tree->settings;
    gb_tokenizer *t = s->model->tokenizer;
    gb_str kept = GB_STR_INIT, turn = GB_STR_INIT;
    bool ok = true;

    *cut = false;
    if (settings->max_prompt_tokens != 0) {
        ok = encode_text(s, text, n, false, ids, err);
        *cut = ok && gb_settings_cut(settings, ids);
    }
    if (*cut) {
        ok = gb_tokenizer_decode(t, ids->data, ids->len, &kept, err);
        gb_chat_turn(&turn, gb_str_cstr(&kept), kept.len, first);
    } else {
        gb_chat_turn(&turn, text, n, first);
    }
    ids->len = 0;
    ok = ok && encode_text(s, turn.data, turn.len, first, ids, err);
    gb_str_free(&kept);
    gb_str_free(&turn);
    return ok;
}

bool
gb_session_encode(gb_session *s, const char *text, size_t n, bool first,
                  gb_ids *ids, uint64_t *skipped, bool *cut, gb_error *err)
{
    uint32_t n_ctx = s->model->config.n_ctx;
    uint32_t keep = n_ctx > 1 ? n_ctx / 2 : 1;

    *skipped = 0;
    if (s->tree->mode == GB_MODE_CHAT) {
        if (!encode_turn(s, text, n, first, ids, cut, err))
            return false;
    } else {
        if (!encode_text(s, text, n, first, ids, err))
            return false;
        *cut = gb_settings_cut(&s->tree->settings, ids);
    }
    if (ids->len > n_ctx) {
        *skipped = ids->len - keep;
        memmove(ids->data, ids->data + *skipped, keep * sizeof *ids->data);
        ids->len = keep;
    }
    return true;
}

static bool
emit_note(gb_session *s, const char *text, gb_error *err)
{
    gb_event note = {.type = GB_EVENT_MARK, .text = text,
                     .n_text = strlen(text)};

    return gb_session_emit(s, &note, err);
}

/* Appends a text of the user. */
static bool
emit_text(gb_session *s, gb_event *e, bool first, gb_error *err)
{
    gb_ids ids = GB_IDS_INIT;
    bool cut = false, ok;

    if (e->n_text > GB_TEXT_MAX)
        return gb_fail_usage(err, "a text of %zu bytes: at most %zu can be "
                             "sent at once", e->n_text, GB_TEXT_MAX);
    ok = gb_session_encode(s, e->text, e->n_text, first, &ids, &e->skipped,
                           &cut, err);
    e->ids = ids.data;
    e->n_ids = ids.len;
    ok = ok && gb_session_emit(s, e, err);
    gb_ids_free(&ids);
    if (ok && cut)
        ok = emit_note(s, s->tree->settings.max_prompt_tokens > 0
                          ? "the model sees only the first tokens of this "
                            "(max-prompt-tokens)"
                          : "the model sees only the last tokens of this "
                            "(max-prompt-tokens)", err);
    return ok && gb_session_make_room(s, err);
}

/* Whether text would run into what stands before it. */
static bool
needs_space(const gb_session *s, const char *text)
{
    static const char closing[] = ".,;:!?)]}'\"-";
    unsigned char before = ' ', after = (unsigned char)text[0];
    const gb_stretch *stretch;
    size_t i, n;

    for (i = s->tree->path.len; i-- > 0;) {
        stretch = &s->tree->path.data[i];
        n = gb_node_bytes(stretch->node, stretch->tokens);
        if (stretch->node->role == GB_ROLE_NOTE || n == 0)
            continue;
        before = (unsigned char)stretch->node->text.data[n - 1];
        break;
    }
    return s->tree->mode == GB_MODE_CONTINUE && !isspace(before) &&
           !isspace(after) && after != '\0' && strchr(closing, after) == NULL;
}

static bool
begin_run(gb_session *s, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_RUN, .how = GB_HOW_SEND};

    return gb_session_emit(s, &e, err);
}

static bool
do_prompt(gb_session *s, gb_event *e, unsigned flags, gb_error *err)
{
    bool first = gb_tree_view_length(s->tree) == 0, ok;
    gb_event on = {.type = GB_EVENT_RUN, .how = GB_HOW_CONTINUE};
    gb_str joined = GB_STR_INIT;

    if (e->n_text == 0)
        return (flags & GB_SEND_ONLY) != 0 ||
               gb_session_do(s, &on, 0, err);
    if ((flags & GB_SEND_JOIN) != 0 && needs_space(s, e->text)) {
        gb_str_putc(&joined, ' ');
        gb_str_append(&joined, e->text, e->n_text);
        e->text = joined.data;
        e->n_text = joined.len;
    }
    ok = emit_text(s, e, first, err) &&
         ((flags & GB_SEND_ONLY) != 0 || begin_run(s, err));
    gb_str_free(&joined);
    return ok;
}

static bool
do_edit(gb_session *s, gb_event *e, unsigned flags, gb_error *err)
{
    const gb_node *n = e->placed ? gb_tree_node(s->tree, e->place.node)
                                 : gb_tree_last(s->tree, GB_ROLE_USER);

    if (n == NULL)
        return gb_fail_usage(err, "there is no text of yours to edit");
    if (e->n_text == 0)
        return gb_fail_usage(err, "expected a text in place of the last one, "
                             "found none");
    e->placed = true;
    e->place = (gb_place){n->id, n->n_tokens};
    return emit_text(s, e, gb_node_view_before(n) == 0, err) &&
           ((flags & GB_SEND_ONLY) != 0 || begin_run(s, err));
}

/* Runs. */

/* Whether the run would come out the same once more. */
static bool
is_unchanged(const gb_session *s, const gb_run *run)
{
    gb_settings now = s->tree->settings;

    now.seed = run->settings.seed;
    return !s->tree->writing && !run->changed && run->limit == 0 &&
           run->reason != GB_REASON_INTERRUPT &&
           run->reason != GB_REASON_ERROR &&
           gb_settings_same(&run->settings, &now);
}

static bool
do_run(gb_session *s, gb_event *e, gb_error *err)
{
    gb_token start = s->model->config.start_id;
    const gb_run *last = gb_tree_last_run(s->tree);

    if (e->how == GB_HOW_CONTINUE && gb_tree_view_length(s->tree) == 0) {
        if (start == GB_NO_TOKEN)
            return gb_fail_usage(err, "there is no text to go on with, and "
                                 "%s has no token that begins one",
                                 s->model->name);
        e->ids = &start;
        e->n_ids = 1;
    }
    if (e->how == GB_HOW_AGAIN || e->how == GB_HOW_RESEED) {
        if (!e->placed && last == NULL)
            return gb_fail_usage(err, "there is no text of the model to "
                                 "write again");
        if (e->how == GB_HOW_AGAIN && !e->placed && is_unchanged(s, last))
            return true;
        if (!e->placed) {
            e->place = last->from;
            e->seed = gb_seed_jump(s->tree->settings.seed, 1);
        }
        e->placed = true;
    }
    return gb_session_emit(s, e, err);
}

static bool
do_pick(gb_session *s, gb_event *e, gb_error *err)
{
    const bool ended =
        e->n_ids == 0 ||
        gb_ends_has(&s->model->config.ends, e->ids[e->n_ids - 1]);

    return gb_session_emit(s, e, err) &&
           ((ended && !s->tree->settings.ignore_eos) ||
            (gb_session_make_room(s, err) && begin_run(s, err)));
}

static bool
do_set(gb_session *s, gb_event *e, gb_error *err)
{
    gb_settings try = s->tree->settings;
    gb_str exact = GB_STR_INIT;
    bool ok;

    if (!gb_settings_change(&try, e->name, e->value, err))
        return false;
    gb_settings_get(&try, e->name, &exact);
    e->value = gb_str_cstr(&exact);
    e->step = s->tree->step;
    ok = gb_session_emit(s, e, err);
    gb_str_free(&exact);
    return ok;
}

static bool
do_mode(gb_session *s, gb_event *e, gb_error *err)
{
    gb_mode mode = s->tree->mode;

    if (e->value != NULL && !gb_mode_change(e->value, &mode))
        return gb_fail_usage(err, "mode: expected continue or chat, found %s",
                             e->value);
    if (e->value != NULL)
        e->mode = mode;
    return e->mode == s->tree->mode || gb_session_emit(s, e, err);
}

bool
gb_session_do(gb_session *s, const gb_event *wish, unsigned flags,
              gb_error *err)
{
    gb_event e = *wish;

    switch (e.type) {
    case GB_EVENT_PROMPT:
        return do_prompt(s, &e, flags, err);
    case GB_EVENT_EDIT:
        return do_edit(s, &e, flags, err);
    case GB_EVENT_RUN:
        return do_run(s, &e, err);
    case GB_EVENT_PICK:
        return do_pick(s, &e, err);
    case GB_EVENT_SET:
        return do_set(s, &e, err);
    case GB_EVENT_MODE:
        return do_mode(s, &e, err);
    case GB_EVENT_MARK:
        if (e.n_text > GB_TEXT_MAX)
            return gb_fail_usage(err, "a note of %zu bytes is too long",
                                 e.n_text);
        return e.n_text == 0 || gb_session_emit(s, &e, err);
    default:
        return gb_session_emit(s, &e, err);
    }
}
