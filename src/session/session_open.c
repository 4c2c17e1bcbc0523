/* How a session begins, comes back from a file, changes its engine, ends. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "session/bias.h"
#include "session/session.h"
#include "session/steer.h"

/* Events applied between two looks at whether to go on. */
#define GB_EVENTS_AT_ONCE 100

static gb_tree *
new_tree(const gb_session *s, const gb_settings *settings, gb_mode mode,
         gb_error *err)
{
    const gb_config *c = &s->model->config;

    return gb_tree_new(s->model->tokenizer, c->n_vocab, &c->ends, c->n_ctx,
                       settings, mode, err);
}

static bool
has_content(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

/* Tells how far the loading is; false when it is to end. Called often. */
static bool
go_on_loading(const gb_session_options *o, const gb_journal_reader *r,
              uint64_t total, gb_error *err)
{
    size_t read;

    gb_journal_reader_lines(r, &read);
    return gb_progress_on(&o->progress, GB_PHASE_SESSION, read, total, err);
}

/* Applies all events of a file of `total` bytes. *last_ms is the time of the
 * last, *origin what computed it. */
static bool
apply_all(gb_session *s, const gb_session_options *o, gb_journal_reader *r,
          uint64_t total, gb_origin *origin, double *last_ms, gb_error *err)
{
    unsigned count = 0;
    gb_read result;
    gb_event e;

    while ((result = gb_journal_next(r, &e, err)) == GB_READ_EVENT) {
        if (count++ % GB_EVENTS_AT_ONCE == 0 &&
            !go_on_loading(o, r, total, err))
            return false;
        if (!gb_tree_apply(s->tree, &e, err) ||
            (e.type == GB_EVENT_ENGINE &&
             !gb_origin_read(origin, e.value, err))) {
            if (err != NULL)
                err->status = GB_USAGE;
            return gb_fail_context(err, "%s", gb_journal_reader_place(r));
        }
        *last_ms = e.ms;
    }
    return result == GB_READ_END;
}

/* Applies an event whose line waits for the next one. */
static void
hold(gb_session *s, gb_event *e)
{
    e->ms = gb_now_ms() - s->began;
    if (gb_tree_apply(s->tree, e, NULL))
        gb_journal_hold(s->journal, e);
}

static void
hold_engine(gb_session *s, const gb_origin *then)
{
    gb_event e = {.type = GB_EVENT_ENGINE};
    gb_str text = GB_STR_INIT;
    char *value;

    gb_origin_compare(&s->origin, then, &text);
    if (text.len > 0) {
        value = gb_origin_format(&s->origin);
        e.value = value;
        e.text = text.data;
        e.n_text = text.len;
        hold(s, &e);
        free(value);
    }
    gb_str_free(&text);
}

/* What a file that was loaded still lacks: the end of a run that was cut
 * short, and what computes from now on. */
static void
complete(gb_session *s, const gb_origin *then)
{
    gb_event stop = {.type = GB_EVENT_STOP, .reason = GB_REASON_INTERRUPT};

    if (s->tree->writing)
        hold(s, &stop);
    hold_engine(s, then);
}

/* Makes the journal and its reader. A file that is gone on with is locked
 * first, so that it is read to the end that it has. */
static gb_journal_reader *
open_journal(gb_session *s, const char *from, const char *path, gb_error *err)
{
    gb_journal_reader *r;

    if (path != NULL && gb_same_file(from, path)) {
        s->journal = gb_journal_resume(path, err);
        r = s->journal != NULL ? gb_journal_read(s->journal, err) : NULL;
    } else {
        s->journal = gb_journal_new(path, s->named);
        r = gb_journal_open(from, err);
    }
    if (r != NULL)
        gb_journal_reader_keep(r);
    return r;
}

static bool
load(gb_session *s, const gb_session_options *o, const char *from,
     const char *path, gb_error *err)
{
    gb_journal_reader *r = open_journal(s, from, path, err);
    const gb_header *header;
    gb_origin then;
    struct stat st;
    uint64_t total = stat(from, &st) == 0 ? (uint64_t)st.st_size : 0;
    double last_ms = 0;
    bool ok;

    if (r == NULL)
        return false;
    header = gb_journal_reader_header(r);
    gb_origin_copy(&then, &header->origin);
    ok = gb_origin_is_of(&header->origin, from, s->model, &o->progress,
                         err) &&
         gb_session_know_origin(s, err);
    if (ok) {
        s->tree = new_tree(s, &header->settings, header->mode, err);
        ok = s->tree != NULL &&
             apply_all(s, o, r, total, &then, &last_ms, err) &&
             gb_journal_begin(s->journal, r, err);
    }
    if (ok) {
        s->began = gb_now_ms() - last_ms;
        complete(s, &then);
    }
    gb_origin_free(&then);
    gb_journal_reader_free(r);
    return ok;
}

/* A path for a journal that nobody has named. Where there is none, that is
 * said. The caller frees. */
static char *
new_path(const gb_session *s)
{
    gb_error problem = GB_ERROR_INIT;
    char *path = gb_journal_new_path(&problem);

    if (path == NULL) {
        gb_fail_context(&problem, "this session is not kept");
        problem.status = GB_OK;
        gb_session_problem(s, &problem);
    }
    return path;
}

/* Where the journal goes; NULL: nowhere. The caller frees. */
static char *
choose_path(const gb_session *s, const gb_session_options *o)
{
    if (!o->journal)
        return NULL;
    return o->path != NULL ? gb_strdup(o->path) : new_path(s);
}

static bool
begin(gb_session *s, const gb_session_options *o, gb_error *err)
{
    const char *from = o->load;
    char *path = choose_path(s, o);
    bool ok = true;

    s->named = o->path != NULL;
    if (path != NULL && has_content(path)) {
        if (from != NULL && !gb_same_file(from, path)) {
            gb_fail_usage(err, "%s: there is a session in this file already; "
                          "it cannot go on from %s", path, from);
            free(path);
            return false;
        }
        from = path;
    }
    s->recorded = path != NULL;
    if (from != NULL) {
        ok = load(s, o, from, path, err);
    } else {
        s->tree = new_tree(s, &o->settings, o->mode, err);
        s->journal = gb_journal_new(path, s->named);
        ok = s->tree != NULL;
    }
    free(path);
    return ok;
}

static void
release(gb_session *s)
{
    gb_tree_free(s->tree);
    gb_session_drop_script(s);
    gb_session_drop_ahead(s);
    gb_loop_free(&s->loop);
    gb_origin_free(&s->origin);
    free(s);
}

gb_session *
gb_session_open(gb_engine *engine, gb_model *model,
                const gb_session_options *options, gb_error *err)
{
    gb_session *s = gb_alloc(sizeof *s);

    s->engine = engine;
    s->model = model;
    s->watcher = options->watcher;
    s->began = gb_now_ms();
    gb_loop_init(&s->loop, engine);
    gb_engine_rewind(engine, 0);
    if (!begin(s, options, err)) {
        gb_journal_close(s->journal, NULL);
        release(s);
        return NULL;
    }
    s->tree->watcher = s->watcher;
    gb_tree_tell(s->tree);
    return s;
}

bool
gb_session_close(gb_session *s, gb_error *err)
{
    bool ok;

    if (s == NULL)
        return true;
    gb_session_stop(s);
    ok = gb_journal_close(s->journal, err);
    release(s);
    return ok;
}

/* Another engine. */

/* Where a hash cannot be had, the models are taken to differ: that is safe. */
static bool
is_same_model(gb_model *a, gb_model *b)
{
    char sha_a[65], sha_b[65];

    return a == b || (gb_model_sha256(a, sha_a, NULL) &&
                      gb_model_sha256(b, sha_b, NULL) &&
                      strcmp(sha_a, sha_b) == 0);
}

static void
take_engine(gb_session *s, gb_engine *engine, gb_model *model)
{
    s->engine = engine;
    s->model = model;
    gb_loop_free(&s->loop);
    gb_loop_init(&s->loop, engine);
    gb_engine_rewind(engine, 0);
    gb_tree_set_tokenizer(s->tree, model->tokenizer);
    s->synced = false;
}

/* The same model on another engine: an event says who computes from here. */
static bool
change_engine(gb_session *s, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_ENGINE};
    gb_origin then = s->origin;
    gb_str text = GB_STR_INIT;
    char *value;
    bool ok = true;

    s->origin = (gb_origin){0};
    if (gb_journal_is_empty(s->journal) || then.model_sha256[0] == '\0') {
        gb_origin_free(&then);
        return true;
    }
    if (!gb_session_know_origin(s, err)) {
        gb_origin_free(&then);
        return false;
    }
    gb_origin_compare(&s->origin, &then, &text);
    if (text.len > 0) {
        value = gb_origin_format(&s->origin);
        e.value = value;
        e.text = text.data;
        e.n_text = text.len;
        ok = gb_session_emit(s, &e, err);
        free(value);
    }
    gb_str_free(&text);
    gb_origin_free(&then);
    return ok;
}

