/* Steering a session: the verbs, at random too, and that looking at it changes
 * nothing. */
#include "conversation.h"
#include "mutate.h"

#include "base/mem.h"
#include "session/export.h"
#include "session/steer.h"

static void
verb(gb_session *s, const char *name, const char *arg, const char *said)
{
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;

    test_ok(ask_verb(s, name, arg, &out, &err), &err);
    test_finish(s);
    gb_steer_report(s, &out);
    if (said != NULL && strstr(gb_str_cstr(&out), said) == NULL)
        fail_msg("/%s %s: expected \"%s\", found \"%s\"", name, arg, said,
                 gb_str_cstr(&out));
    gb_str_free(&out);
}

static void
refused(gb_session *s, const char *name, const char *arg, const char *why)
{
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;

    assert_false(ask_verb(s, name, arg, &out, &err));
    if (strstr(err.text, why) == NULL)
        fail_msg("/%s %s: expected \"%s\", found \"%s\"", name, arg, why,
                 err.text);
    gb_str_free(&out);
}

static void
expect_same(gb_session *s, const char *text)
{
    char *now = test_branch(s);

    assert_string_equal(now, text);
    free(now);
}

/* What stands there already changes nothing. */
static void
test_same(void **state)
{
    const char *path = test_path("same.jsonl");
    gb_session *s = test_session(path, NULL);
    char *text, *longer;

    (void)state;
    test_send(s, "Once upon a time there was a fox");
    text = test_branch(s);
    verb(s, "again", "", "identical");
    verb(s, "at", "9", NULL);
    verb(s, "pick", "1", NULL);
    verb(s, "takes", "", "* 2");
    verb(s, "take", "1", "take 1 of 2");
    expect_same(s, text);
    verb(s, "at", "0", NULL);
    verb(s, "what", "Once", "identical: every token");
    expect_same(s, text);
    /* Both texts are shown. */
    verb(s, "at", "0", NULL);
    verb(s, "what", "Twice", "was [Once] upon a time");
    verb(s, "take", "prev", NULL);
    expect_same(s, text);
    /* Written on from its middle, it is longer. */
    verb(s, "at", "-3", NULL);
    verb(s, "again", "here", NULL);
    longer = test_branch(s);
    assert_int_equal(strncmp(longer, text, strlen(text)), 0);
    free(longer);
    free(text);
    test_session_close(s);
    test_verify(path, 12 + 11 + 12 + 12 + 12);
}

/* The token that won, taken by its text, leads to the same as not asking. */
static void
test_pick_of_the_winner(void **state)
{
    const char *path = test_path("winner.jsonl");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;
    gb_str quoted = GB_STR_INIT;
    const char *bytes;
    gb_stretch at;
    char *text;
    size_t n;

    (void)state;
    test_send(s, "The dragon");
    text = test_branch(s);
    assert_true(gb_steer_at(s, gb_steer_tokens(s) - 6, &at));
    bytes = gb_tokenizer_bytes(test_model()->tokenizer,
                               at.node->tokens[at.tokens].id, &n);
    gb_str_putc(&quoted, '"');
    gb_str_append(&quoted, bytes, n);
    gb_str_putc(&quoted, '"');
    verb(s, "at", "-6", NULL);
    verb(s, "pick", gb_str_cstr(&quoted), "already");
    verb(s, "pick", "\" not\"", NULL);
    test_ok(ask_undo(s, &err), &err);
    expect_same(s, text);
    /* Picked in place of another one it is the same text, too. */
    verb(s, "at", "-6", NULL);
    verb(s, "pick", "\" not\"", NULL);
    verb(s, "at", "-12", NULL);
    test_ok(ask_undo(s, &err), &err);
    expect_same(s, text);
    gb_str_free(&quoted);
    free(text);
    test_session_close(s);
    test_verify(path, 12);
}

