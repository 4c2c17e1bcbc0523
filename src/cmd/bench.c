/* gumbel bench: how fast, and how near to what the device can do. */
#include "cmd/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/interrupt.h"
#include "cmd/open.h"
#include "cmd/output.h"
#include "model/random.h"
#include "sample/rng.h"
#include "session/several.h"

/* Tokens of a prompt, tokens written in a round, and positions at which types
 * are compared. */
enum { PROMPT = 512, DECODE = 32, COMPARED = 16 };

/* One type of weights. */
typedef struct bench {
    gb_engine *engine;
    gb_figures f;
    float *logits; /* (COMPARED, n_vocab) or NULL */
} bench;

typedef struct benches {
    const gb_options *options;
    const gb_model *model;
    gb_token *ids; /* (n_ctx): which ones does not change the work */
    bench *all;    /* (n) */
    unsigned n;
} benches;

static gb_token *
random_ids(uint32_t n, uint32_t n_vocab)
{
    gb_token *ids = gb_alloc_array(n, sizeof *ids);
    uint32_t i, x = 1;

    for (i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        ids[i] = (x >> 8) % n_vocab;
    }
    return ids;
}

static bool
sample(gb_engine *e, uint64_t step, gb_error *err)
{
    const gb_rule rule = {.temperature = GB_TEMPERATURE_DEFAULT};
    const gb_sequence text = {.ids = gb_engine_ids(e),
                              .n = gb_engine_length(e), .step = step};
    gb_pick pick;

    return gb_engine_pick_rows(e, &rule, &text, 1, &pick, err);
}

/* Adds what the device did since the last time. */
static bool
count(bench *b, gb_profile *profile, gb_error *err)
{
    gb_profile some;

    if (!b->f.profiled)
        return true;
    if (!gb_engine_take_profile(b->engine, &some, err))
        return false;
    if (profile != NULL)
        gb_profile_merge(profile, &some);
    return true;
}

/* Reads a prompt from an empty context and picks a token. */
static bool
measure_prompt(bench *b, const gb_token *ids, unsigned round, gb_error *err)
{
    double before = gb_now_ms();

    gb_engine_rewind(b->engine, 0);
    if (!gb_engine_feed(b->engine, ids, b->f.prompt_tokens, err) ||
        !sample(b->engine, 0, err))
        return false;
    b->f.prompt_ms[round] = gb_now_ms() - before;
    return count(b, &b->f.prompt_profile, err);
}

static int
compare(const void *left, const void *right)
{
    double a, b;

    a = *(const double *)left;
    b = *(const double *)right;
    return a < b ? -1 : a > b;
}

double
gb_median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, compare);
    return n > 0 ? (x[(n - 1) / 2] + x[n / 2]) / 2 : (double)NAN;
}

/* The times of n tokens more, which are behind d->ms[d->n], are a round's. */
static void
end_round(gb_decode *d, uint32_t n, unsigned round)
{
    double copy[DECODE];

    memcpy(copy, d->ms + d->n, n * sizeof *copy);
    d->round_ms[round] = gb_median(copy, n);
    d->n += n;
}

/* Feeds and picks token by token after d->context tokens, which are those of
 * the prompt and what follows. */
static bool
measure_decode(bench *b, const gb_token *ids, gb_decode *d, unsigned round,
               gb_error *err)
{
    const uint32_t n_ctx = gb_engine_model(b->engine)->config.n_ctx;
    uint32_t length = gb_engine_length(b->engine), i, n;
    double *ms = d->ms + d->n, before;

    if (d->context == 0 || d->context >= n_ctx)
        return true;
    n = n_ctx - d->context < DECODE ? n_ctx - d->context : DECODE;
    if (length > d->context)
        gb_engine_rewind(b->engine, d->context);
    else if (length < d->context &&
             !gb_engine_feed(b->engine, ids + length, d->context - length,
                             err))
        return false;
    if (!count(b, NULL, err))
        return false;
    for (i = 0; i < n; i++) {
        if (atomic_load(gb_interrupt_flag()))
            return gb_fail_interrupted(err);
        before = gb_now_ms();
        if (!gb_engine_feed(b->engine, ids + d->context + i, 1, err) ||
            !sample(b->engine, i, err))
            return false;
        ms[i] = gb_now_ms() - before;
    }
    end_round(d, n, round);
    return count(b, &d->profile, err);
}

