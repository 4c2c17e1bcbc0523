#include "engine/engine.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"
#include "tests/tools/random_model.h"

struct gb_engine {
    const gb_model *model;
    gb_engine_info info;
    const atomic_bool *cancel;
    uint32_t length;
    uint64_t *hashes; /* (n_ctx + 1): of the first i tokens */
};

static unsigned tokens_left = UINT32_MAX;

void
fuzz_engine_limit(unsigned tokens)
{
    tokens_left = tokens;
}

const char *
fuzz_model_folder(void)
{
    static const gb_random_model small = {
        .layers = 1, .width = 4, .heads = 1, .vocab = 300, .context = 48,
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
    e->cancel = options->cancel;
    e->info.dtype = GB_F32;
    e->info.prefill = "own";
    e->info.dtype_why = "";
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
        e->hashes[e->length + 1] = mix(e->hashes[e->length], ids[i] + 1);
    }
    return true;
}

static bool
choose(gb_engine *e, uint64_t asked, gb_pick *pick, gb_error *err)
{
    uint64_t hash = mix(e->hashes[e->length], asked);

    FUZZ_CHECK(e->length > 0);
    if (tokens_left == 0)
        return gb_fail(err, "the device is lost");
    tokens_left -= tokens_left != UINT32_MAX;
    *pick = (gb_pick){
        .id = (gb_token)((hash >> 8) % e->model->config.n_vocab),
        .logprob = -1.0f - (float)(hash % 1000) / 1000,
        .runner_up = 1,
        .margin = 0.5f,
    };
    if (hash >> 60 == 0)
        pick->id = e->model->config.eos_id;
    return true;
}

bool
gb_engine_greedy(gb_engine *e, gb_pick *pick, gb_error *err)
{
    return choose(e, 0, pick, err);
}

bool
gb_engine_sample(gb_engine *e, float temperature, const gb_filter *filter,
                 uint64_t seed, uint64_t step, gb_pick *pick, gb_error *err)
{
    uint64_t asked = mix(seed + step, 1);
    uint32_t bits;

    FUZZ_CHECK(temperature > 0 && isfinite(temperature));
    memcpy(&bits, &temperature, sizeof bits);
    asked = mix(asked, bits);
    if (filter != NULL)
        asked = mix(asked, !gb_filter_is_off(filter));
    return choose(e, asked, pick, err);
}

bool
gb_engine_logprobs(gb_engine *e, float temperature, float *logprobs,
                   gb_error *err)
{
    (void)e, (void)temperature, (void)logprobs;
    return gb_fail(err, "nothing is computed here");
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
