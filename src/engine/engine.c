#include "engine/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/head.h"
#include "engine/prefill.h"
#include "engine/queue.h"
#include "engine/speed.h"

struct gb_engine {
    const gb_model *model;
    gb_engine_options options;
    gb_compute compute;
    gb_weights_plan plan;
    gb_weights weights;
    gb_forward forward;
    gb_head head;
    gb_gemm *gemm;
    gb_engine_info info;
    gb_token *ids;   /* (n_ctx) */
    uint32_t length; /* of them are fed */
    uint32_t sure;   /* positions that the device is known to have computed */
    bool ready;      /* the last position is in the residual stream */
};

/* Bytes that everything but the weights needs. */
static uint64_t
other_bytes(const gb_compute *c, const gb_config *g, unsigned packings)
{
    uint64_t cache, scratch;

    gb_forward_size(c, g, packings, &cache, &scratch);
    return cache + scratch + gb_head_size(c, g);
}

static bool
has_room(const gb_compute *c, const gb_model *m, const gb_weights_plan *plan)
{
    return plan->bytes + other_bytes(c, &m->config, plan->packings) <=
               c->device.memory &&
           plan->largest <= c->device.max_alloc;
}

/* Where float32 does not fit, float16 is the way out. */
static gb_weights_plan
choose_plan(const gb_compute *c, const gb_model *m, gb_dtype_choice choice,
            const char **why)
{
    gb_weights_plan plan = gb_weights_plan_for(c, m, choice);

    *why = "";
    if (choice != GB_DTYPE_AUTO)
        return plan;
    if ((plan.packings & 1u << GB_PACK_F32) != 0 && !has_room(c, m, &plan)) {
        *why = "rounded, as the device has no room for f32";
        return gb_weights_plan_for(c, m, GB_DTYPE_F16);
    }
    if (plan.has_f64)
        *why = "rounded, as no device computes in f64";
    else if (gb_weights_dtype(&plan) == NULL)
        *why = "each matrix as the file has it";
    return plan;
}

static bool
check_room(const gb_compute *c, const gb_model *m,
           const gb_weights_plan *plan, gb_error *err)
{
    const char *dtype = gb_weights_dtype(plan);
    uint64_t need =
        plan->bytes + other_bytes(c, &m->config, plan->packings);

    if (need <= c->device.memory)
        return true;
    return gb_fail(err,
                   "%s: the model needs %.1f MiB of device memory as %s, the "
                   "device has %.1f MiB%s",
                   c->device.name, (double)need / 1048576.0,
                   dtype != NULL ? dtype : "it is",
                   (double)c->device.memory / 1048576.0,
                   (plan->packings & 1u << GB_PACK_F32) != 0
                       ? "; try --dtype f16"
                   : plan->choice != GB_DTYPE_Q4_0 ? "; try --dtype q4_0"
                                                   : "");
}

static bool
open_gemm(gb_engine *e, gb_error *err)
{
    const gb_config *g = &e->model->config;
    gb_compute *c = &e->compute;
    /* That of most matrices. */
    const gb_packing packing = e->weights.layers[0].fc.panels.packing;
    gb_prefill_times t = {0, 0};
    unsigned out = 3 * g->n_embd > g->n_inner ? 3 * g->n_embd : g->n_inner;
    unsigned in = g->n_embd > g->n_inner ? g->n_embd : g->n_inner;
    bool use = e->options.prefill == GB_PREFILL_CLBLAST;

    /* On a CPU the own kernel runs near the peak of the vector units, so
     * nobody should wait for CLBlast's compiler to learn that. */
    if (e->options.prefill == GB_PREFILL_AUTO &&
        (gb_prefill_known(&c->device, packing, &t) ||
         (c->shape.lanes > 1 && gb_prefill_measure(c, packing, &t, NULL))))
        use = t.clblast_ms < t.own_ms;
    if (use)
        e->gemm = gb_gemm_open(c, in, gb_padded_width(&c->shape, out),
                               e->forward.batch, err);
    e->forward.gemm = e->gemm;
    e->info.prefill = e->gemm != NULL ? "clblast" : "own";
    /* Where nobody asked for it, no room for its buffers is no failure. */
    return e->gemm != NULL || e->options.prefill != GB_PREFILL_CLBLAST;
}

