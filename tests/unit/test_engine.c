/* What the engine promises of its results: the same bits however the tokens
 * were fed, heads that do what the host would, and weights that may lie in
 * files in many ways. Right values are test_golden's job. */
#include "engine_fixture.h"
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "sample/gumbel.h"

static const char *const shapes[] = {"wide", "gpu"};

/* Prompts end at, before and behind a block of the key cache and a batch. */
static const uint32_t lengths[] = {1, 2, 17, 64, 65, 257, 300};

#define LENGTHS GB_COUNT(lengths)

/* Feeds n tokens in uneven pieces. */
static void
feed_in_pieces(gb_engine *e, const gb_token *ids, uint32_t n)
{
    static const uint32_t pieces[] = {1, 3, 60, 1, 1, 7, 12, 100, 2};
    uint32_t done, some, i = n;

    gb_engine_rewind(e, 0);
    for (done = 0; done < n; done += some, i++) {
        some = pieces[i % GB_COUNT(pieces)];
        some = some < n - done ? some : n - done;
        fixture_feed(e, ids + done, some);
    }
}

static void
check_feeding(gb_engine *e)
{
    const uint32_t context = gb_engine_model(e)->config.n_ctx;
    gb_token *ids = fixture_prompt(e, context);
    float *once[LENGTHS] = {NULL}, *other;
    uint32_t i, done = 0;

    for (i = 0; i < LENGTHS; i++)
        once[i] = fixture_logprobs_after(
            e, lengths[i] < context ? lengths[i] : context);
    gb_engine_rewind(e, 0);
    for (i = 0; i < LENGTHS && done < context; i++) {
        while (done < lengths[i] && done < context)
            fixture_feed(e, &ids[done++], 1);
        other = fixture_logprobs(e);
        assert_same_bits(e, once[i], other, "token by token", done);
        free(other);
        assert_int_equal(gb_engine_length(e), done);
    }
    for (i = 0; i < LENGTHS; i++) {
        feed_in_pieces(e, ids, lengths[i] < context ? lengths[i] : context);
        other = fixture_logprobs(e);
        assert_same_bits(e, once[i], other, "in pieces", lengths[i]);
        free(other);
        free(once[i]);
    }
    free(ids);
}

static void
test_batch_invariance(void **state)
{
    gb_random_model brief = odd_model;
    char *folder = gb_strdup(fixture_write(&odd_model, "odd"));
    unsigned i;
    fixture f;

    (void)state;
    brief.layers = 1, brief.width = 125, brief.heads = 5;
    brief.context = 100;
    fixture_write(&brief, "brief");
    for (i = 0; i < GB_COUNT(shapes); i++) {
        setenv("GUMBEL_SHAPE", shapes[i], 1);
        f = fixture_open(folder, NULL);
        check_feeding(f.engine);
        fixture_close(&f);
        f = fixture_open(fixture_write(&brief, "brief"), NULL);
        check_feeding(f.engine);
        fixture_close(&f);
    }
    unsetenv("GUMBEL_SHAPE");
    free(folder);
}

/* The engine of the tests below; opened once. */
static fixture odd;

static gb_engine *
odd_engine(void)
{
    if (odd.engine == NULL)
        odd = fixture_open(fixture_write(&odd_model, "odd"), NULL);
    gb_engine_rewind(odd.engine, 0);
    return odd.engine;
}

static int
close_odd(void **state)
{
    (void)state;
    if (odd.engine != NULL)
        fixture_close(&odd);
    return 0;
}

static void
test_rewind(void **state)
{
    static const uint32_t back[] = {0, 1, 40, 63, 64, 65, 99};
    gb_engine *e = odd_engine();
    gb_token *ids = fixture_prompt(e, 200);
    float *expected, *found;
    uint32_t i;

    (void)state;
    expected = fixture_logprobs_after(e, 100);
    for (i = 0; i < GB_COUNT(back); i++) {
        fixture_feed(e, ids, 100); /* another continuation */
        gb_engine_rewind(e, back[i]);
        assert_int_equal(gb_engine_length(e), back[i]);
        gb_engine_rewind(e, 150); /* no such position: nothing to forget */
        assert_int_equal(gb_engine_length(e), back[i]);
        fixture_feed(e, ids + back[i], 100 - back[i]);
        found = fixture_logprobs(e);
        assert_same_bits(e, expected, found, "rewound", back[i]);
        free(found);
    }
    free(expected);
    free(ids);
}

#define NEAR 2e-5f /* what the logarithms of device and host may differ by */

static void
assert_pick(const gb_pick *pick, gb_best best, const float *logprobs,
            const char *what, unsigned step)
{
    const float margin = best.score - best.runner_up_score;

    if (pick->id != best.id && margin >= NEAR)
        fail_msg("%s, step %u: token %u, expected %u (margin %g)", what, step,
                 (unsigned)pick->id, (unsigned)best.id, (double)margin);
    assert_true(pick->logprob == logprobs[pick->id]);
    if (!isinf(margin))
        assert_float_equal(pick->margin, margin, NEAR);
}

