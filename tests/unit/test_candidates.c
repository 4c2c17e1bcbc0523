/* What is listed of a step, against its definition. */
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "sample/candidates.h"
#include "sample/gumbel.h"

#define VOCAB 400

/* Logits with ties, ids that have no token, and one far below; noise as it is
 * drawn. */
static void
fill(float *logits, float *noise, unsigned seed)
{
    unsigned i, h;

    for (i = 0; i < VOCAB; i++) {
        h = (i + seed * 977) * 2654435761u;
        logits[i] = -(float)(h >> 16 & 1023) / 64;
        if (h >> 26 == 5)
            logits[i] = -INFINITY;
    }
    logits[7] = -1e9f;
    gb_gumbel_noise(seed, 3, noise, VOCAB);
}

static unsigned
expected_rank(const float *logits, unsigned id)
{
    unsigned i, rank = 0;

    for (i = 0; i < VOCAB; i++)
        rank += logits[i] > logits[id] || (logits[i] == logits[id] && i < id);
    return rank;
}

/* What each token's cut and shares of the probability must be. */
typedef struct expected {
    gb_cut cut[VOCAB];
    double raw[VOCAB], final[VOCAB];
} expected;

static void
expect(const gb_candidates_of *of, expected *e)
{
    const gb_filter top_k = {of->filter.top_k, 1, 0};
    const gb_filter top_p = {of->filter.top_k, of->filter.top_p, 0};
    const gb_filter *const filters[] = {&top_k, &top_p, &of->filter};
    static const gb_cut cuts[] = {GB_CUT_TOP_K, GB_CUT_TOP_P, GB_CUT_MIN_P};
    double raw = 0, final = 0;
    unsigned i, f;
    float floor;

    memset(e, 0, sizeof *e);
    for (f = 0; f < GB_COUNT(filters); f++) {
        floor = gb_filter_logit_floor(filters[f], of->logits, VOCAB,
                                      of->temperature);
        for (i = 0; i < VOCAB; i++)
            if (of->logits[i] < floor && e->cut[i] == GB_CUT_NONE)
                e->cut[i] = cuts[f];
    }
    for (i = 0; i < VOCAB; i++) {
        raw += exp((double)of->logits[i]);
        if (e->cut[i] == GB_CUT_NONE)
            final += exp((double)of->logits[i] / of->temperature);
    }
    for (i = 0; i < VOCAB; i++) {
        e->raw[i] = exp((double)of->logits[i]) / raw;
        if (e->cut[i] == GB_CUT_NONE)
            e->final[i] = exp((double)of->logits[i] / of->temperature) / final;
    }
}

static const gb_candidate *
find(const gb_candidates *c, unsigned id)
{
    size_t i;

    for (i = 0; i < c->n; i++)
        if (c->items[i].id == id)
            return &c->items[i];
    return NULL;
}

static void
check(const gb_candidates_of *of)
{
    gb_candidates c = gb_candidates_find(of);
    gb_spectrum *s = gb_spectrum_new();
    double raw = 0, final = 0;
    const gb_candidate *one;
    const gb_band *band;
    size_t i, n, winners = 0;
    expected e;

    expect(of, &e);
    for (i = 0; i < c.n; i++) {
        one = &c.items[i];
        assert_int_equal(one->rank, expected_rank(of->logits, one->id));
        assert_true(of->logits[one->id] > -INFINITY);
        if (i < of->likeliest)
            assert_int_equal(one->rank, i);
        else
            assert_true(one->wins || one->id == of->id);
        if (i > 0)
            assert_true(one->rank > c.items[i - 1].rank);
        assert_true(one->noise == of->noise[one->id]);
        assert_int_equal(one->cut, e.cut[one->id]);
        assert_float_equal(exp((double)one->raw_logprob), e.raw[one->id],
                           1e-6);
        assert_float_equal(exp((double)one->final_logprob), e.final[one->id],
                           1e-6);
        raw += e.raw[one->id];
        final += e.final[one->id];
        winners += one->wins;
        if (!one->wins)
            assert_true(one->from == 0 && one->to == 0);
    }
    for (i = n = 0; i < VOCAB; i++)
        n += of->logits[i] > -INFINITY;
    assert_int_equal(c.rest, n - c.n);
    assert_float_equal(c.rest_raw, 1 - raw, 1e-9);
    assert_float_equal(c.rest_final, 1 - final, 1e-9);
    gb_spectrum_set(s, of->logits, of->noise, VOCAB, &of->filter);
    n = gb_spectrum_bands(s, 0, INFINITY, &band);
    assert_int_equal(winners, n);
    for (i = 0; i < n; i++) {
        one = find(&c, band[i].id);
        assert_true(one != NULL && one->from == band[i].from &&
                    one->to == band[i].to);
    }
    if (of->id < VOCAB)
        assert_non_null(find(&c, of->id));
    gb_spectrum_free(s);
    gb_candidates_free(&c);
}