/* Carries the text of one node over. */
static bool
import(gb_session *s, const gb_stretch *old, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_IMPORT};
    gb_ids ids = GB_IDS_INIT;
    bool first = gb_tree_view_length(s->tree) == 0, cut, ok;

    e.text = gb_str_cstr(&old->node->text);
    e.n_text = gb_node_bytes(old->node, old->tokens);
    if (e.n_text == 0 || old->node->hidden)
        return true;
    if (old->node->role == GB_ROLE_NOTE) {
        e.type = GB_EVENT_MARK;
        return gb_session_emit(s, &e, err);
    }
    e.model = old->node->role == GB_ROLE_MODEL;
    if (e.model)
        ok = gb_tokenizer_encode(s->model->tokenizer, e.text, e.n_text, false,
                                 &ids, err);
    else
        ok = gb_session_encode(s, e.text, e.n_text, first, &ids, &e.skipped,
                               &cut, err);
    if (ok && ids.len > s->model->config.n_ctx) {
        e.skipped = ids.len - s->model->config.n_ctx;
        memmove(ids.data, ids.data + e.skipped,
                s->model->config.n_ctx * sizeof *ids.data);
        ids.len = s->model->config.n_ctx;
    }
    e.ids = ids.data;
    e.n_ids = ids.len;
    ok = ok && gb_session_emit(s, &e, err) && gb_session_make_room(s, err);
    gb_ids_free(&ids);
    return ok;
}

