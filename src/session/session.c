/* What can be done with a session; session_open.c opens and closes it. */
#include "session/session.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "sample/rng.h"
#include "session/session_state.h"

gb_history *
gb_session_history(gb_session *s)
{
    return s->history;
}

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

const gb_pick *
gb_session_last_pick(const gb_session *s)
{
    return &s->last_pick;
}

bool
gb_session_is_writing(const gb_session *s)
{
    return gb_history_is_writing(s->history);
}

void
gb_session_problem(const gb_session *s, const gb_error *problem)
{
    void (*tell)(void *arg, const char *text) =
        problem->status == GB_OK ? s->watcher.notice : s->watcher.problem;

    if (tell != NULL)
        tell(s->watcher.arg, problem->text);
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
    gb_settings settings = *gb_history_settings(s->history);
    gb_mode mode = gb_history_mode(s->history);
    gb_error problem = GB_ERROR_INIT;
    bool ok = true;

    e->ms = gb_now_ms() - s->began;
    if (!gb_history_apply(s->history, e, err))
        return false;
    gb_history_tell_changes(s->history);
    if (e->type != GB_EVENT_TOKEN)
        s->synced = false;
    if (gb_journal_is_empty(s->journal)) {
        /* Settings before the first text are part of the header. */
        if (gb_history_is_untouched(s->history))
            return true;
        ok = write_header(s, &settings, mode, &problem);
    }
    ok = gb_journal_write(s->journal, e, ok ? &problem : NULL) && ok;
    if (!ok)
        gb_session_problem(s, &problem);
    return true;
}

static bool
emit_simple(gb_session *s, gb_event_type type, gb_error *err)
{
    gb_event e = {.type = type};

    return gb_session_emit(s, &e, err);
}

bool
gb_session_make_room(gb_session *s, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_EVICT};

    while ((e.tokens = gb_history_excess(s->history)) > 0)
        if (!gb_session_emit(s, &e, err))
            return false;
    return true;
}

/* The user's text. */

/* "Human: text\nAI:", after a line end where something stands before it. */
static bool
encode_turn(gb_session *s, const char *text, size_t n, bool first, gb_ids *ids,
            bool *cut, gb_error *err)
{
    const gb_settings *settings = gb_history_settings(s->history);
    gb_tokenizer *t = s->model->tokenizer;
    gb_str turn = GB_STR_INIT;
    bool ok = true;

    gb_str_puts(&turn, first ? "Human: " : "\nHuman: ");
    *cut = false;
    if (settings->max_prompt_tokens != 0) {
        ok = gb_tokenizer_encode(t, text, n, false, ids, err);
        *cut = ok && gb_settings_cut(settings, ids);
    }
    if (*cut)
        ok = gb_tokenizer_decode(t, ids->data, ids->len, &turn, err);
    else
        gb_str_append(&turn, text, n);
    ids->len = 0;
    gb_str_puts(&turn, "\nAI:");
    ok = ok && gb_tokenizer_encode(t, turn.data, turn.len, false, ids, err);
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
    if (gb_history_mode(s->history) == GB_MODE_CHAT) {
        if (!encode_turn(s, text, n, first, ids, cut, err))
            return false;
    } else {
        if (!gb_tokenizer_encode(s->model->tokenizer, text, n, false, ids,
                                 err))
            return false;
        *cut = gb_settings_cut(gb_history_settings(s->history), ids);
    }
    if (ids->len > n_ctx) {
        *skipped = ids->len - keep;
        memmove(ids->data, ids->data + *skipped, keep * sizeof *ids->data);
        ids->len = keep;
    }
    return true;
}

