/* Settings: what is taken, what is refused and how that is said. */
#include "test.h"

#include "base/mem.h"
#include "base/nearest.h"
#include "session/settings.h"

/* Compares all settings as they are written. */
static void
assert_same(const gb_settings *a, const gb_settings *b)
{
    gb_str x = GB_STR_INIT, y = GB_STR_INIT;
    size_t i;

    for (i = 0; gb_settings_names[i] != NULL; i++) {
        gb_settings_get(a, gb_settings_names[i], &x);
        gb_settings_get(b, gb_settings_names[i], &y);
        gb_str_putc(&x, ' ');
        gb_str_putc(&y, ' ');
    }
    assert_string_equal(gb_str_cstr(&x), gb_str_cstr(&y));
    gb_str_free(&x);
    gb_str_free(&y);
}

static void
test_accepts(void **state)
{
    /* Name, as typed, as written back. */
    static const char *const cases[][3] = {
        {"temperature", "0.8", "0.8"},
        {"temperature", "0.001", "0.001"},
        {"temperature", "1000", "1000"},
        {"temperature", "1e3", "1000"},
        {"temperature", ".5", "0.5"},
        {"temperature", "1.7", "1.7"},
        {"temperature", "0.123456789", "0.12345679"},
        {"seed", "0", "0"},
        {"seed", "42", "42"},
        {"seed", "007", "7"},
        {"seed", "18446744073709551615", "18446744073709551615"},
        {"greedy", "on", "on"},
        {"greedy", "yes", "on"},
        {"greedy", "1", "on"},
        {"greedy", "TRUE", "on"},
        {"greedy", "off", "off"},
        {"greedy", "no", "off"},
        {"greedy", "0", "off"},
        {"greedy", "false", "off"},
        {"ignore-eos", "on", "on"},
        {"top-k", "40", "40"},
        {"top-k", "off", "off"},
        {"top-k", "0", "off"},
        {"top-k", "4294967295", "4294967295"},
        {"top-p", "0.95", "0.95"},
        {"top-p", "1", "off"},
        {"top-p", "off", "off"},
        {"top-p", "0.333333333333333314829616256247", "0.3333333333333333"},
        {"min-p", "0.05", "0.05"},
        {"min-p", "1", "1"},
        {"min-p", "0", "off"},
        {"min-p", "-0", "off"},
        {"min-p", "off", "off"},
        {"repetition-penalty", "1.25", "1.25"},
        {"repetition-penalty", "0.5", "0.5"},
        {"repetition-penalty", "1", "off"},
        {"repetition-penalty", "off", "off"},
        {"repetition-last", "64", "64"},
        {"repetition-last", "off", "off"},
        {"dry-multiplier", "0.8", "0.8"},
        {"dry-multiplier", "0", "off"},
        {"dry-base", "1", "1"},
        {"dry-allowed-length", "3", "3"},
        {"dry-last", "0", "off"},
        {"dry-breakers", "[\"\\n\", \":\"]", "[\"\\n\",\":\"]"},
        {"dry-breakers", ".", "[\".\"]"},
        {"dry-breakers", "off", "off"},
        {"bias", "{\" fox\": 2, \"#3\": \"ban\"}",
         "{\" fox\":2,\"#3\":\"ban\"}"},
        {"bias", "{}", "off"},
        {"bias", "off", "off"},
        {"max-new-tokens", "1", "1"},
        {"max-new-tokens", "4294967295", "4294967295"},
        {"max-prompt-tokens", "100", "100"},
        {"max-prompt-tokens", "-100", "-100"},
        {"max-prompt-tokens", "-4294967295", "-4294967295"},
        {"max-prompt-tokens", "off", "off"},
    };
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;
    gb_settings s, again;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_settings_init(&s);
        gb_settings_init(&again);
        gb_str_clear(&out);
        test_ok(gb_settings_set(&s, cases[i][0], cases[i][1], &err), &err);
        assert_true(gb_settings_get(&s, cases[i][0], &out));
        assert_string_equal(gb_str_cstr(&out), cases[i][2]);
        test_ok(gb_settings_set(&again, cases[i][0], gb_str_cstr(&out), &err),
                &err);
        assert_same(&s, &again);
    }
    gb_str_free(&out);
}

