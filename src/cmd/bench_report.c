/* What gumbel bench has to say. */
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "cmd/bench.h"
#include "cmd/output.h"

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

static double
least(const double *x, size_t n)
{
    double best = INFINITY;
    size_t i;

    for (i = 0; i < n; i++)
        best = fmin(best, x[i]);
    return best;
}

static double
most(const double *x, size_t n)
{
    double worst = 0;
    size_t i;

    for (i = 0; i < n; i++)
        worst = fmax(worst, x[i]);
    return worst;
}

static double
median(const gb_decode *d)
{
    return gb_median(d->ms, d->n);
}

/* The median of all rounds, (n) each, of a over b: what else the machine does
 * strikes both of a round alike, and not every round. */
static double
times(const double *a, const double *b, unsigned n)
{
    double *each = gb_alloc_array(n, sizeof *each), middle;
    unsigned i;

    for (i = 0; i < n; i++)
        each[i] = a[i] / b[i];
    middle = gb_median(each, n);
    free(each);
    return middle;
}

/* The time that reading the weights once takes, over what a token took. */
static double
share(const gb_engine_info *info, const gb_figures *f, const gb_decode *d)
{
    return (double)info->weight_bytes / f->read_speed * 1000 / median(d);
}

/* Operations per second of the fastest prompt. */
static double
prompt_flops(const gb_model *m, const gb_figures *f)
{
    return flops_per_token(&m->config) * f->prompt_tokens /
           least(f->prompt_ms, f->rounds) * 1000;
}

static void
add_rounds(gb_str *out, const double *round_ms, unsigned rounds)
{
    gb_str_printf(out, "  of %u rounds    %.3f to %.3f ms\n", rounds,
                  least(round_ms, rounds), most(round_ms, rounds));
}

static void
add_decode(gb_str *out, const gb_engine_info *info, const gb_figures *f,
           const gb_decode *d)
{
    gb_str_printf(out, "decode at %-6u ", d->context);
    if (d->n == 0) {
        gb_str_puts(out, "no room in the context\n");
        return;
    }
    gb_str_printf(out, "%.3f ms per token (%.3f to %.3f), %.1f tokens/s, "
                  "%.0f%% of the read speed\n", median(d), d->ms[0],
                  d->ms[d->n * 9 / 10], 1000 / median(d),
                  100 * share(info, f, d));
    add_rounds(out, d->round_ms, f->rounds);
}

/* How many times the tokens a second of one take several have. */
static double
gain(const gb_figures *f)
{
    return f->takes * times(f->at_short.round_ms, f->at_takes.round_ms,
                            f->rounds);
}

static void
add_takes(gb_str *out, const gb_figures *f)
{
    const gb_decode *d = &f->at_takes;

    if (d->n == 0)
        return;
    gb_str_printf(out, "%-3u takes at %-4u%.3f ms per pass (%.3f to %.3f), "
                  "%.1f tokens/s, %.2f times one take\n", f->takes,
                  d->context, median(d), d->ms[0], d->ms[d->n * 9 / 10],
                  1000 * f->takes / median(d), gain(f));
    add_rounds(out, d->round_ms, f->rounds);
}

/* Tokens that a pass over the weights gave of each of its texts. */
static double
per_pass(const gb_drafting *g, const gb_drafted *d)
{
    const double n = (double)g->tokens * g->takes * g->n;

    return n / (n - (double)d->count.accepted);
}