/* Appends a text of the user as an event of this type. */
static bool
emit_text(gb_session *s, gb_event_type type, const char *text, size_t n,
          bool first, gb_error *err)
{
    gb_event e = {.type = type, .text = text, .n_text = n};
    gb_event mark = {.type = GB_EVENT_MARK};
    gb_ids ids = GB_IDS_INIT;
    bool cut, ok;

    if (n > GB_TEXT_MAX)
        return gb_fail_usage(err, "a text of %zu bytes: at most %zu can be "
                             "sent at once", n, GB_TEXT_MAX);
    ok = gb_session_encode(s, text, n, first, &ids, &e.skipped, &cut, err);
    e.ids = ids.data;
    e.n_ids = ids.len;
    ok = ok && gb_session_emit(s, &e, err);
    gb_ids_free(&ids);
    if (ok && cut) {
        mark.text = gb_history_settings(s->history)->max_prompt_tokens > 0
                        ? "the model sees only the first tokens of this "
                          "(max-prompt-tokens)"
                        : "the model sees only the last tokens of this "
                          "(max-prompt-tokens)";
        mark.n_text = strlen(mark.text);
        ok = gb_session_emit(s, &mark, err);
    }
    return ok && gb_session_make_room(s, err);
}

/* Whether text would run into what stands before it. */
static bool
needs_space(const gb_session *s, const char *text)
{
    static const char closing[] = ".,;:!?)]}'\"-";
    const gb_segment *last = gb_history_tip(s->history);
    unsigned char before, after = (unsigned char)text[0];

    while (last != NULL &&
           (last->role == GB_ROLE_MARK || last->text.len == 0))
        last = last->parent;
    if (last == NULL || gb_history_mode(s->history) != GB_MODE_CONTINUE)
        return false;
    before = (unsigned char)last->text.data[last->text.len - 1];
    return !isspace(before) && !isspace(after) && after != '\0' &&
           strchr(closing, after) == NULL;
}

static bool
begin_run(gb_session *s, gb_how how, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_RUN, .how = how};

    return gb_session_emit(s, &e, err);
}

static void
drop_plan(gb_session *s)
{
    size_t i;

    for (i = 0; i < s->n_plan; i++) {
        free(s->plan[i].name);
        free(s->plan[i].value);
    }
    free(s->plan);
    s->plan = NULL;
    s->n_plan = s->plan_at = 0;
    s->plan_tokens = 0;
}

bool
gb_session_send(gb_session *s, const char *text, size_t n, unsigned flags,
                gb_error *err)
{
    gb_str joined = GB_STR_INIT;
    bool first = gb_history_view_length(s->history) == 0, ok;

    if (n == 0)
        return (flags & GB_SEND_ONLY) != 0 || gb_session_continue(s, err);
    if ((flags & GB_SEND_JOIN) != 0 && needs_space(s, text)) {
        gb_str_putc(&joined, ' ');
        gb_str_append(&joined, text, n);
        ok = emit_text(s, GB_EVENT_PROMPT, joined.data, joined.len, first,
                       err);
        gb_str_free(&joined);
    } else {
        ok = emit_text(s, GB_EVENT_PROMPT, text, n, first, err);
    }
    return ok && ((flags & GB_SEND_ONLY) != 0 ||
                  begin_run(s, GB_HOW_SEND, err));
}

bool
gb_session_edit(gb_session *s, const char *text, size_t n, gb_error *err)
{
    const gb_segment *last = gb_history_last_prompt(s->history);
    bool first;

    if (last == NULL)
        return gb_fail_usage(err, "there is no text of yours to edit");
    if (n == 0)
        return gb_fail_usage(err, "expected a text in place of the last one, "
                             "found none");
    first = gb_history_view_before(s->history, last) == 0;
    return emit_text(s, GB_EVENT_EDIT, text, n, first, err) &&
           begin_run(s, GB_HOW_SEND, err);
}

bool
gb_session_read(gb_session *s, const char *path, unsigned flags, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    bool ok = gb_text_read(path, GB_TEXT_MAX, &text, err);

    if (ok && text.len == 0)
        ok = gb_fail_usage(err, "%s: the file is empty", path);
    ok = ok && gb_session_send(s, text.data, text.len, flags, err);
    gb_str_free(&text);
    return ok;
}