static void
test_edit_at_cursor(void **state)
{
    const char *path = test_path("edit.jsonl");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;
    gb_str line = GB_STR_INIT;
    char *text, *model;
    gb_place end;

    (void)state;
    test_send(s, "Once upon a time there was a fox");
    test_set(s, "temperature", "0.5");
    test_send(s, " The end.");
    text = test_branch(s);
    /* The user's first text. */
    verb(s, "at", "0", NULL);
    verb(s, "edit", "Twice upon a time there was a fox", NULL);
    assert_memory_equal(gb_tree_last(s->tree, GB_ROLE_USER)->text.data,
                        "Twice", 5);
    test_ok(ask_undo(s, &err), &err);
    expect_same(s, text);
    /* The model's: what is the same stays, with all that is known of it. */
    verb(s, "at", "10", NULL);
    model = gb_strdup(gb_str_cstr(&s->tree->path.data[1].node->text));
    end = (gb_place){s->tree->path.data[1].node->id, 4};
    model[gb_node_bytes(s->tree->path.data[1].node, 4)] = '\0';
    assert_int_equal(model[0], ' ');
    gb_str_printf(&line, "%s zebras", model + 1);
    verb(s, "edit", gb_str_cstr(&line), NULL);
    assert_int_equal(s->tree->path.data[1].tokens, end.tokens);
    assert_int_equal(s->tree->path.data[2].node->tokens[0].source,
                     GB_SOURCE_PICKED);
    test_ok(ask_undo(s, &err), &err);
    expect_same(s, text);
    verb(s, "at", "10", NULL);
    verb(s, "edit", model + 1, "the text ends here");
    assert_int_equal(s->tree->path.len, 2);
    assert_int_equal(gb_tree_place(s->tree).tokens, end.tokens);
    refused(s, "edit", "", "expected a text");
    gb_str_free(&line);
    free(model);
    free(text);
    test_session_close(s);
    test_verify(path, 30);
}

/* Two takes, by whatever names them. */
static void
test_compare(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_str said = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;

    (void)state;
    test_send(s, "Once upon a time there was a fox");
    verb(s, "name", "tame one", NULL);
    test_set(s, "temperature", "1.3");
    verb(s, "again", "", NULL);
    verb(s, "name", "wild", NULL);
    test_ok(ask_verb(s, "compare", "2 wild", &said, &err), &err);
    assert_non_null(strstr(said.data, "9 tokens in common, then \" "));
    assert_non_null(strstr(said.data, "\nfirst   [was "));
    assert_non_null(strstr(said.data, "\nsecond  [once "));
    assert_non_null(strstr(said.data, "of the 11 tokens"));
    verb(s, "compare", "\"tame one\" wild", said.data);
    verb(s, "compare", "take 1 take 2", said.data);
    verb(s, "compare", "take 1", said.data);
    verb(s, "compare", "\"tame one\"  3", said.data);
    verb(s, "compare", "wild", "identical: 20 tokens");
    verb(s, "compare", "1 3", "8 tokens in common, then the end and \" ");
    verb(s, "compare", "0 1", "0 tokens in common, then the end and \"Once");
    refused(s, "compare", "", "expected two places");
    refused(s, "compare", "2 3 1", "found more: 1");
    refused(s, "compare", "take 3", "a take from 1 to 2, found 3");
    refused(s, "compare", "take ", "a take from 1 to 2, found none");
    refused(s, "compare", "7 1", "no node 7");
    refused(s, "compare", "tame one", "no place named \"tame\"");
    refused(s, "compare", "\"tame", "no place named");
    gb_str_free(&said);
    test_session_close(s);
}

static void
test_refused(void **state)
{
    gb_session *s = test_session(NULL, NULL);

    (void)state;
    refused(s, "at", "0", "no token 0");
    refused(s, "why", "", "nothing before");
    refused(s, "takes", "", "one take only");
    refused(s, "tree", "", "nothing has been written");
    refused(s, "sweep", "", "no text of the model");
    test_send(s, "Once");
    refused(s, "at", "99", "the conversation has 13");
    refused(s, "at", "x", "found x");
    refused(s, "pick", "4096", "expected a rank");
    refused(s, "pick", "x", "expected a rank");
    refused(s, "what", "cat", "the cursor is at the end");
    refused(s, "go", "nowhere", "no place named");
    refused(s, "sweep", "2 1", "the lower one first");
    refused(s, "sweep", "0 1", "0.001");
    refused(s, "fork", "up", "found up");
    verb(s, "at", "0", "Once");
    refused(s, "why", "", "nothing before");
    refused(s, "again", "here", "is yours");
    refused(s, "pick", "1", "nothing before");
    test_session_close(s);
}

