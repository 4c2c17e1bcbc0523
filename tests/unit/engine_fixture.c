#include "engine_fixture.h"

#include <math.h>

#include "base/mem.h"
#include "test.h"

const gb_random_model odd_model = {
    .layers = 2, .width = 75, .heads = 3, .vocab = 301, .context = 300,
    .dtype = GB_F32, .seed = 1,
};

const char *
fixture_write(const gb_random_model *m, const char *name)
{
    static char folder[256];
    gb_error err = GB_ERROR_INIT;

    snprintf(folder, sizeof folder, "%s/%s", test_folder(), name);
    test_ok(gb_random_model_write(m, folder, &err), &err);
    return folder;
}

fixture
fixture_open(const char *folder, const gb_engine_options *options)
{
    static const gb_engine_options own = {.prefill = GB_PREFILL_OWN};
    gb_error err = GB_ERROR_INIT;
    fixture f;

    f.model = gb_model_open_weights(folder, &err);
    test_ok(f.model != NULL, &err);
    f.engine = gb_engine_open(f.model, options != NULL ? options : &own,
                              &err);
    test_ok(f.engine != NULL, &err);
    return f;
}

void
fixture_close(fixture *f)
{
    gb_engine_close(f->engine);
    gb_model_close(f->model);
    *f = (fixture){NULL, NULL};
}

gb_token *
fixture_prompt(const gb_engine *e, uint32_t n)
{
    const uint32_t vocab = gb_engine_model(e)->config.n_vocab;
    gb_token *ids = gb_alloc_array(n, sizeof *ids);
    uint32_t i;

    for (i = 0; i < n; i++)
        ids[i] = (i * 40503 + 12345) % 65537 % vocab;
    return ids;
}

void
fixture_feed(gb_engine *e, const gb_token *ids, uint32_t n)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_engine_feed(e, ids, n, &err), &err);
}

static bool
pick(gb_engine *e, const gb_rule *rule, const gb_adjustments *adjust,
     uint64_t seed, uint64_t step, gb_pick *found, gb_error *err)
{
    const gb_sequence text = {.ids = gb_engine_ids(e),
                              .n = gb_engine_length(e), .seed = seed,
                              .step = step, .adjust = adjust};

    return gb_engine_pick_rows(e, rule, &text, 1, found, err);
}

bool
fixture_greedy(gb_engine *e, const gb_adjustments *adjust, gb_pick *found,
               gb_error *err)
{
    return pick(e, &(gb_rule){.greedy = true}, adjust, 0, 0, found, err);
}

bool
fixture_sample(gb_engine *e, float temperature, const gb_filter *filter,
               const gb_adjustments *adjust, uint64_t seed, uint64_t step,
               gb_pick *found, gb_error *err)
{
    return pick(e, &(gb_rule){.temperature = temperature, .filter = filter},
                adjust, seed, step, found, err);
}

float *
fixture_logprobs(gb_engine *e)
{
    float *x = gb_alloc_array(gb_engine_model(e)->config.n_vocab, sizeof *x);
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_engine_logprobs(e, 1.0f, NULL, x, &err), &err);
    return x;
}

float *
fixture_logprobs_after(gb_engine *e, uint32_t n)
{
    gb_token *ids = fixture_prompt(e, n);

    gb_engine_rewind(e, 0);
    fixture_feed(e, ids, n);
    free(ids);
    return fixture_logprobs(e);
}

void
assert_same_bits(const gb_engine *e, const float *a, const float *b,
                 const char *what, uint32_t n)
{
    const uint32_t vocab = gb_engine_model(e)->config.n_vocab;

    if (memcmp(a, b, vocab * sizeof *a) != 0)
        fail_msg("%s, prompt of %u: other bits (they differ by %g)", what,
                 (unsigned)n, (double)largest_difference(e, a, b));
}

float
largest_difference(const gb_engine *e, const float *a, const float *b)
{
    const uint32_t vocab = gb_engine_model(e)->config.n_vocab;
    float largest = 0;
    uint32_t i;

    for (i = 0; i < vocab; i++)
        if (!(fabsf(a[i] - b[i]) <= largest))
            largest = fabsf(a[i] - b[i]);
    return largest;
}

void
fixture_fill_weights(const char *folder, float value)
{
    char *path = gb_format("%s/model.safetensors", folder);
    FILE *f = fopen(path, "r+b");
    uint64_t header, left;
    long end;

    assert_non_null(f);
    assert_int_equal(fread(&header, sizeof header, 1, f), 1);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    end = ftell(f);
    assert_int_equal(fseek(f, (long)header + 8, SEEK_SET), 0);
    for (left = (uint64_t)end - header - 8; left > 0; left -= sizeof value)
        assert_int_equal(fwrite(&value, sizeof value, 1, f), 1);
    assert_int_equal(fclose(f), 0);
    free(path);
}
