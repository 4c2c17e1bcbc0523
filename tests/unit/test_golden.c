/* The engine against an independent NumPy GPT-2 in float64: see
 * tests/reference/engine_golden.py, which describes the golden files. */
#include "test.h"

#include <inttypes.h>
#include <math.h>

#include "../tools/random_model.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/engine.h"

#define TOLERANCE 1e-3f /* of a log-probability */
#define MARGIN 1e-3f    /* two scores this close may change places */
#define MAX_SWAPS 2     /* in all runs together */

typedef struct fixture {
    gb_model *model;
    gb_engine *engine;
} fixture;

static void
open_engine(fixture *f, const char *folder)
{
    const gb_engine_options options = {.prefill = GB_PREFILL_OWN};
    gb_error err = GB_ERROR_INIT;

    f->model = gb_model_open(folder, &err);
    test_ok(f->model != NULL, &err);
    f->engine = gb_engine_open(f->model, &options, &err);
    test_ok(f->engine != NULL, &err);
}

static void
close_engine(fixture *f)
{
    if (f->engine != NULL)
        gb_engine_close(f->engine);
    if (f->model != NULL)
        gb_model_close(f->model);
    *f = (fixture){NULL, NULL};
}

/* The next token of the file, which must be there; static storage. */
static const char *
word(FILE *f)
{
    static char text[64];

    assert_int_equal(fscanf(f, "%63s", text), 1);
    return text;
}

static unsigned
number(FILE *f)
{
    return (unsigned)strtoul(word(f), NULL, 10);
}

static float
real(FILE *f)
{
    return strtof(word(f), NULL);
}

/* Reads a model's line and makes that model; the caller frees. */
static char *
make_model(FILE *f, unsigned index)
{
    char *folder = gb_format("%s/model%u", test_folder(), index);
    gb_error err = GB_ERROR_INIT;
    gb_random_model m = {0};
    const char *dtype;
    char prefix[64];

    m.layers = number(f);
    m.width = number(f);
    m.heads = number(f);
    m.vocab = number(f);
    m.context = number(f);
    m.inner = number(f);
    dtype = word(f);
    m.dtype = strcmp(dtype, "f16") == 0 ? GB_F16
            : strcmp(dtype, "bf16") == 0 ? GB_BF16 : GB_F32;
    m.seed = number(f);
    m.shards = number(f);
    strcpy(prefix, word(f));
    m.prefix = strcmp(prefix, "-") == 0 ? NULL : prefix;
    m.untied = number(f) != 0;
    test_ok(gb_random_model_write(&m, folder, &err), &err);
    return folder;
}

/* Feeds the made-up prompt of n tokens in pieces of these sizes, over and
 * over; logprobs is what follows. */
static void
feed_prompt(gb_engine *e, unsigned n, const unsigned *pieces, size_t n_pieces,
            float temperature, float *logprobs)
{
    uint64_t vocab = gb_engine_model(e)->config.n_vocab, i;
    gb_token *ids = gb_alloc_array(n, sizeof *ids);
    gb_error err = GB_ERROR_INIT;
    unsigned done, piece;
    size_t k;

    for (i = 0; i < n; i++)
        ids[i] = (gb_token)((i * 40503 + 12345) % 65537 % vocab);
    gb_engine_rewind(e, 0);
    for (done = 0, k = 0; done < n; done += piece, k++) {
        piece = pieces[k % n_pieces];
        if (piece > n - done)
            piece = n - done;
        test_ok(gb_engine_feed(e, ids + done, piece, &err), &err);
    }
    test_ok(gb_engine_logprobs(e, temperature, NULL, logprobs, &err), &err);
    free(ids);
}

/* However the prompt is cut, not a bit changes. */
static void
check_pieces(gb_engine *e, unsigned n, float temperature, const float *whole)
{
    static const unsigned one[] = {1};
    static const unsigned uneven[] = {3, 1, 16, 1, 33, 64, 2, 129};
    uint32_t vocab = gb_engine_model(e)->config.n_vocab;
    float *logprobs = gb_alloc_array(vocab, sizeof *logprobs);

    feed_prompt(e, n, uneven, GB_COUNT(uneven), temperature, logprobs);
    assert_memory_equal(logprobs, whole, vocab * sizeof *whole);
    if (n <= 300) {
        feed_prompt(e, n, one, GB_COUNT(one), temperature, logprobs);
        assert_memory_equal(logprobs, whole, vocab * sizeof *whole);
    }
    free(logprobs);
}

/* Reads a prompt's lines and compares. Returns the largest difference. */
static float
check_prompt(FILE *f, gb_engine *e)
{
    uint32_t vocab = gb_engine_model(e)->config.n_vocab;
    float *logprobs = gb_alloc_array(vocab, sizeof *logprobs);
    unsigned n = number(f), entries, id;
    float temperature = real(f), expected, difference, largest = 0;

    feed_prompt(e, n, &n, 1, temperature, logprobs);
    check_pieces(e, n, temperature, logprobs);
    for (entries = number(f); entries > 0; entries--) {
        id = number(f);
        expected = real(f);
        assert_in_range(id, 0, vocab - 1);
        difference = fabsf(logprobs[id] - expected);
        if (!(difference <= TOLERANCE))
            fail_msg("%s, prompt of %u: id %u has %g, expected %g",
                     gb_engine_model(e)->name, n, id, (double)logprobs[id],
                     (double)expected);
        if (difference > largest)
            largest = difference;
    }
    free(logprobs);
    return largest;
}