/* Jumps stop at every token of their kind, and at no other. */
static void
test_jumps(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;
    uint64_t i, forks = 0, found = 0, last;
    const gb_why *w;
    gb_stretch at;

    (void)state;
    test_set(s, "max-new-tokens", "60");
    test_set(s, "top-p", "0.9");
    test_send(s, "Once upon a time");
    for (i = 4; i < gb_steer_tokens(s); i++) {
        assert_true(gb_steer_at(s, i, &at));
        w = &at.node->tokens[at.tokens].why;
        assert_true(w->from <= 0.8f && 0.8f <= w->to && w->from < w->to);
        forks += w->from > 0.7f || w->to < 0.9f;
    }
    assert_in_range(forks, 3, 50);
    verb(s, "at", "0", NULL);
    last = 0;
    while (ask_verb(s, "fork", "next", &out, &err)) {
        assert_true(gb_steer_cursor(s) > last);
        last = gb_steer_cursor(s);
        found++;
    }
    assert_int_equal(found, forks);
    while (ask_verb(s, "fork", "prev", &out, &err))
        found--;
    assert_int_equal(found, 1);
    gb_str_free(&out);
    test_session_close(s);
}

/* Looking. */

static void
look_at_all(gb_session *s)
{
    gb_str out = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;

    ask_verb(s, "at", "5", &out, &err);
    ask_verb(s, "why", "20", &out, &err);
    ask_verb(s, "at", "end", &out, &err);
    ask_verb(s, "why", "", &out, &err);
    ask_verb(s, "fork", "prev", &out, &err);
    ask_verb(s, "unsure", "prev", &out, &err);
    ask_verb(s, "differ", "prev", &out, &err);
    ask_verb(s, "takes", "", &out, &err);
    ask_verb(s, "tree", "", &out, &err);
    if (!gb_session_is_writing(s))
        ask_verb(s, "sweep", "0.7 0.9", &out, &err);
    gb_session_export(s, GB_EXPORT_JSON, &out);
    ask_verb(s, "at", "end", &out, &err);
    gb_str_free(&out);
}

/* A session with or without somebody looking. */
static char *
told(bool looking)
{
    gb_session *s = test_session(NULL, NULL);
    gb_error err = GB_ERROR_INIT;
    char *events;
    unsigned i;

    test_set(s, "max-new-tokens", "40");
    test_begin(s, "Once upon a time there was", 0);
    for (i = 0; i < 40; i++) {
        if (looking && i % 7 == 3)
            look_at_all(s);
        test_steps(s, 1);
    }
    if (looking)
        look_at_all(s);
    test_ok(ask_continue(s, &err), &err);
    test_finish(s);
    if (looking)
        look_at_all(s);
    verb(s, "at", "12", NULL);
    verb(s, "pick", "1", NULL);
    if (looking)
        look_at_all(s);
    test_ok(ask_reseed(s, &err), &err);
    test_finish(s);
    events = test_events(s);
    test_session_close(s);
    return events;
}

static void
test_looking(void **state)
{
    char *alone = told(false);
    char *looked = told(true);

    (void)state;
    assert_string_equal(alone, looked);
    free(alone);
    free(looked);
}

/* Where CLBlast reads, it counts how much it read at once, and the journal
 * says so. What a look has read is read again as if nobody had looked. */

static gb_session *
clblast_session(gb_engine *e, const char *path)
{
    gb_session_options o = {.journal = true, .path = path};
    gb_error err = GB_ERROR_INIT;
    gb_session *s;

    gb_settings_init(&o.settings);
    o.settings.max_new_tokens = 12;
    o.settings.ignore_eos = true;
    gb_engine_rewind(e, 0);
    s = gb_session_open(e, test_model(), &o, &err);
    test_ok(s != NULL, &err);
    return s;
}

