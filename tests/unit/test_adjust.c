/* Repetition penalty, DRY and bias against tests/reference/adjust_golden.py,
 * and on texts and rules that nobody would want. */
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "sample/adjust.h"

#define VOCAB 500
#define MOST 2000 /* tokens of a text */

static void
fill(float *logits)
{
    unsigned i;

    for (i = 0; i < VOCAB; i++)
        logits[i] = (float)(i * 7919 % 1009) / 64 - 8;
}

static double
number(FILE *f)
{
    char word[64];

    assert_int_equal(fscanf(f, "%63s", word), 1);
    return strtod(word, NULL);
}

typedef struct breakers {
    size_t n;
    uint32_t id[8];
} breakers;

static bool
is_breaker(const void *arg, uint32_t id)
{
    const breakers *b = arg;
    size_t i;

    for (i = 0; i < b->n; i++)
        if (b->id[i] == id)
            return true;
    return false;
}

/* Reads the rest of a case; returns how many logits it changes. */
static size_t
check_case(FILE *f, gb_adjustments *list, double penalty)
{
    static gb_bias bias[VOCAB];
    static uint32_t ids[MOST];
    static float logits[VOCAB], expected[VOCAB];
    breakers b;
    gb_adjust_rules r = {.repetition_penalty = penalty, .bias = bias,
                         .dry_breaks = is_breaker, .dry_arg = &b};
    size_t n, changed, i;

    r.repetition_last = (size_t)number(f);
    r.dry_multiplier = number(f);
    r.dry_base = number(f);
    r.dry_allowed_length = (size_t)number(f);
    r.dry_last = (size_t)number(f);
    r.dry_limit = (size_t)number(f);
    b.n = (size_t)number(f);
    for (i = 0; i < b.n; i++)
        b.id[i] = (uint32_t)number(f);
    r.n_bias = (size_t)number(f);
    for (i = 0; i < r.n_bias; i++) {
        bias[i].id = (uint32_t)number(f);
        bias[i].add = (float)number(f);
    }
    n = (size_t)number(f);
    assert_in_range(n, 0, MOST);
    for (i = 0; i < n; i++)
        ids[i] = (uint32_t)number(f);
    fill(expected);
    changed = (size_t)number(f);
    for (i = 0; i < changed; i++) {
        size_t id = (size_t)number(f);

        expected[id] = (float)number(f);
    }
    fill(logits);
    gb_adjust_find(list, &r, ids, n);
    gb_adjust(list, logits);
    for (i = 0; i < VOCAB; i++)
        if (isinf(expected[i]))
            assert_true(logits[i] == expected[i]);
        else if (fabsf(logits[i] - expected[i]) >
                 2e-6f * (fabsf(expected[i]) + 1))
            fail_msg("token %zu of a text of %zu: %.9g, expected %.9g", i, n,
                     (double)logits[i], (double)expected[i]);
    return changed;
}

static void
test_golden(void **state)
{
    FILE *f = fopen(test_source("tests/golden/adjust.txt"), "r");
    gb_adjustments list = {.n = 0};
    size_t cases = 0, changed = 0;
    double penalty;

    (void)state;
    assert_non_null(f);
    while (fscanf(f, "%lf", &penalty) == 1) {
        changed += check_case(f, &list, penalty);
        cases++;
    }
    assert_true(cases > 100 && changed > 1000);
    fclose(f);
    gb_adjustments_free(&list);
}

/* Nothing to do is an empty list, which changes nothing. */
static void
test_off(void **state)
{
    const gb_adjust_rules off = GB_ADJUST_RULES_OFF;
    const uint32_t ids[] = {1, 2, 1, 2, 1};
    gb_adjust_rules r = off;
    gb_adjustments list = {.n = 0};
    float logits[3] = {1, -0.0f, -INFINITY}, before[3];

    (void)state;
    assert_true(gb_adjust_rules_are_off(&off));
    memcpy(before, logits, sizeof before);
    gb_adjust_find(&list, &off, ids, GB_COUNT(ids));
    assert_int_equal(list.n, 0);
    gb_adjust(&list, logits);
    gb_adjust(NULL, logits);
    assert_memory_equal(before, logits, sizeof before);
    r.repetition_penalty = 1.5;
    r.dry_multiplier = 1;
    assert_false(gb_adjust_rules_are_off(&r));
    gb_adjust_find(&list, &r, ids, 0);
    assert_int_equal(list.n, 0);
    gb_adjustments_free(&list);
}

/* Penalty, then DRY, then bias; a ban is a ban whatever the others say. */
static void
test_order(void **state)
{
    const uint32_t ids[] = {0, 1, 0, 1, 0};
    const gb_bias bias[] = {{1, 3}, {0, -INFINITY}, {2, -1}};
    const gb_adjust_rules r = {
        .repetition_penalty = 2, .dry_multiplier = 1, .dry_base = 2,
        .dry_allowed_length = 2, .dry_limit = SIZE_MAX,
        .bias = bias, .n_bias = 3,
    };
    float logits[4] = {5, -4, 1, 1};
    gb_adjustments list = {.n = 0};

    (void)state;
    gb_adjust_find(&list, &r, ids, GB_COUNT(ids));
    assert_int_equal(list.n, 3);
    gb_adjust(&list, logits);
    assert_true(logits[0] == -INFINITY);
    assert_true(logits[1] == -4 * 2 - 2 + 3); /* three tokens repeated */
    assert_true(logits[2] == 0 && logits[3] == 1);
    gb_adjustments_free(&list);
}

/* One token again and again, rules at their limits: finite, and in a time
 * that grows with the text alone. */
static void
test_hostile(void **state)
{
    enum { N = 1000000 };
    uint32_t *ids = gb_alloc_array(N, sizeof *ids), i;
    gb_adjust_rules r = GB_ADJUST_RULES_OFF;
    gb_adjustments list = {.n = 0};

    (void)state;
    r.dry_multiplier = 1000;
    r.dry_base = 100;
    r.dry_allowed_length = 1;
    r.repetition_penalty = 0.01;
    gb_adjust_find(&list, &r, ids, N);
    assert_int_equal(list.n, 1);
    assert_true(list.items[0].add == -(float)GB_DRY_MOST);
    assert_float_equal(list.items[0].positive, 100, 1e-4);
    for (i = 0; i < N; i++)
        ids[i] = i & (i >> 1) & 1;
    gb_adjust_find(&list, &r, ids, N);
    assert_in_range(list.n, 1, 2);
    r.dry_allowed_length = SIZE_MAX;
    r.repetition_penalty = 1;
    gb_adjust_find(&list, &r, ids, N);
    assert_int_equal(list.n, 0);
    r.dry_allowed_length = 1;
    r.dry_last = 1;
    gb_adjust_find(&list, &r, ids, N);
    assert_int_equal(list.n, 0);
    gb_adjustments_free(&list);
    free(ids);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests_name("adjust", tests, NULL, NULL);
}
