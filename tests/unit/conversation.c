#include "conversation.h"

#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "session/steer.h"

static gb_engine *engine;
static gb_model *model;
static const char *model_folder; /* NULL: the one that ships */
static gb_engine_options engine_options = {.prefill = GB_PREFILL_AUTO};

gb_model *
test_model(void)
{
    gb_error err = GB_ERROR_INIT;

    if (model == NULL)
        model = gb_model_open(model_folder != NULL
                                  ? model_folder
                                  : test_source("models/stories"), &err);
    test_ok(model != NULL, &err);
    return model;
}

gb_engine *
test_engine(void)
{
    gb_error err = GB_ERROR_INIT;

    if (engine == NULL)
        engine = gb_engine_open(test_model(), &engine_options, &err);
    test_ok(engine != NULL, &err);
    return engine;
}

int
test_engine_close(void **state)
{
    (void)state;
    gb_engine_close(engine);
    gb_model_close(model);
    engine = NULL;
    model = NULL;
    return 0;
}

void
test_change_model(const char *folder)
{
    test_engine_close(NULL);
    model_folder = folder;
}

void
test_change_engine(const gb_engine_options *o)
{
    gb_engine_close(engine);
    engine = NULL;
    engine_options = *o;
}

gb_session *
test_session(const char *path, const char *load)
{
    gb_session_options o = {
        .journal = path != NULL, .path = path, .load = load,
    };
    gb_error err = GB_ERROR_INIT;
    gb_session *s;

    gb_settings_init(&o.settings);
    o.settings.max_new_tokens = 12;
    o.settings.ignore_eos = true;
    s = gb_session_open(test_engine(), test_model(), &o, &err);
    test_ok(s != NULL, &err);
    return s;
}

char *
test_events(const gb_session *s)
{
    gb_error err = GB_ERROR_INIT;
    gb_journal_reader *r = gb_session_reader(s, &err);
    gb_str lines = GB_STR_INIT;
    gb_event e;

    test_ok(r != NULL, &err);
    while (gb_journal_next(r, &e, &err) == GB_READ_EVENT) {
        e.ms = 0;
        gb_event_format(&e, &lines);
    }
    gb_journal_reader_free(r);
    return gb_str_take(&lines);
}

void
test_session_close(gb_session *s)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_session_close(s, &err), &err);
}

void
test_finish(gb_session *s)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_session_run(s, &err), &err);
}

void
test_steps(gb_session *s, unsigned tokens)
{
    gb_error err = GB_ERROR_INIT;
    unsigned i;

    for (i = 0; i < tokens; i++)
        test_ok(gb_session_step(s, &err), &err);
}

void
test_begin(gb_session *s, const char *text, unsigned tokens)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(ask_send(s, text, strlen(text), 0, &err), &err);
    test_steps(s, tokens);
}

void
test_send(gb_session *s, const char *text)
{
    test_begin(s, text, 0);
    test_finish(s);
}

void
test_set(gb_session *s, const char *name, const char *value)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(ask_set(s, name, value, &err), &err);
}

static bool
ask(gb_session *s, gb_event e, unsigned flags, gb_error *err)
{
    return gb_session_do(s, &e, flags, err);
}

bool
ask_continue(gb_session *s, gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_RUN, .how = GB_HOW_CONTINUE}, 0,
               err);
}

bool
ask_again(gb_session *s, gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_RUN, .how = GB_HOW_AGAIN}, 0,
               err);
}

bool
ask_reseed(gb_session *s, gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_RUN, .how = GB_HOW_RESEED}, 0,
               err);
}

bool
ask_undo(gb_session *s, gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_UNDO}, 0, err);
}

bool
ask_redo(gb_session *s, gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_REDO}, 0, err);
}

bool
ask_clear(gb_session *s, gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_CLEAR}, 0, err);
}

bool
ask_send(gb_session *s, const char *text, size_t n, unsigned flags,
         gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_PROMPT, .text = text,
                             .n_text = n}, flags, err);
}

bool
ask_edit(gb_session *s, const char *text, size_t n, gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_EDIT, .text = text,
                             .n_text = n}, 0, err);
}

bool
ask_note(gb_session *s, const char *text, gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_MARK, .text = text,
                             .n_text = strlen(text)}, 0, err);
}

bool
ask_mode(gb_session *s, gb_mode mode, gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_MODE, .mode = mode}, 0, err);
}

bool
ask_set(gb_session *s, const char *name, const char *value, gb_error *err)
{
    return ask(s, (gb_event){.type = GB_EVENT_SET, .name = name,
                             .value = value}, 0, err);
}

bool
ask_verb(gb_session *s, const char *verb, const char *arg, gb_str *out,
         gb_error *err)
{
    const gb_steer *v = gb_steer_find(verb, arg);
    gb_str ignored = GB_STR_INIT;
    bool ok;

    assert_non_null(v);
    ok = v->run(s, arg, out != NULL ? out : &ignored, err);
    gb_str_free(&ignored);
    return ok;
}

char *
test_branch(gb_session *s)
{
    gb_str text = GB_STR_INIT;
    const gb_stretch *st;
    size_t i;

    for (i = 0; i < s->tree->path.len; i++) {
        st = &s->tree->path.data[i];
        if (st->node->role != GB_ROLE_NOTE && !st->node->hidden)
            gb_str_append(&text, gb_str_cstr(&st->node->text),
                          gb_node_bytes(st->node, st->tokens));
    }
    return gb_str_take(&text);
}

const char *
test_last_mark(gb_session *s)
{
    const gb_node *n = gb_tree_last(s->tree, GB_ROLE_NOTE);

    return n != NULL ? gb_str_cstr(&n->text) : "";
}

const char *
test_path(const char *name)
{
    const char *path = test_write(name, "", 0);

    unlink(path);
    return path;
}

void
test_replay(const char *path, gb_replay_result *result)
{
    const gb_replay_options options = {.pace = false};
    gb_error err = GB_ERROR_INIT;
    gb_journal_reader *r = gb_journal_open(path, &err);

    test_ok(r != NULL, &err);
    test_ok(gb_replay(r, test_engine(), test_model(), &options, result, &err),
            &err);
    gb_journal_reader_free(r);
    gb_engine_rewind(test_engine(), 0);
}

void
test_verify(const char *path, uint64_t tokens)
{
    gb_replay_result result;
    gb_str text = GB_STR_INIT;

    test_replay(path, &result);
    if (!result.identical || result.tokens < tokens ||
        result.logprob_difference > 0) {
        gb_replay_describe(&result, test_model()->tokenizer, &text);
        fail_msg("%s: %s", path, gb_str_cstr(&text));
    }
    gb_replay_result_free(&result);
}
