/* Text as other systems write it, whole and by lines. */
#include "test.h"

#include "base/mem.h"
#include "base/text.h"

/* A literal with NUL bytes, less the last one. */
#define BYTES(literal) literal, sizeof(literal) - 1

/* What the lines of a text are, each in brackets; refused ones in braces. */
static const struct {
    const char *text;
    size_t n;
    const char *lines;
} cases[] = {
    {BYTES(""), ""},
    {BYTES("\n"), "[]"},
    {BYTES("a\nb\n"), "[a][b]"},
    {BYTES("a\n\nb"), "[a][][b]"},
    {BYTES("a\r\n\r\nb\r\n"), "[a][][b]"},
    {BYTES("a\rb\r\r\n"), "[a\rb\r]"},
    {BYTES("\xef\xbb\xbf"), "[]"},
    {BYTES("\xef\xbb\xbfone\n\xef\xbb\xbftwo\n"), "[one][\xef\xbb\xbftwo]"},
    {BYTES("\xef\xbb"), "[\xef\xbb]"},
    {BYTES("a\nb\0c\nd\n"), "[a]{t:2: expected text, found a NUL byte}[d]"},
    {BYTES("ab\0\n"), "{t:1: expected text, found a NUL byte}"},
    {BYTES("0123456789\n0123456789a\nb\n"),
     "[0123456789]{t:2: a line of more than 10 bytes}[b]"},
    {BYTES("0123456789a"), "{t:1: a line of more than 10 bytes}"},
    {BYTES("\xff\xfe"), "{t: expected text in UTF-8, found UTF-16}"},
    {BYTES("\xff\xfe" "a\0\n\0b\0\n\0"),
     "{t: expected text in UTF-8, found UTF-16}"},
    {BYTES("\xfe\xff\0a\0\n"), "{t: expected text in UTF-8, found UTF-16}"},
    {BYTES("w\0o\0r\0d\0\r\0\n\0"),
     "{t: expected text in UTF-8, found UTF-16}"},
    {BYTES("\0w\0o\0r\0d\0\n"), "{t: expected text in UTF-8, found UTF-16}"},
};

static void
take_lines(gb_lines *l, gb_str *out)
{
    gb_error err = GB_ERROR_INIT;
    gb_line what;
    char *line;
    size_t n;

    while ((what = gb_lines_next(l, &line, &n, &err)) == GB_LINE ||
           what == GB_LINE_BAD) {
        if (what == GB_LINE)
            assert_int_equal(strlen(line), n);
        gb_str_printf(out, what == GB_LINE ? "[%s]" : "{%s}",
                      what == GB_LINE ? line : err.text);
    }
    assert_int_equal(what, l->ended ? GB_LINE_END : GB_LINE_MORE);
}

static void
test_lines(void **state)
{
    gb_str found = GB_STR_INIT;
    size_t i, at, step;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++)
        for (step = 64; step > 0; step /= 4) {
            gb_lines l = {.name = "t", .limit = 10};

            gb_str_clear(&found);
            for (at = 0; at < cases[i].n; at += step) {
                gb_lines_push(&l, cases[i].text + at,
                              at + step < cases[i].n ? step
                                                     : cases[i].n - at);
                take_lines(&l, &found);
            }
            gb_lines_end(&l);
            take_lines(&l, &found);
            /* Without a mark and byte by byte, UTF-16 cannot be told from
             * a NUL byte. */
            if (step > 8 || strstr(cases[i].lines, "UTF-16") == NULL ||
                ((unsigned char)cases[i].text[0] & 0x80) != 0)
                assert_string_equal(gb_str_cstr(&found), cases[i].lines);
            gb_lines_free(&l);
        }
    gb_str_free(&found);
}

/* It is known how a line begins and ends that is longer than what is kept. */
static void
test_long_line(void **state)
{
    gb_lines l = {.name = "t", .limit = 100};
    gb_error err = GB_ERROR_INIT;
    char part[1000], *line;
    size_t i, n;

    (void)state;
    memset(part, 'x', sizeof part);
    gb_lines_push(&l, "begin", 5);
    for (i = 0; i < 100; i++) {
        gb_lines_push(&l, part, sizeof part);
        assert_int_equal(gb_lines_next(&l, &line, &n, &err), GB_LINE_MORE);
        assert_in_range(l.bytes.capacity, 1, 20000);
    }
    gb_lines_push(&l, "end\nshort\n", 10);
    assert_int_equal(gb_lines_next(&l, &line, &n, &err), GB_LINE_BAD);
    assert_true(n > 8);
    assert_memory_equal(line, "begin", 5);
    assert_string_equal(line + n - 3, "end");
    assert_int_equal(gb_lines_next(&l, &line, &n, &err), GB_LINE);
    assert_string_equal(line, "short");
    gb_lines_free(&l);
}

static void
test_whole(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;
    const char *path;

    (void)state;
    path = test_write("dos", BYTES("\xef\xbb\xbf" "a\r\n\0b\r\n\r"));
    test_ok(gb_text_read(path, 100, &text, &err), &err);
    assert_int_equal(text.len, 6);
    assert_memory_equal(text.data, "a\n\0b\n\r", 7);
    path = test_write("wide", BYTES("\xff\xfe" "a\0"));
    assert_false(gb_text_read(path, 100, &text, &err));
    test_fails_with(&err, GB_FAILED, path, "UTF-16", NULL);
    /* Otherwise as it is: the argument of a command is not by lines. */
    gb_str_clear(&text);
    gb_str_append(&text, BYTES("\xef\xbb\xbf\xef\xbb\xbf" "a\r\n"));
    test_ok(gb_text_begin(&text, "t", &err), &err);
    assert_string_equal(text.data, "\xef\xbb\xbf" "a\r\n");
    gb_str_free(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_whole),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
