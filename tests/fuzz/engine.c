#include "engine/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "sample/gumbel.h"
#include "sample/spectrum.h"
#include "tests/tools/random_model.h"

#define GB_FUZZ_VOCAB 300

struct gb_engine {
    const gb_model *model;
    gb_engine_info info;
    const atomic_bool *cancel;
    uint32_t length;
    gb_token *ids;    /* (n_ctx) */
    uint64_t *hashes; /* (n_ctx + 1): of the first i tokens */
};

static unsigned tokens_left = UINT32_MAX;
/* Of the last token that was picked. */
static float scratch[GB_FUZZ_VOCAB], noise[GB_FUZZ_VOCAB];
static float adjusted[GB_FUZZ_VOCAB];

void
fuzz_engine_limit(unsigned tokens)
{
    tokens_left = tokens;
}

const char *
fuzz_model_folder(void)
{
    static const gb_random_model small = {
        .layers = 1, .width = 4, .heads = 1, .vocab = GB_FUZZ_VOCAB,
        .context = 48,
    };
    static char *path;

    if (path == NULL) {
        path = fuzz_path("model");
        FUZZ_CHECK(gb_random_model_write(&small, path, NULL));
    }
    return path;
}

gb_model *
fuzz_model(void)
{
    static gb_model *model;

    if (model == NULL)
        model = gb_model_open(fuzz_model_folder(), NULL);
    FUZZ_CHECK(model != NULL);
    return model;
}

gb_engine *
gb_engine_open(const gb_model *model, const gb_engine_options *options,
               gb_error *err)
{
    gb_engine *e;

    if (options->device != NULL && strcmp(options->device, "cpu") != 0) {
        gb_fail(err, "there is no such device");
        return NULL;
    }
    e = gb_alloc(sizeof *e);
    e->model = model;
    e->cancel = options->progress.cancel;
    e->info.dtype = "f32";
    e->info.prefill = "own";
    e->info.cache_type = "f32";
    e->info.dtype_why = "";
    e->ids = gb_alloc_array(model->config.n_ctx, sizeof *e->ids);
    e->hashes = gb_alloc_array((size_t)model->config.n_ctx + 1,
                               sizeof *e->hashes);
    strcpy(e->info.device.name, "nothing");
    return e;
}

void
gb_engine_close(gb_engine *e)
{
    if (e == NULL)
        return;
    free(e->ids);
    free(e->hashes);
    free(e);
}

const gb_engine_info *
gb_engine_get_info(const gb_engine *e)
{
    return &e->info;
}

const gb_model *
gb_engine_model(const gb_engine *e)
{
    return e->model;
}

uint32_t
gb_engine_length(const gb_engine *e)
{
    return e->length;
}

const gb_token *
gb_engine_ids(const gb_engine *e)
{
    return e->ids;
}

void
gb_engine_rewind(gb_engine *e, uint32_t length)
{
    if (length < e->length)
        e->length = length;
}

