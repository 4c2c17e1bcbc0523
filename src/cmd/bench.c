/* gumbel bench: how fast, and how near to what the device can do. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/interrupt.h"
#include "cmd/open.h"
#include "cmd/output.h"

enum { PROMPT = 512, DECODE = 64, ROUNDS = 3 };

/* Decoding with so many tokens already in the context; ms is NAN where the
 * context has no room for it. */
typedef struct decode {
    uint32_t context;
    double ms;         /* per token, median */
    double best, late; /* the shortest, and nine of ten are no longer */
} decode;

typedef struct figures {
    double open_ms;        /* from the start until the engine stood */
    double first_token_ms; /* from the start until the first token */
    uint32_t prompt_tokens;
    double prompt_ms; /* the best of some rounds */
    decode at_short, at_long;
    double read_speed; /* bytes per second */
} figures;

/* Random ids; which ones does not change the work. */
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
    const gb_filter off = GB_FILTER_OFF;
    gb_pick pick;

    return gb_engine_sample(e, 0.8f, &off, NULL, 0, step, &pick, err);
}

/* Reads n tokens from an empty context and picks one. */
static bool
read_prompt(gb_engine *e, const gb_token *ids, uint32_t n, double *ms,
            gb_error *err)
{
    double before = gb_now_ms();

    gb_engine_rewind(e, 0);
    if (!gb_engine_feed(e, ids, n, err) || !sample(e, 0, err))
        return false;
    *ms = gb_now_ms() - before;
    return true;
}

static bool
measure_prompt(gb_engine *e, const gb_token *ids, figures *f, gb_error *err)
{
    double ms = 0;
    int i;

    f->prompt_ms = INFINITY;
    for (i = 0; i < ROUNDS; i++) {
        if (!read_prompt(e, ids, f->prompt_tokens, &ms, err))
            return false;
        f->prompt_ms = fmin(f->prompt_ms, ms);
    }
    return true;
}