/* A token of each of several takes, pass by pass, behind the same short
 * text. */
static bool
write_side_by_side(bench *b, gb_loop *const *loops, const uint64_t *seeds,
                   gb_pick *picks, unsigned round, gb_error *err)
{
    gb_decode *d = &b->f.at_takes;
    double *ms = d->ms + d->n, before;
    gb_settings settings;
    unsigned i;

    gb_settings_init(&settings);
    for (i = 0; i <= DECODE; i++) {
        if (atomic_load(gb_interrupt_flag()))
            return gb_fail_interrupted(err);
        before = gb_now_ms();
        if (!gb_several_step(loops, seeds, NULL, b->f.takes, &settings,
                             false, picks, err))
            return false;
        if (i > 0) /* the first one reads the text */
            ms[i - 1] = gb_now_ms() - before;
    }
    end_round(d, DECODE, round);
    return count(b, NULL, err);
}

static bool
measure_takes(bench *b, const gb_token *ids, unsigned round, gb_error *err)
{
    const unsigned n = b->f.takes;
    gb_loop *loops, **all;
    uint64_t *seeds;
    gb_pick *picks;
    unsigned i;
    bool ok;

    if (n < 2 || gb_engine_model(b->engine)->config.n_ctx <
                     b->f.at_takes.context + DECODE + 1)
        return true;
    loops = gb_alloc_array(n, sizeof *loops);
    all = gb_alloc_array(n, sizeof *all);
    seeds = gb_alloc_array(n, sizeof *seeds);
    picks = gb_alloc_array(n, sizeof *picks);
    for (i = 0; i < n; i++) {
        gb_loop_init(&loops[i], b->engine);
        gb_loop_append(&loops[i], ids, b->f.at_takes.context);
        all[i] = &loops[i];
        seeds[i] = gb_seed_jump(round, i);
    }
    ok = write_side_by_side(b, all, seeds, picks, round, err);
    for (i = 0; i < n; i++)
        gb_loop_free(&loops[i]);
    free(loops);
    free(all);
    free(seeds);
    free(picks);
    return ok;
}

static bool
measure_round(bench *b, const gb_token *ids, unsigned round, gb_error *err)
{
    return measure_prompt(b, ids, round, err) &&
           measure_decode(b, ids, &b->f.at_long, round, err) &&
           measure_decode(b, ids, &b->f.at_short, round, err) &&
           measure_takes(b, ids, round, err) &&
           gb_drafting_round(b->engine, &b->f.drafting, round, err);
}

/* The logits at some positions of the prompt. */
static bool
look(bench *b, const gb_token *ids, gb_error *err)
{
    const uint32_t n_vocab = gb_engine_model(b->engine)->config.n_vocab;
    const uint32_t n = b->f.prompt_tokens;
    uint32_t i;

    b->logits = gb_try_alloc((size_t)COMPARED * n_vocab, sizeof(float));
    if (b->logits == NULL)
        return gb_fail(err, "there is no memory for the logits of %u tokens",
                       n_vocab);
    gb_engine_rewind(b->engine, 0);
    if (!gb_engine_feed(b->engine, ids, n, err))
        return false;
    for (i = 0; i < COMPARED; i++)
        if (!gb_engine_logits(b->engine, n - 1 - i * (n - 1) / COMPARED,
                              b->logits + (size_t)i * n_vocab, err))
            return false;
    return true;
}

/* The natural logarithm of the sum of exp(x[i]). */
static double
log_sum(const float *x, uint32_t n)
{
    double max = -INFINITY, sum = 0;
    uint32_t i;

    for (i = 0; i < n; i++)
        max = fmax(max, (double)x[i]);
    for (i = 0; i < n; i++)
        sum += exp((double)x[i] - max);
    return max + log(sum);
}

/* How far q is from p, the mean over the positions, in nats. */
static double
divergence(const float *p, const float *q, uint32_t n_vocab)
{
    double total = 0, log_p, log_q, lp;
    uint32_t i, k;

    for (i = 0; i < COMPARED; i++, p += n_vocab, q += n_vocab) {
        log_p = log_sum(p, n_vocab);
        log_q = log_sum(q, n_vocab);
        for (k = 0; k < n_vocab; k++) {
            lp = (double)p[k] - log_p;
            if (isfinite(lp))
                total += exp(lp) * (lp - ((double)q[k] - log_q));
        }
    }
    return total / COMPARED;
}

