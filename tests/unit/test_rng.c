/* NumPy's generator, bit for bit. */
#include "test.h"

#include <inttypes.h>

#include "base/mem.h"
#include "sample/rng.h"

#define U128(high, low) ((gb_u128)(high) << 64 | (low))

/* Seeds and states as default_rng(seed).bit_generator.state has them, and
 * the first three of random(). */
static void
test_vectors(void **state)
{
    static const struct {
        uint64_t seed, high, low;
        double draws[3];
    } cases[] = {
        {0, 0x1aa1b5345996452d, 0x09585eb7a69561e3,
         {0.6369616873214543, 0.2697867137638703, 0.04097352393619469}},
        {42, 0xcea44f6798798f2a, 0xacbc7c9d68860ac8,
         {0.7739560485559633, 0.4388784397520523, 0.8585979199113825}},
        {12345, 0x1905e0335aae9634, 0x9199b0d09775add5,
         {0.22733602246716966, 0.31675833970975287, 0.7973654573327341}},
        {4294967296, 0x24d060cf1520dbdd, 0x21bbf7fbff1ac5d4,
         {0.8897387912781343, 0.5571380502062263, 0.8009080868919721}},
        {9223372036854775813u, 0xda3fbbd7a00e04ef, 0x1f54f7edf9e1adcc,
         {0.48023310532329777, 0.9041733770137489, 0.6417306338738085}},
    };
    gb_pcg64 g;
    size_t i, k;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_pcg64_seed(&g, cases[i].seed, 0);
        assert_true(g.state == U128(cases[i].high, cases[i].low));
        for (k = 0; k < 3; k++)
            assert_true((double)(gb_pcg64_next(&g) >> 11) * 0x1p-53 ==
                        cases[i].draws[k]);
    }
}

/* tests/golden/rng.txt; see tests/reference/sampling_golden.py. */
static void
test_golden(void **state)
{
    FILE *f = fopen(test_source("tests/golden/rng.txt"), "r");
    uint64_t seed, step, s[2], inc[2], raw[5];
    gb_pcg64 g, start;
    char line[512];
    size_t lines = 0, i;

    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        assert_int_equal(
            sscanf(line,
                   "%" SCNu64 " %" SCNu64 " %16" SCNx64 "%16" SCNx64
                   " %16" SCNx64 "%16" SCNx64 " %" SCNx64 " %" SCNx64
                   " %" SCNx64 " %" SCNx64 " %" SCNx64,
                   &seed, &step, &s[0], &s[1], &inc[0], &inc[1], &raw[0],
                   &raw[1], &raw[2], &raw[3], &raw[4]),
            11);
        gb_pcg64_seed(&g, seed, step);
        start = g;
        assert_true(g.state == U128(s[0], s[1]));
        assert_true(g.inc == U128(inc[0], inc[1]));
        for (i = 0; i < 3; i++)
            assert_true(gb_pcg64_next(&g) == raw[i]);
        gb_pcg64_advance(&g, 50256 - 3);
        assert_true(gb_pcg64_next(&g) == raw[3]);
        gb_pcg64_advance(&start, UINT64_C(1) << 40);
        assert_true(gb_pcg64_next(&start) == raw[4]);
        lines++;
    }
    fclose(f);
    assert_int_equal(lines, 60);
}

/* The sum of seed and step does not wrap around. */
static void
test_seed_overflow(void **state)
{
    gb_pcg64 over, zero, same;

    (void)state;
    gb_pcg64_seed(&over, UINT64_MAX, 1);
    gb_pcg64_seed(&zero, 0, 0);
    gb_pcg64_seed(&same, 1, UINT64_MAX);
    assert_false(over.state == zero.state);
    assert_true(over.state == same.state && over.inc == same.inc);
}

static void
test_advance(void **state)
{
    static const uint64_t steps[] = {0, 1, 2, 3, 64, 255, 256, 4097};
    gb_u128 mult, plus;
    gb_pcg64 one, jump;
    size_t i;
    uint64_t k;

    (void)state;
    for (i = 0; i < GB_COUNT(steps); i++) {
        gb_pcg64_seed(&one, 7, i);
        jump = one;
        gb_pcg64_jump(steps[i], &mult, &plus);
        for (k = 0; k < steps[i]; k++)
            gb_pcg64_next(&one);
        assert_true(mult * jump.state + plus * jump.inc == one.state);
        gb_pcg64_advance(&jump, steps[i]);
        assert_true(jump.state == one.state && jump.inc == one.inc);
    }
}

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The seeds of takes lie far from each other, whichever one began, and every
 * jump leads back. */
static void
test_takes(void **state)
{
    static const uint64_t first[] = {0, 1, 42, UINT64_MAX, UINT64_MAX - 5};
    enum { TAKES = 10000 };
    uint64_t *seeds = gb_alloc_array(TAKES, sizeof *seeds), gap;
    size_t i, k;

    (void)state;
    assert_true(gb_seed_jump(0, 1) == UINT64_C(11400714819323198485));
    for (i = 0; i < GB_COUNT(first); i++) {
        seeds[0] = first[i];
        for (k = 1; k < TAKES; k++) {
            seeds[k] = gb_seed_jump(seeds[k - 1], 1);
            assert_true(seeds[k] == gb_seed_jump(first[i], k));
            assert_true(gb_seed_jump(seeds[k], -(uint64_t)k) == first[i]);
        }
        qsort(seeds, TAKES, sizeof *seeds, compare);
        gap = seeds[0] - seeds[TAKES - 1]; /* the way around */
        for (k = 1; k < TAKES; k++)
            if (seeds[k] - seeds[k - 1] < gap)
                gap = seeds[k] - seeds[k - 1];
        assert_true((double)gap > 0.38 * 0x1p64 / TAKES);
    }
    free(seeds);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_seed_overflow),
        cmocka_unit_test(test_advance),
        cmocka_unit_test(test_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
