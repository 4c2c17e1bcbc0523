/* What can be done with a session, and what it leaves behind. */
#include "conversation.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tools/random_model.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "session/export.h"
#include "sample/rng.h"

#define STORY "Once upon a time there was a little fox"

static void
expect_text(gb_session *s, const char *expected)
{
    char *text = test_branch(s);

    assert_string_equal(text, expected);
    free(text);
}

static uint64_t
step_of(gb_session *s)
{
    return s->tree->step;
}

static uint64_t
seed_of(gb_session *s)
{
    return s->tree->settings.seed;
}

typedef bool operation(gb_session *s, gb_error *err);

/* Does it and lets the model write to the end. */
static void
perform(gb_session *s, operation *what)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(what(s, &err), &err);
    test_finish(s);
}

/* A stop and continue give the very text that would have come without. */
static void
test_stop_and_continue(void **state)
{
    static const struct {
        const char *temperature, *greedy;
        unsigned stops[4]; /* tokens before each stop */
    } cases[] = {
        {"0.8", "off", {1, 1, 1, 1}},
        {"0.8", "off", {5, 12, 3, 8}},
        {"1.7", "off", {2, 9, 1, 30}},
        {"5", "off", {7, 7, 7, 7}}, /* half characters, too */
        {"0.8", "on", {3, 20, 2, 1}},
        {"0.8", "off", {0, 4, 0, 1}},
    };
    gb_error err = GB_ERROR_INIT;
    gb_session *whole, *parts;
    char *text;
    size_t i, j;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        whole = test_session(NULL, NULL);
        test_set(whole, "temperature", cases[i].temperature);
        test_set(whole, "greedy", cases[i].greedy);
        test_set(whole, "max-new-tokens", "60");
        test_send(whole, STORY);
        text = test_branch(whole);
        assert_int_equal(step_of(whole), 60);
        test_session_close(whole);

        parts = test_session(NULL, NULL);
        test_set(parts, "temperature", cases[i].temperature);
        test_set(parts, "greedy", cases[i].greedy);
        test_set(parts, "max-new-tokens", "60");
        test_begin(parts, STORY, cases[i].stops[0]);
        for (j = 1; j < 4; j++) {
            gb_session_stop(parts);
            test_ok(ask_continue(parts, &err), &err);
            test_steps(parts, cases[i].stops[j]);
        }
        gb_session_stop(parts);
        while (step_of(parts) < 60) {
            test_ok(ask_continue(parts, &err), &err);
            test_steps(parts, 1);
            gb_session_stop(parts);
        }
        expect_text(parts, text);
        test_session_close(parts);
        free(text);
    }
}

/* Edits away and back, other branches, undone and redone: a retry and the
 * same edit give the identical text. */
static void
test_retry_after_edits(void **state)
{
    static const char *const others[] = {"One day a dog", "The", "x y z"};
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    char *text, *other;
    size_t i;

    (void)state;
    test_send(s, "The sun was warm.");
    test_send(s, " Then came a bear");
    text = test_branch(s);
    perform(s, ask_again);
    expect_text(s, text);
    for (i = 0; i < GB_COUNT(others); i++) {
        test_ok(ask_edit(s, others[i], strlen(others[i]), &err), &err);
        test_finish(s);
        other = test_branch(s);
        assert_string_not_equal(other, text);
        perform(s, ask_again);
        expect_text(s, other);
        perform(s, ask_undo);
        perform(s, ask_redo);
        expect_text(s, other);
        perform(s, ask_continue);
        free(other);
    }
    perform(s, ask_reseed);
    test_set(s, "temperature", "3");
    test_ok(ask_edit(s, "other", 5, &err), &err);
    test_finish(s);
    test_set(s, "temperature", "0.8");
    for (i = 0; i < 2 + 2 * GB_COUNT(others); i++)
        perform(s, ask_undo);
    expect_text(s, text);
    perform(s, ask_again);
    expect_text(s, text);
    free(text);
    test_session_close(s);
}

/* Again: the noise of the place, the settings as they are. Where nothing has
 * changed there is no other take. */