static void
add_drafted(gb_str *out, const char *what, const gb_drafting *g,
            const gb_drafted *d)
{
    const char *of = "  of each round  ";
    gb_str takes = GB_STR_INIT;
    unsigned i;

    if (d->ms == NULL)
        return;
    if (g->takes > 1)
        gb_str_printf(&takes, "%u takes side by side, ", g->takes);
    gb_str_printf(out, "draft %-10s %.3f ms per token, %.1f tokens/s, %.2f "
                  "times off (%s%s, %u tokens at T %g)\n", g->who,
                  least(d->ms, g->n), 1000 / least(d->ms, g->n),
                  times(g->off_ms, d->ms, g->n), gb_str_cstr(&takes), what,
                  g->tokens, (double)GB_TEMPERATURE_DEFAULT);
    gb_str_free(&takes);
    for (i = 0; i < g->n; i++) {
        gb_str_printf(out, "%s%.2f", of, g->off_ms[i] / d->ms[i]);
        of = ", ";
    }
    gb_str_printf(out, " times\n  guesses         %llu of %llu came, %.2f "
                  "tokens a pass%s\n", (unsigned long long)d->count.accepted,
                  (unsigned long long)d->count.drafted, per_pass(g, d),
                  g->takes > 1 ? " of each take" : "");
}

static void
add_drafting(gb_str *out, const gb_drafting *g)
{
    if (g->draft == NULL)
        return;
    add_drafted(out, "a text of its own", g, &g->text);
    add_drafted(out, "the same again", g, &g->again);
}

/* A phase of the profile: its name, how often it came, and what it took in
 * all. */
typedef struct phase {
    const char *name;
    const gb_profile *profile;
    double times, ms;
} phase;

static int
by_time(const void *left, const void *right)
{
    const gb_profile_row *a = left, *b = right;

    return a->ms < b->ms ? 1 : a->ms > b->ms ? -1 : 0;
}

static void
add_phase(gb_str *out, const phase *p)
{
    gb_profile sorted = *p->profile;
    unsigned i;

    if (p->times == 0)
        return;
    qsort(sorted.rows, sorted.n, sizeof *sorted.rows, by_time);
    gb_str_printf(out, "%s, kernel by kernel\n", p->name);
    for (i = 0; i < sorted.n; i++)
        gb_str_printf(out, "  %-24s %9.3f ms  %5.1f%%  %6.1f runs\n",
                      sorted.rows[i].name, sorted.rows[i].ms / p->times,
                      100 * sorted.rows[i].ms / p->ms,
                      (double)sorted.rows[i].runs / p->times);
    gb_str_printf(out, "  %-24s %9.3f ms  %5.1f%%\n", "between them",
                  (p->ms - gb_profile_ms(p->profile)) / p->times,
                  100 - 100 * gb_profile_ms(p->profile) / p->ms);
}

static double
sum(const double *x, size_t n)
{
    double s = 0;
    size_t i;

    for (i = 0; i < n; i++)
        s += x[i];
    return s;
}

/* The phases there are: prompt, token after few, token after many. */
static void
find_phases(const gb_figures *f, phase phases[3])
{
    const gb_decode *d[2] = {&f->at_short, &f->at_long};
    int i;

    phases[0] = (phase){"prompt", &f->prompt_profile, f->rounds,
                        sum(f->prompt_ms, f->rounds)};
    for (i = 0; i < 2; i++)
        phases[i + 1] = (phase){i == 0 ? "token, short context"
                                       : "token, long context",
                                &d[i]->profile, (double)d[i]->n,
                                sum(d[i]->ms, d[i]->n)};
}

