/* Showing a stream of tokens: whole characters, stop strings held back. */
#include "test.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "session/stream.h"

#define MAX_STOPS 3

/* Pushes the parts of tokens, which are separated by '|'. `shown` has what
 * each of them gives, separated by '|' too, and what the end gives. */
static const struct {
    const char *stops[MAX_STOPS];
    const char *tokens, *shown;
    bool stopped;
} cases[] = {
    {{NULL}, "Once| upon|", "Once| upon||", false},
    {{NULL}, "\xc3|\xa9t|\xc3", "|\xc3\xa9t||\xef\xbf\xbd", false},
    {{NULL}, "\xf0\x9f|\x98|\x80!", "||\xf0\x9f\x98\x80!|", false},
    {{NULL}, "a\xff|\xe2\x82|x", "a\xef\xbf\xbd||\xef\xbf\xbdx|", false},
    {{"\nHuman:"}, "Hi|\n|Hum|an|: x", "Hi|||||", true},
    {{"\nHuman:"}, "Hi|\n|Hum|bug", "Hi|||\nHumbug|", false},
    {{"\nHuman:"}, "Hi|\n|Hum", "Hi|||\nHum", false},
    {{"\nHuman:", "\nAI:"}, "a\n|\nA|I:b", "a|\n||", true},
    {{"aab"}, "aa|aa|ab", "|aa|a|", true},
    {{"aab"}, "xaaaab", "xaa|", true},
    {{"abab!"}, "aba|bab|!", "|ab||", true},
    {{"bc", "abcd"}, "a|b|cd", "||a|", true},
    {{"bc", "abc"}, "xa|b|c", "x|||", true},
    {{"\n", "\n\n"}, "a\n\n", "a|", true},
    {{"."}, "a.b.|c", "a||", true},
    {{"\xa9"}, "\xc3\xa9", "\xef\xbf\xbd|", true},
    {{"\xa9!"}, "\xc3\xa9|?", "|\xc3\xa9?|", false},
    {{"\xc3\xa9"}, "x\xc3|\xa8\xc3|\xa9", "x|\xc3\xa8||", true},
};

static gb_stream *
open_stream(const char *const stops[MAX_STOPS])
{
    size_t n = 0;

    while (n < MAX_STOPS && stops[n] != NULL)
        n++;
    return gb_stream_new(stops, n);
}

static void
test_cases(void **state)
{
    gb_str out = GB_STR_INIT;
    const char *p;
    gb_stream *s;
    size_t i, n;
    bool stopped;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        s = open_stream(cases[i].stops);
        gb_str_clear(&out);
        for (p = cases[i].tokens;; p += n + 1) {
            n = strcspn(p, "|");
            stopped = gb_stream_push(s, p, n, &out);
            gb_str_putc(&out, '|');
            if (p[n] == '\0')
                break;
        }
        gb_stream_end(s, &out);
        assert_string_equal(gb_str_cstr(&out), cases[i].shown);
        assert_int_equal(stopped, cases[i].stopped);
        gb_stream_free(s);
    }
    gb_str_free(&out);
}

static void
test_nothing_after_a_stop(void **state)
{
    const char *stop = "END";
    gb_stream *s = gb_stream_new(&stop, 1);
    gb_str out = GB_STR_INIT;

    (void)state;
    assert_true(gb_stream_push(s, "a END b", 7, &out));
    assert_true(gb_stream_push(s, "more", 4, &out));
    gb_stream_end(s, &out);
    assert_string_equal(gb_str_cstr(&out), "a ");
    gb_stream_free(s);
    gb_str_free(&out);
}

static uint32_t
next(uint32_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return *random;
}

/* The same by trying every end and every stop string. */
static bool
cut(const char *text, size_t n, char stops[][8], size_t n_stops, gb_str *out)
{
    size_t end, i, length, longest;

    for (end = 1; end <= n; end++) {
        longest = 0;
        for (i = 0; i < n_stops; i++) {
            length = strlen(stops[i]);
            if (length <= end && length > longest &&
                memcmp(text + end - length, stops[i], length) == 0)
                longest = length;
        }
        if (longest > 0) {
            gb_utf8_clean(out, text, end - longest, true);
            return true;
        }
    }
    gb_utf8_clean(out, text, n, true);
    return false;
}

/* Nothing may be shown that is not in the final text, and nothing may be held
 * that could be shown: what is held is part of a character or begins a stop
 * string. */
static void
check_held(const char *text, size_t n, char stops[][8], size_t n_stops,
           const gb_str *shown)
{
    gb_str all = GB_STR_INIT;
    size_t i, length, held = 0;

    for (i = 0; i < n_stops; i++)
        for (length = strlen(stops[i]); length-- > 0;)
            if (length <= n && length > held &&
                memcmp(text + n - length, stops[i], length) == 0)
                held = length;
    gb_utf8_clean(&all, text, n - held, false);
    assert_string_equal(gb_str_cstr(shown), gb_str_cstr(&all));
    gb_str_free(&all);
}

static void
test_random_splits(void **state)
{
    static const char letters[] = "aaabbc\xc3\xa9\xff\xf0\x9f\x98\x80";
    char text[64], stops[MAX_STOPS][8];
    const char *pointers[MAX_STOPS];
    gb_str out = GB_STR_INIT, expected = GB_STR_INIT;
    uint32_t random = 2026, round, found = 0;
    size_t n, n_stops, at, i, j, step;
    bool stopped;
    gb_stream *s;

    (void)state;
    for (round = 0; round < 20000; round++) {
        n_stops = next(&random) % (MAX_STOPS + 1);
        for (i = 0; i < n_stops; i++) {
            n = 1 + next(&random) % 6;
            for (j = 0; j < n; j++)
                stops[i][j] = letters[next(&random) % (sizeof letters - 1)];
            stops[i][n] = '\0';
            pointers[i] = stops[i];
        }
        n = next(&random) % sizeof text;
        for (i = 0; i < n; i++)
            text[i] = letters[next(&random) % (sizeof letters - 1)];
        s = gb_stream_new(pointers, n_stops);
        gb_str_clear(&out);
        gb_str_clear(&expected);
        stopped = false;
        for (at = 0; at < n && !stopped; at += step) {
            step = next(&random) % 5;
            if (step > n - at)
                step = n - at;
            stopped = gb_stream_push(s, text + at, step, &out);
            if (!stopped)
                check_held(text, at + step, stops, n_stops, &out);
        }
        gb_stream_end(s, &out);
        found += stopped;
        assert_int_equal(stopped, cut(text, n, stops, n_stops, &expected));
        assert_int_equal(out.len, expected.len);
        assert_string_equal(gb_str_cstr(&out), gb_str_cstr(&expected));
        gb_stream_free(s);
    }
    assert_in_range(found, 2000, 18000);
    gb_str_free(&out);
    gb_str_free(&expected);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_nothing_after_a_stop),
        cmocka_unit_test(test_random_splits),
    };

    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