/* A setting that the new model cannot have. */
static void
turn_off(gb_session *s, gb_settings *settings, const char *name,
         gb_error *problem)
{
    gb_settings_set(settings, name, "off", NULL);
    gb_fail_context(problem, "the %s is off for this model", name);
    problem->status = GB_OK;
    gb_session_problem(s, problem);
}

/* The tree for another model. A bias is one of tokens, of which this model may
 * not have all; what is pinned may be too long for it. */
static gb_tree *
tree_for_model(gb_session *s, const gb_tree *old, gb_error *err)
{
    gb_settings settings = old->settings;
    gb_error problem = GB_ERROR_INIT;
    gb_tree *t;

    if (!gb_bias_check(settings.bias, s->model->tokenizer,
                       s->model->config.n_vocab, &problem))
        turn_off(s, &settings, "bias", &problem);
    t = new_tree(s, &settings, old->mode, &problem);
    if (t != NULL)
        return t;
    turn_off(s, &settings, "pin", &problem);
    return new_tree(s, &settings, old->mode, err);
}

/* Another model: a new journal, the conversation carried over. */
static bool
change_model(gb_session *s, gb_error *err)
{
    gb_tree *old = s->tree;
    gb_error problem = GB_ERROR_INIT;
    char *path;
    size_t i;
    bool ok = true;

    if (!gb_journal_close(s->journal, &problem))
        gb_session_problem(s, &problem);
    path = s->recorded ? new_path(s) : NULL;
    s->journal = gb_journal_new(path, false);
    free(path);
    gb_origin_free(&s->origin);
    s->tree = tree_for_model(s, old, err);
    if (s->tree == NULL) {
        s->tree = old;
        return false;
    }
    s->tree->watcher = s->watcher;
    s->began = gb_now_ms();
    gb_tree_tell(s->tree);
    for (i = 0; i < old->path.len && ok; i++)
        ok = import(s, &old->path.data[i], err);
    gb_tree_free(old);
    return ok;
}

bool
gb_session_switch(gb_session *s, gb_engine *engine, gb_model *model,
                  gb_error *err)
{
    bool same = is_same_model(s->model, model);

    gb_session_stop(s);
    take_engine(s, engine, model);
    return same ? change_engine(s, err) : change_model(s, err);
}

void
gb_session_lose_engine(gb_session *s)
{
    s->engine = NULL;
    s->loop.engine = NULL;
    s->synced = false;
}
