/* Gumbel noise as NumPy makes it, and the argmax over it. */
#include "test.h"

#include <inttypes.h>
#include <math.h>

#include "base/mem.h"
#include "sample/gumbel.h"

#define VOCAB 50257

/* Argmax of the noise alone. From seed 479 on, u rounds to 1.0f at the id. */
static void
test_argmax_of_noise(void **state)
{
    static const struct {
        uint64_t seed;
        size_t n;
        uint32_t id;
    } cases[] = {
        {0, 50257, 6138},     {1, 50257, 47862},    {2, 50257, 9291},
        {3, 50257, 33587},    {4, 50257, 14311},    {5, 50257, 12046},
        {42, 50257, 45903},   {0, 4096, 3416},      {1, 4096, 1101},
        {2, 4096, 398},       {3, 4096, 3119},      {4, 4096, 2353},
        {5, 4096, 2601},      {42, 4096, 2210},     {479, 4096, 1797},
        {479, 50257, 5946},   {1527, 50257, 25313}, {2721, 50257, 28448},
        {3382, 50257, 39327}, {3459, 50257, 2175},
    };
    float *noise = gb_alloc_array(VOCAB, sizeof *noise);
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_gumbel_noise(cases[i].seed, 0, noise, cases[i].n);
        assert_int_equal(gb_argmax(noise, cases[i].n).id, cases[i].id);
        assert_true(isfinite(noise[cases[i].id]));
    }
    free(noise);
}

/* Where u rounds to 1.0f the noise is finite, so that a token may lose. */
static void
test_ones_can_lose(void **state)
{
    static const uint64_t seeds[] = {479, 1527, 2721, 3382, 3459};
    static const uint32_t ones[] = {5946, 25313, 28448, 39327, 2175};
    float *logprobs = gb_alloc_array(VOCAB, sizeof *logprobs);
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(seeds); i++) {
        logprobs[ones[i]] = -40.0f;
        assert_int_not_equal(
            gb_gumbel_argmax(logprobs, VOCAB, -INFINITY, seeds[i], 0).id,
            ones[i]);
        logprobs[ones[i]] = 0.0f;
    }
    free(logprobs);
}

/* Draws near both ends and in the middle, against the logarithms in long
 * double. The tail begins where 1 - 2^-25 rounds to 1. */
static void
test_values(void **state)
{
    const uint64_t one = UINT64_C(1) << 53;
    const uint64_t tail = one - (UINT64_C(1) << 28);
    const uint64_t draws[] = {
        0,        1,        2,           1000,     one >> 30, one / 3,
        one / 2,  one / 7 * 6, one - (one >> 20), tail - 1,  tail,
        tail + 1, one - 2,  one - 1,
    };
    long double d, expected;
    float u, g, before = -INFINITY;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(draws); i++) {
        d = 1e-20L + (long double)draws[i] * 0x1p-53L;
        u = (float)d;
        expected = draws[i] < tail ? -logl(-logl((long double)u))
                                   : -logl(1 - (d - 1e-20L));
        g = gb_gumbel(draws[i]);
        assert_float_equal(g, (float)expected, 4e-6);
        assert_true(g >= before);
        before = g;
    }
    assert_float_equal(gb_gumbel(0), -3.829765, 1e-5);
    assert_float_equal(gb_gumbel(one - 1), 36.7368, 1e-4);
}

/* tests/golden/noise.txt; see tests/reference/sampling_golden.py. */
static void
check_line(const char *line, float *logprobs, float *noise)
{
    uint64_t seed, step;
    uint32_t id[2], runner[2];
    float margin[2], first, last;
    gb_best best[2];
    size_t n, i;

    assert_int_equal(sscanf(line,
                            "%" SCNu64 " %" SCNu64 " %zu %u %u %f %u %u %f"
                            " %f %f",
                            &seed, &step, &n, &id[0], &runner[0], &margin[0],
                            &id[1], &runner[1], &margin[1], &first, &last),
                     11);
    assert_in_range(n, 1, VOCAB);
    for (i = 0; i < n; i++)
        logprobs[i] = -(float)(i * 7919 % 1009) / 64;
    gb_gumbel_noise(seed, step, noise, n);
    assert_float_equal(noise[0], first, 1e-5);
    assert_float_equal(noise[n - 1], last, 1e-5);
    best[0] = gb_argmax(noise, n);
    best[1] = gb_gumbel_argmax(logprobs, n, -INFINITY, seed, step);
    for (i = 0; i < 2; i++) {
        assert_int_equal(best[i].id, id[i]);
        assert_int_equal(best[i].runner_up, runner[i]);
        if (isinf(margin[i]))
            assert_true(best[i].runner_up_score == -INFINITY);
        else
            assert_float_equal(best[i].score - best[i].runner_up_score,
                               margin[i], 1e-5);
    }
}

static void
test_golden(void **state)
{
    FILE *f = fopen(test_source("tests/golden/noise.txt"), "r");
    float *logprobs = gb_alloc_array(VOCAB, sizeof *logprobs);
    float *noise = gb_alloc_array(VOCAB, sizeof *noise);
    size_t lines = 0;
    char line[512];

    (void)state;
    assert_non_null(f);
    for (; fgets(line, sizeof line, f) != NULL; lines++)
        check_line(line, logprobs, noise);
    fclose(f);
    assert_int_equal(lines, 101);
    free(logprobs);
    free(noise);
}

/* A floor leaves others out and changes nobody's noise. */
static void
test_floor(void **state)
{
    float logprobs[64], noise[64];
    gb_best best;
    uint64_t seed;
    size_t i, want;

    (void)state;
    for (i = 0; i < 64; i++)
        logprobs[i] = -(float)(i * 29 % 64) / 16;
    for (seed = 0; seed < 50; seed++) {
        gb_gumbel_noise(seed, 3, noise, 64);
        want = 0; /* its logprob is the largest */
        for (i = 0; i < 64; i++)
            if (logprobs[i] >= -1.0f &&
                logprobs[i] + noise[i] > logprobs[want] + noise[want])
                want = i;
        best = gb_gumbel_argmax(logprobs, 64, -1.0f, seed, 3);
        assert_int_equal(best.id, want);
        assert_true(logprobs[best.runner_up] >= -1.0f);
        assert_int_not_equal(best.runner_up, best.id);
        best = gb_gumbel_argmax(logprobs, 64, 0.0f, seed, 3);
        assert_int_equal(best.id, 0);
        assert_int_equal(best.runner_up, 0);
        assert_true(best.runner_up_score == -INFINITY);
    }
}

static void
test_first_maximum(void **state)
{
    static const struct {
        float x[5];
        size_t n;
        uint32_t id, runner_up;
    } cases[] = {
        {{1}, 1, 0, 0},
        {{1, 1}, 2, 0, 1},
        {{1, 2}, 2, 1, 0},
        {{0, 3, 2, 3, 2}, 5, 1, 3},
        {{5, 4, 3, 4, 2}, 5, 0, 1},
        {{1, 2, 3, 4, 5}, 5, 4, 3},
        {{-INFINITY, -INFINITY, -3}, 3, 2, 0},
    };
    gb_best best;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        best = gb_argmax(cases[i].x, cases[i].n);
        assert_int_equal(best.id, cases[i].id);
        assert_int_equal(best.runner_up, cases[i].runner_up);
        assert_true(best.score == cases[i].x[best.id]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_argmax_of_noise),
        cmocka_unit_test(test_ones_can_lose),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_first_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