/* An engine with the i-th type, and its first token. */
static bool
begin(benches *s, unsigned i, gb_opened *opened, double start, gb_error *err)
{
    const gb_config *c = &s->model->config;
    gb_options one = *s->options;
    bench *b = &s->all[i];
    gb_figures *f = &b->f;
    gb_decode *const decodes[] = {&f->at_short, &f->at_long, &f->at_takes};

    if (s->options->n_dtypes > 0)
        one.dtype = s->options->dtypes[i];
    if (!gb_open_engine(&one, opened, err))
        return false;
    b->engine = opened->engine;
    opened->engine = NULL;
    f->open_ms = gb_now_ms() - start;
    if (!gb_engine_feed(b->engine, s->ids, 1, err) ||
        !sample(b->engine, 0, err))
        return false;
    f->first_token_ms = gb_now_ms() - start;
    f->rounds = (unsigned)s->options->rounds;
    f->prompt_tokens = c->n_ctx < PROMPT ? c->n_ctx : PROMPT;
    f->prompt_ms = gb_alloc_array(f->rounds, sizeof *f->prompt_ms);
    f->at_short.context = c->n_ctx < 32 ? c->n_ctx / 2 : 16;
    f->at_long.context = c->n_ctx > 4 * DECODE ? c->n_ctx - 2 * DECODE
                                               : c->n_ctx / 2;
    f->takes = (unsigned)s->options->takes;
    f->at_takes.context = f->at_short.context;
    for (unsigned k = 0; k < GB_COUNT(decodes); k++) {
        gb_decode *d = decodes[k];

        d->ms = gb_alloc_array((size_t)f->rounds * DECODE, sizeof *d->ms);
        d->round_ms = gb_alloc_array(f->rounds, sizeof *d->round_ms);
    }
    /* What a driver compiles at the first prompt belongs to no round. */
    gb_engine_rewind(b->engine, 0);
    if (!gb_engine_feed(b->engine, s->ids, f->prompt_tokens, err) ||
        !sample(b->engine, 0, err))
        return false;
    if (!gb_drafting_open(&f->drafting, s->options, b->engine, opened, err))
        return false;
    f->profiled = s->options->profile;
    return !f->profiled || gb_engine_profile(b->engine, err);
}

/* Nothing more will be measured. */
static bool
end(benches *s, unsigned i, gb_error *err)
{
    const uint32_t n_vocab = s->model->config.n_vocab;
    bench *b = &s->all[i], *first = &s->all[0];

    if (!gb_engine_read_speed(b->engine, &b->f.read_speed, err) ||
        !gb_engine_peak(b->engine, &b->f.peak, err))
        return false;
    qsort(b->f.at_short.ms, b->f.at_short.n, sizeof(double), compare);
    qsort(b->f.at_long.ms, b->f.at_long.n, sizeof(double), compare);
    qsort(b->f.at_takes.ms, b->f.at_takes.n, sizeof(double), compare);
    if (s->n == 1)
        return true;
    if (!look(b, s->ids, err))
        return false;
    if (i > 0) {
        b->f.compared = gb_engine_get_info(first->engine)->dtype;
        b->f.divergence = divergence(first->logits, b->logits, n_vocab);
        free(b->logits);
        b->logits = NULL;
    }
    return true;
}

/* In turn, so that what else the machine does strikes all of them. */
static bool
measure(benches *s, gb_opened *opened, double start, gb_error *err)
{
    unsigned i, round;

    for (i = 0; i < s->n; i++)
        if (!begin(s, i, opened, i == 0 ? start : gb_now_ms(), err))
            return false;
    for (round = 0; round < s->options->rounds; round++)
        for (i = 0; i < s->n; i++)
            if (!measure_round(&s->all[i], s->ids, round, err))
                return false;
    for (i = 0; i < s->n; i++)
        if (!end(s, i, err))
            return false;
    return true;
}

static bool
put(const benches *s, gb_error *err)
{
    const gb_engine_info *info;
    unsigned i;

    for (i = 0; i < s->n; i++) {
        info = gb_engine_get_info(s->all[i].engine);
        if (s->options->json ? !gb_bench_json(s->model, info, &s->all[i].f,
                                              err)
                             : (i > 0 && !gb_put_text("\n", 1, err)) ||
                                   !gb_bench_text(s->model, info,
                                                  &s->all[i].f, err))
            return false;
    }
    return true;
}