static void
test_again(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    char *text, *wild;
    size_t current, nodes;

    (void)state;
    test_send(s, STORY);
    text = test_branch(s);
    nodes = s->tree->n_nodes;
    perform(s, ask_again);
    expect_text(s, text);
    assert_int_equal(s->tree->n_nodes, nodes);
    test_set(s, "temperature", "5");
    perform(s, ask_again);
    wild = test_branch(s);
    assert_string_not_equal(wild, text);
    assert_int_equal(step_of(s), 12);
    assert_int_equal(gb_tree_takes(s->tree, NULL, &current), 2);
    assert_int_equal(current, 1);
    test_ok(ask_verb(s, "take", "prev", NULL, &err), &err);
    expect_text(s, text);
    assert_true(s->tree->settings.temperature == 5);
    test_ok(ask_verb(s, "as-written", "", NULL, &err), &err);
    assert_true(s->tree->settings.temperature == 0.8f);
    test_ok(ask_verb(s, "take", "2", NULL, &err), &err);
    expect_text(s, wild);
    test_set(s, "temperature", "0.8");
    perform(s, ask_again);
    expect_text(s, text);
    free(text);
    free(wild);
    test_session_close(s);
}

/* A run that was stopped, or changed while it wrote, is written to its end
 * with the settings as they are now. */
static void
test_again_in_parts(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    char *part, *text, *whole;

    (void)state;
    test_begin(s, STORY, 5);
    gb_session_stop(s);
    part = test_branch(s);
    perform(s, ask_again);
    whole = test_branch(s);
    assert_memory_equal(whole, part, strlen(part));
    assert_int_equal(step_of(s), 12);
    perform(s, ask_undo);
    perform(s, ask_undo);
    test_begin(s, STORY, 5);
    test_set(s, "temperature", "5");
    test_finish(s);
    text = test_branch(s);
    assert_string_not_equal(text, whole);
    test_set(s, "temperature", "0.8");
    perform(s, ask_again);
    expect_text(s, whole);
    free(part);
    free(text);
    free(whole);
    test_session_close(s);
}

static void
test_undo_and_redo(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    char *texts[4];
    unsigned i;

    (void)state;
    assert_false(ask_undo(s, &err));
    test_fails_with(&err, GB_USAGE, "nothing to undo", NULL);
    texts[0] = gb_strdup("");
    test_send(s, STORY);
    texts[1] = test_branch(s);
    perform(s, ask_continue);
    texts[2] = test_branch(s);
    test_send(s, "And");
    texts[3] = test_branch(s);
    assert_int_equal(step_of(s), 36);
    for (i = 3; i-- > 0;) {
        perform(s, ask_undo);
        expect_text(s, texts[i]);
        assert_int_equal(step_of(s), i * 12);
    }
    for (i = 1; i <= 3; i++) {
        perform(s, ask_redo);
        expect_text(s, texts[i]);
        assert_int_equal(step_of(s), i * 12);
    }
    assert_false(ask_redo(s, &err));
    test_fails_with(&err, GB_USAGE, "nothing to redo", NULL);
    perform(s, ask_clear);
    expect_text(s, "");
    assert_int_equal(step_of(s), 0);
    perform(s, ask_undo);
    expect_text(s, texts[3]);
    assert_int_equal(step_of(s), 36);
    perform(s, ask_undo);
    test_send(s, "And");
    expect_text(s, texts[3]);
    for (i = 0; i < 4; i++)
        free(texts[i]);
    test_session_close(s);
}

/* Another take has a seed so far away that none of its steps has the noise of
 * a step before it. */
static void
test_seeds(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    char *text;

    (void)state;
    test_send(s, STORY);
    text = test_branch(s);
    perform(s, ask_reseed);
    assert_true(seed_of(s) == gb_seed_jump(0, 1));
    assert_int_equal(step_of(s), 12);
    perform(s, ask_reseed);
    assert_true(seed_of(s) == gb_seed_jump(0, 2));
    perform(s, ask_undo);
    assert_true(seed_of(s) == gb_seed_jump(0, 1));
    perform(s, ask_undo);
    assert_int_equal(seed_of(s), 0);
    expect_text(s, text);
    free(text);

    /* A seed set for what comes next outlives an undo. */
    test_set(s, "seed", "7");
    assert_int_equal(step_of(s), 0);
    perform(s, ask_undo);
    assert_int_equal(seed_of(s), 7);
    assert_int_equal(step_of(s), 0);
    test_send(s, STORY);
    text = test_branch(s);
    test_session_close(s);
    s = test_session(NULL, NULL);
    test_set(s, "seed", "7");
    test_send(s, STORY);
    expect_text(s, text);
    test_set(s, "seed", "18446744073709551615");
    test_send(s, "a");
    perform(s, ask_reseed);
    assert_true(seed_of(s) == gb_seed_jump(UINT64_MAX, 1));
    free(text);
    test_session_close(s);
}

