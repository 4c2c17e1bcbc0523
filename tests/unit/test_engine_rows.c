/* Several texts in one pass: each row gives what it gives alone. */
#include "engine_fixture.h"
#include "test.h"

#include <math.h>
#include <stdatomic.h>

#include "base/mem.h"

/* Texts of 1 to 300 tokens that part from one another here and there: (n)
 * rows, whose ids are in `texts` (n, 300). */
static void
make_rows(gb_sequence *rows, unsigned n, gb_token *texts, uint64_t *random)
{
    const uint32_t context = odd_model.context, vocab = odd_model.vocab;
    gb_token *text;
    uint32_t i, from;
    unsigned k;

    for (k = 0; k < n; k++) {
        text = texts + (size_t)k * context;
        *random = *random * 6364136223846793005u + 1442695040888963407u;
        from = k > 0 ? (uint32_t)(*random >> 33) % context : 0;
        for (i = 0; i < context; i++)
            text[i] = i < from ? (text - context)[i]
                               : (uint32_t)(i * 40503 + *random) % 65537 %
                                     vocab;
        rows[k] = (gb_sequence){
            .ids = text,
            .n = 1 + (uint32_t)(*random >> 40) % context,
            .seed = *random,
            .step = k,
        };
    }
}

/* Each the one before and a token more, as a guess ahead is checked. */
static void
make_ahead(gb_sequence *rows, unsigned n, const gb_token *text)
{
    unsigned k;

    for (k = 0; k < n; k++)
        rows[k] = (gb_sequence){.ids = text, .n = 200 + k, .seed = 7,
                                .step = k};
}

static void
pick_alone(gb_engine *e, const gb_rule *rule, const gb_sequence *r,
           gb_pick *pick)
{
    gb_error err = GB_ERROR_INIT;

    gb_engine_rewind(e, 0);
    fixture_feed(e, r->ids, r->n);
    test_ok(gb_engine_pick_rows(e, rule, r, 1, pick, &err), &err);
}

static void
assert_same_pick(const gb_pick *a, const gb_pick *b, unsigned row)
{
    if (a->id != b->id || a->rank != b->rank ||
        a->runner_up != b->runner_up ||
        memcmp(&a->logprob, &b->logprob, sizeof a->logprob) != 0 ||
        memcmp(&a->margin, &b->margin, sizeof a->margin) != 0 ||
        memcmp(&a->entropy, &b->entropy, sizeof a->entropy) != 0 ||
        memcmp(&a->noise, &b->noise, sizeof a->noise) != 0 ||
        memcmp(&a->from, &b->from, sizeof a->from) != 0 ||
        memcmp(&a->to, &b->to, sizeof a->to) != 0)
        fail_msg("row %u: token %u, log-probability %g, alone %u, %g", row,
                 (unsigned)a->id, (double)a->logprob, (unsigned)b->id,
                 (double)b->logprob);
}

static void
check_rows(const fixture *together, const fixture *alone, const gb_rule *rule,
           const gb_sequence *rows, unsigned n)
{
    const uint32_t vocab = odd_model.vocab;
    float *logits = gb_alloc_array((size_t)n * vocab, sizeof *logits);
    float *expected = gb_alloc_array(vocab, sizeof *expected);
    gb_pick picks[GB_ROWS], pick;
    gb_error err = GB_ERROR_INIT;
    unsigned k;

    test_ok(gb_engine_pick_rows(together->engine, rule, rows, n, picks, &err),
            &err);
    test_ok(gb_engine_logit_rows(together->engine, rows, n, logits, &err),
            &err);
    for (k = 0; k < n; k++) {
        pick_alone(alone->engine, rule, &rows[k], &pick);
        assert_same_pick(&picks[k], &pick, k);
        test_ok(gb_engine_logits(alone->engine, rows[k].n - 1, expected,
                                 &err), &err);
        assert_same_bits(alone->engine, logits + (size_t)k * vocab, expected,
                         "logits of a row", rows[k].n);
    }
    free(expected);
    free(logits);
}