/* All engines are open together. */
static bool
check_room(const benches *s, gb_error *err)
{
    gb_engine_options o = {.cache_type = s->options->cache_type,
                           .cache_bytes = s->options->cache_bytes};
    gb_device device;
    uint64_t need = 0;
    unsigned i;

    if (s->n < 2)
        return true;
    if (!gb_device_choose(s->options->device, &device, err))
        return false;
    for (i = 0; i < s->n; i++) {
        o.dtype = s->options->dtypes[i];
        need += gb_engine_size(s->model, &device, &o);
    }
    return gb_device_has_room(&device, 0, need) ||
           gb_fail(err, "%s: the %u types of weights are measured in turn and "
                   "need %.1f MiB together, for which there is no room; "
                   "measure them one by one", device.name, s->n,
                   (double)need / 1048576.0);
}

static bool
open_model(const gb_options *o, gb_opened *opened, gb_error *err)
{
    gb_interrupt_catch();
    if (o->shape == NULL)
        return gb_open_model(o->model, opened, err);
    opened->bar = gb_bar_open();
    opened->model = gb_random_open(o->shape, err);
    return opened->model != NULL;
}

static void
free_bench(bench *b)
{
    gb_drafting_close(&b->f.drafting);
    gb_engine_close(b->engine);
    free(b->logits);
    free(b->f.prompt_ms);
    free(b->f.at_short.ms);
    free(b->f.at_short.round_ms);
    free(b->f.at_takes.ms);
    free(b->f.at_takes.round_ms);
    free(b->f.at_long.ms);
    free(b->f.at_long.round_ms);
}

static int
run(const gb_options *o, gb_error *err)
{
    gb_opened opened = {.without_tokenizer = !gb_drafting_reads(o)};
    const double start = gb_now_ms();
    benches s = {.options = o, .n = o->n_dtypes > 0 ? o->n_dtypes : 1};
    unsigned i;
    bool ok;

    s.all = gb_alloc_array(s.n, sizeof *s.all);
    ok = open_model(o, &opened, err);
    if (ok) {
        s.model = opened.model;
        s.ids = random_ids(s.model->config.n_ctx, s.model->config.n_vocab);
        ok = check_room(&s, err) && measure(&s, &opened, start, err);
    }
    gb_opened_quiet(&opened);
    ok = ok && put(&s, err);
    for (i = 0; i < s.n; i++)
        free_bench(&s.all[i]);
    free(s.all);
    free(s.ids);
    gb_opened_close(&opened);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_bench = {
    .name = "bench",
    .args = "",
    .summary = "Measure speed, and the share of what the device can do",
    .help =
        "Loads the model, then, three times over, reads a prompt of 512 random "
        "tokens (fewer where the context is smaller; the best counts) and "
        "generates after a long and after a short context (the median counts; "
        "the shortest time and the one that nine tenths stay below are in "
        "brackets). The line below says how far the rounds lie apart.\n"
        "--dtype may be repeated: all types are open at once and take turns in "
        "each round, so that what else the machine does strikes all of them; "
        "with --json a line for each. The divergence of the later ones from "
        "the first (Kullback-Leibler, mean of 16 positions) says what they "
        "cost.\n"
        "--takes K also writes K texts side by side after the short context, "
        "and says how many times the tokens a second of one they have (the "
        "median of the rounds).\n"
        "--draft WHO also writes a text of the model's own in each round, 128 "
        "tokens at T 0.8 from its first token on, without guesses and with "
        "them, and says what a token took in the best one, how many times the "
        "tokens a second that makes (the median of the rounds), how many "
        "guesses came, and how many tokens a pass over the weights gave; "
        "lookup also writes the same text once more, as /again does. With "
        "--takes so many such texts are written side by side. Random "
        "weights say little about it.\n"
        "A token cannot take less time than the device needs to read the "
        "weights once, a prompt no less than its multiply-adds take; the "
        "shares say how near they come to the read speed and to the peak of "
        "float32, which are measured too. Weights that fit into a cache can "
        "be read faster than memory.",
    .example = "gumbel bench --dtype f16 --dtype q8_0\n"
               "gumbel bench --shape gpt2-medium --profile\n"
               "gumbel bench --dtype f32 --draft self\n"
               "gumbel bench --json | jq '.decode[0].ms_per_token'",
    .self = GB_FOR_BENCH,
    .max_args = 0,
    .run = run,
};
