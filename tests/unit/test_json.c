/* JSON files: what is refused, and in which words. */
#include "test.h"

#include <math.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static void
test_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "f:1:0: not valid JSON: '[' or '{' expected near end of file"},
        {"[1]", "f: expected a JSON object, found a list"},
        {"{\n \"a\": 1,\n \"a\": 2}", "f:3:4: not valid JSON: duplicate"},
        {"{\"a\": \033[2J}", "invalid token near '^['"},
        {"{\"a\": 99999999999999999999}", "too big integer"},
        {"{\"a\": 1e999}", "real number overflow"},
        {"{\"a\": 1} x", "end of file expected near 'x'"},
        {"{\"\\u0000\": 1}", "NUL byte in object key"},
        {"{\"a\": \"\xff\"}", "unable to decode byte 0xff"},
    };
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        err = (gb_error)GB_ERROR_INIT;
        assert_null(gb_json_parse("f", cases[i].text, strlen(cases[i].text),
                                  &err));
        test_fails_with(&err, GB_FAILED, cases[i].says, NULL);
    }
}

/* Integers as Python writes them: what does not fit becomes a real number,
 * and nothing else changes. */
static void
test_python(void **state)
{
    static const char text[] =
        "{\"a\": [9223372036854775807, 9223372036854775808,"
        " -9223372036854775809, 10000000000000000000, 12345678901234567890.5,"
        " 1e19], \"9999999999999999999\": \"\\\"9999999999999999999\"}";
    static const double reals[] = {0, 0x1p63, -0x1p63, 1e19,
                                   12345678901234567890.5, 1e19};
    gb_error err = GB_ERROR_INIT;
    const json_t *list;
    json_t *root;
    size_t i;

    (void)state;
    root = gb_json_load_python(
        test_write("python.json", text, sizeof text - 1), 1000, &err);
    test_ok(root != NULL, &err);
    list = json_object_get(root, "a");
    assert_int_equal(json_array_size(list), GB_COUNT(reals));
    assert_int_equal(json_integer_value(json_array_get(list, 0)), INT64_MAX);
    for (i = 1; i < GB_COUNT(reals); i++)
        assert_true(fabs(json_real_value(json_array_get(list, i)) /
                         reals[i] - 1) < 1e-15);
    assert_string_equal(
        json_string_value(json_object_get(root, "9999999999999999999")),
        "\"9999999999999999999");
    json_decref(root);
}

/* {"a":[x,x,...,x]} with n values in all. */
static json_t *
parse_many(const char *x, size_t n, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    json_t *root;
    size_t i;

    gb_str_puts(&text, "{\"a\":[");
    for (i = 2; i < n; i++) {
        gb_str_puts(&text, x);
        gb_str_puts(&text, i + 1 < n ? "," : "]}");
    }
    root = gb_json_parse("f", gb_str_cstr(&text), text.len, err);
    gb_str_free(&text);
    return root;
}

static void
test_value_count(void **state)
{
    gb_error err = GB_ERROR_INIT;
    json_t *root;

    (void)state;
    assert_null(parse_many("1", GB_JSON_MAX_VALUES + 1, &err));
    test_fails_with(&err, GB_FAILED, "f: expected at most", NULL);
    root = parse_many("1", GB_JSON_MAX_VALUES - 1, &err);
    assert_non_null(root);
    json_decref(root);
    root = parse_many("\"[,{\\\",\"", GB_JSON_MAX_VALUES / 4, &err);
    assert_non_null(root);
    json_decref(root);
}

static void
test_depth(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    size_t i;

    (void)state;
    gb_str_puts(&text, "{\"a\":");
    for (i = 0; i < 100000; i++)
        gb_str_putc(&text, '[');
    assert_null(gb_json_parse("f", text.data, text.len, &err));
    test_fails_with(&err, GB_FAILED, "maximum parsing depth", NULL);
    gb_str_free(&text);
}

static void
test_show(void **state)
{
    static const struct {
        const char *json, *shown;
    } cases[] = {
        {"{\"x\":\"gelu\"}", "\"gelu\""}, {"{\"x\":-3}", "-3"},
        {"{\"x\":1e-5}", "1e-05"},        {"{\"x\":null}", "null"},
        {"{\"x\":true}", "true"},         {"{\"x\":false}", "false"},
        {"{\"x\":[1]}", "a list"},        {"{\"x\":{}}", "an object"},
        {"{}", "nothing"},                {"{\"x\":\"\\u001b\"}", "\"^[\""},
    };
    char shown[GB_JSON_SHOWN], text[500];
    gb_error err = GB_ERROR_INIT;
    json_t *root;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        root = gb_json_parse("f", cases[i].json, strlen(cases[i].json), &err);
        test_ok(root != NULL, &err);
        assert_string_equal(gb_json_show(json_object_get(root, "x"), shown),
                            cases[i].shown);
        json_decref(root);
    }
    memset(text, 1, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    gb_json_quote(text, shown);
    assert_in_range(strlen(shown), 80, GB_JSON_SHOWN - 1);
    assert_non_null(strstr(shown, "^A...\""));
}

static void
test_made(void **state)
{
    json_t *o = json_object();
    gb_str text = GB_STR_INIT;

    (void)state;
    json_object_set_new(o, "a", gb_json_u64(INT64_MAX));
    json_object_set_new(o, "b", gb_json_u64((uint64_t)INT64_MAX + 1));
    json_object_set_new(o, "c", gb_json_float(-0.1f));
    json_object_set_new(o, "d", gb_json_float(-INFINITY));
    json_object_set_new(o, "e", gb_json_string("a\xff\n"));
    json_object_set_new(o, "f", gb_json_string(NULL));
    json_object_set_new(o, "g", gb_json_text("\0z\xe2", 3));
    gb_json_dump(o, &text);
    assert_string_equal(gb_str_cstr(&text),
                        "{\"a\":9223372036854775807,"
                        "\"b\":\"9223372036854775808\","
                        "\"c\":-0.100000001,\"d\":null,"
                        "\"e\":\"a\xef\xbf\xbd\\n\",\"f\":null,"
                        "\"g\":\"\\u0000z\xef\xbf\xbd\"}");
    gb_str_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_python),
        cmocka_unit_test(test_value_count),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_made),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
