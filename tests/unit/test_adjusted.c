/* Sessions with a bias and penalties: what was written, looked at, written
 * again and replayed goes by the same adjustments. */
#include "conversation.h"

#include <math.h>

#include "base/mem.h"
#include "session/look.h"
#include "session/steer.h"

static gb_token
token(const char *text)
{
    gb_ids ids = GB_IDS_INIT;
    gb_error err = GB_ERROR_INIT;
    gb_token id;

    test_ok(gb_tokenizer_encode(test_model()->tokenizer, text, strlen(text),
                                false, &ids, &err), &err);
    assert_int_equal(ids.len, 1);
    id = ids.data[0];
    gb_ids_free(&ids);
    return id;
}

static void
verb(gb_session *s, const char *name, const char *arg)
{
    gb_str out = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;

    test_ok(ask_verb(s, name, arg, &out, &err), &err);
    gb_str_free(&out);
    test_finish(s);
}

/* How often the model wrote a token. */
static size_t
count(gb_session *s, const char *text)
{
    gb_token id = token(text);
    const gb_node *node;
    size_t i, n = 0;
    uint32_t k;

    for (i = 0; i < s->tree->n_nodes; i++) {
        node = s->tree->nodes[i];
        for (k = 0; k < node->n_tokens; k++)
            n += node->role == GB_ROLE_MODEL && node->tokens[k].id == id;
    }
    return n;
}

static void
assert_close(float found, float expected, const char *what, uint64_t number)
{
    if (!(fabsf(found - expected) <= 1e-3f * (1 + fabsf(expected))))
        fail_msg("%s of token %llu: %.9g, expected %.9g", what,
                 (unsigned long long)number, (double)found, (double)expected);
}

/* What a look at each of the model's tokens finds is what was told when it was
 * written; the range where no filter is on. */
static void
check_looks(gb_session *s)
{
    gb_error err = GB_ERROR_INIT;
    gb_look look;
    uint64_t i, seen = 0;
    char number[24];
    gb_why then, now;

    for (i = 1; i < gb_steer_tokens(s); i++) {
        snprintf(number, sizeof number, "%llu", (unsigned long long)i);
        verb(s, "at", number);
        if (!gb_look_at(s, 5, &look, &err)) { /* forgotten since */
            gb_look_free(&look);
            continue;
        }
        if (!look.typed) {
            then = look.token->why;
            now = gb_look_why(&look, look.token->id);
            assert_close(now.logprob, then.logprob, "log-probability", i);
            assert_close(now.entropy, then.entropy, "entropy", i);
            assert_int_equal(now.rank, then.rank);
            if (!look.settings.greedy) {
                assert_close(now.noise, then.noise, "noise", i);
                assert_close(now.from, then.from, "lower end", i);
                if (isfinite(now.to) || isfinite(then.to))
                    assert_close(now.to, then.to, "upper end", i);
                assert_true(look.candidates.n_bands > 0);
            }
            seen++;
        }
        gb_look_free(&look);
    }
    assert_in_range(seen, 10, 1000);
    verb(s, "at", "end");
}

static void
test_looks(void **state)
{
    static const char *const cases[][2] = {
        {"bias", "{\" was\":\"ban\",\" the\":-1.5,\".\":2}"},
        {"repetition-penalty", "1.3"},
        {"dry-multiplier", "1.5"},
        {"bias", "{\" a\":1}"}, /* all of them together */
    };
    gb_session *s = test_session(NULL, NULL);
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        test_set(s, "bias", "off");
        test_set(s, cases[i][0], cases[i][1]);
        test_send(s, "The big dog saw the big dog and the big");
        if (i + 1 < GB_COUNT(cases) && i > 0)
            test_set(s, cases[i][0], "off");
    }
    test_set(s, "greedy", "on");
    test_send(s, " The end. The end. The");
    check_looks(s);
    test_session_close(s);
}

/* Everything that can be done, with the settings changing; then from the
 * file. */