static void
test_refuses(void **state)
{
    static const struct {
        const char *name, *value, *expected;
    } cases[] = {
        {"temperature", "0", "--greedy"},
        {"temperature", "0.0", "--greedy"},
        {"temperature", "-0", "--greedy"},
        {"temperature", "-1", "from 0.001 to 1000"},
        {"temperature", "nan", "from 0.001 to 1000"},
        {"temperature", "NaN", "from 0.001 to 1000"},
        {"temperature", "inf", "from 0.001 to 1000"},
        {"temperature", "-inf", "from 0.001 to 1000"},
        {"temperature", "infinity", "from 0.001 to 1000"},
        {"temperature", "0.00099999", "from 0.001 to 1000"},
        {"temperature", "1000.0001", "from 0.001 to 1000"},
        {"temperature", "1e400", "from 0.001 to 1000"},
        {"temperature", "1e-400", "from 0.001 to 1000"},
        {"temperature", "0,8", "from 0.001 to 1000"},
        {"temperature", "0.8x", "from 0.001 to 1000"},
        {"temperature", " 0.8", "from 0.001 to 1000"},
        {"temperature", "0x1p-1", "from 0.001 to 1000"},
        {"temperature", "", "from 0.001 to 1000"},
        {"temperature", "hot", "from 0.001 to 1000"},
        {"seed", "-1", "from 0 to 18446744073709551615"},
        {"seed", "+1", "from 0 to 18446744073709551615"},
        {"seed", "18446744073709551616", "from 0 to 18446744073709551615"},
        {"seed", "99999999999999999999999", "from 0 to 18446744073709551615"},
        {"seed", "0x10", "from 0 to 18446744073709551615"},
        {"seed", "1.5", "from 0 to 18446744073709551615"},
        {"seed", "1e3", "from 0 to 18446744073709551615"},
        {"seed", "text", "from 0 to 18446744073709551615"},
        {"seed", "", "from 0 to 18446744073709551615"},
        {"greedy", "maybe", "on or off"},
        {"greedy", "2", "on or off"},
        {"ignore-eos", "", "on or off"},
        {"top-k", "-1", "whole number from 1"},
        {"top-k", "4294967296", "whole number from 1"},
        {"top-p", "0", "above 0, at most 1"},
        {"top-p", "1.01", "above 0, at most 1"},
        {"top-p", "nan", "above 0, at most 1"},
        {"min-p", "-0.1", "from 0 to 1"},
        {"min-p", "2", "from 0 to 1"},
        {"repetition-penalty", "0", "from 0.01 to 100"},
        {"repetition-penalty", "101", "from 0.01 to 100"},
        {"repetition-penalty", "nan", "from 0.01 to 100"},
        {"repetition-last", "-1", "whole number from 1"},
        {"dry-multiplier", "-1", "from 0 to 1000"},
        {"dry-base", "0.9", "from 1 to 100"},
        {"dry-base", "off", "from 1 to 100"},
        {"dry-allowed-length", "0", "whole number from 1"},
        {"dry-breakers", "", "at most 64 texts"},
        {"dry-breakers", "[1]", "at most 64 texts"},
        {"bias", "x", "as JSON"},
        {"bias", "[]", "as JSON"},
        {"max-new-tokens", "0", "whole number from 1"},
        {"max-new-tokens", "-3", "whole number from 1"},
        {"max-new-tokens", "4294967296", "whole number from 1"},
        {"max-new-tokens", "off", "whole number from 1"},
        {"max-prompt-tokens", "0", "whole number from 1"},
        {"max-prompt-tokens", "-0", "whole number from 1"},
        {"max-prompt-tokens", "--1", "whole number from 1"},
        {"max-prompt-tokens", "-4294967296", "-1 to -4294967295"},
    };
    gb_error err = GB_ERROR_INIT;
    gb_settings s, before;
    size_t i;

    (void)state;
    gb_settings_init(&before);
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_settings_init(&s);
        assert_false(
            gb_settings_set(&s, cases[i].name, cases[i].value, &err));
        test_fails_with(&err, GB_USAGE, cases[i].name, cases[i].expected,
                        cases[i].value, NULL);
        assert_same(&s, &before);
    }
}

/* Changes that begin from what is in force. */
static void
test_changes(void **state)
{
    static const char *const cases[][3] = {
        {"temperature", "+0.1", "0.9"},    {"temperature", "-0.1", "0.8"},
        {"temperature", "-0.01", "0.79"},  {"temperature", "-5", "0.001"},
        {"temperature", "+0.1", "0.1"},    {"temperature", "+0.001", "0.101"},
        {"temperature", "+2000", "1000"},  {"temperature", "1.5", "1.5"},
        {"greedy", "toggle", "on"},        {"greedy", "toggle", "off"},
        {"greedy", "on", "on"},            {"seed", "5", "5"},
        {"seed", "next", "11400714819323198490"},
        {"seed", "next", "4354685564936845359"},
        {"top-k", "7", "7"},               {"bias", "a 1", "{\"a\":1}"},
        {"bias", "\" b\" ban", "{\"a\":1,\" b\":\"ban\"}"},
        {"bias", "a off", "{\" b\":\"ban\"}"},
        {"bias", "off", "off"},
    };
    static const char *const refused[][2] = {
        {"temperature", "+"},   {"temperature", "+-"},
        {"temperature", "+x"},  {"temperature", "-nan"},
        {"temperature", "toggle"}, {"seed", "+1"}, {"top-k", "toggle"},
        {"ignore-eos", "next"}, {"bias", "a"},
    };
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;
    gb_settings s, before;
    size_t i;

    (void)state;
    gb_settings_init(&s);
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_str_clear(&out);
        test_ok(gb_settings_change(&s, cases[i][0], cases[i][1], &err), &err);
        gb_settings_get(&s, cases[i][0], &out);
        assert_string_equal(gb_str_cstr(&out), cases[i][2]);
    }
    before = s;
    for (i = 0; i < GB_COUNT(refused); i++) {
        assert_false(
            gb_settings_change(&s, refused[i][0], refused[i][1], &err));
        test_fails_with(&err, GB_USAGE, refused[i][0], refused[i][1], NULL);
        assert_same(&s, &before);
    }
    gb_str_free(&out);
}