static void
test_definition(void **state)
{
    static const gb_filter filters[] = {
        GB_FILTER_OFF, {3, 1, 0},     {0, 0.6, 0},
        {0, 1, 0.1},   {8, 0.9, 0.2}, {1, 1, 0},
    };
    static const double temperatures[] = {0.2, 0.8, 5};
    static const size_t counts[] = {0, 1, 10, VOCAB - 1, VOCAB, VOCAB + 9};
    float logits[VOCAB], noise[VOCAB];
    gb_candidates_of of = {.logits = logits, .noise = noise, .n = VOCAB};
    size_t f, t, k;
    unsigned seed;

    (void)state;
    for (seed = 0; seed < 5; seed++)
        for (f = 0; f < GB_COUNT(filters); f++)
            for (t = 0; t < GB_COUNT(temperatures); t++)
                for (k = 0; k < GB_COUNT(counts); k++) {
                    fill(logits, noise, seed);
                    of.filter = filters[f];
                    of.temperature = temperatures[t];
                    of.likeliest = counts[k];
                    of.id = seed % 2 == 0 ? VOCAB : 7;
                    check(&of);
                }
}

static void
test_greedy(void **state)
{
    const float logits[] = {1, 3, 3, 2}, noise[] = {9, 0, 1, 0};
    gb_candidates_of of = {.logits = logits, .noise = noise, .n = 4,
                           .filter = {2, 0.5, 0.9}, .likeliest = 3, .id = 4};
    gb_candidates c = gb_candidates_find(&of);

    (void)state;
    assert_int_equal(c.n, 3);
    assert_int_equal(c.items[0].id, 1);
    assert_true(c.items[0].final_logprob == 0);
    assert_true(c.items[1].final_logprob == -INFINITY);
    assert_int_equal(c.items[2].cut, GB_CUT_NONE);
    assert_true(c.rest_final == 0);
    gb_candidates_free(&c);
}

/* A token that rounding made the pick has its band at the temperature. */
static void
test_picked(void **state)
{
    const float logits[] = {4, 2, -1, -9}, noise[] = {0, 1, 2, -5};
    const gb_filter off = GB_FILTER_OFF;
    gb_candidates_of of = {.logits = logits, .noise = noise, .n = 4,
                           .filter = off, .temperature = 2.5,
                           .likeliest = 0, .id = 3, .picked = true};
    gb_candidates c = gb_candidates_find(&of);

    (void)state;
    assert_int_equal(c.n, 4);
    assert_true(c.items[1].from == 2 && c.items[1].to == 3);
    assert_true(c.items[3].wins);
    assert_true(c.items[3].from == 2.5 && c.items[3].to == 2.5);
    gb_candidates_free(&c);
    of.temperature = 1.9;
    of.id = 1;
    c = gb_candidates_find(&of);
    assert_int_equal(c.n, 3);
    assert_true(c.items[0].to == 1.9 && c.items[1].from == 1.9);
    gb_candidates_free(&c);
}

/* Beside the final probability the model's own; what is banned says so, when
 * it would have been among the likeliest. What the model cannot say has no
 * rank between them. */
static void
test_adjusted(void **state)
{
    const float raw[] = {4, 3, 2, -INFINITY, 1, 1};
    const float logits[] = {-INFINITY, 1, 2, -INFINITY, -INFINITY, 1.5f};
    const float noise[6] = {0};
    const gb_filter off = GB_FILTER_OFF;
    static const uint32_t ids[] = {2, 5, 0};
    gb_candidates_of of = {.logits = logits, .raw = raw, .noise = noise,
                           .n = 6, .filter = off, .temperature = 0.5,
                           .likeliest = 2, .id = 6};
    double own = 0, final = exp(2 / 0.5) + exp(1 / 0.5) + exp(1.5 / 0.5);
    gb_candidates c = gb_candidates_find(&of);
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(raw); i++)
        own += exp((double)raw[i]);
    assert_int_equal(c.n, 3);
    for (i = 0; i < c.n; i++) {
        assert_int_equal(c.items[i].id, ids[i]);
        assert_float_equal(c.items[i].raw_logprob, raw[ids[i]] - log(own),
                           1e-6);
    }
    assert_int_equal(c.items[0].cut, GB_CUT_NONE);
    assert_float_equal(c.items[0].final_logprob, 2 / 0.5 - log(final), 1e-6);
    assert_int_equal(c.items[2].cut, GB_CUT_BAN);
    assert_string_equal(gb_cut_name(c.items[2].cut), "ban");
    assert_true(c.items[2].final_logprob == -INFINITY && !c.items[2].wins);
    assert_float_equal(c.rest_final, exp(1 / 0.5) / final, 1e-6);
    gb_candidates_free(&c);
    of.temperature = 0;
    of.likeliest = 6;
    c = gb_candidates_find(&of);
    assert_int_equal(c.n, 5);
    assert_int_equal(c.rest, 0);
    for (i = 0; i < c.n; i++)
        assert_int_equal(c.items[i].rank, i);
    assert_int_equal(c.items[3].cut, GB_CUT_BAN);
    assert_int_equal(c.items[4].id, 4);
    assert_int_equal(c.items[4].cut, GB_CUT_BAN);
    assert_true(c.items[0].final_logprob == 0);
    gb_candidates_free(&c);
}

static void
test_nothing(void **state)
{
    const float logits[] = {-INFINITY, NAN}, noise[] = {0, 0};
    const gb_filter off = GB_FILTER_OFF;
    gb_candidates_of of = {.logits = logits, .noise = noise, .n = 2,
                           .filter = off, .temperature = 1, .likeliest = 2};
    gb_candidates c = gb_candidates_find(&of);

    (void)state;
    assert_int_equal(c.n, 0);
    gb_candidates_free(&c);
    assert_string_equal(gb_cut_name(GB_CUT_MIN_P), "min-p");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_picked),
        cmocka_unit_test(test_adjusted), cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