static void
generate(gb_engine *e, const gb_filter *filter, gb_pick *picks, unsigned n)
{
    const uint32_t vocab = gb_engine_model(e)->config.n_vocab;
    float *logprobs = gb_alloc_array(vocab, sizeof *logprobs);
    gb_error err = GB_ERROR_INIT;
    float floor;
    unsigned i;

    free(fixture_logprobs_after(e, 5));
    for (i = 0; i < n; i++) {
        test_ok(gb_engine_logprobs(e, 0.8f, NULL, logprobs, &err), &err);
        floor = filter != NULL ? gb_filter_floor(filter, logprobs, vocab)
                               : -INFINITY;
        test_ok(fixture_sample(e, 0.8f, filter, NULL, 42, i, &picks[i],
                                 &err), &err);
        assert_pick(&picks[i],
                    gb_gumbel_argmax(logprobs, vocab, floor, 42, i), logprobs,
                    "sampled", i);
        assert_true(logprobs[picks[i].id] >= floor);
        fixture_feed(e, &picks[i].id, 1);
    }
    free(logprobs);
}

static const gb_filter filters[] = {
    GB_FILTER_OFF,  {5, 1.0, 0.0}, {0, 0.5, 0.0},
    {0, 1.0, 0.05}, {1, 1.0, 0.0}, {20, 0.9, 0.01},
};

static void
test_sampling(void **state)
{
    gb_engine *e = odd_engine();
    gb_pick first[40], second[40];
    unsigned i;

    (void)state;
    for (i = 0; i <= GB_COUNT(filters); i++) {
        const gb_filter *f = i > 0 ? &filters[i - 1] : NULL;

        generate(e, f, first, GB_COUNT(first));
        generate(e, f, second, GB_COUNT(second));
        assert_memory_equal(first, second, sizeof first);
    }
}

static gb_token
sampled_at(gb_engine *e, double temperature, const gb_filter *filter,
           const gb_adjustments *adjust, unsigned step)
{
    gb_error err = GB_ERROR_INIT;
    gb_pick pick;

    test_ok(fixture_sample(e, (float)temperature, filter, adjust, 42, step,
                             &pick, &err), &err);
    return pick.id;
}

/* Rank and entropy by loops over the log-probabilities (n) at the temperature
 * in force. */
static void
check_statistics(const gb_pick *pick, const float *logprobs, uint32_t n)
{
    uint32_t above = 0, tied = 0, i;
    double entropy = 0;

    for (i = 0; i < n; i++) {
        above += logprobs[i] > logprobs[pick->id];
        tied += logprobs[i] == logprobs[pick->id];
        entropy -= exp((double)logprobs[i]) *
                   fmax((double)logprobs[i], -1000);
    }
    assert_in_range(pick->rank, above, above + tied - 1);
    assert_float_equal(pick->entropy, entropy, 1e-4);
}

/* The same token within the range, others just beyond it. */
static void
check_range(gb_engine *e, const gb_pick *pick, const gb_filter *filter,
            const gb_adjustments *adjust, unsigned step)
{
    const double near = 1e-4, from = (double)pick->from;
    const double to = (double)pick->to;

    assert_true(from <= 0.8 + 1e-7 && to >= 0.8 - 1e-7);
    if (from > 0.001) {
        assert_int_not_equal(sampled_at(e, from * (1 - near), filter, adjust,
                                        step), pick->id);
        if (from * (1 + near) < to)
            assert_int_equal(sampled_at(e, from * (1 + near), filter, adjust,
                                        step), pick->id);
    }
    if (to < 1000) {
        assert_int_not_equal(sampled_at(e, to * (1 + near), filter, adjust,
                                        step), pick->id);
        if (to * (1 - near) > from)
            assert_int_equal(sampled_at(e, to * (1 - near), filter, adjust,
                                        step), pick->id);
    }
}

/* Finds the range of a pick, which is the same otherwise. */
static void
pick_with_range(gb_engine *e, const gb_filter *filter,
                const gb_adjustments *adjust, unsigned step, gb_pick *pick)
{
    const gb_rule rule = {.temperature = 0.8f, .filter = filter,
                          .ranges = true};
    const gb_sequence fed = {.ids = gb_engine_ids(e),
                             .n = gb_engine_length(e), .seed = 42,
                             .step = step, .adjust = adjust};
    gb_pick before = *pick;
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_engine_pick_rows(e, &rule, &fed, 1, pick, &err), &err);
    before.from = pick->from;
    before.to = pick->to;
    assert_memory_equal(&before, pick, sizeof before);
}