static int
compare(const void *left, const void *right)
{
    double a, b;

    a = *(const double *)left;
    b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* Feeds and picks token by token after d->context tokens. */
static bool
measure_decode(gb_engine *e, const gb_token *ids, decode *d, gb_error *err)
{
    uint32_t n_ctx = gb_engine_model(e)->config.n_ctx, i, n;
    double ms[DECODE], before;

    d->ms = d->best = d->late = NAN;
    if (d->context == 0 || d->context >= n_ctx)
        return true;
    n = n_ctx - d->context < DECODE ? n_ctx - d->context : DECODE;
    if (!read_prompt(e, ids, d->context, &before, err))
        return false;
    for (i = 0; i < n; i++) {
        if (atomic_load(gb_interrupt_flag()))
            return gb_fail_interrupted(err);
        before = gb_now_ms();
        if (!gb_engine_feed(e, ids + d->context + i, 1, err) ||
            !sample(e, i, err))
            return false;
        ms[i] = gb_now_ms() - before;
    }
    qsort(ms, n, sizeof *ms, compare);
    d->ms = ms[n / 2];
    d->best = ms[0];
    d->late = ms[n * 9 / 10];
    return true;
}

static bool
measure(gb_engine *e, double start, figures *f, gb_error *err)
{
    const gb_config *c = &gb_engine_model(e)->config;
    gb_token *ids = random_ids(c->n_ctx, c->n_vocab);
    double ms;
    bool ok;

    f->open_ms = gb_now_ms() - start;
    f->prompt_tokens = c->n_ctx < PROMPT ? c->n_ctx : PROMPT;
    f->at_short.context = c->n_ctx < 32 ? c->n_ctx / 2 : 16;
    f->at_long.context = c->n_ctx > 2 * DECODE ? c->n_ctx - DECODE
                                               : c->n_ctx / 2;
    ok = read_prompt(e, ids, 1, &ms, err);
    f->first_token_ms = gb_now_ms() - start;
    ok = ok && measure_prompt(e, ids, f, err) &&
         measure_decode(e, ids, &f->at_short, err) &&
         measure_decode(e, ids, &f->at_long, err) &&
         gb_engine_read_speed(e, &f->read_speed, err);
    free(ids);
    return ok;
}

/* Multiply-adds, twice, of the matrices for one token; the head aside. */
static double
flops_per_token(const gb_config *c)
{
    double e = c->n_embd, i = c->n_inner;

    return 2 * c->n_layer * (4 * e * e + 2 * e * i);
}

/* The most memory this process had so far, in bytes. */
static double
resident(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024;
}

/* The time that reading the weights once takes, over what a token took. */
static double
share(const gb_engine_info *info, const figures *f, const decode *d)
{
    return (double)info->weight_bytes / f->read_speed * 1000 / d->ms;
}

static void
add_decode(gb_str *out, const gb_engine_info *info, const figures *f,
           const decode *d)
{
    gb_str_printf(out, "decode at %-6u ", d->context);
    if (isnan(d->ms))
        gb_str_puts(out, "no room in the context\n");
    else
        gb_str_printf(out, "%.3f ms per token (%.3f to %.3f), %.1f tokens/s, "
                      "%.0f%% of the read speed\n", d->ms, d->best, d->late,
                      1000 / d->ms, 100 * share(info, f, d));
}

static bool
put_text(const gb_engine *e, const figures *f, gb_error *err)
{
    const gb_engine_info *info = gb_engine_get_info(e);
    const gb_model *m = gb_engine_model(e);
    double tokens = f->prompt_tokens;
    gb_str out = GB_STR_INIT;
    bool ok;

    gb_str_printf(&out, "model            %s, %s weights%s%s\n", m->name,
                  info->dtype, info->dtype_why[0] != '\0' ? ", " : "",
                  info->dtype_why);
    gb_str_printf(&out, "device           %s\n", info->device.name);
    gb_str_printf(&out, "loading          %.0f ms, weights %.0f ms, kernels "
                  "%.0f ms (%s)\n", f->open_ms, info->load_ms,
                  info->compile_ms,
                  info->program_cached ? "cached" : "compiled");
    gb_str_printf(&out, "first token      %.0f ms from the start\n",
                  f->first_token_ms);
    gb_str_printf(&out, "prompt of %-6u %.1f ms, %.0f tokens/s, %.1f GFLOP/s "
                  "(%s)\n", f->prompt_tokens, f->prompt_ms,
                  1000 * tokens / f->prompt_ms,
                  flops_per_token(&m->config) * tokens / f->prompt_ms / 1e6,
                  info->prefill);
    add_decode(&out, info, f, &f->at_short);
    add_decode(&out, info, f, &f->at_long);
    gb_str_printf(&out, "read speed       %.1f GB/s\n", f->read_speed / 1e9);
    gb_str_printf(&out, "device memory    %.1f MB weights, %.1f MB cache, "
                  "%.1f MB scratch\n", (double)info->weight_bytes / 1e6,
                  (double)info->cache_bytes / 1e6,
                  (double)info->scratch_bytes / 1e6);
    gb_str_printf(&out, "resident         %.1f MB at most\n",
                  resident() / 1e6);
    ok = gb_put_text(gb_str_cstr(&out), out.len, err);
    gb_str_free(&out);
    return ok;
}

static json_t *
real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *
string(const char *text)
{
    return gb_json_text(text, strlen(text));
}

static json_t *
decode_json(const gb_engine_info *info, const figures *f, const decode *d)
{
    json_t *o = json_object();

    json_object_set_new(o, "context", json_integer(d->context));
    json_object_set_new(o, "ms_per_token", real(d->ms));
    json_object_set_new(o, "best_ms_per_token", real(d->best));
    json_object_set_new(o, "late_ms_per_token", real(d->late));
    json_object_set_new(o, "share_of_read_speed", real(share(info, f, d)));
    return o;
}

static bool
put_json(const gb_engine *e, const figures *f, gb_error *err)
{
    const gb_engine_info *info = gb_engine_get_info(e);
    const gb_model *m = gb_engine_model(e);
    json_t *o = json_object(), *decodes = json_array();

    json_array_append_new(decodes, decode_json(info, f, &f->at_short));
    json_array_append_new(decodes, decode_json(info, f, &f->at_long));
    json_object_set_new(o, "model", string(m->name));
    json_object_set_new(o, "device", string(info->device.name));
    json_object_set_new(o, "dtype", json_string(info->dtype));
    json_object_set_new(o, "prefill", json_string(info->prefill));
    json_object_set_new(o, "open_ms", real(f->open_ms));
    json_object_set_new(o, "load_ms", real(info->load_ms));
    json_object_set_new(o, "compile_ms", real(info->compile_ms));
    json_object_set_new(o, "program_cached",
                        json_boolean(info->program_cached));
    json_object_set_new(o, "first_token_ms", real(f->first_token_ms));
    json_object_set_new(o, "prompt_tokens", json_integer(f->prompt_tokens));
    json_object_set_new(o, "prompt_ms", real(f->prompt_ms));
    json_object_set_new(o, "decode", decodes);
    json_object_set_new(o, "read_bytes_per_second", real(f->read_speed));
    json_object_set_new(o, "weight_bytes",
                        json_integer((json_int_t)info->weight_bytes));
    json_object_set_new(o, "cache_bytes",
                        json_integer((json_int_t)info->cache_bytes));
    json_object_set_new(o, "scratch_bytes",
                        json_integer((json_int_t)info->scratch_bytes));
    json_object_set_new(o, "resident_bytes",
                        json_integer((json_int_t)resident()));
    return gb_put_json(o, err);
}

static bool
run_one(const gb_options *o, gb_error *err)
{
    gb_opened opened = {.without_tokenizer = true};
    double start = gb_now_ms();
    figures f = {.open_ms = 0};
    bool ok;

    ok = gb_open_engine(o, &opened, err) &&
         measure(opened.engine, start, &f, err);
    gb_opened_quiet(&opened);
    ok = ok && (o->json ? put_json(opened.engine, &f, err)
                        : put_text(opened.engine, &f, err));
    gb_opened_close(&opened);
    return ok;
}

/* One type of weights after the other. */
static int
run(const gb_options *o, gb_error *err)
{
    gb_options one = *o;
    unsigned i;

    for (i = 0; i == 0 || i < o->n_dtypes; i++) {
        if (o->n_dtypes > 0)
            one.dtype = o->dtypes[i];
        if (i > 0 && !o->json && !gb_put_text("\n", 1, err))
            return (int)err->status;
        if (!run_one(&one, err))
            return (int)err->status;
    }
    return GB_OK;
}

const gb_command gb_cmd_bench = {
    .name = "bench",
    .args = "",
    .summary = "Measure speed, and the share of what the device can do",
    .help =
        "Loads the model, reads a prompt of 512 random tokens (fewer where "
        "the context is smaller; the best of three rounds counts), then "
        "generates after a short and after a long context (the median "
        "counts; the shortest time and the one that nine tenths stay below "
        "are in brackets).\n"
        "--dtype may be repeated: each type in turn, with --json a line for "
        "each.\n"
        "A token cannot take less time than the device needs to read the "
        "weights once; the share says how near it comes to the read speed, "
        "which is measured too. Weights that fit into a cache can be read "
        "faster than memory.",
    .example = "gumbel bench --dtype f16 --dtype q8_0\n"
               "gumbel bench --json | jq '.decode[0].ms_per_token'",
    .self = GB_FOR_BENCH,
    .max_args = 0,
    .run = run,
};
