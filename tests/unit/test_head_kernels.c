/* The kernels of the heads against plain loops in double precision, and the
 * noise against NumPy's. Whatever a kernel must not read is poisoned, and so
 * is whatever it must not write. */
#include "programs.h"
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "engine/head.h"
#include "sample/gumbel.h"
#include "sample/rng.h"

static double
log_sum(const float *logits, unsigned n, double temperature)
{
    double max = -INFINITY, sum = 0;
    unsigned i;

    for (i = 0; i < n; i++)
        max = fmax(max, logits[i] / temperature);
    for (i = 0; i < n; i++)
        sum += exp(logits[i] / temperature - max);
    return max + log(sum);
}

/* What is lost when z = logit / temperature is rounded to float. */
static double
softmax_tolerance(double largest)
{
    return 2e-5 + 3e-7 * fabs(largest);
}

static void
check_softmax(gb_compute *c, unsigned vocab, float temperature)
{
    enum { ROWS = 3 };
    const unsigned ld = gb_padded_width(&c->shape, vocab);
    const unsigned chunks = (unsigned)gb_div_up(vocab, GB_CHUNK);
    const cl_uint targets[ROWS] = {0, vocab - 1, vocab / 2};
    float *logits = random_floats(11, (size_t)ROWS * vocab, 12.0f);
    float *padded = padded_rows(logits, ROWS, vocab, ld, poison());
    cl_mem logits_m = device_words(c, padded, (size_t)ROWS * ld);
    cl_mem parts_m = device_poisoned(c, (size_t)ROWS * chunks * 2);
    cl_mem out_m = device_poisoned(c, vocab);
    cl_mem targets_m = device_words(c, targets, ROWS);
    cl_mem scores_m = device_poisoned(c, ROWS);
    const double tolerance = softmax_tolerance(12 / temperature);
    gb_error err = GB_ERROR_INIT;
    float *parts, *out, *scores;
    unsigned i;
    gb_op op;

    test_ok(gb_op_init(c, &op, "softmax_part", &err, "muufm", logits_m, ld,
                       vocab, (double)temperature, parts_m),
            &err);
    op.x = chunks;
    op.per_y = 1;
    device_run(c, &op, ROWS);
    parts = device_read(c, parts_m, (size_t)ROWS * chunks * 2);
    test_ok(gb_op_init(c, &op, "logprobs", &err, "mufmm", logits_m, vocab,
                       (double)temperature, parts_m, out_m),
            &err);
    op.x = chunks;
    device_run(c, &op, 1);
    out = device_read(c, out_m, vocab);
    for (i = 0; i < vocab; i++)
        assert_near(out[i],
                    logits[i] / (double)temperature -
                        log_sum(logits, vocab, temperature),
                    tolerance, "logprobs", vocab, i);
    if (temperature == 1.0f) {
        test_ok(gb_op_init(c, &op, "score_join", &err, "mumumm", logits_m, ld,
                           parts_m, chunks, targets_m, scores_m),
                &err);
        op.local[0] = 1;
        op.per_y = 1;
        device_run(c, &op, ROWS);
        scores = device_read(c, scores_m, ROWS);
        for (i = 0; i < ROWS; i++)
            assert_near(scores[i],
                        logits[i * vocab + targets[i]] -
                            log_sum(logits + i * vocab, vocab, 1),
                        tolerance, "score_join", vocab, i);
        free(scores);
    }
    device_free(logits_m), device_free(parts_m), device_free(out_m);
    device_free(targets_m), device_free(scores_m);
    free(logits), free(padded), free(parts), free(out);
}

static void
check_softmaxes(gb_compute *c)
{
    static const unsigned vocabs[] = {1, 7, 513, 512, 511, 4096};
    static const float temperatures[] = {1.0f, 0.001f, 0.8f, 1000.0f};
    unsigned i, k;

    for (i = 0; i < (small_cases() ? 3 : GB_COUNT(vocabs)); i++)
        for (k = 0; k < GB_COUNT(temperatures); k++)
            check_softmax(c, vocabs[i], temperatures[k]);
}

