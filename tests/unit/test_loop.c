/* The generation step: going back, going on and replacing the text give what
 * they would have given at once. */
#include "test.h"

#include <math.h>

#include "../tools/random_model.h"
#include "base/mem.h"
#include "session/loop.h"

enum { CONTEXT = 40, PROMPT = 5, TOKENS = 20 };

typedef struct fixture {
    gb_model *model;
    gb_engine *engine;
    gb_settings settings;
    gb_token prompt[PROMPT];
    gb_token expected[TOKENS]; /* after the prompt, in one go */
    gb_pick picks[TOKENS];
} fixture;

static void
step(gb_loop *l, const gb_settings *s, gb_pick *pick)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_loop_step(l, s, pick, &err), &err);
}

/* Generates from index `from` to `to` and compares, id and log-probability. */
static void
expect(fixture *f, gb_loop *l, size_t from, size_t to)
{
    gb_pick pick;
    size_t i;

    for (i = from; i < to; i++) {
        assert_int_equal(l->step, i);
        step(l, &f->settings, &pick);
        assert_int_equal(pick.id, f->expected[i]);
        assert_memory_equal(&pick.logprob, &f->picks[i].logprob,
                            sizeof pick.logprob);
        assert_int_equal(l->ids.data[l->ids.len - 1], pick.id);
    }
}

static int
open_fixture(void **state)
{
    static const gb_random_model shape = {
        .layers = 2, .width = 32, .heads = 2, .vocab = 300,
        .context = CONTEXT, .dtype = GB_F32, .seed = 7,
    };
    gb_engine_options options = {.prefill = GB_PREFILL_OWN};
    fixture *f = gb_alloc(sizeof *f);
    gb_error err = GB_ERROR_INIT;
    const char *folder = test_folder();
    gb_loop l;
    size_t i;

    test_ok(gb_random_model_write(&shape, folder, &err), &err);
    f->model = gb_model_open(folder, &err);
    test_ok(f->model != NULL, &err);
    f->engine = gb_engine_open(f->model, &options, &err);
    test_ok(f->engine != NULL, &err);
    gb_settings_init(&f->settings);
    f->settings.seed = 11;
    for (i = 0; i < PROMPT; i++)
        f->prompt[i] = (gb_token)(i * 37 + 3);
    gb_loop_init(&l, f->engine);
    gb_loop_append(&l, f->prompt, PROMPT);
    for (i = 0; i < TOKENS; i++) {
        step(&l, &f->settings, &f->picks[i]);
        f->expected[i] = f->picks[i].id;
    }
    gb_loop_free(&l);
    gb_engine_rewind(f->engine, 0);
    *state = f;
    return 0;
}

static int
close_fixture(void **state)
{
    fixture *f = *state;

    gb_engine_close(f->engine);
    gb_model_close(f->model);
    free(f);
    return 0;
}

/* A loop with the prompt read and n tokens generated. */
static gb_loop
begin(fixture *f, size_t n)
{
    gb_loop l;

    gb_engine_rewind(f->engine, 0);
    gb_loop_init(&l, f->engine);
    gb_loop_append(&l, f->prompt, PROMPT);
    expect(f, &l, 0, n);
    return l;
}

static void
test_repeats(void **state)
{
    fixture *f = *state;
    gb_loop l = begin(f, TOKENS);

    gb_loop_free(&l);
}

static void
test_back_and_on(void **state)
{
    fixture *f = *state;
    gb_loop l = begin(f, TOKENS);
    size_t n;

    for (n = TOKENS; n-- > 0;) {
        gb_loop_truncate(&l, PROMPT + n);
        assert_int_equal(l.ids.len, PROMPT + n);
        assert_int_equal(l.step, TOKENS); /* who goes back sets the step */
        l.step = n;
        expect(f, &l, n, TOKENS);
    }
    gb_loop_free(&l);
}

static void
test_prompt_in_pieces(void **state)
{
    fixture *f = *state;
    gb_loop l;
    size_t i;

    gb_engine_rewind(f->engine, 0);
    gb_loop_init(&l, f->engine);
    for (i = 0; i < PROMPT; i++)
        gb_loop_append(&l, &f->prompt[i], 1);
    expect(f, &l, 0, TOKENS);
    gb_loop_free(&l);
}

static void
test_replace(void **state)
{
    fixture *f = *state;
    gb_loop l = begin(f, TOKENS);
    gb_token other[] = {3, 40, 9, 9, 9, 9};
    uint64_t computed = gb_engine_computed(f->engine);

    gb_loop_replace(&l, other, GB_COUNT(other));
    assert_int_equal(l.ids.len, GB_COUNT(other));
    step(&l, &f->settings, &(gb_pick){0});
    assert_int_equal(gb_engine_computed(f->engine) - computed, 4);
    gb_loop_replace(&l, f->prompt, PROMPT);
    l.step = 0;
    expect(f, &l, 0, TOKENS);
    /* The other text is still there, but for the heads. */
    computed = gb_engine_computed(f->engine);
    gb_loop_replace(&l, other, GB_COUNT(other));
    step(&l, &f->settings, &(gb_pick){0});
    assert_int_equal(gb_engine_computed(f->engine) - computed, 1);
    /* The same view, then a longer one. */
    gb_loop_replace(&l, f->prompt, PROMPT);
    gb_loop_append(&l, f->expected, 4);
    l.step = 4;
    expect(f, &l, 4, TOKENS);
    gb_loop_free(&l);
}

static void
test_greedy(void **state)
{
    fixture *f = *state;
    gb_settings s = f->settings;
    float logprobs[300];
    gb_error err = GB_ERROR_INIT;
    gb_loop l = begin(f, 0);
    gb_pick pick;
    size_t i;

    s.greedy = true;
    step(&l, &s, &pick);
    assert_int_equal(l.step, 1);
    test_ok(gb_engine_logprobs(f->engine, 1, NULL, logprobs, &err), &err);
    for (i = 0; i < GB_COUNT(logprobs); i++)
        assert_true(logprobs[i] <= logprobs[pick.id]);
    assert_true(fabsf(pick.logprob - logprobs[pick.id]) < 1e-4f);
    gb_loop_free(&l);
}

static void
test_full(void **state)
{
    fixture *f = *state;
    gb_error err = GB_ERROR_INIT;
    gb_loop l = begin(f, 0);
    gb_pick pick;
    size_t n;

    for (n = 0; !gb_loop_is_full(&l); n++)
        step(&l, &f->settings, &pick);
    /* The last position of the context still gives a token. */
    assert_int_equal(n, CONTEXT - PROMPT + 1);
    assert_false(gb_loop_step(&l, &f->settings, &pick, &err));
    test_fails_with(&err, GB_FAILED, "context of 40 tokens is full", NULL);
    assert_int_equal(l.step, n);
    assert_int_equal(l.ids.len, CONTEXT + 1);
    gb_loop_truncate(&l, PROMPT);
    l.step = 0;
    expect(f, &l, 0, TOKENS);
    gb_loop_free(&l);
}

static void
test_empty(void **state)
{
    fixture *f = *state;
    gb_error err = GB_ERROR_INIT;
    gb_loop l = begin(f, 2);
    gb_pick pick;

    gb_loop_truncate(&l, 0);
    assert_false(gb_loop_step(&l, &f->settings, &pick, &err));
    test_fails_with(&err, GB_FAILED, "no token", NULL);
    assert_int_equal(l.step, 2);
    gb_loop_free(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_back_and_on),
        cmocka_unit_test(test_prompt_in_pieces),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_empty),
    };

    return cmocka_run_group_tests_name("loop", tests, open_fixture,
                                       close_fixture);
}
