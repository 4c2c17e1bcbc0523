/* The kernels of the heads against plain loops in double precision, and the
 * noise against NumPy's. Whatever a kernel must not read is poisoned, and so
 * is whatever it must not write. Where accesses are looked at (small cases),
 * numbers that change none of them are not tried in turn. */
#include "programs.h"
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "engine/head.h"
#include "sample/adjust.h"
#include "sample/gumbel.h"
#include "sample/rng.h"
#include "sample/spectrum.h"

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

/* The sums of one chunk of a row of logits (n). */
static void
check_part(const float *part, const float *logits, unsigned n, unsigned chunk,
           double temperature)
{
    const unsigned first = chunk * GB_CHUNK;
    const unsigned end = first + GB_CHUNK < n ? first + GB_CHUNK : n;
    double max = -INFINITY, sum = 0, spread = 0, z, tolerance;
    unsigned i;

    for (i = first; i < end; i++)
        max = fmax(max, logits[i] / temperature);
    for (i = first; i < end; i++) {
        z = logits[i] / temperature - max;
        sum += exp(z);
        spread += z > -200 ? z * exp(z) : 0;
    }
    tolerance = 1e-4 * sum + 3e-7 * fabs(max);
    assert_near(part[0], max, 1e-6 * fabs(max), "largest", n, chunk);
    assert_near(part[1], sum, tolerance, "sum", n, chunk);
    assert_near(part[2], spread, tolerance, "spread", n, chunk);
}

static void
softmax_open(gb_compute *c, gb_op *op, cl_mem logits, unsigned ld,
             unsigned vocab, float temperature, cl_mem each, cl_mem parts)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_op_init(c, op, "softmax_part",
                       GB_ARGS([GB_SOFTMAX_LOGITS] = GB_MEM(logits),
                               [GB_SOFTMAX_LD] = GB_UINT(ld),
                               [GB_SOFTMAX_N_VOCAB] = GB_UINT(vocab),
                               [GB_SOFTMAX_TEMPERATURE] =
                                   GB_FLOAT(each != NULL ? 0 : temperature),
                               [GB_SOFTMAX_TEMPERATURES] = GB_MEM(each),
                               [GB_SOFTMAX_PARTS] = GB_MEM(parts)),
                       &err),
            &err);
    op->x = gb_div_up(vocab, GB_CHUNK);
}