/* Each text of the model knows the settings it was written with. */
static void
test_settings_of_places(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    const gb_stretch *path;

    (void)state;
    test_begin(s, "a", 3);
    test_set(s, "temperature", "1.2");
    test_set(s, "temperature", "1.3");
    test_steps(s, 4);
    test_set(s, "temperature", "1.3"); /* no change */
    test_steps(s, 2);
    test_set(s, "greedy", "on");
    test_finish(s);
    path = s->tree->path.data;
    assert_int_equal(s->tree->path.len, 4);
    assert_int_equal(path[1].tokens, 3);
    assert_true(path[1].node->settings.temperature == 0.8f);
    assert_int_equal(path[2].tokens, 6);
    assert_true(path[2].node->settings.temperature == 1.3f);
    assert_int_equal(path[2].node->step, 3);
    assert_int_equal(path[3].tokens, 3);
    assert_true(path[3].node->settings.greedy);
    assert_false(ask_set(s, "temperature", "hot", &err));
    test_fails_with(&err, GB_USAGE, "temperature", "hot", NULL);
    assert_false(ask_set(s, "warmth", "1", &err));
    test_fails_with(&err, GB_USAGE, "warmth", NULL);
    test_session_close(s);
}

/* Whatever may be asked for at the wrong moment. */
static void
test_refusals(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;

    (void)state;
    assert_false(ask_again(s, &err));
    test_fails_with(&err, GB_USAGE, "no text of the model", NULL);
    assert_false(ask_reseed(s, &err));
    assert_false(ask_clear(s, &err));
    assert_false(ask_edit(s, "x", 1, &err));
    test_fails_with(&err, GB_USAGE, "no text of yours", NULL);
    assert_false(gb_session_save(s, test_path("nothing"), false, &err));
    test_fails_with(&err, GB_USAGE, "nothing to save", NULL);
    test_begin(s, STORY, 2);
    assert_false(ask_undo(s, &err));
    test_fails_with(&err, GB_USAGE, "still writing", NULL);
    assert_false(ask_send(s, "x", 1, 0, &err));
    assert_false(ask_again(s, &err));
    assert_false(ask_edit(s, "x", 1, &err));
    assert_false(ask_mode(s, GB_MODE_CHAT, &err));
    test_finish(s);
    assert_int_equal(step_of(s), 12);
    test_session_close(s);
}

static void
test_full_context(void **state)
{
    const char *path = test_path("full");
    gb_session *s = test_session(path, NULL);
    const gb_node *from = NULL;
    size_t offset = 0;

    (void)state;
    assert_false(gb_tree_memory(s->tree, &from, &offset));
    test_set(s, "max-new-tokens", "1200");
    test_send(s, STORY);
    assert_int_equal(step_of(s), 1200);
    assert_true(gb_tree_view_length(s->tree) <= 513);
    assert_non_null(strstr(test_last_mark(s), "the model remembers from"));
    assert_true(gb_tree_memory(s->tree, &from, &offset));
    assert_int_equal(from->role, GB_ROLE_MODEL);
    assert_in_range(offset, 1, from->text.len - 1);
    perform(s, ask_undo);
    assert_false(gb_tree_memory(s->tree, &from, &offset));
    perform(s, ask_redo);
    test_set(s, "temperature", "0.7");
    perform(s, ask_again);
    test_session_close(s);
    test_verify(path, 2400);
}

/* Texts of any length and of any bytes. */
static void
test_long_text(void **state)
{
    size_t n = (size_t)1 << 20, i;
    char *text = malloc(n);
    const char *path = test_path("long");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;
    const gb_node *last;

    (void)state;
    for (i = 0; i < n; i++)
        text[i] = i % 6 == 5 ? ' ' : (char)('a' + i * 7 % 26);
    text[100] = '\0';
    text[200] = '\xff';
    test_ok(ask_send(s, text, n, 0, &err), &err);
    test_finish(s);
    last = gb_tree_last(s->tree, GB_ROLE_USER);
    assert_int_equal(last->text.len, n + 2); /* U+FFFD for 0xff */
    assert_true(last->skipped > 1000);
    assert_int_equal(last->n_tokens, 256);
    assert_int_equal(gb_tree_view_length(s->tree), 268);
    test_ok(ask_send(s, "", 0, 0, &err), &err);
    test_finish(s);
    test_session_close(s);
    test_verify(path, 24);
    free(text);
}

