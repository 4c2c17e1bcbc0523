/* What follows a text by what was read before. */
#include "test.h"
#include "mutate.h"

#include "base/mem.h"
#include "session/lookup.h"

/* The guesses at what follows a text (n), each a letter. */
static void
expect(gb_lookup *l, const char *text, unsigned most, const char *guesses)
{
    gb_ids ids = GB_IDS_INIT;
    gb_token found[16];
    char shown[17] = "";
    unsigned match, n, i;

    for (; *text != '\0'; text++)
        gb_ids_push(&ids, (gb_token)*text);
    gb_lookup_read(l, ids.data, ids.len);
    n = gb_lookup_guess(l, found, most, &match);
    for (i = 0; i < n; i++)
        shown[i] = (char)found[i];
    shown[n] = '\0';
    assert_string_equal(shown, guesses);
    assert_true(n == 0 || match > 0);
    gb_ids_free(&ids);
}

static void
test_repetition(void **state)
{
    gb_lookup *l = gb_lookup_new();

    (void)state;
    expect(l, "", 8, "");
    expect(l, "abcdefgxyz", 8, "");
    expect(l, "abcdefgxyzab", 8, ""); /* two are too few */
    expect(l, "abcdefgxyzabc", 4, "defg");
    expect(l, "abcdefgxyzabcde", 4, "fgxy");
    /* The longer stretch counts, then the newer one. */
    expect(l, "abcdefgxyzabcdefQ", 8, "");
    expect(l, "abcdefgxyzabcdefQdef", 3, "Qde");
    expect(l, "abcdefgxyzabcdefQdefxyzabcdef", 3, "Qde");
    gb_lookup_free(l);
    /* What goes round goes on. */
    l = gb_lookup_new();
    expect(l, "-abcabc", 8, "abcabcab");
    expect(l, "-aaaa", 5, "aaaaa");
    gb_lookup_free(l);
}

static void
test_other_takes(void **state)
{
    static const char other[] = "once upon a time";
    gb_lookup *l = gb_lookup_new();
    gb_token ids[sizeof other - 1];
    size_t i;

    (void)state;
    /* Back at a place: what stood there. */
    expect(l, "the fox ran away", 8, "");
    expect(l, "the fox", 5, " ran ");
    expect(l, "the fox r", 5, "an aw");
    expect(l, "the fox ro", 5, "");
    expect(l, "the fox rode away", 8, "");
    expect(l, "the fox", 8, " rode aw");
    /* Parted, and together again. */
    expect(l, "the fox strode", 5, " away");
    /* Learned, and told from what stands beside it. */
    for (i = 0; i < GB_COUNT(ids); i++)
        ids[i] = (gb_token)other[i];
    gb_lookup_learn(l, ids, GB_COUNT(ids), 5);
    expect(l, "upon", 16, " a time");
    gb_lookup_free(l);
}

/* Whatever is read, a guess is what a scan of everything would allow: it is
 * there, behind as many of the text's tokens. */
static void
test_against_a_scan(void **state)
{
    enum { TEXT = 400, READS = 300 };
    gb_lookup *l = gb_lookup_new();
    test_random r = {3};
    gb_token text[TEXT], guesses[15];
    unsigned match, found, k, n = 0, some;
    size_t at, i;
    bool held;

    (void)state;
    for (k = 0; k < READS; k++) {
        n -= (unsigned)test_random_below(&r, n / 4 + 1);
        some = (unsigned)test_random_below(&r, 12);
        for (; some > 0 && n < TEXT; some--)
            text[n++] = (gb_token)test_random_below(&r, 3);
        if (n == TEXT)
            n = 5;
        gb_lookup_read(l, text, n);
        found = gb_lookup_guess(l, guesses, 15, &match);
        assert_true(found <= 15 && match <= n + READS * 12);
        for (i = 0; i < found; i++)
            assert_true(guesses[i] < 3);
        /* Three tokens that stand earlier in the same text are found. */
        held = false;
        for (at = 3; at < n && n >= 3; at++)
            held = held || memcmp(text + at - 3, text + n - 3,
                                  3 * sizeof *text) == 0;
        assert_true(!held || found > 0);
    }
    gb_lookup_free(l);
}

/* The log forgets, and goes on. */
static void
test_forgets(void **state)
{
    enum { PIECE = 4096 };
    gb_token *ids = gb_alloc_array(PIECE, sizeof *ids), guess;
    gb_lookup *l = gb_lookup_new();
    unsigned k, match;
    size_t i;

    (void)state;
    for (k = 0; k < GB_LOOKUP_MOST / PIECE + 8; k++) {
        for (i = 0; i < PIECE; i++)
            ids[i] = (gb_token)(k * 131 + i);
        gb_lookup_learn(l, ids, PIECE, 0);
    }
    gb_lookup_read(l, ids, 100);
    assert_int_equal(gb_lookup_guess(l, &guess, 1, &match), 1);
    assert_int_equal(guess, ids[100]);
    for (i = 0; i < 100; i++)
        ids[i] = (gb_token)i;
    gb_lookup_read(l, ids, 100);
    assert_int_equal(gb_lookup_guess(l, &guess, 1, &match), 0);
    gb_lookup_free(l);
    free(ids);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repetition),
        cmocka_unit_test(test_other_takes),
        cmocka_unit_test(test_against_a_scan),
        cmocka_unit_test(test_forgets),
    };

    return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