static void
test_softmax(void **state)
{
    (void)state;
    for_each_program(check_softmaxes);
}

/* Where every work-item's noise begins, as words. */
static cl_mem
jump_table(gb_compute *c, unsigned items)
{
    cl_ulong(*table)[4] = gb_alloc_array(items, sizeof *table);
    gb_u128 mult, plus;
    unsigned i;
    cl_mem m;

    for (i = 0; i < items; i++) {
        gb_pcg64_jump((uint64_t)i * c->shape.draws, &mult, &plus);
        table[i][0] = (cl_ulong)(mult >> 64);
        table[i][1] = (cl_ulong)mult;
        table[i][2] = (cl_ulong)(plus >> 64);
        table[i][3] = (cl_ulong)plus;
    }
    m = device_words(c, table, items * sizeof *table / 4);
    free(table);
    return m;
}

/* The best of scores (n); with the noise of a seed when `noisy`. */
static gb_pick
pick_run(gb_compute *c, const float *scores, unsigned n, float floor,
         bool noisy, uint64_t seed)
{
    const unsigned used = (unsigned)gb_div_up(n, c->shape.draws);
    const unsigned items = (unsigned)gb_round_up(used, c->shape.lanes);
    cl_mem scores_m = device_words(c, scores, n);
    cl_mem jumps_m = jump_table(c, items);
    cl_mem bests_m = device_poisoned(c, used * sizeof(gb_best) / 4);
    cl_mem pick_m = device_poisoned(c, sizeof(gb_pick) / 4);
    gb_error err = GB_ERROR_INIT;
    gb_pick pick, *found;
    cl_ulong4 start;
    float *bests;
    gb_pcg64 g;
    gb_op op;

    gb_pcg64_seed(&g, seed, 0);
    start.s[0] = (cl_ulong)(g.state >> 64);
    start.s[1] = (cl_ulong)g.state;
    start.s[2] = (cl_ulong)(g.inc >> 64);
    start.s[3] = (cl_ulong)g.inc;
    test_ok(gb_op_init(c, &op, "pick_part", &err, "mufum", scores_m, n,
                       (double)floor, (unsigned)noisy, jumps_m) &&
                gb_op_set(&op, 5, sizeof start, &start, &err) &&
                gb_op_set(&op, 6, sizeof bests_m, &bests_m, &err),
            &err);
    op.x = items / c->shape.lanes;
    device_run(c, &op, 1);
    bests = device_read(c, bests_m, used * sizeof(gb_best) / 4);
    test_ok(gb_op_init(c, &op, "pick_join", &err, "mumm", bests_m, used,
                       scores_m, pick_m),
            &err);
    device_run(c, &op, 1);
    found = device_read(c, pick_m, sizeof pick / 4);
    pick = *found;
    device_free(scores_m), device_free(jumps_m), device_free(bests_m);
    device_free(pick_m);
    free(bests), free(found);
    return pick;
}

/* Greedy: ties everywhere, so that only the order of ids decides. */
static void
check_greedy(gb_compute *c)
{
    static const struct {
        unsigned n, period; /* score i is -(i % period + 1) % period */
    } cases[] = {{1, 1},     {2, 1},     {2, 2},      {7, 3},
                 {520, 1},   {520, 7},   {1025, 513}, {1025, 1000},
                 {4096, 97}, {4096, 1},
    };
    float *scores = gb_alloc_array(4096, sizeof *scores);
    unsigned i, k;
    gb_best best;
    gb_pick pick;

    for (k = 0; k < GB_COUNT(cases); k++) {
        for (i = 0; i < cases[k].n; i++)
            scores[i] = -(float)((i + 1) % cases[k].period);
        best = gb_argmax(scores, cases[k].n);
        pick = pick_run(c, scores, cases[k].n, -INFINITY, false, 0);
        assert_int_equal(pick.id, best.id);
        assert_int_equal(pick.runner_up, best.runner_up);
        assert_true(pick.logprob == scores[best.id]);
        assert_true(pick.margin == best.score - best.runner_up_score);
    }
    free(scores);
}