static void
test_empty_start(void **state)
{
    const char *path = test_path("empty");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;
    char *text;

    (void)state;
    test_ok(ask_send(s, "", 0, 0, &err), &err);
    test_finish(s);
    text = test_branch(s);
    assert_true(strlen(text) > 4);
    perform(s, ask_again);
    expect_text(s, text);
    perform(s, ask_undo);
    expect_text(s, "");
    free(text);
    test_session_close(s);
    test_verify(path, 12);
}

static void
test_joining(void **state)
{
    static const struct {
        const char *before, *text, *after;
    } cases[] = {
        {"a fox", "and", "a fox and"},
        {"a fox ", "and", "a fox and"},
        {"a fox", " and", "a fox and"},
        {"a fox", ", and", "a fox, and"},
        {"a fox\n", "and", "a fox\nand"},
        {"", "and", "and"},
    };
    gb_error err = GB_ERROR_INIT;
    gb_session *s;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        s = test_session(NULL, NULL);
        test_ok(ask_send(s, cases[i].before, strlen(cases[i].before),
                                GB_SEND_ONLY, &err), &err);
        test_ok(ask_send(s, cases[i].text, strlen(cases[i].text),
                                GB_SEND_ONLY | GB_SEND_JOIN, &err), &err);
        expect_text(s, cases[i].after);
        assert_int_equal(step_of(s), 0);
        test_session_close(s);
    }
}

static void
test_max_prompt_tokens(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_node *said;
    gb_token last;

    (void)state;
    test_set(s, "max-prompt-tokens", "3");
    test_send(s, STORY);
    assert_int_equal(gb_tree_last(s->tree, GB_ROLE_USER)->n_tokens, 3);
    assert_int_equal(gb_tree_view_length(s->tree), 3 + 12);
    test_session_close(s);
    s = test_session(NULL, NULL);
    test_send(s, STORY);
    said = gb_tree_last(s->tree, GB_ROLE_USER);
    last = said->tokens[said->n_tokens - 1].id;
    test_set(s, "max-prompt-tokens", "-3");
    test_send(s, STORY);
    said = gb_tree_last(s->tree, GB_ROLE_USER);
    assert_int_equal(said->n_tokens, 3);
    assert_int_equal(said->tokens[2].id, last);
    test_session_close(s);
}

/* What the model sees in chat, as text. */
static char *
view_text(gb_session *s)
{
    const gb_ids *view = gb_tree_view(s->tree);
    gb_str text = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_tokenizer_decode(test_model()->tokenizer, view->data, view->len,
                                &text, &err), &err);
    return gb_str_take(&text);
}

static void
test_chat(void **state)
{
    const char *path = test_path("chat");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;
    char *view;
    size_t i;

    (void)state;
    test_ok(ask_mode(s, GB_MODE_CHAT, &err), &err);
    test_send(s, "Hello");
    view = view_text(s);
    assert_memory_equal(view, "Human: Hello\nAI:", 16);
    free(view);
    test_send(s, "Tell me of a fox");
    view = view_text(s);
    assert_non_null(strstr(view, "\nHuman: Tell me of a fox\nAI:"));
    free(view);
    test_set(s, "max-new-tokens", "60");
    for (i = 0; i < 9; i++)
        test_send(s, "And then what happened to the little fox?");
    assert_non_null(strstr(test_last_mark(s), "the model remembers from"));
    view = view_text(s);
    assert_true(gb_tree_view_length(s->tree) <= 513);
    while (view[0] == '\n')
        memmove(view, view + 1, strlen(view));
    assert_memory_equal(view, "Human: And then", 15);
    free(view);
    test_session_close(s);
    test_verify(path, 24 + 9);
}

/* A model with random weights whose vocabulary has stop strings in it, one of
 * them within a token: they come about once in 130 tokens. */