static bool
open_compute(gb_engine *e, gb_error *err)
{
    gb_engine_options *o = &e->options;
    gb_compute *c = &e->compute;
    gb_device device;
    gb_shape shape;

    if (!gb_device_choose(o->device, &device, err))
        return false;
    /* The sizes depend on device and shape alone. */
    c->device = device;
    c->shape = shape = gb_shape_for(&device);
    e->plan = choose_plan(c, e->model, o->dtype, &e->info.dtype_why);
    if (!check_room(c, e->model, &e->plan, err))
        return false;
    gb_progress_tell(&o->progress, GB_PHASE_COMPILE, 0, 0);
    return gb_compute_open(c, &device, &shape, e->plan.packings,
                           e->model->config.head_size, err);
}

gb_engine *
gb_engine_open(const gb_model *model, const gb_engine_options *options,
               gb_error *err)
{
    gb_engine *e = gb_alloc(sizeof *e);
    const gb_config *g = &model->config;
    double start;

    e->model = model;
    if (options != NULL)
        e->options = *options;
    if (!open_compute(e, err)) {
        free(e);
        return NULL;
    }
    start = gb_now_ms();
    if (!gb_weights_load(&e->weights, &e->compute, model, &e->plan,
                         &e->options.progress, err))
        goto fail_weights;
    if (!gb_forward_open(&e->forward, &e->compute, g, &e->weights, err))
        goto fail_forward;
    if (!gb_head_open(&e->head, &e->forward, &e->weights, err))
        goto fail_head;
    e->info.load_ms = gb_now_ms() - start;
    if (!open_gemm(e, err))
        goto fail_gemm;
    e->info.device = e->compute.device;
    e->info.dtype = gb_weights_dtype(&e->plan);
    if (e->info.dtype == NULL)
        e->info.dtype = "mixed";
    e->info.weight_bytes = e->plan.bytes;
    e->info.cache_bytes = e->forward.cache_bytes;
    e->info.scratch_bytes = e->forward.scratch_bytes + e->head.bytes +
                            gb_gemm_bytes(e->gemm);
    e->info.program_cached = e->compute.program_cached;
    e->info.compile_ms = e->compute.compile_ms;
    e->ids = gb_alloc_array(g->n_ctx, sizeof *e->ids);
    return e;
fail_gemm:
    gb_head_close(&e->head);
fail_head:
    gb_forward_close(&e->forward);
fail_forward:
    gb_weights_free(&e->weights);
fail_weights:
    gb_compute_close(&e->compute);
    free(e);
    return NULL;
}

void
gb_engine_close(gb_engine *e)
{
    if (e == NULL)
        return;
    gb_compute_finish(&e->compute, NULL);
    gb_gemm_close(e->gemm);
    gb_head_close(&e->head);
    gb_forward_close(&e->forward);
    gb_weights_free(&e->weights);
    gb_compute_close(&e->compute);
    free(e->ids);
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
    if (length >= e->length)
        return;
    e->length = length;
    if (e->sure > length)
        e->sure = length;
    e->ready = false;
}

/* After the device was waited for. When it failed, what was fed since the
 * last time that it did not is nothing to build upon. */
static bool
settle(gb_engine *e, bool ok)
{
    if (ok) {
        e->sure = e->length;
    } else if (e->compute.failed) {
        gb_engine_rewind(e, e->sure);
        e->ready = false;
    }
    e->compute.failed = false;
    return ok;
}