/* Reads what is to be changed in a model's config.json. */
static void
change_config(FILE *f, const char *folder)
{
    char *path = gb_path_join(folder, "config.json");
    gb_error err = GB_ERROR_INIT;
    json_t *config = gb_json_load(path, 1 << 20, &err), *change;
    gb_str text = GB_STR_INIT;
    char line[256];

    test_ok(config != NULL, &err);
    assert_int_equal(fscanf(f, " config %255[^\n]", line), 1);
    change = json_loads(line, 0, NULL);
    assert_int_equal(json_object_update(config, change), 0);
    json_decref(change);
    gb_json_dump(config, &text);
    test_ok(gb_file_replace(path, text.data, text.len, 0600, &err), &err);
    gb_str_free(&text);
    free(path);
}

static void
check_logprobs(const char *golden, bool changed, unsigned n_models,
               unsigned n_prompts)
{
    FILE *f = fopen(test_source(golden), "r");
    fixture x = {NULL, NULL};
    unsigned models = 0, prompts = 0;
    char what[16], *folder;
    float difference, largest = 0;

    assert_non_null(f);
    while (fscanf(f, "%15s", what) == 1) {
        if (strcmp(what, "model") == 0) {
            close_engine(&x);
            folder = make_model(f, models++);
            if (changed)
                change_config(f, folder);
            open_engine(&x, folder);
            free(folder);
        } else {
            assert_string_equal(what, "prompt");
            difference = check_prompt(f, x.engine);
            if (difference > largest)
                largest = difference;
            prompts++;
        }
    }
    close_engine(&x);
    fclose(f);
    print_message("# %u models, %u prompts, largest difference %.2g\n",
                  models, prompts, (double)largest);
    assert_int_equal(models, n_models);
    assert_int_equal(prompts, n_prompts);
}

static void
test_logprobs(void **state)
{
    (void)state;
    check_logprobs("tests/golden/logprobs.txt", false, 11, 62);
}

/* What GPT-2 itself has not, against Transformers. */
static void
test_variants(void **state)
{
    (void)state;
    check_logprobs("tests/golden/variants.txt", true, 14, 42);
}

/* Picks a token as the run's settings say and compares it. Returns whether
 * the two best have changed places, which is an error unless they are
 * close. */
static bool
check_step(FILE *f, gb_engine *e, float temperature, uint64_t seed,
           uint64_t step, gb_token *id)
{
    const gb_rule rule = {.greedy = temperature == 0,
                          .temperature = temperature};
    const gb_sequence text = {.ids = gb_engine_ids(e),
                              .n = gb_engine_length(e), .seed = seed,
                              .step = step};
    gb_error err = GB_ERROR_INIT;
    float margin, logprob;
    gb_pick pick;

    *id = number(f);
    margin = real(f);
    logprob = real(f);
    test_ok(gb_engine_pick_rows(e, &rule, &text, 1, &pick, &err), &err);
    if (pick.id != *id && margin >= MARGIN)
        fail_msg("temperature %g, seed %" PRIu64 ", step %" PRIu64
                 ": token %u, expected %u (by a margin of %g)",
                 (double)temperature, seed, step, pick.id, *id,
                 (double)margin);
    if (pick.id != *id)
        return true;
    assert_float_equal(pick.logprob, logprob, TOLERANCE);
    assert_float_equal(pick.margin, margin, 2 * TOLERANCE);
    return false;
}

/* Reads a run's lines and generates it. Each step is fed the expected token,
 * so that one that differs for good reason does not hide the rest. */
static unsigned
check_run(FILE *f, gb_engine *e, const gb_ids *prompt, unsigned *steps)
{
    float temperature = real(f);
    uint64_t seed = number(f), step;
    gb_error err = GB_ERROR_INIT;
    unsigned n = number(f), swaps = 0;
    gb_token id;

    gb_engine_rewind(e, 0);
    test_ok(gb_engine_feed(e, prompt->data, (uint32_t)prompt->len, &err),
            &err);
    for (step = 0; step < n; step++) {
        swaps += check_step(f, e, temperature, seed, step, &id);
        test_ok(gb_engine_feed(e, &id, 1, &err), &err);
    }
    *steps += n;
    return swaps;
}

static void
test_tokens(void **state)
{
    FILE *f = fopen(test_source("tests/golden/tokens.txt"), "r");
    unsigned n, runs = 0, steps = 0, swaps = 0;
    fixture x = {NULL, NULL};
    gb_ids prompt = GB_IDS_INIT;
    char what[16];

    (void)state;
    assert_non_null(f);
    open_engine(&x, test_source("models/stories"));
    while (fscanf(f, "%15s", what) == 1) {
        if (strcmp(what, "prompt") == 0) {
            prompt.len = 0;
            for (n = number(f); n > 0; n--)
                gb_ids_push(&prompt, number(f));
        } else {
            assert_string_equal(what, "run");
            swaps += check_run(f, x.engine, &prompt, &steps);
            runs++;
        }
    }
    print_message("# %u runs, %u steps, %u swaps\n", runs, steps, swaps);
    assert_int_equal(runs, 107);
    assert_in_range(swaps, 0, MAX_SWAPS);
    gb_ids_free(&prompt);
    close_engine(&x);
    fclose(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logprobs),
        cmocka_unit_test(test_variants),
        cmocka_unit_test(test_tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
