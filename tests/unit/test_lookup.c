/* What follows a text by what was read before. */
#include "test.h"
#include "mutate.h"

#include "base/mem.h"
#include "session/lookup.h"

static void
read_text(gb_lookup *l, gb_lookup_text *t, const char *text)
{
    gb_ids ids = GB_IDS_INIT;

    for (; *text != '\0'; text++)
        gb_ids_push(&ids, (gb_token)*text);
    gb_lookup_read(l, t, ids.data, ids.len);
    gb_ids_free(&ids);
}

/* The guesses at what follows a text, each a letter. */
static void
expect_of(gb_lookup *l, gb_lookup_text *t, const char *text, unsigned most,
          const char *guesses)
{
    gb_token found[16];
    char shown[17] = "";
    unsigned match, n, i;

    read_text(l, t, text);
    n = gb_lookup_guess(l, t, found, most, &match);
    for (i = 0; i < n; i++)
        shown[i] = (char)found[i];
    shown[n] = '\0';
    assert_string_equal(shown, guesses);
    assert_true(n == 0 || match > 0);
}

/* Of the only text that there is. */
static gb_lookup_text only;

static void
expect(gb_lookup *l, const char *text, unsigned most, const char *guesses)
{
    expect_of(l, &only, text, most, guesses);
}

static void
forget(gb_lookup *l)
{
    gb_lookup_free(l);
    gb_lookup_text_free(&only);
    only = (gb_lookup_text){.at = 0};
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
    forget(l);
    /* What goes round goes on. */
    l = gb_lookup_new();
    expect(l, "-abcabc", 8, "abcabcab");
    expect(l, "-aaaa", 5, "aaaaa");
    forget(l);
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
    forget(l);
}

/* Texts that grow by turns, each of which sees what the others have; and what
 * they have in common is kept once. */
static void
test_by_turns(void **state)
{
    static const char *const texts[] = {"a fox ran home", "a fox ran away",
                                        "one fox ran"};
    gb_lookup_text t[GB_COUNT(texts)] = {0};
    gb_lookup *l = gb_lookup_new();
    char text[16] = "";
    size_t n, i;

    (void)state;
    for (n = 1; n <= 11; n++)
        for (i = 0; i < GB_COUNT(texts); i++) {
            memcpy(text, texts[i], n);
            read_text(l, &t[i], text);
        }
    /* What others go on with, the newest first. */
    expect_of(l, &t[0], "a fox ran h", 8, "");
    expect_of(l, &t[0], "a fox ran home", 8, "");
    expect_of(l, &t[2], "one fox ran", 8, " a");
    expect_of(l, &t[1], "a fox ran away", 8, "");
    expect_of(l, &t[2], "one fox ran", 8, " away");
    expect_of(l, &t[2], "one fox ran h", 8, "ome");
    expect_of(l, &t[0], "a fox ran", 8, " away");
    for (i = 0; i < GB_COUNT(texts); i++)
        gb_lookup_text_free(&t[i]);
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
        gb_lookup_read(l, &only, text, n);
        found = gb_lookup_guess(l, &only, guesses, 15, &match);
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
    forget(l);
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
    gb_lookup_read(l, &only, ids, 100);
    assert_int_equal(gb_lookup_guess(l, &only, &guess, 1, &match), 1);
    assert_int_equal(guess, ids[100]);
    for (i = 0; i < 100; i++)
        ids[i] = (gb_token)i;
    gb_lookup_read(l, &only, ids, 100);
    assert_int_equal(gb_lookup_guess(l, &only, &guess, 1, &match), 0);
    forget(l);
    free(ids);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repetition),
        cmocka_unit_test(test_other_takes),
        cmocka_unit_test(test_by_turns),
        cmocka_unit_test(test_against_a_scan),
        cmocka_unit_test(test_forgets),
    };

    return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