static void
check_texts(const char *folder, gb_dtype_choice cache_type,
            uint64_t cache_bytes)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_OWN,
                                       .cache_type = cache_type,
                                       .cache_bytes = cache_bytes};
    const gb_engine_options default_size = {.prefill = GB_PREFILL_OWN,
                                            .cache_type = cache_type};

    static const gb_filter top_k = {.top_k = 5, .top_p = 0.9};
    static const gb_rule rules[] = {
        {.temperature = 0.8f},
        {.greedy = true},
        {.temperature = 1.5f, .filter = &top_k},
        {.temperature = 0.9f, .filter = &top_k, .ranges = true},
    };
    gb_adjustment banned = {.id = 3, .positive = 1, .negative = 1,
                            .add = -INFINITY};
    gb_adjustment liked = {.id = 17, .positive = 0.5f, .negative = 2,
                           .add = 4};
    gb_adjustments first = {.items = &banned, .n = 1};
    gb_adjustments second = {.items = &liked, .n = 1};
    gb_token *texts = gb_alloc_array((size_t)GB_ROWS * odd_model.context,
                                     sizeof *texts);
    fixture together = fixture_open(folder, &options);
    fixture alone = fixture_open(folder, &default_size);
    uint64_t random = 1;
    gb_sequence rows[GB_ROWS];
    unsigned n, k, i = 0;

    for (n = 1; n <= GB_ROWS; n += n < 4 ? 1 : 4, i++) {
        make_rows(rows, n, texts, &random);
        rows[0].adjust = &first;
        rows[n - 1].adjust = &second;
        check_rows(&together, &alone, &rules[i % GB_COUNT(rules)], rows, n);
        /* The same again, other noise for one text, and some with a
         * temperature of their own. */
        rows[n - 1] = rows[0];
        rows[n - 1].seed++;
        for (k = i % 2; k < n; k += 2)
            rows[k].temperature = 0.5f + 0.1f * (float)k;
        check_rows(&together, &alone, &rules[i % GB_COUNT(rules)], rows, n);
    }
    make_ahead(rows, GB_ROWS, texts);
    check_rows(&together, &alone, &rules[0], rows, GB_ROWS);
    fixture_close(&together);
    fixture_close(&alone);
    free(texts);
}

/* With room for all texts, and for one: the others have to wait. */
static void
test_rows_alone_and_together(void **state)
{
    char *folder = gb_strdup(fixture_write(&odd_model, "odd"));

    (void)state;
    check_texts(folder, GB_DTYPE_AUTO, 0);
    check_texts(folder, GB_DTYPE_F16, 1);
    setenv("GUMBEL_SHAPE", "gpu", 1);
    check_texts(folder, GB_DTYPE_F16, 0);
    unsetenv("GUMBEL_SHAPE");
    free(folder);
}

/* Halves take half the memory, and what they give is near what floats do. */
static void
test_cache_type(void **state)
{
    const gb_engine_options halves = {.prefill = GB_PREFILL_OWN,
                                      .cache_type = GB_DTYPE_F16,
                                      .cache_bytes = 1};
    const gb_engine_options floats = {.prefill = GB_PREFILL_OWN,
                                      .cache_bytes = 1};
    char *folder = gb_strdup(fixture_write(&odd_model, "odd"));
    fixture f = fixture_open(folder, &floats), h = fixture_open(folder,
                                                                &halves);
    const gb_engine_info *of_f = gb_engine_get_info(f.engine);
    const gb_engine_info *of_h = gb_engine_get_info(h.engine);
    float *expected = fixture_logprobs_after(f.engine, 200);
    float *found = fixture_logprobs_after(h.engine, 200);
    float most = 0;
    uint32_t i;

    (void)state;
    assert_string_equal(of_f->cache_type, "f32");
    assert_string_equal(of_h->cache_type, "f16");
    assert_int_equal(of_f->cache_bytes, 2 * of_h->cache_bytes);
    for (i = 0; i < odd_model.vocab; i++)
        most = fmaxf(most, fabsf(found[i] - expected[i]));
    assert_true(most > 0 && most < 0.05f);
    free(expected), free(found), free(folder);
    fixture_close(&f), fixture_close(&h);
}

/* Picks after some rows, which takes so many positions. */
static void
expect_computed(gb_engine *e, const gb_sequence *rows, unsigned n,
                uint64_t expected)
{
    const gb_rule rule = {.greedy = true};
    uint64_t before = gb_engine_computed(e);
    gb_pick picks[GB_ROWS];
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_engine_pick_rows(e, &rule, rows, n, picks, &err), &err);
    assert_int_equal(gb_engine_computed(e) - before, expected);
}

/* What texts have in common is computed once, and what was computed before is
 * not computed again: going to another branch costs one position. */
