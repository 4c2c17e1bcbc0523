#include "engine/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/thread.h"
#include "engine/prefill.h"
#include "engine/queue.h"
#include "engine/reader.h"
#include "engine/room.h"
#include "engine/speed.h"

struct gb_engine {
    const gb_model *model;
    gb_engine_options options;
    gb_compute compute;
    gb_room room;
    gb_weights weights;
    gb_cache cache;
    gb_forward forward;
    gb_head head;
    gb_reader reader;
    gb_gemm *gemm;
    gb_engine_info info;
    gb_token *ids;   /* (n_ctx) */
    uint32_t length; /* of them are fed */
    bool ready;      /* the heads have their last position as row 0 */
};

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
    e->info.counts_reads = e->gemm != NULL;
    /* Where nobody asked for it, no room for its buffers is no failure. */
    return e->gemm != NULL || e->options.prefill != GB_PREFILL_CLBLAST;
}

static gb_packing
cache_packing(const gb_engine_options *o)
{
    return o->cache_type == GB_DTYPE_F16 ? GB_PACK_F16 : GB_PACK_F32;
}

static bool
open_compute(gb_engine *e, gb_error *err)
{
    gb_engine_options *o = &e->options;
    gb_compute *c = &e->compute;
    gb_device device;

    if (!gb_device_choose(o->device, &device, err))
        return false;
    gb_compute_init(c, &device, cache_packing(o));
    if (!gb_room_find(c, e->model, o, &e->room, err))
        return false;
    e->info.dtype_why = e->room.why;
    return gb_compute_open(c, e->room.plan.packings,
                           e->model->config.head_size, err);
}

/* Who makes the program while the weights are loaded. */
typedef struct builder {
    gb_compute *c;
    bool ok;
    gb_error err;
} builder;

static void *
build(void *arg)
{
    builder *b = arg;

    b->ok = gb_compute_build(b->c, &b->err);
    return NULL;
}

/* Both; load_ms is what the weights took. */
static bool
load_and_build(gb_engine *e, gb_error *err)
{
    const gb_progress *progress = &e->options.progress;
    const double start = gb_now_ms();
    builder b = {.c = &e->compute};
    pthread_t thread;
    bool beside, ok;

    gb_progress_tell(progress, GB_PHASE_COMPILE, 0, 0);
    beside = gb_thread_start(&thread, build, &b) == 0;
    ok = gb_weights_load(&e->weights, &e->compute, e->model, &e->room.plan,
                         progress, err);
    e->info.load_ms = gb_now_ms() - start;
    if (ok)
        gb_progress_tell(progress, GB_PHASE_COMPILE, 0, 0);
    if (beside)
        pthread_join(thread, NULL);
    else if (ok)
        build(&b);
    if (ok && b.ok)
        return true;
    if (ok)
        gb_weights_free(&e->weights);
    /* A device that cannot compile has no use for weights. */
    if (err != NULL && b.err.status != GB_OK && err->status != GB_INTERRUPTED)
        *err = b.err;
    return false;
}

