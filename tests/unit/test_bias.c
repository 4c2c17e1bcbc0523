/* The bias as text and as tokens, and what settings make of a text. */
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "session/adjuster.h"
#include "session/bias.h"

static gb_model *model;

static int
open_model(void **state)
{
    gb_error err = GB_ERROR_INIT;

    (void)state;
    model = gb_model_open(test_source("models/stories"), &err);
    test_ok(model != NULL, &err);
    return 0;
}

static int
close_model(void **state)
{
    (void)state;
    gb_model_close(model);
    return 0;
}

static gb_ids
encode(const char *text)
{
    gb_ids ids = GB_IDS_INIT;
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_tokenizer_encode(model->tokenizer, text, strlen(text), false,
                                &ids, &err), &err);
    return ids;
}

static gb_token
token(const char *text)
{
    gb_ids ids = encode(text);
    gb_token id;

    assert_int_equal(ids.len, 1);
    id = ids.data[0];
    gb_ids_free(&ids);
    return id;
}

static void
test_read(void **state)
{
    static const char *const cases[][2] = {
        {"{\"a\": 1}", "{\"a\":1}"},
        {"{\"a\": -2.50, \"#7\": \"ban\"}", "{\"a\":-2.5,\"#7\":\"ban\"}"},
        {"{\"\\n\":1e2}", "{\"\\n\":100}"},
        {"{}", ""},
    };
    static const char *const refused[][2] = {
        {"", "or off, found \"\""},
        {"[1]", "or off, found \"[1]\""},
        {"{\"a\": 1", "or off, found"},
        {"{\"a\": 1, \"a\": 2}", "or off, found"},
        {"{\"a\": 1001}", "\"a\": expected a number from -1000 to 1000"},
        {"{\"a\": \"bann\"}", "or \"ban\", found \"bann\""},
        {"{\"a\": null}", "found null"},
        {"{\"\": 1}", "\"\": expected a number"},
    };
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_str_clear(&out);
        test_ok(gb_bias_read(cases[i][0], &out, &err), &err);
        assert_string_equal(gb_str_cstr(&out), cases[i][1]);
    }
    gb_str_clear(&out);
    for (i = 0; i < GB_COUNT(refused); i++) {
        assert_false(gb_bias_read(refused[i][0], &out, &err));
        test_fails_with(&err, GB_USAGE, "bias: ", refused[i][1], NULL);
        assert_int_equal(out.len, 0);
    }
    gb_str_free(&out);
}

/* What people type after /bias and --bias, one on top of the other. */
static void
test_change(void **state)
{
    static const char *const cases[][2] = {
        {" fox=+2", "{\" fox\":2}"},
        {"\" cat\" -1.5", "{\" fox\":2,\" cat\":-1.5}"},
        {"#12 ban", "{\" fox\":2,\" cat\":-1.5,\"#12\":\"ban\"}"},
        {"\" fox\" 3", "{\" fox\":3,\" cat\":-1.5,\"#12\":\"ban\"}"},
        {" cat=off", "{\" fox\":3,\"#12\":\"ban\"}"},
        {"#12   off", "{\" fox\":3}"},
        {"\"\\n\" 1", "{\" fox\":3,\"\\n\":1}"},
        {"\n=off", "{\" fox\":3}"},
        {"==ban", "{\" fox\":3,\"=\":\"ban\"}"},
        {"= off", "{\" fox\":3}"},
        {"\"=1", "{\" fox\":3,\"\\\"\":1}"},
        {"\" off", "{\" fox\":3}"},
        {" =4", "{\" fox\":3,\" \":4}"},
        {" =off", "{\" fox\":3}"},
        {" fox=off", ""},
    };
    static const char *const refused[][2] = {
        {"", "found \"\""},      {"fox", "found \"fox\""},
        {"fox x", "\"fox x\""},  {"=1", "\"=1\""},
        {"fox 1001", "1001"},    {"fox nan", "nan"},
        {"fox off", "there is none of \"fox\""},
        {"\xff 1", "UTF-8"},
    };
    gb_error err = GB_ERROR_INIT;
    gb_str now = GB_STR_INIT, out = GB_STR_INIT;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_str_clear(&out);
        test_ok(gb_bias_change(gb_str_cstr(&now), cases[i][0], &out, &err),
                &err);
        assert_string_equal(gb_str_cstr(&out), cases[i][1]);
        gb_str_clear(&now);
        gb_str_puts(&now, gb_str_cstr(&out));
    }
    gb_str_clear(&out);
    for (i = 0; i < GB_COUNT(refused); i++) {
        assert_false(gb_bias_change("", refused[i][0], &out, &err));
        test_fails_with(&err, GB_USAGE, "bias: ", refused[i][1], NULL);
    }
    gb_str_free(&now);
    gb_str_free(&out);
}