static void
add_unread(gb_session *s, bool looking)
{
    static const char story[] = "There was a little fox who lived in the "
                                "woods with his mother and his sister.";
    gb_error err = GB_ERROR_INIT;

    test_ok(ask_send(s, story, strlen(story), GB_SEND_ONLY, &err), &err);
    if (looking) {
        verb(s, "at", "-7", NULL);
        verb(s, "why", "", NULL);
        verb(s, "at", "-2", NULL);
        verb(s, "why", "", NULL);
    }
    test_ok(ask_continue(s, &err), &err);
    test_finish(s);
}

static void
test_looking_with_clblast(void **state)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_CLBLAST};
    const char *path = test_path("clblast.jsonl");
    gb_replay_options how = {.pace = false};
    gb_error err = GB_ERROR_INIT;
    gb_replay_result result;
    gb_journal_reader *r;
    char *told[2];
    gb_engine *e;
    gb_session *s;
    int i;

    (void)state;
    e = gb_engine_open(test_model(), &options, &err);
    if (e == NULL) {
        print_message("CLBlast does not run here: %s\n", err.text);
        skip();
    }
    for (i = 0; i < 2; i++) {
        s = clblast_session(e, i == 0 ? test_path("plain.jsonl") : path);
        add_unread(s, i != 0);
        add_unread(s, i != 0);
        told[i] = test_events(s);
        test_session_close(s);
    }
    assert_non_null(strstr(told[0], "\"prefill\""));
    assert_string_equal(told[0], told[1]);
    /* A sweep reads, too, here before anything else has been read. */
    s = clblast_session(e, path);
    verb(s, "sweep", "0.7 0.8", NULL);
    add_unread(s, false);
    verb(s, "sweep", "0.7 0.8", NULL);
    add_unread(s, true);
    test_session_close(s);
    r = gb_journal_open(path, &err);
    test_ok(r != NULL, &err);
    test_ok(gb_replay(r, e, test_model(), &how, &result, &err), &err);
    assert_true(result.identical);
    assert_true(result.logprob_difference <= 0);
    gb_replay_result_free(&result);
    gb_journal_reader_free(r);
    free(told[0]);
    free(told[1]);
    gb_engine_close(e);
}

/* At random. */

static void
random_verb(gb_session *s, test_random *r)
{
    static const char *const verbs[][2] = {
        {"again", ""}, {"again", "here"}, {"pick", "1"}, {"pick", "\" a\""},
        {"what", "cat"}, {"what", "\" big\""}, {"take", "next"},
        {"take", "prev"}, {"edit", "The fox"}, {"as-written", ""},
        {"fork", "prev"}, {"differ", "next"}, {"sweep", "0.79 0.81"},
        {"why", ""},
    };
    static const char *const names[] = {"a", "b", "c", ""};
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;
    char number[24];
    size_t i;

    snprintf(number, sizeof number, "%llu",
             (unsigned long long)test_random_below(r, gb_steer_tokens(s) + 1));
    ask_verb(s, "at", number, &out, &err);
    i = test_random_below(r, GB_COUNT(verbs) + 2);
    snprintf(number, sizeof number, "%llu",
             (unsigned long long)test_random_below(r, s->tree->n_nodes + 1));
    if (i < GB_COUNT(verbs))
        ask_verb(s, verbs[i][0], verbs[i][1], &out, &err);
    else if (i == GB_COUNT(verbs))
        ask_verb(s, "go", number, &out, &err);
    else
        ask_verb(s, "name", names[test_random_below(r, 4)], &out, &err);
    gb_str_free(&out);
}