bool
gb_session_continue(gb_session *s, gb_error *err)
{
    gb_token eos = s->model->config.eos_id;
    gb_event e = {.type = GB_EVENT_RUN, .how = GB_HOW_CONTINUE};

    if (gb_history_view_length(s->history) == 0) {
        e.ids = &eos;
        e.n_ids = 1;
    }
    return gb_session_emit(s, &e, err);
}

/* A retry repeats the run's changes of settings, and ends where the user had
 * stopped it. */
static void
make_plan(gb_session *s, const gb_run *run)
{
    size_t i;

    drop_plan(s);
    s->plan = gb_alloc_array(run->n_changes + 1, sizeof *s->plan);
    for (i = 0; i < run->n_changes; i++)
        s->plan[i] = (gb_run_change){
            run->changes[i].after,
            gb_strdup(run->changes[i].name),
            gb_strdup(run->changes[i].value),
        };
    s->n_plan = run->n_changes;
    if (run->reason == GB_REASON_INTERRUPT || run->reason == GB_REASON_ERROR)
        s->plan_tokens = run->tokens;
}

bool
gb_session_retry(gb_session *s, gb_error *err)
{
    gb_run run;
    bool any = gb_history_last_run(s->history, &run);

    if (gb_session_is_writing(s))
        return gb_fail_usage(err, "the model is still writing");
    if (any)
        make_plan(s, &run);
    if (begin_run(s, GB_HOW_RETRY, err))
        return true;
    drop_plan(s);
    return false;
}

bool
gb_session_reseed(gb_session *s, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_RUN, .how = GB_HOW_RESEED};

    e.seed = gb_seed_jump(gb_history_settings(s->history)->seed, 1);
    return gb_session_emit(s, &e, err);
}

bool
gb_session_undo(gb_session *s, gb_error *err)
{
    return emit_simple(s, GB_EVENT_UNDO, err);
}

bool
gb_session_redo(gb_session *s, gb_error *err)
{
    return emit_simple(s, GB_EVENT_REDO, err);
}

bool
gb_session_clear(gb_session *s, gb_error *err)
{
    return emit_simple(s, GB_EVENT_CLEAR, err);
}

bool
gb_session_set_mode(gb_session *s, gb_mode mode, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_MODE, .mode = mode};

    return mode == gb_history_mode(s->history) || gb_session_emit(s, &e, err);
}

bool
gb_session_mark(gb_session *s, const char *text, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_MARK, .text = text};

    e.n_text = strlen(text);
    if (e.n_text > GB_TEXT_MAX)
        return gb_fail_usage(err, "a note of %zu bytes is too long", e.n_text);
    return e.n_text == 0 || gb_session_emit(s, &e, err);
}

static bool
emit_set(gb_session *s, const char *name, const char *value, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_SET, .name = name, .value = value};

    e.step = gb_history_step(s->history);
    return gb_session_emit(s, &e, err);
}

bool
gb_session_set(gb_session *s, const char *name, const char *value,
               gb_error *err)
{
    gb_settings try = *gb_history_settings(s->history);
    gb_str exact = GB_STR_INIT;
    bool ok;

    if (!gb_settings_change(&try, name, value, err))
        return false;
    drop_plan(s);
    gb_settings_get(&try, name, &exact);
    ok = emit_set(s, name, gb_str_cstr(&exact), err);
    gb_str_free(&exact);
    return ok;
}

/* The model's text. */

static void
end_run(gb_session *s, gb_reason reason)
{
    gb_event e = {.type = GB_EVENT_STOP, .reason = reason};

    gb_session_emit(s, &e, NULL);
    drop_plan(s);
}

void
gb_session_stop(gb_session *s)
{
    if (gb_session_is_writing(s))
        end_run(s, GB_REASON_INTERRUPT);
}