/* A penalty of the ids fed, a few biases and bans. */
static void
some_adjustments(const gb_engine *e, gb_adjustments *list)
{
    const gb_bias bias[] = {
        {3, -INFINITY}, {4, 2.5f}, {77, -1.25f}, {150, -INFINITY}, {300, 4},
    };
    gb_adjust_rules rules = GB_ADJUST_RULES_OFF;

    rules.repetition_penalty = 1.7;
    rules.dry_multiplier = 0.8;
    rules.bias = bias;
    rules.n_bias = GB_COUNT(bias);
    gb_adjust_find(list, &rules, gb_engine_ids(e), gb_engine_length(e));
}

static void
test_statistics(void **state)
{
    gb_engine *e = odd_engine();
    const uint32_t vocab = gb_engine_model(e)->config.n_vocab;
    float *logprobs = gb_alloc_array(vocab, sizeof *logprobs);
    float *noise = gb_alloc_array(vocab, sizeof *noise);
    gb_error err = GB_ERROR_INIT;
    gb_adjustments list = {.n = 0};
    gb_pick pick;
    unsigned i, k;

    (void)state;
    for (k = 0; k <= 2 * GB_COUNT(filters); k++) {
        const gb_filter *f = k > 0 ? &filters[k / 2 % GB_COUNT(filters)]
                                   : NULL;
        const gb_adjustments *adjust = k % 2 != 0 ? &list : NULL;

        free(fixture_logprobs_after(e, 5));
        for (i = 0; i < 25; i++) {
            some_adjustments(e, &list);
            test_ok(gb_engine_logprobs(e, 0.8f, adjust, logprobs, &err),
                    &err);
            test_ok(fixture_sample(e, 0.8f, f, adjust, 42, i, &pick, &err),
                    &err);
            check_statistics(&pick, logprobs, vocab);
            gb_gumbel_noise(42, i, noise, vocab);
            assert_float_equal(pick.noise, noise[pick.id], 1e-5);
            pick_with_range(e, f, adjust, i, &pick);
            check_range(e, &pick, f, adjust, i);
            fixture_feed(e, &pick.id, 1);
        }
    }
    test_ok(gb_engine_logprobs(e, 1, NULL, logprobs, &err), &err);
    test_ok(fixture_greedy(e, NULL, &pick, &err), &err);
    check_statistics(&pick, logprobs, vocab);
    assert_int_equal(pick.rank, 0);
    assert_true(pick.noise == 0 && pick.from == 0 && pick.to == INFINITY);
    gb_adjustments_free(&list);
    free(logprobs);
    free(noise);
}

static double
log_sum(const float *logits, uint32_t n, double temperature)
{
    double sum = 0;
    uint32_t i;

    for (i = 0; i < n; i++)
        sum += exp((double)logits[i] / temperature);
    return log(sum);
}

/* The heads go by the logits that the host makes of the model's, which stay
 * as they are. */
static void
test_adjustments(void **state)
{
    gb_engine *e = odd_engine();
    const uint32_t vocab = gb_engine_model(e)->config.n_vocab;
    float *raw = gb_alloc_array(vocab, sizeof *raw);
    float *again = gb_alloc_array(vocab, sizeof *again);
    float *expected = gb_alloc_array(vocab, sizeof *expected);
    float *logprobs = gb_alloc_array(vocab, sizeof *logprobs);
    gb_adjustments list = {.n = 0};
    gb_pick plain, pick, after;
    gb_error err = GB_ERROR_INIT;
    unsigned i, k;
    double sum;

    (void)state;
    free(fixture_logprobs_after(e, 5));
    for (i = 0; i < 40; i++) {
        const uint32_t last = gb_engine_length(e) - 1;

        some_adjustments(e, &list);
        test_ok(gb_engine_logits(e, last, raw, &err), &err);
        test_ok(fixture_sample(e, 0.8f, NULL, NULL, 42, i, &plain, &err),
                &err);
        test_ok(gb_engine_logprobs(e, 0.8f, &list, logprobs, &err), &err);
        memcpy(expected, raw, vocab * sizeof *raw);
        gb_adjust(&list, expected);
        sum = log_sum(expected, vocab, 0.8);
        for (k = 0; k < vocab; k++)
            if (isinf(expected[k]))
                assert_true(logprobs[k] == -INFINITY);
            else
                assert_float_equal(logprobs[k], expected[k] / 0.8 - sum, NEAR);
        test_ok(fixture_greedy(e, &list, &pick, &err), &err);
        if (pick.id != gb_argmax(expected, vocab).id)
            fail_msg("greedy, step %u: token %u", i, (unsigned)pick.id);
        test_ok(fixture_sample(e, 0.8f, NULL, &list, 42, i, &pick, &err),
                &err);
        assert_pick(&pick, gb_gumbel_argmax(logprobs, vocab, -INFINITY, 42,
                                            i), logprobs, "sampled", i);
        test_ok(gb_engine_logits(e, last, again, &err), &err);
        assert_memory_equal(raw, again, vocab * sizeof *raw);
        test_ok(fixture_sample(e, 0.8f, NULL, NULL, 42, i, &after, &err),
                &err);
        assert_memory_equal(&plain, &after, sizeof plain);
        fixture_feed(e, &pick.id, 1);
    }
    gb_adjustments_free(&list);
    free(raw), free(again), free(expected), free(logprobs);
}