static void
random_act(gb_session *s, test_random *r)
{
    static const char *const values[] = {"0.5", "0.8", "1.1"};
    static const char *const biases[] = {"off", "{\" the\":3}",
                                         "{\" a\":\"ban\",\".\":-1}"};
    gb_error err = GB_ERROR_INIT;

    switch (test_random_below(r, 15)) {
    case 0:
        ask_send(s, "The end.\n", 9, GB_SEND_JOIN, &err);
        break;
    case 1:
        ask_undo(s, &err);
        break;
    case 2:
        ask_redo(s, &err);
        break;
    case 3:
        ask_set(s, "temperature", values[test_random_below(r, 3)], &err);
        break;
    case 4:
        ask_set(s, "seed", test_random_below(r, 2) == 0 ? "next" : "3", &err);
        break;
    case 5:
        ask_set(s, "top-k", test_random_below(r, 2) == 0 ? "off" : "20", &err);
        break;
    case 6:
        if (test_random_below(r, 4) == 0)
            ask_clear(s, &err);
        else
            ask_note(s, "a note", &err);
        break;
    case 7:
        ask_mode(s, test_random_below(r, 4) == 0 ? GB_MODE_CHAT
                                                 : GB_MODE_CONTINUE, &err);
        break;
    case 8:
        ask_continue(s, &err);
        break;
    case 9:
        ask_reseed(s, &err);
        break;
    case 10:
        ask_set(s, "bias", biases[test_random_below(r, 3)], &err);
        break;
    default:
        random_verb(s, r);
        break;
    }
    /* Some runs are stopped in the midst. */
    if (test_random_below(r, 4) == 0) {
        if (gb_session_is_writing(s))
            test_steps(s, 1);
        gb_session_stop(s);
    }
    test_finish(s);
}

static void
expect_same_tree(const gb_tree *a, const gb_tree *b)
{
    const gb_node *x, *y;
    size_t i;

    assert_int_equal(a->n_nodes, b->n_nodes);
    for (i = 0; i < a->n_nodes; i++) {
        x = a->nodes[i];
        y = b->nodes[i];
        assert_int_equal(x->prev != NULL ? x->prev->id : 0,
                         y->prev != NULL ? y->prev->id : 0);
        assert_int_equal(x->at, y->at);
        assert_int_equal(x->role, y->role);
        assert_int_equal(x->step, y->step);
        assert_true(gb_settings_same(&x->settings, &y->settings));
        assert_string_equal(gb_str_cstr(&x->text), gb_str_cstr(&y->text));
        assert_int_equal(x->n_tokens, y->n_tokens);
        assert_memory_equal(x->tokens, y->tokens,
                            x->n_tokens * sizeof *x->tokens);
    }
    assert_int_equal(gb_tree_place(a).node, gb_tree_place(b).node);
    assert_int_equal(gb_tree_place(a).tokens, gb_tree_place(b).tokens);
    assert_true(gb_settings_same(&a->settings, &b->settings));
    assert_int_equal(a->step, b->step);
    assert_int_equal(a->n_names, b->n_names);
    for (i = 0; i < a->n_names; i++)
        assert_string_equal(a->names[i].text, b->names[i].text);
}

static void
test_at_random(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_replay_result result;
    gb_session *s, *loaded;
    const char *path;
    char name[32];
    test_random r;
    unsigned i, k;

    (void)state;
    for (k = 0; k < 4; k++) {
        r = (test_random){2026 + k};
        snprintf(name, sizeof name, "random%u.jsonl", k);
        path = test_path(name);
        s = test_session(path, NULL);
        test_set(s, "max-new-tokens", "4");
        for (i = 0; i < 500; i++) {
            random_act(s, &r);
            if (i % 100 != 99)
                continue;
            test_session_close(s);
            s = test_session(path, NULL); /* goes on with the file */
        }
        loaded = test_session(NULL, path);
        test_ok(loaded != NULL, &err);
        expect_same_tree(s->tree, loaded->tree);
        test_session_close(loaded);
        test_session_close(s);
        test_replay(path, &result);
        assert_true(result.identical);
        gb_replay_result_free(&result);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_pick_of_the_winner),
        cmocka_unit_test(test_edit_at_cursor),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_looking),
        cmocka_unit_test(test_looking_with_clblast),
        cmocka_unit_test(test_at_random),
    };

    return cmocka_run_group_tests_name("takes", tests, NULL,
                                       test_engine_close);
}