static bool
check_ids(const gb_engine *e, const gb_token *ids, uint32_t n, gb_error *err)
{
    const gb_config *g = &e->model->config;
    uint32_t i;

    if (n > g->n_ctx - e->length)
        return gb_fail(err,
                       "the context of %u tokens has no room for %u more "
                       "after %u",
                       (unsigned)g->n_ctx, (unsigned)n, (unsigned)e->length);
    for (i = 0; i < n; i++)
        if (ids[i] >= g->n_vocab)
            return gb_fail(err, "token id %u is not below vocab_size %u",
                           (unsigned)ids[i], (unsigned)g->n_vocab);
    return true;
}

bool
gb_engine_feed(gb_engine *e, const gb_token *ids, uint32_t n, gb_error *err)
{
    const gb_progress *p = &e->options.progress;
    uint32_t done, some;

    if (!check_ids(e, ids, n, err))
        return false;
    for (done = 0; done < n; done += some) {
        some = n - done < e->forward.batch ? n - done : e->forward.batch;
        e->ready = false;
        if (n > 1 && gb_progress_is_cancelled(p))
            return gb_fail_interrupted(err);
        if (!gb_forward_run(&e->forward, ids + done, some, e->length,
                            p, err))
            return settle(e, false);
        memcpy(e->ids + e->length, ids + done, some * sizeof *ids);
        e->length += some;
        e->ready = true;
        if (some > 1)
            settle(e, true);
        if (n > 1)
            gb_progress_tell(p, GB_PHASE_PREFILL, done + some, n);
    }
    return true;
}

static bool
is_ready(const gb_engine *e, gb_error *err)
{
    return e->ready ||
           gb_fail(err, "a head needs a position that was just fed");
}

/* Adjustments that a head can take, and that leave something to pick. */
static bool
check_adjustments(const gb_engine *e, const gb_adjustments *adjust,
                  gb_error *err)
{
    const gb_tokenizer *t = e->model->tokenizer;
    const uint32_t n = e->model->config.n_vocab;
    const uint32_t left = n - (t != NULL ? gb_tokenizer_missing(t) : 0);
    size_t banned = 0, i;

    for (i = 0; adjust != NULL && i < adjust->n; i++) {
        if (adjust->items[i].id >= n || i >= n)
            return gb_fail(err, "an adjustment of token id %u: expected each "
                           "id below vocab_size %u once",
                           (unsigned)adjust->items[i].id, (unsigned)n);
        banned += adjust->items[i].add <= -INFINITY &&
                  (t == NULL || gb_tokenizer_has(t, adjust->items[i].id));
    }
    return banned < left || gb_fail(err, "all %u tokens are banned: none is "
                                    "left to pick", (unsigned)left);
}

bool
gb_engine_greedy(gb_engine *e, const gb_adjustments *adjust, gb_pick *pick,
                 gb_error *err)
{
    return is_ready(e, err) && check_adjustments(e, adjust, err) &&
           settle(e, gb_head_greedy(&e->head, adjust, pick, err));
}

bool
gb_engine_sample(gb_engine *e, float temperature, const gb_filter *filter,
                 const gb_adjustments *adjust, uint64_t seed, uint64_t step,
                 gb_pick *pick, gb_error *err)
{
    return is_ready(e, err) && check_adjustments(e, adjust, err) &&
           settle(e, gb_head_sample(&e->head, temperature, filter, adjust,
                                    seed, step, pick, err));
}

bool
gb_engine_range(gb_engine *e, float temperature, const gb_filter *filter,
                gb_pick *pick, gb_error *err)
{
    if (!is_ready(e, err))
        return false;
    if (filter == NULL || gb_filter_is_off(filter))
        return true;
    return settle(e, gb_head_range(&e->head, temperature, filter, pick, err));
}

bool
gb_engine_logprobs(gb_engine *e, float temperature,
                   const gb_adjustments *adjust, float *logprobs,
                   gb_error *err)
{
    return is_ready(e, err) && check_adjustments(e, adjust, err) &&
           settle(e, gb_head_logprobs(&e->head, temperature, adjust, logprobs,
                                      err));
}