/* One likely token after the other is banned, until none is left. */
static void
test_bans(void **state)
{
    static const gb_filter off = GB_FILTER_OFF, some = {20, 0.9, 0.01};
    gb_engine *e = odd_engine();
    const uint32_t vocab = gb_engine_model(e)->config.n_vocab;
    gb_bias *bans = gb_alloc_array(vocab, sizeof *bans);
    gb_adjust_rules rules = GB_ADJUST_RULES_OFF;
    bool *banned = gb_alloc_array(vocab, sizeof *banned);
    gb_adjustments list = {.n = 0};
    gb_error err = GB_ERROR_INIT;
    gb_pick pick;
    unsigned i;

    (void)state;
    free(fixture_logprobs_after(e, 5));
    rules.bias = bans;
    for (i = 0; i < vocab; i++) {
        rules.n_bias = i;
        gb_adjust_find(&list, &rules, NULL, 0);
        test_ok(fixture_sample(e, 0.8f, i % 2 ? &some : &off, &list, 42, i,
                                 &pick, &err), &err);
        assert_false(banned[pick.id]);
        test_ok(fixture_greedy(e, &list, &pick, &err), &err);
        assert_false(banned[pick.id]);
        assert_int_equal(pick.rank, 0);
        banned[pick.id] = true;
        bans[i] = (gb_bias){pick.id, -INFINITY};
    }
    rules.n_bias = vocab;
    gb_adjust_find(&list, &rules, NULL, 0);
    assert_false(fixture_greedy(e, &list, &pick, &err));
    test_fails_with(&err, GB_FAILED, "all 301 tokens are banned", NULL);
    assert_false(fixture_sample(e, 1, NULL, &list, 0, 0, &pick, &err));
    list.items[5].id = vocab;
    assert_false(fixture_sample(e, 1, NULL, &list, 0, 0, &pick, &err));
    test_fails_with(&err, GB_FAILED, "token id 301", NULL);
    test_ok(fixture_sample(e, 1, NULL, NULL, 0, 0, &pick, &err), &err);
    gb_adjustments_free(&list);
    free(bans), free(banned);
}

/* Ids that have no token: the others share the whole probability, and
 * nothing makes them chosen. The rows are in the middle and at the end. */
static void
test_missing_tokens(void **state)
{
    static const gb_filter off = GB_FILTER_OFF;
    static const gb_bias wanted = {290, 1000};
    gb_adjust_rules rules = GB_ADJUST_RULES_OFF;
    gb_adjustments list = {.n = 0};
    gb_error err = GB_ERROR_INIT;
    char *folder = gb_strdup(fixture_write(&odd_model, "missing"));
    fixture whole = fixture_open(folder, NULL), part;
    gb_token *ids = fixture_prompt(whole.engine, 9);
    float *all = fixture_logprobs_after(whole.engine, 9), *some, score[9];
    double left = 0;
    uint64_t step;
    uint32_t i;
    gb_pick pick;

    (void)state;
    fixture_close(&whole);
    test_ok(gb_random_tokenizer_write(280, folder, &err), &err);
    part.model = gb_model_open(folder, &err);
    test_ok(part.model != NULL, &err);
    part.engine = gb_engine_open(part.model, NULL, &err);
    test_ok(part.engine != NULL, &err);
    assert_int_equal(gb_tokenizer_missing(part.model->tokenizer), 21);
    assert_non_null(part.model->note);
    some = fixture_logprobs_after(part.engine, 9);
    for (i = 0; i < 280; i++)
        left += exp((double)all[i]);
    for (i = 0; i < 301; i++)
        if (i < 280)
            assert_float_equal(some[i], all[i] - (float)log(left), 1e-4f);
        else
            assert_true(isinf(some[i]) && some[i] < 0);
    rules.bias = &wanted;
    rules.n_bias = 1;
    gb_adjust_find(&list, &rules, NULL, 0);
    for (step = 0; step < 300; step++) {
        test_ok(fixture_sample(part.engine, 1000, &off,
                                 step % 2 ? &list : NULL, 1, step, &pick,
                                 &err), &err);
        assert_in_range(pick.id, 0, 279);
        assert_in_range(pick.rank, 0, 279);
        assert_in_range(pick.runner_up, 0, 279);
        assert_true(isfinite(pick.entropy) && pick.from <= 1000 &&
                    pick.to >= 1000);
    }
    test_ok(gb_engine_score(part.engine, ids, 9, score, &err), &err);
    free(all), free(some), free(ids), free(folder);
    gb_adjustments_free(&list);
    fixture_close(&part);
}