/* Repeats the changes that were made at this point of the run. */
static void
follow_plan(gb_session *s)
{
    uint64_t tokens = gb_history_run_tokens(s->history);
    const gb_run_change *c;

    while (s->plan_at < s->n_plan && s->plan[s->plan_at].after == tokens) {
        c = &s->plan[s->plan_at++];
        emit_set(s, c->name, c->value, NULL);
    }
}

/* Takes a stop string off the view, which would otherwise begin the next turn
 * in the model's own words. It may begin within a token: what stood before it
 * there is tokenized again. */
static void
cut_stop(gb_session *s)
{
    const gb_ids *view = gb_history_view(s->history);
    const char *const *stops, *bytes, *at;
    gb_event e = {.type = GB_EVENT_CUT};
    gb_str tail = GB_STR_INIT, longer = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    size_t n_stops, n, i, found = SIZE_MAX;

    stops = gb_history_stops(gb_history_mode(s->history), &n_stops);
    while (found == SIZE_MAX && e.tokens < view->len &&
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

/* Ends the run if the last token was one to end with. */
static void
end_if_done(gb_session *s, gb_token id)
{
    const gb_settings *set = gb_history_settings(s->history);
    uint64_t tokens = gb_history_run_tokens(s->history);

    if (gb_history_stop_hit(s->history)) {
        cut_stop(s);
        end_run(s, GB_REASON_STOP);
    } else if (id == s->model->config.eos_id && !set->ignore_eos) {
        end_run(s, GB_REASON_EOS);
    } else if (tokens >= set->max_new_tokens) {
        end_run(s, GB_REASON_LENGTH);
    } else if (s->plan_tokens > 0 && tokens >= s->plan_tokens) {
        follow_plan(s);
        end_run(s, GB_REASON_INTERRUPT);
    }
}

/* What CLBlast computes depends on which positions it read at once. */
static void
note_prefill(gb_session *s, uint32_t from)
{
    gb_event e = {.type = GB_EVENT_PREFILL, .from = from};

    e.to = gb_engine_length(s->engine);
    if (e.to > from + 1 &&
        strcmp(gb_engine_get_info(s->engine)->prefill, "own") != 0) {
        gb_session_emit(s, &e, NULL);
        s->synced = true;
    }
}

static void
sync_loop(gb_session *s)
{
    const gb_ids *view;

    if (!s->synced) {
        view = gb_history_view(s->history);
        gb_loop_replace(&s->loop, view->data, view->len);
    }
    s->synced = true;
    s->loop.step = gb_history_step(s->history);
}

bool
gb_session_step(gb_session *s, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_TOKEN};
    gb_error problem = GB_ERROR_INIT;
    uint32_t from;
    bool ok;

    if (!gb_session_is_writing(s))
        return true;
    follow_plan(s);
    if (!gb_session_make_room(s, err)) {
        end_run(s, GB_REASON_ERROR);
        return false;
    }
    sync_loop(s);
    from = gb_engine_length(s->engine);
    e.step = s->loop.step;
    ok = gb_loop_step(&s->loop, gb_history_settings(s->history),
                      &s->last_pick, &problem);
    note_prefill(s, from);
    if (!ok) {
        end_run(s, problem.status == GB_INTERRUPTED ? GB_REASON_INTERRUPT
                                                    : GB_REASON_ERROR);
        if (err != NULL)
            *err = problem;
        return problem.status == GB_INTERRUPTED;
    }
    e.id = s->last_pick.id;
    e.logprob = s->last_pick.logprob;
    if (!gb_session_emit(s, &e, err)) {
        end_run(s, GB_REASON_ERROR);
        return false;
    }
    end_if_done(s, e.id);
    return true;
}

bool
gb_session_run(gb_session *s, gb_error *err)
{
    while (gb_session_is_writing(s))
        if (!gb_session_step(s, err))
            return false;
    return true;
}