static gb_model *
babbler(void)
{
    static const char *const pieces[] = {
        "Hu", "Hum", "Huma", "Human", "\u010aHuman", "\u010aHuman:",
        ".\u010aHuman:",
    };
    static const char merges[] =
        "#version: 0.2\nH u\nHu m\nHum a\nHuma n\n\u010a Human\n"
        "\u010aHuman :\n. \u010aHuman:\n";
    const gb_random_model random = {
        .layers = 1, .width = 32, .heads = 2, .vocab = 264, .context = 64,
    };
    char *folder = gb_path_join(test_folder(), "babbler");
    const char *key;
    gb_error err = GB_ERROR_INIT;
    json_t *old, *vocab = json_object(), *id;
    gb_model *m;
    char *text;
    size_t i;

    test_ok(gb_random_model_write(&random, folder, &err), &err);
    text = gb_path_join(folder, "vocab.json");
    old = gb_json_load(text, 1 << 20, &err);
    free(text);
    json_object_foreach(old, key, id)
        if (json_integer_value(id) < 256 || json_integer_value(id) == 263)
            json_object_set(vocab, key, id);
    for (i = 0; i < GB_COUNT(pieces); i++)
        json_object_set_new(vocab, pieces[i],
                            json_integer(256 + (json_int_t)i));
    text = json_dumps(vocab, JSON_COMPACT);
    test_write("babbler/vocab.json", text, strlen(text));
    test_write("babbler/merges.txt", merges, strlen(merges));
    free(text);
    json_decref(old);
    json_decref(vocab);
    m = gb_model_open(folder, &err);
    test_ok(m != NULL, &err);
    free(folder);
    return m;
}

static void
expect_turns(gb_session *s, const gb_model *m)
{
    const gb_ids *view = gb_tree_view(s->tree);
    const gb_node *last = gb_tree_last(s->tree, GB_ROLE_MODEL);
    gb_str text = GB_STR_INIT;

    assert_true(gb_tokenizer_decode(m->tokenizer, view->data, view->len, &text,
                                    NULL));
    assert_null(memmem(text.data + text.len - 7, 7, "Human:", 6));
    assert_null(strstr(gb_str_cstr(&last->text), "Human:"));
    gb_str_free(&text);
}

/* A stop string leaves no trace in the view: the next turn begins after the
 * text that was shown. Turns are evicted again and again meanwhile. */
static void
test_chat_stop(void **state)
{
    const gb_engine_options engine_options = {.prefill = GB_PREFILL_OWN};
    const gb_replay_options replay_options = {.pace = false};
    gb_session_options o = {.mode = GB_MODE_CHAT, .journal = true};
    gb_model *m = babbler();
    gb_error err = GB_ERROR_INIT;
    gb_engine *e = gb_engine_open(m, &engine_options, &err);
    gb_replay_result result;
    gb_journal_reader *r;
    unsigned i, stops = 0;
    gb_session *s;
    const gb_run *run;

    (void)state;
    test_ok(e != NULL, &err);
    gb_settings_init(&o.settings);
    o.settings.max_new_tokens = 150;
    o.settings.ignore_eos = true;
    o.settings.temperature = 3;
    o.path = test_path("stop");
    s = gb_session_open(e, m, &o, &err);
    test_ok(s != NULL, &err);
    for (i = 0; i < 30; i++) {
        test_send(s, "hi");
        run = gb_tree_last_run(s->tree);
        if (run->reason != GB_REASON_STOP)
            continue;
        stops++;
        expect_turns(s, m);
        if (i % 3 == 0)
            perform(s, ask_again);
    }
    assert_in_range(stops, 3, 29);
    test_session_close(s);
    r = gb_journal_open(o.path, &err);
    test_ok(r != NULL, &err);
    test_ok(gb_replay(r, e, m, &replay_options, &result, &err), &err);
    assert_true(result.identical);
    assert_true(result.tokens > 1000);
    gb_replay_result_free(&result);
    gb_journal_reader_free(r);
    gb_engine_close(e);
    gb_model_close(m);
}

/* A stop while a long prompt is read: the run ends with no token, and going
 * on gives the text that would have come. */