gb_engine *
gb_engine_open(const gb_model *model, const gb_engine_options *options,
               gb_error *err)
{
    gb_engine *e = gb_alloc(sizeof *e);
    const gb_config *g = &model->config;

    e->model = model;
    if (options != NULL)
        e->options = *options;
    if (!open_compute(e, err)) {
        free(e);
        return NULL;
    }
    if (!load_and_build(e, err))
        goto fail_weights;
    if (!gb_cache_open(&e->cache, &e->compute, g, e->room.n_blocks, err))
        goto fail_cache;
    if (!gb_forward_open(&e->forward, &e->compute, g, &e->cache, &e->weights,
                         err))
        goto fail_forward;
    if (!gb_head_open(&e->head, &e->forward, &e->weights, err))
        goto fail_head;
    if (!open_gemm(e, err))
        goto fail_gemm;
    e->info.device = e->compute.device;
    e->info.dtype = gb_weights_dtype(&e->room.plan);
    if (e->info.dtype == NULL)
        e->info.dtype = "mixed";
    e->info.cache_type = gb_packings[e->compute.cache].name;
    e->info.weight_bytes = e->room.plan.bytes;
    e->info.cache_bytes = e->cache.bytes;
    e->info.scratch_bytes =
        gb_forward_size(&e->compute, g, e->compute.packings) +
        gb_head_size(&e->compute, g) + gb_gemm_bytes(e->gemm);
    e->info.program_cached = e->compute.program_cached;
    e->info.compile_ms = e->compute.compile_ms;
    e->ids = gb_alloc_array(g->n_ctx, sizeof *e->ids);
    gb_reader_open(&e->reader, &e->forward, &e->head, &e->options.progress);
    return e;
fail_gemm:
    gb_head_close(&e->head);
fail_head:
    gb_forward_close(&e->forward);
fail_forward:
    gb_cache_close(&e->cache);
fail_cache:
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
    gb_reader_close(&e->reader);
    gb_gemm_close(e->gemm);
    gb_head_close(&e->head);
    gb_forward_close(&e->forward);
    gb_cache_close(&e->cache);
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

uint64_t
gb_engine_computed(const gb_engine *e)
{
    return e->reader.computed;
}

uint32_t
gb_engine_missing(const gb_engine *e, const gb_sequence *rows, unsigned n)
{
    return gb_reader_missing(&e->reader, rows, n);
}

void
gb_engine_rewind(gb_engine *e, uint32_t length)
{
    const uint32_t n = length < e->length ? length : e->length;
    const uint32_t known = gb_blocks_keep(e->reader.blocks, e->ids, n);

    e->ready = e->ready && known == e->length;
    e->length = known;
}

/* Ends a call. One that failed is waited for: a command may be about to read
 * or write what is the caller's. Where the device failed, nothing that it
 * holds is anything to build upon. */
static bool
settle(gb_engine *e, bool ok)
{
    if (!ok)
        gb_queue_rest(&e->compute, NULL);
    if (!ok && e->compute.failed) {
        gb_engine_rewind(e, 0);
        gb_cache_doubt_tables(&e->cache);
        e->head.n_run = e->head.n_logits = 0;
    }
    e->compute.failed = false;
    return ok;
}

/* Tokens that are to follow `before` others. */
static bool
check_ids(const gb_engine *e, uint32_t before, const gb_token *ids,
          uint32_t n, gb_error *err)
{
    const gb_config *g = &e->model->config;
    uint32_t i;

    if (n > g->n_ctx - before)
        return gb_fail(err,
                       "the context of %u tokens has no room for %u more "
                       "after %u",
                       (unsigned)g->n_ctx, (unsigned)n, (unsigned)before);
    for (i = 0; i < n; i++)
        if (ids[i] >= g->n_vocab)
            return gb_fail(err, "token id %u is not below vocab_size %u",
                           (unsigned)ids[i], (unsigned)g->n_vocab);
    return true;
}

/* Reads texts whose ids were checked, for the heads. */
static bool
read_texts(gb_engine *e, const gb_sequence *texts, unsigned n, gb_error *err)
{
    e->ready = false;
    return gb_reader_read(&e->reader, texts, n, err);
}

static bool
is_fed(const gb_engine *e, const gb_token *ids, uint32_t n)
{
    return e->ready && n == e->length &&
           memcmp(ids, e->ids, n * sizeof *e->ids) == 0;
}

/* Reads the first n of e->ids. */
static bool
read_fed(gb_engine *e, uint32_t n, gb_error *err)
{
    const gb_sequence text = {.ids = e->ids, .n = n};

    e->ready = n > 0 && read_texts(e, &text, 1, err);
    e->length = e->ready ? n : gb_blocks_find(e->reader.blocks, e->ids, n);
    return settle(e, n == 0 || e->ready);
}

bool
gb_engine_feed(gb_engine *e, const gb_token *ids, uint32_t n, gb_error *err)
{
    if (!check_ids(e, e->length, ids, n, err))
        return false;
    memmove(e->ids + e->length, ids, n * sizeof *ids);
    return read_fed(e, e->length + n, err);
}

bool
gb_engine_read(gb_engine *e, const gb_token *ids, uint32_t n, gb_error *err)
{
    if (is_fed(e, ids, n))
        return true;
    if (!check_ids(e, 0, ids, n, err))
        return false;
    memmove(e->ids, ids, n * sizeof *ids);
    return read_fed(e, n, err);
}

/* What was fed, for a head. */
static bool
fed_text(gb_engine *e, gb_sequence *text, gb_error *err)
{
    *text = (gb_sequence){.ids = e->ids, .n = e->length};
    if (e->length == 0)
        return gb_fail(err, "a head needs a position that was fed");
    if (!e->ready)
        e->ready = read_texts(e, text, 1, err);
    return e->ready || settle(e, false);
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
gb_engine_logprobs(gb_engine *e, float temperature,
                   const gb_adjustments *adjust, float *logprobs,
                   gb_error *err)
{
    gb_sequence text;

    return fed_text(e, &text, err) && check_adjustments(e, adjust, err) &&
           settle(e, gb_head_logprobs(&e->head, temperature, adjust, logprobs,
                                      err));
}

bool
gb_engine_logits(gb_engine *e, uint32_t position, float *logits,
                 gb_error *err)
{
    const gb_sequence text = {.ids = e->ids, .n = position + 1};
    const bool last = position + 1 == e->length;
    bool ok = true;

    if (position >= e->length)
        return gb_fail(err, "position %u is not below the %u that were fed",
                       (unsigned)position, (unsigned)e->length);
    if (!last || !e->ready) {
        ok = read_texts(e, &text, 1, err);
        e->ready = ok && last;
    }
    return settle(e, ok && gb_head_logits(&e->head, 1, logits, err));
}

/* Makes the ends of texts the heads' rows, and the last one what was fed. */
static bool
read_rows(gb_engine *e, const gb_sequence *rows, unsigned n, gb_error *err)
{
    const gb_sequence *last = &rows[n - 1];
    unsigned i;

    for (i = 0; i < n; i++)
        if (!check_ids(e, 0, rows[i].ids, rows[i].n, err) ||
            !check_adjustments(e, rows[i].adjust, err))
            return false;
    if (n == 1 && is_fed(e, last->ids, last->n))
        return true;
    if (!read_texts(e, rows, n, err)) {
        /* The texts may have taken the room of what was fed. */
        e->length = gb_blocks_find(e->reader.blocks, e->ids, e->length);
        return false;
    }
    memmove(e->ids, last->ids, last->n * sizeof *e->ids);
    e->length = last->n;
    e->ready = n == 1;
    return true;
}

bool
gb_engine_pick_rows(gb_engine *e, const gb_rule *rule, const gb_sequence *rows,
                    unsigned n, gb_pick *picks, gb_error *err)
{
    return settle(e, read_rows(e, rows, n, err) &&
                         gb_head_picks(&e->head, rule, rows, n, picks, err));
}

bool
gb_engine_logit_rows(gb_engine *e, const gb_sequence *rows, unsigned n,
                     float *logits, gb_error *err)
{
    return settle(e, read_rows(e, rows, n, err) &&
                         gb_head_logits(&e->head, n, logits, err));
}

bool
gb_engine_score(gb_engine *e, const gb_token *ids, uint32_t n,
                float *logprobs, gb_error *err)
{
    uint32_t done, some, rows;

    gb_engine_rewind(e, 0);
    if (!check_ids(e, 0, ids, n, err))
        return false;
    if (n > 0)
        logprobs[0] = NAN;
    for (done = 0; done < n; done += some) {
        some = n - done < e->forward.batch ? n - done : e->forward.batch;
        if (!gb_engine_feed(e, ids + done, some, err))
            return false;
        e->ready = false; /* the heads' rows are for others now */
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

bool
gb_engine_peak(gb_engine *e, double *flops, gb_error *err)
{
    return gb_peak(&e->compute, flops, err);
}

bool
gb_engine_profile(gb_engine *e, gb_error *err)
{
    return gb_queue_profile(&e->compute, err);
}

bool
gb_engine_take_profile(gb_engine *e, gb_profile *profile, gb_error *err)
{
    bool ok = settle(e, gb_compute_finish(&e->compute, err));

    *profile = *e->compute.profile;
    *e->compute.profile = (gb_profile){.n = 0};
    return ok;
}

uint64_t
gb_engine_size(const gb_model *model, const gb_device *device,
               const gb_engine_options *o)
{
    gb_compute c;

    gb_compute_init(&c, device, cache_packing(o));
    return gb_room_need(&c, model, o);
}
