/* Merging long pieces: in little memory, but as the definition has it. */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "model/bpe.h"
#include "model/merges.h"
#include "mutate.h"

static gb_vocab *vocab;
static gb_merges merges, taken;
static gb_bpe *bpe;

static int
setup(void **state)
{
    char *words = gb_strdup(test_source("models/stories/vocab.json"));
    const char *pairs = test_source("models/stories/merges.txt");
    gb_error err = GB_ERROR_INIT;

    (void)state;
    vocab = gb_vocab_open(words, &err);
    free(words);
    if (vocab != NULL && gb_merges_read(&merges, pairs, vocab, &err) &&
        gb_merges_read(&taken, pairs, vocab, &err))
        bpe = gb_bpe_new(&taken);
    if (bpe == NULL)
        fprintf(stderr, "# %s\n", err.text);
    return bpe == NULL;
}

static int
teardown(void **state)
{
    (void)state;
    gb_bpe_close(bpe);
    gb_merges_free(&merges);
    gb_vocab_close(vocab);
    return 0;
}

/* The lowest rank of all neighbours. */
static uint32_t
lowest_rank(const uint32_t *ids, size_t n)
{
    uint32_t lowest = GB_NO_RANK, rank;
    size_t i;

    for (i = 1; i < n; i++) {
        rank = gb_merges_rank(&merges, ids[i - 1], ids[i]);
        if (rank < lowest)
            lowest = rank;
    }
    return lowest;
}

/* OpenAI's encoder, written down as it is. */
static size_t
merge_slowly(uint32_t *ids, size_t n)
{
    const gb_merge *m;
    uint32_t rank;
    size_t i, left;

    while ((rank = lowest_rank(ids, n)) != GB_NO_RANK) {
        m = &merges.by_rank[rank];
        for (i = left = 0; i < n; i++)
            if (i + 1 < n && ids[i] == m->left && ids[i + 1] == m->right) {
                ids[left++] = m->result;
                i++;
            } else {
                ids[left++] = ids[i];
            }
        n = left;
    }
    return n;
}

/* n bytes made of these parts, at random. */
static void
check(const char *const *parts, size_t n_parts, size_t n, uint64_t seed)
{
    uint32_t *found = gb_alloc_array(n, sizeof *found);
    uint32_t *expected = gb_alloc_array(n, sizeof *expected);
    test_random random = {seed};
    gb_error err = GB_ERROR_INIT;
    const char *part = "";
    size_t i, n_found = n, n_expected;

    for (i = 0; i < n; i++) {
        if (*part == '\0')
            part = parts[test_random_below(&random, n_parts)];
        found[i] = gb_vocab_byte(vocab, (unsigned char)*part++);
    }
    memcpy(expected, found, n * sizeof *found);
    n_expected = merge_slowly(expected, n);
    test_ok(gb_bpe_merge(bpe, found, &n_found, &err), &err);
    assert_int_equal(n_found, n_expected);
    assert_memory_equal(found, expected, n_found * sizeof *found);
    free(found);
    free(expected);
}

static void
test_pieces(void **state)
{
    static const char *const runs[] = {"e"}, *const two[] = {"l", "ll"};
    static const char *const letters[] = {"e", "t", "a", "o", "h", "n", "s"};
    static const char *const words[] = {"mother", "the", "under", "stand",
                                        "ing", "light", "er", "house", "ed"};
    static const size_t lengths[] = {2, 3, 100, 4095, 4096, 4097, 12289,
                                     30000, 50001};
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(lengths); i++) {
        check(runs, GB_COUNT(runs), lengths[i], i);
        check(two, GB_COUNT(two), lengths[i], i);
        check(letters, GB_COUNT(letters), lengths[i], i);
        check(words, GB_COUNT(words), lengths[i], i);
    }
}

static void
test_too_long(void **state)
{
    gb_error err = GB_ERROR_INIT;
    uint32_t id = 1;
    size_t n = GB_BPE_MAX;

    (void)state;
    assert_false(gb_bpe_merge(bpe, &id, &n, &err));
    test_fails_with(&err, GB_FAILED, "words below", NULL);
    n = 1;
    test_ok(gb_bpe_merge(bpe, &id, &n, &err), &err);
    assert_int_equal(n, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests_name("bpe", tests, setup, teardown);
}