static void
test_cancelled_prefill(void **state)
{
    atomic_bool cancel = false;
    const gb_engine_options engine_options = {
        .prefill = GB_PREFILL_OWN, .progress.cancel = &cancel,
    };
    gb_session_options o = {.journal = true, .path = test_path("cancelled")};
    gb_error err = GB_ERROR_INIT;
    gb_engine *e = gb_engine_open(test_model(), &engine_options, &err);
    gb_session *s, *whole = test_session(NULL, NULL);
    gb_str text = GB_STR_INIT;
    char *expected;
    const gb_run *run;
    unsigned i;

    (void)state;
    test_ok(e != NULL, &err);
    for (i = 0; i < 40; i++)
        gb_str_puts(&text, "The fox went on and on. ");
    test_send(whole, text.data);
    expected = test_branch(whole);
    gb_settings_init(&o.settings);
    o.settings.max_new_tokens = 12;
    o.settings.ignore_eos = true;
    s = gb_session_open(e, test_model(), &o, &err);
    test_ok(s != NULL, &err);
    test_begin(s, text.data, 0);
    atomic_store(&cancel, true);
    test_ok(gb_session_step(s, &err), &err);
    assert_false(gb_session_is_writing(s));
    run = gb_tree_last_run(s->tree);
    assert_int_equal(run->reason, GB_REASON_INTERRUPT);
    assert_int_equal(run->tokens, 0);
    atomic_store(&cancel, false);
    perform(s, ask_continue);
    expect_text(s, expected);
    perform(s, ask_undo);
    perform(s, ask_again); /* of a run without a token: all of it */
    expect_text(s, expected);
    test_session_close(s);
    test_session_close(whole);
    test_verify(o.path, 24);
    free(expected);
    gb_str_free(&text);
    gb_engine_close(e);
}

/* The same conversation with another model: carried over as text. */
static void
test_switch(void **state)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_OWN};
    gb_session *s = test_session(NULL, NULL);
    gb_model *m = babbler();
    gb_error err = GB_ERROR_INIT;
    gb_engine *e = gb_engine_open(m, &options, &err), *again;
    char *text, *longer;

    (void)state;
    test_ok(e != NULL, &err);
    again = gb_engine_open(test_model(), &options, &err);
    test_ok(again != NULL, &err);
    test_send(s, "A cat");
    test_set(s, "temperature", "1.5");
    perform(s, ask_continue);
    longer = test_branch(s);
    perform(s, ask_undo);
    text = test_branch(s);
    /* The same model on another engine: everything stays. */
    test_ok(gb_session_switch(s, again, test_model(), &err), &err);
    expect_text(s, text);
    perform(s, ask_continue);
    expect_text(s, longer);
    perform(s, ask_undo);
    test_ok(gb_session_switch(s, e, m, &err), &err);
    expect_text(s, text);
    assert_false(gb_tree_can_undo(s->tree));
    assert_true(gb_tree_view_length(s->tree) > 5);
    perform(s, ask_continue);
    perform(s, ask_undo);
    expect_text(s, text);
    test_session_close(s);
    free(text);
    free(longer);
    gb_engine_close(again);
    gb_engine_close(e);
    gb_model_close(m);
}

/* Loaded: the same branch, and going on gives what would have come. */
static void
hear_notice(void *arg, const char *text)
{
    gb_str *heard = arg;

    gb_str_puts(heard, text);
    gb_str_putc(heard, '\n');
}

/* What is set for one model's tokens may not fit another: it is turned off,
 * which is said, and the session goes on. */
static void
test_switch_unfit(void **state)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_OWN};
    gb_model *m = babbler();
    gb_error err = GB_ERROR_INIT;
    gb_engine *e = gb_engine_open(m, &options, &err);
    gb_str pin = GB_STR_INIT, heard = GB_STR_INIT;
    gb_session *s = test_session(NULL, NULL);
    char *text;
    size_t i;

    (void)state;
    test_ok(e != NULL, &err);
    for (i = 0; i < 3; i++)
        gb_str_puts(&pin, "The wolf is called Grey. ");
    s->watcher = (gb_watcher){.arg = &heard, .notice = hear_notice};
    test_send(s, "A cat");
    test_set(s, "bias", "{\" cat\":2}");
    test_set(s, "pin", gb_str_cstr(&pin));
    text = test_branch(s);
    test_ok(gb_session_switch(s, e, m, &err), &err);
    assert_string_equal(s->tree->settings.bias, "");
    assert_string_equal(s->tree->settings.pin, "");
    assert_non_null(strstr(gb_str_cstr(&heard), "bias"));
    assert_non_null(strstr(gb_str_cstr(&heard), "pin"));
    expect_text(s, text);
    perform(s, ask_continue);
    test_session_close(s);
    gb_str_free(&heard);
    gb_str_free(&pin);
    free(text);
    gb_engine_close(e);
    gb_model_close(m);
}