static void
test_resolve(void **state)
{
    const uint32_t n_vocab = model->config.n_vocab;
    gb_error err = GB_ERROR_INIT;
    gb_str all = GB_STR_INIT;
    gb_bias *list;
    size_t n, i;

    (void)state;
    test_ok(gb_bias_resolve("", model->tokenizer, n_vocab, &list, &n, &err),
            &err);
    assert_int_equal(n, 0);
    assert_null(list);
    test_ok(gb_bias_resolve("{\" was\": 2.5, \"#3\": \"ban\", "
                            "\"<|endoftext|>\": -1}", model->tokenizer,
                            n_vocab, &list, &n, &err), &err);
    assert_int_equal(n, 3);
    for (i = 0; i < n; i++)
        if (list[i].id == 3)
            assert_true(list[i].add == -INFINITY);
        else if (list[i].id == token(" was"))
            assert_true(list[i].add == 2.5f);
        else
            assert_true(list[i].id == model->config.ends.ids[0] &&
                        list[i].add == -1);
    free(list);

    assert_false(gb_bias_check("{\"was\": 1}", model->tokenizer, n_vocab,
                               &err));
    test_fails_with(&err, GB_USAGE, "bias: \"was\": expected one token, found "
                    "2: \"w\" \"as\"", "with a space before it, it is one",
                    NULL);
    assert_false(gb_bias_check("{\"#4096\": 1}", model->tokenizer, n_vocab,
                               &err));
    test_fails_with(&err, GB_USAGE, "#4096: expected an id from #0 to #4095",
                    NULL);
    assert_false(gb_bias_check("{\"#99999999999999999999\": 1}",
                               model->tokenizer, n_vocab, &err));
    assert_false(gb_bias_check("{\"#288\": 1, \" was\": 1}", model->tokenizer,
                               n_vocab, &err));
    test_fails_with(&err, GB_USAGE, "\"#288\"", "\" was\"",
                    "are the same token", NULL);

    for (i = 0; i < n_vocab; i++)
        gb_str_printf(&all, "%c\"#%zu\":\"ban\"", i == 0 ? '{' : ',', i);
    gb_str_putc(&all, '}');
    assert_false(gb_bias_check(gb_str_cstr(&all), model->tokenizer, n_vocab,
                               &err));
    test_fails_with(&err, GB_USAGE, "all 4096 tokens are banned", NULL);
    gb_str_free(&all);
}

static const gb_adjustments *
adjustments(gb_adjuster *a, const gb_settings *s, const char *text)
{
    gb_ids ids = encode(text);
    const gb_adjustments *list;
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_adjuster_find(a, model, s, ids.data, ids.len, &list, &err),
            &err);
    gb_ids_free(&ids);
    return list;
}

/* What is taken from a token's logit; 0 when it is not listed. */
static double
taken(const gb_adjustments *list, const char *text)
{
    size_t i;

    for (i = 0; list != NULL && i < list->n; i++)
        if (list->items[i].id == token(text))
            return -(double)list->items[i].add;
    return 0;
}

static void
set(gb_settings *s, const char *name, const char *value)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_settings_set(s, name, value, &err), &err);
}