static void
test_replays(void **state)
{
    static const char *const sets[][2] = {
        {"bias", "\" was\" ban"},        {"repetition-penalty", "1.2"},
        {"bias", "\" little\" +2"},      {"dry-multiplier", "0.8"},
        {"repetition-last", "20"},       {"dry-breakers", "[\".\"]"},
        {"bias", "\" little\" off"},     {"dry-last", "30"},
        {"pin", "A story about a dog."}, {"dry-allowed-length", "1"},
    };
    const char *path = test_path("adjusted.jsonl");
    gb_session *s = test_session(path, NULL);
    gb_error err = GB_ERROR_INIT;
    char *text, *again;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(sets); i++) {
        test_begin(s, "Once upon a time there", 3);
        test_set(s, sets[i][0], sets[i][1]);
        test_finish(s);
        if (i % 3 == 0) {
            test_ok(ask_again(s, &err), &err);
            test_finish(s);
        } else if (i % 3 == 1) {
            verb(s, "at", "4");
            verb(s, "what", "girl");
        } else {
            verb(s, "at", "-5");
            verb(s, "pick", "1");
        }
    }
    /* Long enough for the view to be cut. */
    test_set(s, "max-new-tokens", "500");
    test_send(s, "Then");
    assert_in_range(count(s, " was"), 0, 1); /* before it was banned */
    text = test_branch(s);
    test_session_close(s);
    test_verify(path, 500);
    s = test_session(NULL, path);
    again = test_branch(s);
    assert_string_equal(text, again);
    assert_true(strcmp(s->tree->settings.bias, "{\" was\":\"ban\"}") == 0);
    free(text), free(again);
    test_session_close(s);
}

/* A ban holds from the next token on, sampled or greedy. */
static void
test_ban(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    size_t before;

    (void)state;
    test_set(s, "max-new-tokens", "60");
    test_set(s, "greedy", "on");
    test_send(s, "Once upon a time");
    assert_in_range(count(s, " was"), 1, 60);
    test_set(s, "bias", "\" was\" ban");
    test_set(s, "bias", "\".\" ban");
    before = count(s, " was") + count(s, ".");
    verb(s, "again", "");
    test_set(s, "greedy", "off");
    test_set(s, "temperature", "100");
    test_send(s, "There");
    assert_int_equal(count(s, " was") + count(s, "."), before);
    test_session_close(s);
}

/* The sweep of the last run goes by the settings of that run. */
static void
test_swept(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_str out = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;

    (void)state;
    test_set(s, "max-new-tokens", "5");
    test_set(s, "bias", "\" dog\" 900");
    test_send(s, "Once upon a time");
    test_set(s, "bias", "off");
    test_ok(ask_verb(s, "sweep", "0.7 0.9", &out, &err), &err);
    if (strstr(gb_str_cstr(&out), "dog dog dog dog dog") == NULL ||
        strstr(gb_str_cstr(&out), "\n1 text") == NULL)
        fail_msg("%s", gb_str_cstr(&out));
    gb_str_free(&out);
    test_session_close(s);
}

static void
test_refusals(void **state)
{
    gb_session *s = test_session(NULL, NULL);
    gb_session_options o = {.journal = false};
    gb_error err = GB_ERROR_INIT;

    (void)state;
    test_set(s, "bias", "\" was\" 1");
    assert_false(ask_set(s, "bias", "\"no such token\" 1", &err));
    test_fails_with(&err, GB_USAGE, "expected one token", NULL);
    assert_false(ask_set(s, "bias", "#99999 1", &err));
    assert_false(ask_set(s, "bias", "#288 1", &err));
    test_fails_with(&err, GB_USAGE, "are the same token", NULL);
    assert_string_equal(s->tree->settings.bias, "{\" was\":1}");
    test_session_close(s);

    gb_settings_init(&o.settings);
    test_ok(gb_settings_set(&o.settings, "bias", "{\"no such token\":1}",
                            &err), &err);
    assert_null(gb_session_open(test_engine(), test_model(), &o, &err));
    test_fails_with(&err, GB_USAGE, "expected one token", NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_replays),
        cmocka_unit_test(test_ban),
        cmocka_unit_test(test_swept),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests_name("adjusted", tests, NULL,
                                       test_engine_close);
}