static void
test_load(void **state)
{
    const char *path = test_path("load-a"), *other = test_path("load-b");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;
    char *text, *longer;

    (void)state;
    test_send(s, STORY);
    test_set(s, "temperature", "1.5");
    test_send(s, " and");
    perform(s, ask_reseed);
    text = test_branch(s);
    test_session_close(s);

    s = test_session(other, path);
    expect_text(s, text);
    assert_null(gb_session_path(s)); /* nothing has happened yet */
    perform(s, ask_continue);
    longer = test_branch(s);
    test_session_close(s);
    test_verify(other, 48);

    s = test_session(path, NULL); /* a file that is there is gone on with */
    expect_text(s, text);
    perform(s, ask_continue);
    expect_text(s, longer);
    perform(s, ask_undo);
    perform(s, ask_undo);
    perform(s, ask_undo);
    perform(s, ask_redo);
    test_ok(gb_session_save(s, test_path("load-c"), false, &err), &err);
    test_session_close(s);
    test_verify(path, 48);
    free(text);
    free(longer);
}

/* A session of the first version is gone on with in this one. */
static void
test_older_version(void **state)
{
    const char *path = test_path("older"), *copy = test_path("older-copy");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    char *version, *story;

    (void)state;
    test_send(s, STORY);
    story = test_branch(s);
    test_session_close(s);
    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    version = strstr(text.data, "\"version\":2");
    assert_non_null(version);
    version[strlen("\"version\":")] = '1';
    path = test_write("older", text.data, text.len);
    s = test_session(copy, path);
    expect_text(s, story);
    perform(s, ask_continue);
    test_session_close(s);
    test_verify(copy, 24);
    s = test_session(path, NULL);
    expect_text(s, story);
    perform(s, ask_undo);
    perform(s, ask_redo);
    test_session_close(s);
    test_verify(path, 12);
    gb_str_clear(&text);
    test_ok(gb_file_read(path, 1 << 20, &text, &err), &err);
    assert_non_null(strstr(text.data, "\"version\":2"));
    gb_str_clear(&text);
    test_ok(gb_file_read(copy, 1 << 20, &text, &err), &err);
    assert_non_null(strstr(text.data, "\"version\":2"));
    gb_str_free(&text);
    free(story);
}

static void
test_untouched(void **state)
{
    const char *path = test_path("untouched");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;
    gb_journal_reader *r;

    (void)state;
    test_set(s, "temperature", "1.5");
    test_ok(ask_mode(s, GB_MODE_CHAT, &err), &err);
    test_session_close(s);
    assert_false(gb_is_file(path));
    s = test_session(path, NULL);
    test_set(s, "temperature", "1.25");
    test_send(s, "a");
    assert_string_equal(gb_session_path(s), path);
    test_session_close(s);
    r = gb_journal_open(path, &err);
    test_ok(r != NULL, &err);
    assert_true(gb_journal_reader_header(r)->settings.temperature == 1.25f);
    gb_journal_reader_free(r);
}

static void
test_export(void **state)
{
    static const struct {
        const char *name, *begins, *has;
    } cases[] = {
        {"x.txt", "A *fox* sat.", "fox"},
        {"x.md", "# A session with stories\n\n> A \\*fox\\* sat.\n",
         "*temperature 0.8 \u2192 2*"},
        {"x.json", "{\"model\":\"stories\"", "\"logprobs\":["},
    };
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;
    const char *path;
    size_t i;

    (void)state;
    test_begin(s, "A *fox* sat.", 3);
    test_set(s, "temperature", "2");
    test_finish(s);
    for (i = 0; i < GB_COUNT(cases); i++) {
        path = test_path(cases[i].name);
        test_ok(gb_session_export_file(s, path, false, NULL, &err), &err);
        gb_str_clear(&out);
        test_ok(gb_file_read(path, 1 << 20, &out, &err), &err);
        assert_memory_equal(out.data, cases[i].begins,
                            strlen(cases[i].begins));
        assert_non_null(strstr(out.data, cases[i].has));
    }
    gb_str_free(&out);
    test_session_close(s);
}