/* A breaker ends what counts as repeated, wherever tokens begin. */
static void
test_breakers(void **state)
{
    gb_adjuster a = {.model = NULL};
    gb_settings s;

    (void)state;
    gb_settings_init(&s);
    assert_null(adjustments(&a, &s, "the big dog and the big"));
    set(&s, "dry-multiplier", "1");
    set(&s, "dry-base", "2");
    assert_true(taken(adjustments(&a, &s, " the big dog and the big"),
                      " dog") == 1);
    assert_true(taken(adjustments(&a, &s, " saw the big dog. He saw the big"),
                      " dog") == 2);
    /* " saw:" stands on both sides, and is not counted. */
    assert_true(taken(adjustments(&a, &s, " saw: the big dog and he saw: the "
                                  "big"), " dog") == 1);
    set(&s, "dry-breakers", "off");
    assert_true(taken(adjustments(&a, &s, " saw: the big dog and he saw: the "
                                  "big"), " dog") == 4);
    /* Of several tokens, the last of which ends with it. */
    set(&s, "dry-breakers", "saw: the");
    assert_true(taken(adjustments(&a, &s, " saw: the big dog and he saw: the "
                                  "big"), " dog") == 0);
    set(&s, "dry-allowed-length", "1");
    assert_true(taken(adjustments(&a, &s, " saw: the big dog and he saw: the "
                                  "big"), " dog") == 1);
    /* A token with a breaker in it may always come. */
    set(&s, "dry-breakers", "[\"o\"]");
    assert_true(taken(adjustments(&a, &s, " the big dog and the big"),
                      " dog") == 0);
    gb_adjuster_free(&a);
}

/* However far back the breaker stands. */
static void
test_far_breakers(void **state)
{
    static const unsigned lengths[] = {5, 63, 64, 65, 66, 150, 255, 256, 257};
    gb_adjuster a = {.model = NULL};
    gb_ids ids = GB_IDS_INIT;
    const gb_adjustments *list;
    gb_error err = GB_ERROR_INIT;
    const gb_token colon = token(":"), the = token(" the");
    gb_settings s;
    unsigned i, k, n;

    (void)state;
    gb_settings_init(&s);
    set(&s, "dry-multiplier", "1");
    set(&s, "dry-base", "1.01");
    for (i = 0; i < 2 * GB_COUNT(lengths); i++) {
        n = lengths[i / 2];
        set(&s, "dry-breakers", i % 2 == 0 ? ":" : "[\": the\", \"::\"]");
        ids.len = 0;
        for (k = 0; k < 2 * n; k++) {
            if (k % n == 0)
                gb_ids_push(&ids, colon);
            gb_ids_push(&ids, k % n == 0 ? the : 600 + k % n);
        }
        test_ok(gb_adjuster_find(&a, model, &s, ids.data, ids.len - 1, &list,
                                 &err), &err);
        assert_int_equal(list->n, 1);
        assert_int_equal(list->items[0].id, 600 + n - 1);
        /* Of one token, or of two, the second of which is no part either. */
        assert_float_equal(-(double)list->items[0].add,
                           pow(1.01, n - 1 - i % 2 - 2.0), 1e-5);
    }
    gb_ids_free(&ids);
    gb_adjuster_free(&a);
}

static void
test_adjuster(void **state)
{
    gb_adjuster a = {.model = NULL};
    const gb_adjustments *list;
    gb_error err = GB_ERROR_INIT;
    gb_settings s;
    size_t i;

    (void)state;
    gb_settings_init(&s);
    set(&s, "repetition-penalty", "2");
    list = adjustments(&a, &s, " the dog the dog the");
    assert_int_equal(list->n, 2);
    for (i = 0; i < list->n; i++)
        assert_true(list->items[i].positive == 0.5f &&
                    list->items[i].negative == 2 && list->items[i].add == 0);
    set(&s, "repetition-last", "1");
    list = adjustments(&a, &s, " the dog the dog the");
    assert_int_equal(list->n, 1);
    assert_int_equal(list->items[0].id, token(" the"));
    set(&s, "repetition-penalty", "off");
    set(&s, "bias", "{\" dog\":-3}");
    assert_true(taken(adjustments(&a, &s, " the"), " dog") == 3);
    set(&s, "bias", "{\" dog\":-4}");
    assert_true(taken(adjustments(&a, &s, " the"), " dog") == 4);
    set(&s, "bias", "{\"nonsense\":-4}");
    assert_false(gb_adjuster_find(&a, model, &s, NULL, 0, &list, &err));
    test_fails_with(&err, GB_USAGE, "nonsense", NULL);
    set(&s, "bias", "off");
    assert_null(adjustments(&a, &s, " the"));
    gb_adjuster_free(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),     cmocka_unit_test(test_change),
        cmocka_unit_test(test_resolve),  cmocka_unit_test(test_breakers),
        cmocka_unit_test(test_far_breakers), cmocka_unit_test(test_adjuster),
    };

    return cmocka_run_group_tests_name("bias", tests, open_model, close_model);
}