bool
gb_bench_text(const gb_model *m, const gb_engine_info *info,
              const gb_figures *f, gb_error *err)
{
    const double prompt_ms = least(f->prompt_ms, f->rounds);
    gb_str out = GB_STR_INIT;
    phase phases[3];
    bool ok;
    int i;

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
                  "(%s), %.0f%% of the peak\n", f->prompt_tokens, prompt_ms,
                  1000 * f->prompt_tokens / prompt_ms,
                  prompt_flops(m, f) / 1e9, info->prefill,
                  100 * prompt_flops(m, f) / f->peak);
    gb_str_printf(&out, "  of %u rounds    %.1f to %.1f ms\n", f->rounds,
                  prompt_ms, most(f->prompt_ms, f->rounds));
    add_decode(&out, info, f, &f->at_short);
    add_decode(&out, info, f, &f->at_long);
    add_takes(&out, f);
    add_drafting(&out, &f->drafting);
    gb_str_printf(&out, "read speed       %.1f GB/s\n", f->read_speed / 1e9);
    gb_str_printf(&out, "peak             %.1f GFLOP/s of float32\n",
                  f->peak / 1e9);
    if (f->compared != NULL)
        gb_str_printf(&out, "divergence       %.3g nats from %s\n",
                      f->divergence, f->compared);
    gb_str_printf(&out, "device memory    %.1f MB weights, %.1f MB cache of "
                  "%s, %.1f MB scratch\n", (double)info->weight_bytes / 1e6,
                  (double)info->cache_bytes / 1e6, info->cache_type,
                  (double)info->scratch_bytes / 1e6);
    gb_str_printf(&out, "resident         %.1f MB at most\n",
                  resident() / 1e6);
    find_phases(f, phases);
    for (i = 0; f->profiled && i < 3; i++)
        add_phase(&out, &phases[i]);
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
reals(const double *x, size_t n)
{
    json_t *a = json_array();
    size_t i;

    for (i = 0; i < n; i++)
        json_array_append_new(a, real(x[i]));
    return a;
}

static json_t *
decode_json(const gb_engine_info *info, const gb_figures *f,
            const gb_decode *d)
{
    json_t *o = json_object();

    json_object_set_new(o, "context", json_integer(d->context));
    json_object_set_new(o, "ms_per_token", real(median(d)));
    json_object_set_new(o, "best_ms_per_token",
                        real(d->n > 0 ? d->ms[0] : NAN));
    json_object_set_new(o, "late_ms_per_token",
                        real(d->n > 0 ? d->ms[d->n * 9 / 10] : NAN));
    json_object_set_new(o, "round_ms_per_token",
                        reals(d->round_ms, d->n > 0 ? f->rounds : 0));
    json_object_set_new(o, "share_of_read_speed", real(share(info, f, d)));
    return o;
}

static json_t *
takes_json(const gb_figures *f)
{
    const gb_decode *d = &f->at_takes;
    json_t *o = json_object();

    json_object_set_new(o, "takes", json_integer(f->takes));
    json_object_set_new(o, "context", json_integer(d->context));
    json_object_set_new(o, "ms_per_pass", real(median(d)));
    json_object_set_new(o, "best_ms_per_pass", real(d->ms[0]));
    json_object_set_new(o, "round_ms_per_pass",
                        reals(d->round_ms, f->rounds));
    json_object_set_new(o, "times_one", real(gain(f)));
    return o;
}

static json_t *
drafted_json(const gb_drafting *g, const gb_drafted *d)
{
    json_t *o = json_object();

    json_object_set_new(o, "round_ms_per_token", reals(d->ms, g->n));
    json_object_set_new(o, "times_off", real(times(g->off_ms, d->ms,
                                                       g->n)));
    json_object_set_new(o, "drafted",
                        json_integer((json_int_t)d->count.drafted));
    json_object_set_new(o, "accepted",
                        json_integer((json_int_t)d->count.accepted));
    json_object_set_new(o, "tokens_per_pass", real(per_pass(g, d)));
    return o;
}

static json_t *
drafting_json(const gb_drafting *g)
{
    json_t *o = json_object();

    json_object_set_new(o, "who", gb_json_string(g->who));
    json_object_set_new(o, "takes", json_integer(g->takes));
    json_object_set_new(o, "tokens", json_integer(g->tokens));
    json_object_set_new(o, "temperature",
                        gb_json_float(GB_TEMPERATURE_DEFAULT));
    json_object_set_new(o, "round_ms_per_token_off",
                        reals(g->off_ms, g->n));
    json_object_set_new(o, "own_text", drafted_json(g, &g->text));
    if (g->again.ms != NULL)
        json_object_set_new(o, "same_again", drafted_json(g, &g->again));
    return o;
}

