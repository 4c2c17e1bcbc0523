#include "conversation.h"

#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static gb_engine *engine;
static gb_model *model;

gb_model *
test_model(void)
{
    gb_error err = GB_ERROR_INIT;

    if (model == NULL)
        model = gb_model_open(test_source("models/stories"), &err);
    test_ok(model != NULL, &err);
    return model;
}

gb_engine *
test_engine(void)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_AUTO};
    gb_error err = GB_ERROR_INIT;

    if (engine == NULL)
        engine = gb_engine_open(test_model(), &options, &err);
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

    test_ok(gb_session_send(s, text, strlen(text), 0, &err), &err);
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

    test_ok(gb_session_set(s, name, value, &err), &err);
}

char *
test_branch(gb_session *s)
{
    gb_str text = GB_STR_INIT;
    const gb_segment **branch;
    size_t n, i;

    branch = gb_history_branch(gb_session_history(s), &n);
    for (i = 0; i < n; i++)
        if (branch[i]->role != GB_ROLE_MARK)
            gb_str_append(&text, gb_str_cstr(&branch[i]->text),
                          branch[i]->text.len);
    free(branch);
    return gb_str_take(&text);
}

const char *
test_last_mark(gb_session *s)
{
    const gb_segment *seg = gb_history_tip(gb_session_history(s));

    while (seg != NULL && seg->role != GB_ROLE_MARK)
        seg = seg->parent;
    return seg != NULL ? gb_str_cstr(&seg->text) : "";
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