static uint64_t
mix(uint64_t hash, uint64_t x)
{
    hash = (hash ^ x) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

bool
gb_engine_feed(gb_engine *e, const gb_token *ids, uint32_t n, gb_error *err)
{
    uint32_t i;

    FUZZ_CHECK(n >= 1);
    if (n > e->model->config.n_ctx - e->length)
        return gb_fail(err, "the context is full");
    for (i = 0; i < n; i++, e->length++) {
        if (e->cancel != NULL && atomic_load(e->cancel))
            return gb_fail_interrupted(err);
        FUZZ_CHECK(ids[i] < e->model->config.n_vocab);
        e->ids[e->length] = ids[i];
        e->hashes[e->length + 1] = mix(e->hashes[e->length], ids[i] + 1);
    }
    return true;
}

bool
gb_engine_read(gb_engine *e, const gb_token *ids, uint32_t n, gb_error *err)
{
    gb_engine_rewind(e, 0);
    return gb_engine_feed(e, ids, n, err);
}

uint64_t
gb_engine_computed(const gb_engine *e)
{
    return e->length;
}

uint32_t
gb_engine_missing(const gb_engine *e, const gb_sequence *rows, unsigned n)
{
    uint32_t missing = 0;

    while (n-- > 0)
        missing += rows[n].n - (uint32_t)gb_ids_common(rows[n].ids, rows[n].n,
                                                       e->ids, e->length);
    return missing;
}

/* What follows the first `length` tokens. */
static void
make_logits(const gb_engine *e, uint32_t length, float *logits)
{
    uint32_t i;

    for (i = 0; i < e->model->config.n_vocab; i++)
        logits[i] = (float)(mix(e->hashes[length], i) >> 40) / (1 << 21) - 4;
    if (e->model->config.ends.n > 0)
        logits[e->model->config.ends.ids[0]] += 3;
}

/* Natural logs of probabilities at a temperature; returns the entropy. */
static double
make_logprobs(const gb_engine *e, double temperature,
              const gb_adjustments *adjust, float *logprobs)
{
    uint32_t n = e->model->config.n_vocab, i;
    double sum = 0, entropy = 0, p;

    make_logits(e, e->length, logprobs);
    gb_adjust(adjust, logprobs);
    for (i = 0; i < n; i++)
        sum += exp(((double)logprobs[i] - 8) / temperature);
    for (i = 0; i < n; i++) {
        p = ((double)logprobs[i] - 8) / temperature - log(sum);
        entropy -= exp(p) * fmax(p, -1000);
        logprobs[i] = (float)p;
    }
    return entropy;
}

static bool
take(gb_engine *e, const float *logprobs, gb_best best, double entropy,
     gb_pick *pick, gb_error *err)
{
    uint32_t i;

    FUZZ_CHECK(e->length > 0);
    if (tokens_left == 0)
        return gb_fail(err, "the device is lost");
    tokens_left -= tokens_left != UINT32_MAX;
    *pick = (gb_pick){
        .id = best.id,
        .logprob = logprobs[best.id],
        .runner_up = best.runner_up,
        .margin = best.score - best.runner_up_score,
        .entropy = (float)entropy,
        .to = INFINITY,
    };
    for (i = 0; i < e->model->config.n_vocab; i++)
        pick->rank += logprobs[i] > logprobs[best.id];
    return true;
}

static bool
pick_greedy(gb_engine *e, const gb_adjustments *adjust, gb_pick *pick,
            gb_error *err)
{
    double entropy = make_logprobs(e, 1, adjust, scratch);

    return take(e, scratch, gb_argmax(scratch, e->model->config.n_vocab),
                entropy, pick, err);
}

static void
find_range(const gb_engine *e, float temperature, const gb_filter *filter,
           gb_pick *pick)
{
    static const gb_filter off = GB_FILTER_OFF;
    gb_spectrum *s = gb_spectrum_new();
    gb_band band;

    gb_spectrum_set(s, adjusted, noise, e->model->config.n_vocab,
                    filter != NULL ? filter : &off);
    band = gb_spectrum_range(s, pick->id, (double)temperature);
    pick->from = (float)band.from;
    pick->to = (float)band.to;
    gb_spectrum_free(s);
}

static bool
pick_sampled(gb_engine *e, float temperature, const gb_filter *filter,
             const gb_adjustments *adjust, uint64_t seed, uint64_t step,
             gb_pick *pick, gb_error *err)
{
    uint32_t n = e->model->config.n_vocab;
    double entropy;
    float floor;

    FUZZ_CHECK(temperature > 0 && isfinite(temperature));
    entropy = make_logprobs(e, (double)temperature, adjust, scratch);
    floor = filter != NULL ? gb_filter_floor(filter, scratch, n) : -INFINITY;
    if (!take(e, scratch, gb_gumbel_argmax(scratch, n, floor, seed, step),
              entropy, pick, err))
        return false;
    gb_gumbel_noise(seed, step, noise, n);
    pick->noise = noise[pick->id];
    make_logits(e, e->length, adjusted);
    gb_adjust(adjust, adjusted);
    find_range(e, temperature, filter, pick);
    return true;
}

bool
gb_engine_logits(gb_engine *e, uint32_t position, float *logits, gb_error *err)
{
    FUZZ_CHECK(position < e->length);
    if (tokens_left == 0)
        return gb_fail(err, "the device is lost");
    make_logits(e, position + 1, logits);
    return true;
}

static bool
read_text(gb_engine *e, const gb_sequence *row, gb_error *err)
{
    FUZZ_CHECK(row->n > 0 && row->n <= e->model->config.n_ctx);
    return gb_engine_read(e, row->ids, row->n, err);
}

bool
gb_engine_pick_rows(gb_engine *e, const gb_rule *rule, const gb_sequence *rows,
                    unsigned n, gb_pick *picks, gb_error *err)
{
    const gb_sequence *r;

    FUZZ_CHECK(n > 0 && n <= GB_ROWS);
    for (r = rows; r < rows + n; r++, picks++)
        if (!read_text(e, r, err) ||
            !(rule->greedy
                  ? pick_greedy(e, r->adjust, picks, err)
                  : pick_sampled(e, r->temperature > 0 ? r->temperature
                                                       : rule->temperature,
                                 rule->filter, r->adjust, r->seed, r->step,
                                 picks, err)))
            return false;
    return true;
}

bool
gb_engine_logit_rows(gb_engine *e, const gb_sequence *rows, unsigned n,
                     float *logits, gb_error *err)
{
    const gb_sequence *r;

    FUZZ_CHECK(n > 0 && n <= GB_ROWS);
    for (r = rows; r < rows + n; r++, logits += e->model->config.n_vocab)
        if (!read_text(e, r, err) ||
            !gb_engine_logits(e, r->n - 1, logits, err))
            return false;
    return true;
}

bool
gb_engine_logprobs(gb_engine *e, float temperature,
                   const gb_adjustments *adjust, float *logprobs,
                   gb_error *err)
{
    (void)err;
    make_logprobs(e, (double)temperature, adjust, logprobs);
    return true;
}

bool
gb_engine_score(gb_engine *e, const gb_token *ids, uint32_t n,
                float *logprobs, gb_error *err)
{
    (void)e, (void)ids, (void)n, (void)logprobs;
    return gb_fail(err, "nothing is computed here");
}

bool
gb_engine_read_speed(gb_engine *e, double *bytes_per_second, gb_error *err)
{
    (void)e, (void)bytes_per_second;
    return gb_fail(err, "nothing is computed here");
}

uint64_t
gb_engine_size(const gb_model *model, const gb_device *device,
               const gb_engine_options *options)
{
    (void)model, (void)device, (void)options;
    return 1;
}