static void
logprobs_open(gb_compute *c, gb_op *op, cl_mem logits, unsigned ld,
              unsigned vocab, float temperature, cl_mem each, cl_mem parts,
              cl_mem out)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_op_init(c, op, "logprobs",
                       GB_ARGS([GB_LOGPROBS_LOGITS] = GB_MEM(logits),
                               [GB_LOGPROBS_LD] = GB_UINT(ld),
                               [GB_LOGPROBS_N_VOCAB] = GB_UINT(vocab),
                               [GB_LOGPROBS_TEMPERATURE] =
                                   GB_FLOAT(each != NULL ? 0 : temperature),
                               [GB_LOGPROBS_TEMPERATURES] = GB_MEM(each),
                               [GB_LOGPROBS_PARTS] = GB_MEM(parts),
                               [GB_LOGPROBS_OUT] = GB_MEM(out)),
                       &err),
            &err);
    op->x = gb_div_up(vocab, GB_CHUNK);
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
    cl_mem parts_m = device_poisoned(c, (size_t)ROWS * chunks * 4);
    cl_mem out_m = device_poisoned(c, (size_t)ROWS * ld);
    cl_mem targets_m = device_words(c, targets, ROWS);
    cl_mem scores_m = device_poisoned(c, ROWS);
    const float temperatures[ROWS] = {temperature, temperature, temperature};
    /* Each row its own for every other size. */
    cl_mem each = vocab % 2 == 0 ? device_words(c, temperatures, ROWS) : NULL;
    const double tolerance = softmax_tolerance(12 / temperature);
    gb_error err = GB_ERROR_INIT;
    float *parts, *out, *scores;
    unsigned i, row;
    double sum;
    gb_op op;

    softmax_open(c, &op, logits_m, ld, vocab, temperature, each, parts_m);
    op.per_y = 1;
    device_run(c, &op, ROWS);
    parts = device_read(c, parts_m, (size_t)ROWS * chunks * 4);
    for (i = 0; i < ROWS * chunks; i++)
        check_part(parts + 4 * i, logits + i / chunks * vocab, vocab,
                   i % chunks, temperature);
    logprobs_open(c, &op, logits_m, ld, vocab, temperature, each, parts_m,
                  out_m);
    op.per_y = 1;
    device_run(c, &op, ROWS);
    out = device_read(c, out_m, (size_t)ROWS * ld);
    for (row = 0; row < ROWS; row++) {
        sum = log_sum(logits + row * vocab, vocab, temperature);
        for (i = 0; i < vocab; i++)
            assert_near(out[row * ld + i],
                        logits[row * vocab + i] / (double)temperature - sum,
                        tolerance, "logprobs", vocab, i);
        assert_poison(out + row * ld + vocab, ld - vocab, "logprobs");
    }
    if (temperature == 1.0f) {
        test_ok(gb_op_init(c, &op, "score_join",
                           GB_ARGS([GB_SCORE_LOGITS] = GB_MEM(logits_m),
                                   [GB_SCORE_LD] = GB_UINT(ld),
                                   [GB_SCORE_PARTS] = GB_MEM(parts_m),
                                   [GB_SCORE_N_CHUNKS] = GB_UINT(chunks),
                                   [GB_SCORE_TARGETS] = GB_MEM(targets_m),
                                   [GB_SCORE_OUT] = GB_MEM(scores_m)),
                           &err),
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
    if (each != NULL)
        device_free(each);
    free(logits), free(padded), free(parts), free(out);
}

static void
check_softmaxes(gb_compute *c)
{
    static const unsigned vocabs[] = {1, 7, 513, 512, 511, 4096};
    static const float temperatures[] = {1.0f, 0.001f, 0.8f, 1000.0f};
    unsigned i, k;

    for (i = 0; i < (small_cases() ? 3 : GB_COUNT(vocabs)); i++)
        for (k = 0; k < (small_cases() ? 1 : GB_COUNT(temperatures)); k++)
            check_softmax(c, vocabs[i], temperatures[k]);
}

static void
test_softmax(void **state)
{
    (void)state;
    for_each_shape(check_softmaxes);
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

/* What the device makes of a row of logits. */
typedef struct run {
    gb_head_pick pick;
    float *noise;        /* (n) */
    gb_head_stat *stats; /* (chunks) */
    unsigned chunks;
} run;

static void
run_free(run *r)
{
    free(r->noise);
    free(r->stats);
}

/* The best of scores (n); with the noise of a seed when `noisy`. The pick's
 * statistics are those of logits (n), whose sums are parts (chunks, 4). */
static run
pick_run(gb_compute *c, const float *scores, const float *logits, unsigned n,
         const float *parts, float floor, bool noisy, uint64_t seed)
{
    const unsigned used = (unsigned)gb_div_up(n, c->shape.draws);
    const unsigned items = (unsigned)gb_round_up(used, c->shape.lanes);
    const unsigned ld = gb_padded_width(&c->shape, n);
    const unsigned words = (unsigned)gb_round_up(n, c->shape.vw);
    float *padded = padded_rows(logits, 1, n, ld, poison()), *bests;
    run r = {.chunks = (unsigned)gb_div_up(n, GB_CHUNK)};
    const unsigned size = (1 + r.chunks) * sizeof *r.stats / 4;
    cl_mem scores_m = device_words(c, scores, n);
    cl_mem logits_m = device_words(c, padded, ld);
    cl_mem parts_m = device_words(c, parts, (size_t)r.chunks * 4);
    cl_mem jumps_m = jump_table(c, items);
    cl_mem bests_m = device_poisoned(c, used * sizeof(gb_best) / 4);
    cl_mem noise_m = device_poisoned(c, words);
    cl_mem result_m = device_poisoned(c, size);
    gb_error err = GB_ERROR_INIT;
    cl_ulong4 start;
    gb_pcg64 g;
    gb_op op;

    gb_pcg64_seed(&g, seed, 0);
    start.s[0] = (cl_ulong)(g.state >> 64);
    start.s[1] = (cl_ulong)g.state;
    start.s[2] = (cl_ulong)(g.inc >> 64);
    start.s[3] = (cl_ulong)g.inc;
    test_ok(gb_op_init(c, &op, "pick_part",
                       GB_ARGS([GB_PICK_SCORES] = GB_MEM(scores_m),
                               [GB_PICK_LD] = GB_UINT(ld),
                               [GB_PICK_N_VOCAB] = GB_UINT(n),
                               [GB_PICK_FLOOR] = GB_FLOAT(floor),
                               [GB_PICK_NOISY] = GB_INT(noisy),
                               [GB_PICK_JUMPS] = GB_MEM(jumps_m),
                               [GB_PICK_START] = GB_ULONG4(start),
                               [GB_PICK_DRAWS] = GB_MEM(jumps_m),
                               [GB_PICK_BESTS] = GB_MEM(bests_m),
                               [GB_PICK_NOISES] = GB_MEM(noise_m)),
                       &err),
            &err);
    op.x = items / c->shape.lanes;
    device_run(c, &op, 1);
    bests = device_read(c, bests_m, used * sizeof(gb_best) / 4);
    r.noise = device_read(c, noise_m, words);
    if (!noisy)
        assert_poison(r.noise, words, "noise");
    test_ok(gb_op_init(c, &op, "pick_join",
                       GB_ARGS([GB_JOIN_BESTS] = GB_MEM(bests_m),
                               [GB_JOIN_ITEMS] = GB_UINT(items),
                               [GB_JOIN_N] = GB_UINT(used),
                               [GB_JOIN_LOGPROBS] = GB_MEM(scores_m),
                               [GB_JOIN_LD] = GB_UINT(ld),
                               [GB_JOIN_PICK] = GB_MEM(result_m),
                               [GB_JOIN_APART] = GB_UINT(1 + r.chunks),
                               [GB_JOIN_STAMP] = GB_UINT(77)),
                       &err),
            &err);
    device_run(c, &op, 1);
    test_ok(gb_op_init(c, &op, "pick_stats",
                       GB_ARGS([GB_STATS_LOGITS] = GB_MEM(logits_m),
                               [GB_STATS_LD] = GB_UINT(ld),
                               [GB_STATS_N_VOCAB] = GB_UINT(n),
                               [GB_STATS_NOISY] = GB_INT(noisy),
                               [GB_STATS_NOISES] = GB_MEM(noise_m),
                               [GB_STATS_PARTS] = GB_MEM(parts_m),
                               [GB_STATS_RESULT] = GB_MEM(result_m)),
                       &err),
            &err);
    op.x = r.chunks;
    device_run(c, &op, 1);
    r.stats = device_read(c, result_m, size);
    memcpy(&r.pick, r.stats, sizeof r.pick);
    assert_int_equal(r.pick.stamp, 77);
    memmove(r.stats, r.stats + 1, r.chunks * sizeof *r.stats);
    device_free(scores_m), device_free(logits_m), device_free(parts_m);
    device_free(jumps_m), device_free(bests_m), device_free(noise_m);
    device_free(result_m);
    free(bests), free(padded);
    return r;
}

/* The same without looking at the statistics. */
static gb_head_pick
pick_only(gb_compute *c, const float *scores, unsigned n, float floor,
          bool noisy, uint64_t seed)
{
    float *parts = gb_alloc_array(gb_div_up(n, GB_CHUNK), 4 * sizeof *parts);
    run r = pick_run(c, scores, scores, n, parts, floor, noisy, seed);

    run_free(&r);
    free(parts);
    return r.pick;
}

/* Greedy: ties everywhere, so that only the order of ids decides. */
static void
check_greedy(gb_compute *c)
{
    static const struct {
        unsigned n, period; /* score i is -(i % period + 1) % period */
    } cases[] = {{1, 1},     {2, 1},     {2, 2},      {7, 3},
                 {520, 7},   {520, 1},   {1025, 513}, {1025, 1000},
                 {4096, 97}, {4096, 1},
    };
    const unsigned n = small_cases() ? 5 : GB_COUNT(cases);
    float *scores = gb_alloc_array(4096, sizeof *scores);
    unsigned i, k;
    gb_head_pick pick;
    gb_best best;

    for (k = 0; k < n; k++) {
        for (i = 0; i < cases[k].n; i++)
            scores[i] = -(float)((i + 1) % cases[k].period);
        best = gb_argmax(scores, cases[k].n);
        pick = pick_only(c, scores, cases[k].n, -INFINITY, false, 0);
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
    for_each_shape(check_greedy);
}

/* The logarithms of device and host may differ in their last bits: two
 * scores this close may change places. */
#define NEAR 2e-5f

static void
check_sampled(gb_compute *c, const float *logprobs, unsigned n, float floor,
              uint64_t seed)
{
    const gb_best best = gb_gumbel_argmax(logprobs, n, floor, seed, 0);
    const gb_head_pick pick = pick_only(c, logprobs, n, floor, true, seed);
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
        for (k = 0; k < (small_cases() ? 1 : GB_COUNT(seeds)); k++) {
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
    for_each_shape(check_gumbel);
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
    gb_head_pick pick;
    unsigned i;

    for (i = 0; i < (small_cases() ? 0 : GB_COUNT(cases)); i++) {
        pick = pick_only(c, zeros, cases[i].n, -INFINITY, true,
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
    for_each_shape(check_noise);
}

static void
assert_close(double found, double expected, const char *what, size_t n)
{
    if (found != expected)
        assert_near(found, expected, 1e-5 * (1 + fabs(expected)), what, n, 0);
}

/* What the chunks say together of the pick, against loops over all tokens;
 * the temperatures by the noise that the device drew. */
static void
check_stats(gb_compute *c, const float *logits, unsigned n, bool noisy,
            uint64_t seed)
{
    const gb_filter off = GB_FILTER_OFF;
    float *parts = random_floats(3, 4 * gb_div_up(n, GB_CHUNK), 5.0f);
    run r = pick_run(c, logits, logits, n, parts, -INFINITY, noisy, seed);
    float *noise = gb_alloc_array(n, sizeof *noise);
    gb_spectrum *spectrum = gb_spectrum_new();
    double from = 0, to = INFINITY, above = 0;
    unsigned i, expected = 0;
    gb_band band;

    for (i = 0; i < r.chunks; i++) {
        above += (double)r.stats[i].above;
        from = fmax(from, (double)r.stats[i].from);
        to = fmin(to, (double)r.stats[i].to);
        assert_true(r.stats[i].max == parts[4 * i]);
        assert_true(r.stats[i].sum == parts[4 * i + 1]);
        assert_true(r.stats[i].spread == parts[4 * i + 2]);
        assert_true(r.stats[i].noise == (noisy ? r.noise[r.pick.id] : 0));
    }
    for (i = 0; i < n; i++)
        expected += logits[i] > logits[r.pick.id] ||
                    (logits[i] == logits[r.pick.id] && i < r.pick.id);
    assert_int_equal((unsigned)above, expected);
    if (noisy) {
        gb_gumbel_noise(seed, 0, noise, n);
        for (i = 0; i < n; i++)
            assert_near(r.noise[i], noise[i], 1e-5, "noise", n, i);
        gb_spectrum_set(spectrum, logits, r.noise, n, &off);
        band = gb_spectrum_range(spectrum, r.pick.id, 1);
        assert_close(fmin(from, 1), band.from, "from", n);
        assert_close(fmax(to, 1), band.to, "to", n);
    } else {
        assert_true(from == 0 && to == INFINITY);
    }
    gb_spectrum_free(spectrum);
    run_free(&r);
    free(noise), free(parts);
}

static void
check_all_stats(gb_compute *c)
{
    static const unsigned sizes[] = {1, 2, 7, 513, 1000, 4096, 50257};
    const unsigned n_sizes = small_cases() ? 4 : GB_COUNT(sizes);
    float *logits;
    unsigned i, k;
    uint64_t seed;

    for (i = 0; i < n_sizes; i++) {
        logits = random_floats(13, sizes[i], 7.0f);
        for (seed = small_cases() ? 479 : 476; seed < 480; seed++) {
            check_stats(c, logits, sizes[i], true, seed);
            check_stats(c, logits, sizes[i], false, seed);
            for (k = 0; k < sizes[i]; k++) /* ties, and what cannot come */
                logits[k] = k % 5 == 3 && sizes[i] > 3 ? -INFINITY
                                                       : floorf(logits[k]);
        }
        free(logits);
    }
}

static void
test_stats(void **state)
{
    (void)state;
    for_each_shape(check_all_stats);
}

/* A list of n different tokens of a vocabulary, everything that a list can
 * hold. */
static gb_adjustments
make_list(unsigned n, unsigned vocab)
{
    gb_adjustments list = {.items = gb_alloc_array(n + 1, sizeof *list.items),
                           .n = n};
    float *x = random_floats(17, 3 * (size_t)n + 1, 3.0f);
    gb_adjustment *a;
    unsigned i;

    for (i = 0; i < n; i++) {
        a = &list.items[i];
        *a = (gb_adjustment){i * 17 % vocab, fabsf(x[3 * i]),
                             fabsf(x[3 * i + 1]), x[3 * i + 2]};
        if (i % 5 == 1)
            a->positive = a->negative = 1;
        if (i % 5 == 2)
            a->add = 0;
        if (i % 7 == 3)
            a->add = -INFINITY;
    }
    free(x);
    return list;
}

/* The bits of the host, and nothing else changed. */
static void
check_adjust(gb_compute *c, unsigned n, unsigned vocab)
{
    gb_adjustments list = make_list(n, vocab);
    float *logits = random_floats(23, vocab, 40.0f), *found;
    cl_mem list_m = device_words(c, list.items, 4 * (size_t)n);
    cl_mem logits_m = device_words(c, logits, vocab);
    gb_error err = GB_ERROR_INIT;
    gb_op op;

    test_ok(gb_op_init(c, &op, "adjust",
                       GB_ARGS([GB_ADJUST_LIST] = GB_MEM(list_m),
                               [GB_ADJUST_N] = GB_UINT(n),
                               [GB_ADJUST_LOGITS] = GB_MEM(logits_m)),
                       &err),
            &err);
    op.x = c->shape.lanes > 1 ? 16 : 1;
    device_run(c, &op, 1);
    found = device_read(c, logits_m, vocab);
    gb_adjust(&list, logits);
    assert_memory_equal(found, logits, vocab * sizeof *logits);
    device_free(list_m), device_free(logits_m);
    free(found), free(logits);
    gb_adjustments_free(&list);
}

static void
check_adjusts(gb_compute *c)
{
    static const unsigned sizes[] = {1, 63, 64, 65, 1024, 1500, 4001};
    unsigned i;

    for (i = 0; i < (small_cases() ? 4 : GB_COUNT(sizes)); i++)
        check_adjust(c, sizes[i], sizes[i] < 64 ? sizes[i] : 4096);
}

static void
test_adjust(void **state)
{
    (void)state;
    for_each_shape(check_adjusts);
}

/* A chunk that is banned as a whole weighs nothing. */
static void
check_banned_chunk(gb_compute *c)
{
    enum { VOCAB = 3 * GB_CHUNK };
    float *logits = random_floats(29, VOCAB, 9.0f), *parts, *out;
    const unsigned ld = gb_padded_width(&c->shape, VOCAB);
    float *padded;
    cl_mem logits_m, parts_m, out_m;
    unsigned i;
    gb_op op;

    for (i = GB_CHUNK; i < 2 * GB_CHUNK; i++)
        logits[i] = -INFINITY;
    padded = padded_rows(logits, 1, VOCAB, ld, poison());
    logits_m = device_words(c, padded, ld);
    parts_m = device_poisoned(c, 3 * 4);
    out_m = device_poisoned(c, VOCAB);
    softmax_open(c, &op, logits_m, ld, VOCAB, 0.8f, NULL, parts_m);
    device_run(c, &op, 1);
    parts = device_read(c, parts_m, 3 * 4);
    assert_true(parts[4] == -INFINITY && parts[5] == 0 && parts[6] == 0);
    logprobs_open(c, &op, logits_m, ld, VOCAB, 0.8f, NULL, parts_m, out_m);
    device_run(c, &op, 1);
    out = device_read(c, out_m, VOCAB);
    for (i = 0; i < VOCAB; i++)
        if (i / GB_CHUNK == 1)
            assert_true(out[i] == -INFINITY);
        else
            assert_near(out[i],
                        logits[i] / 0.8 - log_sum(logits, VOCAB, 0.8),
                        softmax_tolerance(9 / 0.8), "logprobs", VOCAB, i);
    device_free(logits_m), device_free(parts_m), device_free(out_m);
    free(logits), free(padded), free(parts), free(out);
}

static void
test_banned_chunk(void **state)
{
    (void)state;
    for_each_shape(check_banned_chunk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_softmax), cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_gumbel),  cmocka_unit_test(test_noise),
        cmocka_unit_test(test_stats),   cmocka_unit_test(test_adjust),
        cmocka_unit_test(test_banned_chunk),
    };

    return cmocka_run_group_tests(tests, open_programs, close_programs);
}