/* Weights that float32 holds give the same bits from F64. */
static void
test_f64(void **state)
{
    gb_random_model m = odd_model;
    fixture f = fixture_open(fixture_write(&m, "f64"), NULL);
    float *expected = fixture_logprobs_after(f.engine, 65), *found;

    (void)state;
    fixture_close(&f);
    m.dtype = GB_F64;
    f = fixture_open(fixture_write(&m, "f64"), NULL);
    assert_string_equal(gb_engine_get_info(f.engine)->dtype, "f32");
    assert_non_null(strstr(gb_engine_get_info(f.engine)->dtype_why,
                           "no device computes in f64"));
    found = fixture_logprobs_after(f.engine, 65);
    assert_same_bits(f.engine, expected, found, "f64", 65);
    free(expected), free(found);
    fixture_close(&f);
}

static void
test_greedy(void **state)
{
    gb_engine *e = odd_engine();
    const uint32_t vocab = gb_engine_model(e)->config.n_vocab;
    gb_error err = GB_ERROR_INIT;
    float *logprobs;
    gb_pick pick;
    unsigned i;

    (void)state;
    free(fixture_logprobs_after(e, 3));
    for (i = 0; i < 40; i++) {
        test_ok(fixture_greedy(e, NULL, &pick, &err), &err);
        logprobs = fixture_logprobs(e);
        assert_pick(&pick, gb_argmax(logprobs, vocab), logprobs, "greedy", i);
        free(logprobs);
        fixture_feed(e, &pick.id, 1);
    }
}

static void
check_scores(gb_engine *e)
{
    static const uint32_t counts[] = {1, 2, 25, 257, 300};
    gb_token *ids = fixture_prompt(e, 300);
    gb_error err = GB_ERROR_INIT;
    float scores[300], expected[300], *logprobs;
    uint32_t i, k;

    gb_engine_rewind(e, 0);
    for (i = 0; i + 1 < 300; i++) {
        fixture_feed(e, &ids[i], 1);
        logprobs = fixture_logprobs(e);
        expected[i + 1] = logprobs[ids[i + 1]];
        free(logprobs);
    }
    for (k = 0; k < GB_COUNT(counts); k++) {
        test_ok(gb_engine_score(e, ids, counts[k], scores, &err), &err);
        assert_true(isnan(scores[0]));
        for (i = 1; i < counts[k]; i++)
            if (!(fabsf(scores[i] - expected[i]) <= 1e-6f))
                fail_msg("%u of %u: %g, expected %g", i, counts[k],
                         (double)scores[i], (double)expected[i]);
        assert_int_equal(gb_engine_length(e), counts[k]);
    }
    test_ok(gb_engine_score(e, ids, 0, scores, &err), &err);
    assert_int_equal(gb_engine_length(e), 0);
    free(ids);
}

static void
test_score(void **state)
{
    (void)state;
    check_scores(odd_engine());
}

/* Logits of a position; the caller frees. */
static float *
logits_at(gb_engine *e, uint32_t position)
{
    float *x = gb_alloc_array(gb_engine_model(e)->config.n_vocab, sizeof *x);
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_engine_logits(e, position, x, &err), &err);
    return x;
}

/* Two engines read and write the same; one is looked at in between, at these
 * positions and the last one, also twice and after a rewind. */
static void
check_looking(gb_engine *plain, gb_engine *looked, uint32_t prompt)
{
    const uint32_t places[] = {0, prompt - 1, prompt / 2, 0};
    gb_token *ids = fixture_prompt(plain, prompt + 3);
    float *first[GB_COUNT(places)], *a, *b;
    gb_error err = GB_ERROR_INIT;
    gb_pick pick, other;
    uint32_t step, i;

    gb_engine_rewind(plain, 0);
    gb_engine_rewind(looked, 0);
    fixture_feed(plain, ids, prompt);
    fixture_feed(looked, ids, prompt);
    for (i = 0; i < GB_COUNT(places); i++)
        first[i] = logits_at(looked, places[i]);
    for (step = 0; step < 20; step++) {
        for (i = 0; i < GB_COUNT(places) && step % 3 != 1; i++) {
            a = logits_at(looked, places[i]);
            if (places[i] + 1 < prompt)
                assert_same_bits(plain, a, first[i], "looked again", step);
            free(a);
        }
        a = logits_at(plain, gb_engine_length(plain) - 1);
        b = logits_at(looked, gb_engine_length(looked) - 1);
        assert_same_bits(plain, a, b, "logits", step);
        free(a), free(b);
        test_ok(fixture_sample(plain, 0.8f, NULL, NULL, 1, step, &pick, &err),
                &err);
        test_ok(fixture_sample(looked, 0.8f, NULL, NULL, 1, step, &other,
                                 &err),
                &err);
        assert_memory_equal(&pick, &other, sizeof pick);
        fixture_feed(plain, &pick.id, 1);
        fixture_feed(looked, &pick.id, 1);
        if (step == 9) {
            gb_engine_rewind(plain, prompt + 4);
            gb_engine_rewind(looked, prompt + 4);
            free(logits_at(looked, prompt + 3));
            fixture_feed(plain, ids, 3);
            fixture_feed(looked, ids, 3);
        }
    }
    assert_memory_equal(gb_engine_ids(plain), gb_engine_ids(looked),
                        gb_engine_length(plain) * sizeof *ids);
    for (i = 0; i < GB_COUNT(places); i++)
        free(first[i]);
    free(ids);
}