/* Refuses both, in these words, and leaves the file alone. */
static void
expect_spared(gb_session *s, const char *path, bool replace, const char *says)
{
    gb_error err = GB_ERROR_INIT;
    struct stat before, after;

    assert_int_equal(stat(path, &before), 0);
    assert_false(gb_session_export_file(s, path, replace, NULL, &err));
    test_fails_with(&err, err.status, path, says, NULL);
    if (!gb_session_owns(s, path)) {
        assert_false(gb_session_save(s, path, replace, &err));
        test_fails_with(&err, err.status, path, says, NULL);
    }
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_size, after.st_size);
}

/* What may be replaced by a save or an export: nothing unasked, and never a
 * session that is being written. */
static void
test_spared(void **state)
{
    const char *path = test_path("spared"), *link = test_path("link");
    const char *hard = test_path("hard"), *other = test_path("other");
    const char *pipe = test_path("fifo"), *old = test_write("old", "old", 3);
    gb_session *s = test_session(path, NULL), *second;
    gb_error err = GB_ERROR_INIT;
    struct stat st;

    (void)state;
    test_send(s, STORY);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(linkat(AT_FDCWD, path, AT_FDCWD, hard, 0), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    expect_spared(s, path, true, "this session is kept");
    expect_spared(s, link, true, "this session is kept");
    expect_spared(s, hard, true, "this session is kept");
    expect_spared(s, old, false, "there is a file already");
    expect_spared(s, pipe, true, "regular file");
    expect_spared(s, test_folder(), true, "folder");

    /* To its own file there is nothing to save; it goes on in it. */
    test_ok(gb_session_save(s, path, false, &err), &err);
    test_ok(gb_session_save(s, hard, false, &err), &err);
    test_send(s, " and");
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));

    second = test_session(other, NULL);
    test_send(second, STORY);
    expect_spared(s, other, true, "another program is writing");
    test_session_close(second);
    test_verify(other, 12);

    test_ok(gb_session_save(s, old, true, &err), &err);
    test_verify(old, 24);
    test_ok(gb_session_export_file(s, old, true, NULL, &err), &err);
    test_session_close(s);
    test_verify(path, 24);
}

static unsigned notices;

static void
count_notice(void *arg, const char *text)
{
    (void)arg;
    assert_non_null(strstr(text, "this session is not kept: /proc/none"));
    notices++;
}

static void
no_problem(void *arg, const char *text)
{
    (void)arg;
    fail_msg("%s", text);
}

/* Without a place for files a session goes on as it would with one, says so
 * once, and can be saved. */
static void
test_no_home(void **state)
{
    gb_session_options o = {
        .journal = true,
        .watcher = {.notice = count_notice, .problem = no_problem},
    };
    const char *saved = test_path("no-home");
    const char *home = getenv("XDG_STATE_HOME");
    char *before = gb_strdup(home != NULL ? home : "");
    gb_error err = GB_ERROR_INIT;
    gb_session *s;

    (void)state;
    gb_settings_init(&o.settings);
    o.settings.max_new_tokens = 12;
    setenv("XDG_STATE_HOME", "/proc/none", 1);
    s = gb_session_open(test_engine(), test_model(), &o, &err);
    test_ok(s != NULL, &err);
    assert_int_equal(notices, 0); /* not before there is anything to keep */
    test_send(s, STORY);
    test_send(s, " and");
    assert_int_equal(notices, 1);
    assert_null(gb_session_path(s));
    test_ok(gb_session_save(s, saved, false, &err), &err);
    test_session_close(s);
    test_verify(saved, 24);

    /* Likewise for one that goes on from a file. */
    o.load = saved;
    s = gb_session_open(test_engine(), test_model(), &o, &err);
    test_ok(s != NULL, &err);
    test_send(s, " then");
    assert_int_equal(notices, 2);
    test_session_close(s);
    setenv("XDG_STATE_HOME", before, 1);
    free(before);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_and_continue),
        cmocka_unit_test(test_retry_after_edits),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_again_in_parts),
        cmocka_unit_test(test_undo_and_redo),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_settings_of_places),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_full_context),
        cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_empty_start),
        cmocka_unit_test(test_joining),
        cmocka_unit_test(test_max_prompt_tokens),
        cmocka_unit_test(test_chat),
        cmocka_unit_test(test_chat_stop),
        cmocka_unit_test(test_cancelled_prefill),
        cmocka_unit_test(test_switch),
        cmocka_unit_test(test_switch_unfit),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_older_version),
        cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_spared),
        cmocka_unit_test(test_no_home),
    };

    return cmocka_run_group_tests_name("session", tests, NULL,
                                       test_engine_close);
}