/* An earlier position, or the last one when its residual stream is gone. */
static bool
look(gb_engine *e, uint32_t position, float *logits, gb_error *err)
{
    return (!e->ready || gb_forward_keep(&e->forward, err)) &&
           gb_forward_look(&e->forward, e->ids[position], position, err) &&
           gb_head_logits(&e->head, logits, err) &&
           (!e->ready || gb_forward_restore(&e->forward, err));
}

bool
gb_engine_logits(gb_engine *e, uint32_t position, float *logits,
                 gb_error *err)
{
    if (position >= e->length)
        return gb_fail(err, "position %u is not below the %u that were fed",
                       (unsigned)position, (unsigned)e->length);
    if (e->ready && position + 1 == e->length)
        return settle(e, gb_head_logits(&e->head, logits, err));
    if (look(e, position, logits, err))
        return settle(e, true);
    e->ready = false;
    return settle(e, false);
}

/* What was fed becomes this text; its last token is fed anew where the heads
 * need it. */
static bool
read_text(gb_engine *e, const gb_token *ids, uint32_t n, bool anew,
          gb_error *err)
{
    uint32_t same = 0;

    while (same < n && same < e->length && e->ids[same] == ids[same])
        same++;
    gb_engine_rewind(e, same);
    if (same == n && anew && !e->ready)
        gb_engine_rewind(e, same = n - 1);
    return same == n || gb_engine_feed(e, ids + same, n - same, err);
}

static bool
pick_row(gb_engine *e, const gb_rule *rule, const gb_sequence *r,
         gb_pick *pick, gb_error *err)
{
    if (rule->greedy)
        return gb_engine_greedy(e, r->adjust, pick, err);
    return gb_engine_sample(e, rule->temperature, rule->filter, r->adjust,
                            r->seed, r->step, pick, err) &&
           (!rule->ranges || gb_engine_range(e, rule->temperature,
                                             rule->filter, pick, err));
}

bool
gb_engine_pick_rows(gb_engine *e, const gb_rule *rule, const gb_sequence *rows,
                    unsigned n, gb_pick *picks, gb_error *err)
{
    const gb_sequence *r;

    for (r = rows; r < rows + n; r++, picks++)
        if (!read_text(e, r->ids, r->n, true, err) ||
            !pick_row(e, rule, r, picks, err))
            return false;
    return true;
}

bool
gb_engine_logit_rows(gb_engine *e, const gb_sequence *rows, unsigned n,
                     float *logits, gb_error *err)
{
    const gb_sequence *r;

    for (r = rows; r < rows + n; r++, logits += e->model->config.n_vocab)
        if (!read_text(e, r->ids, r->n, false, err) ||
            !gb_engine_logits(e, r->n - 1, logits, err))
            return false;
    return true;
}

bool
gb_engine_score(gb_engine *e, const gb_token *ids, uint32_t n,
                float *logprobs, gb_error *err)
{
    uint32_t done, some, rows;

    gb_engine_rewind(e, 0);
    if (!check_ids(e, ids, n, err))
        return false;
    if (n > 0)
        logprobs[0] = NAN;
    for (done = 0; done < n; done += some) {
        some = n - done < e->forward.batch ? n - done : e->forward.batch;
        if (!gb_engine_feed(e, ids + done, some, err))
            return false;
        /* The last row of all has no target. */
        rows = done + some < n ? some : some - 1;
        if (rows > 0 &&
            !settle(e, gb_head_score(&e->head, 0, ids + done + 1, rows,
                                     logprobs + done + 1, err)))
            return false;
    }
    return true;
}

bool
gb_engine_read_speed(gb_engine *e, double *bytes_per_second, gb_error *err)
{
    return gb_read_speed(&e->compute, bytes_per_second, err);
}