static void
test_looking(void **state)
{
    static const uint32_t prompts[] = {1, 63, 65, 257};
    const gb_engine_options clblast = {.prefill = GB_PREFILL_CLBLAST};
    const gb_engine_options *options[] = {NULL, &clblast};
    char *folder = gb_strdup(fixture_write(&odd_model, "odd"));
    fixture plain, looked;
    unsigned i, k, m;

    (void)state;
    for (m = 0; m < GB_COUNT(options); m++)
        for (i = 0; i < (m == 0 ? GB_COUNT(shapes) : 1); i++) {
            setenv("GUMBEL_SHAPE", shapes[i], 1);
            plain = fixture_open(folder, options[m]);
            looked = fixture_open(folder, options[m]);
            for (k = 0; k < GB_COUNT(prompts); k++)
                check_looking(plain.engine, looked.engine, prompts[k]);
            fixture_close(&plain);
            fixture_close(&looked);
        }
    unsetenv("GUMBEL_SHAPE");
    free(folder);
}

/* A position gives again what it gave as the last one, and the logits are
 * those that the heads go by. */
static void
test_logits(void **state)
{
    gb_engine *e = odd_engine();
    const uint32_t vocab = gb_engine_model(e)->config.n_vocab;
    gb_token *ids = fixture_prompt(e, 100);
    float *last[100], *again, *logprobs, *none;
    gb_error err = GB_ERROR_INIT;
    double sum;
    uint32_t i, k;

    (void)state;
    for (i = 0; i < 100; i++) {
        fixture_feed(e, &ids[i], 1);
        last[i] = logits_at(e, i);
    }
    logprobs = fixture_logprobs(e);
    for (sum = 0, i = 0; i < vocab; i++)
        sum += exp((double)last[99][i]);
    for (i = 0; i < vocab; i++)
        assert_float_equal(logprobs[i], (double)last[99][i] - log(sum), 1e-5);
    free(logprobs);
    for (k = 0; k < 2; k++) {
        for (i = 0; i < 100; i += 7) {
            again = logits_at(e, i);
            assert_same_bits(e, again, last[i], "looked at", i);
            free(again);
        }
        /* The same when they were read at once. */
        gb_engine_rewind(e, 0);
        fixture_feed(e, ids, 100);
    }
    gb_engine_rewind(e, 80);
    again = logits_at(e, 79);
    assert_same_bits(e, again, last[79], "the last one, rewound to", 79);
    none = gb_alloc_array(vocab, sizeof *none);
    assert_false(gb_engine_logits(e, 80, none, &err));
    test_fails_with(&err, GB_FAILED, "position 80", "80", NULL);
    for (i = 0; i < 100; i++)
        free(last[i]);
    free(again), free(none), free(ids);
}

static void
test_clblast(void **state)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_CLBLAST};
    gb_engine *e = odd_engine();
    fixture f = fixture_open(fixture_write(&odd_model, "odd"), &options);
    float *own, *found, difference;
    unsigned i;

    (void)state;
    assert_string_equal(gb_engine_get_info(e)->prefill, "own");
    assert_string_equal(gb_engine_get_info(f.engine)->prefill, "clblast");
    for (i = 0; i < LENGTHS; i++) {
        own = fixture_logprobs_after(e, lengths[i]);
        found = fixture_logprobs_after(f.engine, lengths[i]);
        difference = largest_difference(e, own, found);
        if (!(difference <= 1e-4f))
            fail_msg("prompt of %u: CLBlast differs by %g", lengths[i],
                     (double)difference);
        free(own);
        free(found);
    }
    fixture_close(&f);
}

/* Same weights, another layout of the folder: same bits. */
static void
test_layouts(void **state)
{
    gb_random_model variants[] = {odd_model, odd_model, odd_model};
    gb_engine *e = odd_engine();
    float *plain, *found;
    unsigned i;
    fixture f;

    (void)state;
    variants[0].shards = 3;
    variants[1].prefix = "transformer.";
    variants[2].prefix = "transformer.", variants[2].shards = 2;
    plain = fixture_logprobs_after(e, 65);
    for (i = 0; i < GB_COUNT(variants); i++) {
        f = fixture_open(fixture_write(&variants[i],
                                       (const char *[]){"shards", "prefix",
                                                        "both"}[i]),
                         NULL);
        found = fixture_logprobs_after(f.engine, 65);
        assert_same_bits(e, plain, found, "another layout", 65);
        free(found);
        fixture_close(&f);
    }
    free(plain);
}

