/* The filters' floor against sorting and adding up. */
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "sample/filter.h"

static size_t
count_kept(const float *x, size_t n, float floor)
{
    size_t i, kept = 0;

    for (i = 0; i < n; i++)
        kept += x[i] >= floor;
    return kept;
}

/* Probabilities of eighths and sixteenths, whose sums are exact enough to
 * stay clear of the thresholds asked for. */
static void
test_small(void **state)
{
    static const double p[] = {1 / 16.0, 1 / 4.0, 1 / 8.0, 1 / 16.0,
                               1 / 4.0,  1 / 8.0, 1 / 8.0};
    static const struct {
        gb_filter filter;
        size_t kept; /* of p */
    } cases[] = {
        {GB_FILTER_OFF, 7},
        {{1, 1, 0}, 2}, /* ties stay together */
        {{2, 1, 0}, 2},
        {{3, 1, 0}, 5},
        {{5, 1, 0}, 5},
        {{6, 1, 0}, 7},
        {{7, 1, 0}, 7},
        {{100, 1, 0}, 7},
        {{0, 1e-9, 0}, 2},
        {{0, 0.2, 0}, 2},
        {{0, 0.45, 0}, 2},
        {{0, 0.55, 0}, 5},
        {{0, 0.85, 0}, 5},
        {{0, 0.9, 0}, 7},
        {{0, 1, 1}, 2},
        {{0, 1, 0.6}, 2},
        {{0, 1, 0.4}, 5},
        {{0, 1, 0.2}, 7},
        {{0, 1, 1e-9}, 7},
        {{3, 0.5, 0}, 2},  /* half of 7/8 is less than 1/2 */
        {{3, 0.6, 0}, 5},  /* 0.6 of 7/8 is more */
        {{6, 0.85, 0.6}, 2},
        {{2, 0.9, 0.01}, 2},
    };
    float x[GB_COUNT(p)];
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(p); i++)
        x[i] = (float)log(p[i]);
    for (i = 0; i < GB_COUNT(cases); i++)
        assert_int_equal(
            count_kept(x, GB_COUNT(p),
                       gb_filter_floor(&cases[i].filter, x, GB_COUNT(p))),
            cases[i].kept);
}

static void
test_odd_values(void **state)
{
    static const gb_filter filters[] = {
        {1, 1, 0}, {0, 0.5, 0}, {0, 1, 0.5}, {3, 0.9, 0.1}};
    const float tiny[] = {0.0f, -0.0f, -1e-45f, -1e30f, -INFINITY, NAN};
    const float lost[] = {-INFINITY, NAN, -INFINITY};
    const float one[] = {-3.5f};
    float floor;
    size_t i, k;

    (void)state;
    for (i = 0; i < GB_COUNT(filters); i++) {
        floor = gb_filter_floor(&filters[i], tiny, GB_COUNT(tiny));
        for (k = 0; k < 2; k++) /* both zeros are the maximum */
            assert_true(tiny[k] >= floor);
        for (k = 3; k < 6; k++)
            assert_false(tiny[k] >= floor);
        assert_true(gb_filter_floor(&filters[i], lost, 3) == -INFINITY);
        assert_true(one[0] >= gb_filter_floor(&filters[i], one, 1));
    }
}

static int
descending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x < y) - (x > y);
}

/* Checks top-k by what stands at place k, min-p by its definition, and top-p
 * by its sums: what stays reaches the share, and would not without the
 * smallest that stays. */
static void
check_against_sort(const gb_filter *f, const float *x, size_t n)
{
    float *sorted = gb_alloc_array(n, sizeof *sorted);
    float floor = gb_filter_floor(f, x, n), top_k = -INFINITY;
    double total = 0, at_least = 0, more = 0, weight;
    size_t i;

    memcpy(sorted, x, n * sizeof *x);
    qsort(sorted, n, sizeof *sorted, descending);
    if (f->top_k > 0 && f->top_k < n)
        top_k = sorted[f->top_k - 1];
    for (i = 0; i < n && sorted[i] >= top_k; i++) {
        weight = exp((double)sorted[i] - (double)sorted[0]);
        total += weight;
        at_least += sorted[i] >= floor ? weight : 0;
        more += sorted[i] > floor ? weight : 0;
    }
    assert_true(floor >= top_k);
    assert_true(floor <= sorted[0]);
    if (f->min_p > 0) {
        assert_true((double)floor >= (double)sorted[0] + log(f->min_p));
    } else if (f->top_p < 1) {
        assert_true(at_least >= f->top_p * total - 1e-9 * total);
        assert_true(more < f->top_p * total + 1e-9 * total);
    } else {
        assert_true(floor == top_k);
    }
    free(sorted);
}

static void
test_against_sort(void **state)
{
    static const gb_filter filters[] = {
        {1, 1, 0},    {2, 1, 0},     {40, 1, 0},      {5000, 1, 0},
        {0, 0.01, 0}, {0, 0.5, 0},   {0, 0.9, 0},     {0, 0.999999, 0},
        {40, 0.9, 0}, {256, 1, 0}, {257, 1, 0}, {300, 0.5, 0}, {0, 1, 0.05},    {40, 0.95, 0.02},
        {0, 0.9, 0.5},
    };
    static const size_t sizes[] = {1, 2, 41, 1031, 50257};
    float *x = gb_alloc_array(50257, sizeof *x);
    size_t s, i, f;
    uint32_t h, steps;

    (void)state;
    /* Few distinct values make ties, many make none. */
    for (steps = 8; steps <= 1u << 24; steps *= 64)
        for (s = 0; s < GB_COUNT(sizes); s++) {
            for (i = 0; i < sizes[s]; i++) {
                h = (uint32_t)i * 2654435761u;
                h = (h ^ h >> 15) * 2246822519u;
                h ^= h >> 13;
                x[i] = -20.0f * (float)(h % steps) / (float)steps - 0.25f;
            }
            for (f = 0; f < GB_COUNT(filters); f++)
                check_against_sort(&filters[f], x, sizes[s]);
        }
    free(x);
}

static void
test_is_off(void **state)
{
    const gb_filter off = GB_FILTER_OFF;
    const gb_filter on[] = {{1, 1, 0}, {0, 0.99, 0}, {0, 1, 1e-6}};
    const float x[] = {-1.0f, -2.0f};
    size_t i;

    (void)state;
    assert_true(gb_filter_is_off(&off));
    assert_true(gb_filter_floor(&off, x, 2) == -INFINITY);
    for (i = 0; i < GB_COUNT(on); i++)
        assert_false(gb_filter_is_off(&on[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_odd_values),
        cmocka_unit_test(test_against_sort),
        cmocka_unit_test(test_is_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