static void
test_nothing_twice(void **state)
{
    fixture f = fixture_open(fixture_write(&odd_model, "odd"), NULL);
    gb_token *text = fixture_prompt(f.engine, 300);
    gb_token *branch = fixture_prompt(f.engine, 300);
    gb_sequence a = {.ids = text, .n = 290}, b = {.ids = branch, .n = 280};
    gb_sequence rows[4] = {a, b, a, b};

    (void)state;
    branch[200]++;
    expect_computed(f.engine, &a, 1, 290);
    expect_computed(f.engine, &a, 1, 0); /* the heads have it at hand */
    expect_computed(f.engine, &b, 1, 80);
    expect_computed(f.engine, &a, 1, 1);
    expect_computed(f.engine, &b, 1, 1);
    rows[2].n++;
    rows[3].n += 3;
    expect_computed(f.engine, rows, 4, 1 + 1 + 1 + 3);
    expect_computed(f.engine, rows, 4, 4);
    gb_engine_rewind(f.engine, 0);
    expect_computed(f.engine, rows, 4, 291 + 83);
    free(text), free(branch);
    fixture_close(&f);
}

/* More rows than the context has positions: the heads work on all of them at
 * once, in whatever type the weights are. */
static void
test_short_context(void **state)
{
    static const gb_random_model model = {
        .layers = 1, .width = 32, .heads = 2, .vocab = 261, .context = 3,
        .dtype = GB_F32, .seed = 3,
    };
    static const gb_rule rule = {.temperature = 0.9f};
    const gb_engine_options options = {.prefill = GB_PREFILL_OWN,
                                       .dtype = GB_DTYPE_Q8_0};
    const char *folder = fixture_write(&model, "short");
    fixture together = fixture_open(folder, &options);
    fixture alone = fixture_open(folder, &options);
    gb_token texts[GB_ROWS][3];
    gb_pick picks[GB_ROWS], pick;
    gb_sequence rows[GB_ROWS];
    gb_error err = GB_ERROR_INIT;
    unsigned k, i;

    (void)state;
    for (k = 0; k < GB_ROWS; k++) {
        for (i = 0; i < 3; i++)
            texts[k][i] = (k / 2 * 31 + i * 7) % model.vocab;
        rows[k] = (gb_sequence){.ids = texts[k], .n = 1 + k % 3, .seed = k};
    }
    test_ok(gb_engine_pick_rows(together.engine, &rule, rows, GB_ROWS, picks,
                                &err), &err);
    for (k = 0; k < GB_ROWS; k++) {
        pick_alone(alone.engine, &rule, &rows[k], &pick);
        assert_same_pick(&picks[k], &pick, k);
    }
    fixture_close(&together);
    fixture_close(&alone);
}

static void
cancel_at_once(void *arg, gb_phase phase, uint64_t done, uint64_t total)
{
    atomic_bool *cancel = arg;

    (void)done, (void)total;
    if (phase == GB_PHASE_PREFILL)
        atomic_store(cancel, true);
}

/* In a cache of one context a text that is cancelled after its first pass has
 * taken the room of what was fed, which is then fed no more. */
static void
test_cancelled(void **state)
{
    static const gb_rule rule = {.greedy = true};
    atomic_bool cancel = false;
    const gb_engine_options options = {
        .prefill = GB_PREFILL_OWN, .cache_bytes = 1,
        .progress = {.tell = cancel_at_once, .arg = &cancel,
                     .cancel = &cancel},
    };
    fixture f = fixture_open(fixture_write(&odd_model, "odd"), &options);
    gb_token *text = fixture_prompt(f.engine, 300);
    gb_token *other = fixture_prompt(f.engine, 300);
    gb_sequence row = {.ids = other, .n = 290};
    gb_error err = GB_ERROR_INIT;
    gb_pick pick;

    (void)state;
    other[0]++;
    fixture_feed(f.engine, text, 256);
    atomic_store(&cancel, false);
    assert_false(gb_engine_pick_rows(f.engine, &rule, &row, 1, &pick, &err));
    assert_int_equal(err.status, GB_INTERRUPTED);
    assert_int_equal(gb_engine_length(f.engine), 0);
    atomic_store(&cancel, false);
    fixture_feed(f.engine, text, 256);
    assert_int_equal(gb_engine_length(f.engine), 256);
    free(text), free(other);
    fixture_close(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache_type),
        cmocka_unit_test(test_rows_alone_and_together),
        cmocka_unit_test(test_nothing_twice),
        cmocka_unit_test(test_short_context),
        cmocka_unit_test(test_cancelled),
    };

    return cmocka_run_group_tests_name("engine rows", tests, NULL, NULL);
}