/* A head of its own gives other logits, in one file or several. */
static void
test_untied(void **state)
{
    gb_random_model m = odd_model;
    gb_engine *e = odd_engine();
    float *plain, *untied, *found;
    fixture f;

    (void)state;
    m.untied = true;
    plain = fixture_logprobs_after(e, 65);
    f = fixture_open(fixture_write(&m, "untied"), NULL);
    untied = fixture_logprobs_after(f.engine, 65);
    assert_true(largest_difference(e, plain, untied) > 1e-3f);
    check_feeding(f.engine);
    fixture_close(&f);
    m.shards = 3;
    f = fixture_open(fixture_write(&m, "untied-shards"), NULL);
    found = fixture_logprobs_after(f.engine, 65);
    assert_same_bits(e, untied, found, "untied in shards", 65);
    fixture_close(&f);
    free(plain), free(untied), free(found);
}

/* Weights rounded when they are loaded; and a file of a small type, whose
 * values are the same in float32: same bits. */
static void
test_dtypes(void **state)
{
    static const struct {
        gb_dtype_choice choice;
        gb_dtype dtype;
        float tolerance;
    } cases[] = {{GB_DTYPE_F16, GB_F16, 1e-2f},
                 {GB_DTYPE_BF16, GB_BF16, 1e-1f}};
    const gb_engine_options single = {.dtype = GB_DTYPE_F32,
                                      .prefill = GB_PREFILL_OWN};
    gb_engine *e = odd_engine();
    float *exact, *found, *widened, difference;
    gb_random_model m = odd_model;
    unsigned i;
    fixture f;

    (void)state;
    assert_string_equal(gb_engine_get_info(e)->dtype, "f32");
    exact = fixture_logprobs_after(e, 65);
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_engine_options options = {.dtype = cases[i].choice,
                                     .prefill = GB_PREFILL_OWN};

        f = fixture_open(fixture_write(&odd_model, "odd"), &options);
        assert_string_equal(gb_engine_get_info(f.engine)->dtype,
                            gb_dtype_name(cases[i].dtype));
        assert_true(gb_engine_get_info(f.engine)->weight_bytes <
                    gb_engine_get_info(e)->weight_bytes);
        found = fixture_logprobs_after(f.engine, 65);
        difference = largest_difference(e, exact, found);
        if (!(difference > 0 && difference <= cases[i].tolerance))
            fail_msg("%s: differs by %g", gb_dtype_name(cases[i].dtype),
                     (double)difference);
        free(found);
        fixture_close(&f);
        m.dtype = cases[i].dtype;
        f = fixture_open(fixture_write(&m, gb_dtype_name(m.dtype)), NULL);
        assert_string_equal(gb_engine_get_info(f.engine)->dtype,
                            gb_dtype_name(m.dtype));
        found = fixture_logprobs_after(f.engine, 65);
        fixture_close(&f);
        f = fixture_open(fixture_write(&m, gb_dtype_name(m.dtype)), &single);
        assert_string_equal(gb_engine_get_info(f.engine)->dtype, "f32");
        widened = fixture_logprobs_after(f.engine, 65);
        assert_same_bits(e, found, widened, gb_dtype_name(m.dtype), 65);
        free(found), free(widened);
        fixture_close(&f);
    }
    free(exact);
}

/* Logprobs of a prompt by an engine that is opened for it, and what it says
 * of itself; the caller frees. */
static float *
logprobs_as(const char *folder, gb_dtype_choice dtype, gb_engine_info *info)
{
    const gb_engine_options options = {.dtype = dtype,
                                       .prefill = GB_PREFILL_OWN};
    fixture f = fixture_open(folder, &options);
    float *found = fixture_logprobs_after(f.engine, 65);

    *info = *gb_engine_get_info(f.engine);
    fixture_close(&f);
    return found;
}

/* A matrix of another type than the rest keeps its own, and so does the rest:
 * nothing is lost, and no more room is taken. Vectors do not count. */