static json_t *
profile_json(const gb_figures *f)
{
    json_t *all = json_array(), *o, *kernels, *k;
    const gb_profile *profile;
    phase phases[3];
    unsigned r;
    int i;

    find_phases(f, phases);
    for (i = 0; i < 3; i++) {
        profile = phases[i].profile;
        kernels = json_array();
        for (r = 0; r < profile->n; r++) {
            k = json_object();
            json_object_set_new(k, "kernel",
                                gb_json_string(profile->rows[r].name));
            json_object_set_new(k, "ms",
                                real(profile->rows[r].ms / phases[i].times));
            json_object_set_new(k, "runs",
                                real((double)profile->rows[r].runs /
                                     phases[i].times));
            json_array_append_new(kernels, k);
        }
        o = json_object();
        json_object_set_new(o, "phase", gb_json_string(phases[i].name));
        json_object_set_new(o, "ms", real(phases[i].ms / phases[i].times));
        json_object_set_new(o, "kernels", kernels);
        json_array_append_new(all, o);
    }
    return all;
}

bool
gb_bench_json(const gb_model *m, const gb_engine_info *info,
              const gb_figures *f, gb_error *err)
{
    json_t *o = json_object(), *decodes = json_array();

    json_array_append_new(decodes, decode_json(info, f, &f->at_short));
    json_array_append_new(decodes, decode_json(info, f, &f->at_long));
    json_object_set_new(o, "model", gb_json_string(m->name));
    json_object_set_new(o, "device", gb_json_string(info->device.name));
    json_object_set_new(o, "dtype", json_string(info->dtype));
    json_object_set_new(o, "prefill", json_string(info->prefill));
    json_object_set_new(o, "cache_type", json_string(info->cache_type));
    if (f->at_takes.n > 0)
        json_object_set_new(o, "takes", takes_json(f));
    if (f->drafting.draft != NULL)
        json_object_set_new(o, "draft", drafting_json(&f->drafting));
    json_object_set_new(o, "open_ms", real(f->open_ms));
    json_object_set_new(o, "load_ms", real(info->load_ms));
    json_object_set_new(o, "compile_ms", real(info->compile_ms));
    json_object_set_new(o, "program_cached",
                        json_boolean(info->program_cached));
    json_object_set_new(o, "first_token_ms", real(f->first_token_ms));
    json_object_set_new(o, "rounds", json_integer(f->rounds));
    json_object_set_new(o, "prompt_tokens", json_integer(f->prompt_tokens));
    json_object_set_new(o, "prompt_ms", real(least(f->prompt_ms, f->rounds)));
    json_object_set_new(o, "round_prompt_ms",
                        reals(f->prompt_ms, f->rounds));
    json_object_set_new(o, "prompt_flops_per_second",
                        real(prompt_flops(m, f)));
    json_object_set_new(o, "decode", decodes);
    json_object_set_new(o, "read_bytes_per_second", real(f->read_speed));
    json_object_set_new(o, "peak_flops_per_second", real(f->peak));
    json_object_set_new(o, "share_of_peak",
                        real(prompt_flops(m, f) / f->peak));
    json_object_set_new(o, "compared_with",
                        f->compared != NULL ? json_string(f->compared)
                                            : json_null());
    json_object_set_new(o, "kl_divergence",
                        real(f->compared != NULL ? f->divergence : NAN));
    json_object_set_new(o, "weight_bytes",
                        json_integer((json_int_t)info->weight_bytes));
    json_object_set_new(o, "cache_bytes",
                        json_integer((json_int_t)info->cache_bytes));
    json_object_set_new(o, "scratch_bytes",
                        json_integer((json_int_t)info->scratch_bytes));
    json_object_set_new(o, "resident_bytes",
                        json_integer((json_int_t)resident()));
    if (f->profiled)
        json_object_set_new(o, "profile", profile_json(f));
    return gb_put_json(o, err);
}