static void
test_hostile_values(void **state)
{
    char *lengthy = gb_alloc(100001);
    gb_error err = GB_ERROR_INIT;
    gb_settings s;

    (void)state;
    memset(lengthy, '9', 100000);
    gb_settings_init(&s);
    assert_false(gb_settings_set(&s, "temperature", lengthy, &err));
    test_fails_with(&err, GB_USAGE, "from 0.001 to 1000, found \"999", NULL);
    assert_true(strlen(err.text) < 300);
    assert_false(gb_settings_set(&s, "seed", "\033[2J\xff", &err));
    test_fails_with(&err, GB_USAGE, "^[[2J\xef\xbf\xbd", NULL);
    assert_false(gb_settings_set(&s, "tempo", "1", &err));
    test_fails_with(&err, GB_USAGE, "tempo", NULL);
    free(lengthy);
}

/* Every name can be read, and what was read can be set. */
static void
test_names(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;
    gb_settings s;
    size_t i;

    (void)state;
    gb_settings_init(&s);
    for (i = 0; gb_settings_names[i] != NULL; i++) {
        gb_str_clear(&out);
        assert_true(gb_settings_get(&s, gb_settings_names[i], &out));
        test_ok(gb_settings_set(&s, gb_settings_names[i], gb_str_cstr(&out),
                                &err), &err);
    }
    assert_int_equal(i, 19);
    assert_false(gb_settings_get(&s, "tempo", &out));
    gb_str_free(&out);
}

static void
test_json(void **state)
{
    static const char expected[] =
        "{\"temperature\":0.8,\"seed\":\"18446744073709551615\","
        "\"greedy\":true,\"top-k\":null,\"top-p\":0.9,\"min-p\":null,"
        "\"bias\":{\"a\":-1.5},\"repetition-penalty\":null,"
        "\"repetition-last\":null,\"dry-multiplier\":null,"
        "\"dry-base\":1.75,\"dry-allowed-length\":2,\"dry-last\":null,"
        "\"dry-breakers\":[\"\\n\",\":\",\"\\\"\",\"*\"],"
        "\"max-new-tokens\":50,\"max-prompt-tokens\":null,"
        "\"ignore-eos\":false,\"stop\":[],\"pin\":null}";
    gb_error err = GB_ERROR_INIT;
    gb_settings s;
    json_t *o;
    char *text;

    (void)state;
    gb_settings_init(&s);
    s.seed = UINT64_MAX;
    s.greedy = true;
    s.filter.top_p = 0.9;
    test_ok(gb_settings_add_bias(&s, "a=-1.5", &err), &err);
    o = gb_settings_json(&s);
    text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(9));
    assert_string_equal(text, expected);
    free(text);
    json_decref(o);
}

/* Every one counts. */
static void
test_same(void **state)
{
    static const char *const others[] = {
        "2", "1", "on", "[\"x\"]", "{\"x\":1}", "0.5",
    };
    gb_settings a, b;
    size_t i, k;

    (void)state;
    gb_settings_init(&a);
    gb_settings_init(&b);
    assert_true(gb_settings_same(&a, &b));
    for (i = 0; gb_settings_names[i] != NULL; i++) {
        gb_settings_init(&b);
        for (k = 0; k < GB_COUNT(others); k++)
            gb_settings_set(&b, gb_settings_names[i], others[k], NULL);
        assert_false(gb_settings_same(&a, &b));
    }
}

static void
test_nearest(void **state)
{
    static const char *const names[] = {
        "model", "temperature", "top-k", "top-p", "seed", "n",
    };
    static const char *const cases[][2] = {
        {"modle", "model"}, {"Model", "model"},  {"sed", "seed"},
        {"tmep", "temperature"}, {"temp", "temperature"},
        {"top-q", "top-k"}, {"topp", "top-p"}, {"xyzzy", NULL}, {"", NULL},
        {"temperatureandmuchmorethanthatbythefaraway", NULL},
    };
    const char *found;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        found = gb_nearest(cases[i][0], names, GB_COUNT(names));
        if (cases[i][1] == NULL)
            assert_null(found);
        else
            assert_string_equal(found, cases[i][1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_hostile_values),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_nearest),
    };

    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