static void
test_several_dtypes(void **state)
{
    static const struct {
        gb_dtype most, other;
        const char *which, *chosen;
    } cases[] = {
        {GB_F16, GB_F32, "h.1.mlp.c_proj.weight", "mixed"},
        {GB_F16, GB_F32, "h.0.attn.c_attn.weight", "mixed"},
        {GB_BF16, GB_F16, "h.1.attn.c_proj.weight", "mixed"},
        {GB_F32, GB_F16, "h.1.mlp.c_fc.weight", "mixed"},
        {GB_F32, GB_F16, "wte", "mixed"},
        {GB_F16, GB_BF16, "lm_head", "mixed"},
        {GB_F16, GB_F32, "ln_", "f16"},
        {GB_BF16, GB_F32, "bias", "bf16"},
        {GB_F16, GB_F32, "wpe", "f16"},
    };
    gb_engine_info single, half, found_info;
    gb_random_model m = odd_model;
    float *exact, *found;
    const char *folder;
    bool wider;
    unsigned i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        m.dtype = cases[i].most;
        m.other = cases[i].which;
        m.other_dtype = cases[i].other;
        m.untied = strcmp(cases[i].which, "lm_head") == 0;
        folder = fixture_write(&m, "several");
        exact = logprobs_as(folder, GB_DTYPE_F32, &single);
        free(logprobs_as(folder, GB_DTYPE_F16, &half));
        found = logprobs_as(folder, GB_DTYPE_AUTO, &found_info);
        assert_same_bits(odd_engine(), exact, found, cases[i].which, 65);
        assert_string_equal(found_info.dtype, cases[i].chosen);
        assert_string_equal(found_info.dtype_why,
                            strcmp(cases[i].chosen, "mixed") == 0
                                ? "each matrix as the file has it"
                                : "");
        wider = strcmp(cases[i].chosen, "mixed") == 0 &&
                (cases[i].most == GB_F32 || cases[i].other == GB_F32);
        assert_true(wider ? found_info.weight_bytes > half.weight_bytes
                          : found_info.weight_bytes == half.weight_bytes);
        assert_true(found_info.weight_bytes < single.weight_bytes);
        free(found), free(exact);
    }
}

typedef struct quantized_case {
    gb_dtype_choice dtype;
    const char *name, *shape, *portable;
} quantized_case;

/* `exact` is what float32 says behind 65 tokens, whose weights are so long. */
static void
check_quantized(const char *folder, const quantized_case *k,
                const float *exact, uint64_t bytes)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_OWN,
                                       .dtype = k->dtype};
    float *found, difference;
    fixture f;

    setenv("GUMBEL_SHAPE", k->shape, 1);
    if (k->portable != NULL)
        setenv("GUMBEL_PORTABLE", k->portable, 1);
    f = fixture_open(folder, &options);
    assert_string_equal(gb_engine_get_info(f.engine)->dtype, k->name);
    assert_true(gb_engine_get_info(f.engine)->weight_bytes < bytes / 2);
    found = fixture_logprobs_after(f.engine, 65);
    difference = largest_difference(f.engine, exact, found);
    if (!(difference > 0 &&
          difference <= (k->dtype == GB_DTYPE_Q8_0 ? 0.3f : 3.0f)))
        fail_msg("%s, %s: differs by %g", k->name, k->shape,
                 (double)difference);
    free(found);
    check_feeding(f.engine);
    check_scores(f.engine);
    fixture_close(&f);
    unsetenv("GUMBEL_SHAPE");
    unsetenv("GUMBEL_PORTABLE");
}

/* Fewer bits are near to what float32 says, and as indifferent to how tokens
 * come: by a processor's own instructions, without them, and as on a GPU
 * (where q4_0 has matrices of q8_0, too); with heads of whole blocks, which
 * attention makes ready for the next matrix, and others. */
static void
test_quantized(void **state)
{
    static const quantized_case cases[2][3] = {
        {{GB_DTYPE_Q8_0, "q8_0", "wide", NULL},
         {GB_DTYPE_Q4_0, "q4_0", "wide", "1"}},
        {{GB_DTYPE_Q8_0, "q8_0", "slim", "1"},
         {GB_DTYPE_Q4_0, "q4_0", "slim", NULL},
         {GB_DTYPE_Q4_0, "q4_0", "gpu", NULL}},
    };
    gb_random_model m = odd_model;
    char *folder;
    float *exact;
    uint64_t bytes;
    unsigned whole, i;
    fixture f;

    (void)state;
    for (whole = 0; whole < 2; whole++) {
        m.width = whole ? m.heads * 64 : odd_model.width;
        folder = gb_strdup(fixture_write(&m, whole ? "whole" : "odd"));
        f = fixture_open(folder, NULL);
        bytes = gb_engine_get_info(f.engine)->weight_bytes;
        exact = fixture_logprobs_after(f.engine, 65);
        for (i = 0; i < 3 && cases[whole][i].name != NULL; i++)
            check_quantized(folder, &cases[whole][i], exact, bytes);
        fixture_close(&f);
        free(exact);
        free(folder);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_invariance),
        cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_sampling),
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_adjustments),
        cmocka_unit_test(test_bans),
        cmocka_unit_test(test_missing_tokens),
        cmocka_unit_test(test_f64),
        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_logits),
        cmocka_unit_test(test_looking),
        cmocka_unit_test(test_score),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_untied),
        cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_several_dtypes),
        cmocka_unit_test(test_quantized),
        cmocka_unit_test(test_clblast),
    };

    return cmocka_run_group_tests(tests, NULL, close_odd);
}