static void
test_greedy(void **state)
{
    (void)state;
    for_each_program(check_greedy);
}

/* The logarithms of device and host may differ in their last bits: two
 * scores this close may change places. */
#define NEAR 2e-5f

static void
check_sampled(gb_compute *c, const float *logprobs, unsigned n, float floor,
              uint64_t seed)
{
    const gb_best best = gb_gumbel_argmax(logprobs, n, floor, seed, 0);
    const gb_pick pick = pick_run(c, logprobs, n, floor, true, seed);
    const float margin = best.score - best.runner_up_score;

    if (pick.id != best.id && !(margin < NEAR && pick.id == best.runner_up))
        fail_msg("seed %llu of %u tokens: %u, expected %u (margin %g)",
                 (unsigned long long)seed, n, pick.id, best.id,
                 (double)margin);
    assert_true(pick.logprob == logprobs[pick.id]);
    if (isinf(margin))
        assert_true(isinf(pick.margin));
    else
        assert_near(pick.margin, margin, NEAR, "margin", n, seed);
}

static void
check_gumbel(gb_compute *c)
{
    static const unsigned sizes[] = {1, 2, 7, 513, 1000, 4096, 50257};
    static const uint64_t seeds[] = {0, 42, UINT64_C(9223372036854775813),
                                     UINT64_MAX};
    const unsigned n_sizes = small_cases() ? 4 : GB_COUNT(sizes);
    float *logprobs;
    unsigned i, k;

    for (i = 0; i < n_sizes; i++) {
        logprobs = random_floats(12, sizes[i], 9.0f);
        for (k = 0; k < GB_COUNT(seeds); k++) {
            check_sampled(c, logprobs, sizes[i], -INFINITY, seeds[k]);
            check_sampled(c, logprobs, sizes[i], logprobs[0], seeds[k]);
            check_sampled(c, logprobs, sizes[i],
                          gb_argmax(logprobs, sizes[i]).score, seeds[k]);
        }
        free(logprobs);
    }
}

static void
test_gumbel(void **state)
{
    (void)state;
    for_each_program(check_gumbel);
}

/* NumPy's argmax of the noise alone; from seed 479 on u rounds to 1. */
static void
check_noise(gb_compute *c)
{
    static const struct {
        uint64_t seed;
        unsigned n, id;
    } cases[] = {
        {0, 4096, 3416},      {42, 4096, 2210},     {1, 4096, 1101},
        {2, 4096, 398},       {3, 4096, 3119},      {4, 4096, 2353},
        {5, 4096, 2601},      {479, 4096, 1797},    {0, 50257, 6138},
        {1, 50257, 47862},    {2, 50257, 9291},     {3, 50257, 33587},
        {4, 50257, 14311},    {5, 50257, 12046},    {42, 50257, 45903},
        {479, 50257, 5946},   {1527, 50257, 25313}, {2721, 50257, 28448},
        {3382, 50257, 39327}, {3459, 50257, 2175},
    };
    float *zeros = gb_alloc_array(50257, sizeof *zeros);
    gb_pick pick;
    unsigned i;

    for (i = 0; i < (small_cases() ? 1 : GB_COUNT(cases)); i++) {
        pick = pick_run(c, zeros, cases[i].n, -INFINITY, true,
                        cases[i].seed);
        assert_int_equal(pick.id, cases[i].id);
        assert_true(isfinite(pick.margin));
    }
    free(zeros);
}

static void
test_noise(void **state)
{
    (void)state;
    for_each_program(check_noise);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax), cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_gumbel),  cmocka_unit_test(test_noise),
    };

    return cmocka_run_group_tests(tests, open_programs, close_programs);
}
