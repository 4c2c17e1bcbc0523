#include "engine/head.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "engine/queue.h"
#include "sample/rng.h"

/* The entropy from what the chunks know of exp(z) and z exp(z). */
static float
join_entropy(const gb_head_stat *stats, unsigned n)
{
    double max = -INFINITY, sum = 0, spread = 0, share, shift;
    unsigned i;

    for (i = 0; i < n; i++)
        max = fmax(max, (double)stats[i].max);
    for (i = 0; i < n; i++) {
        shift = fmax((double)stats[i].max - max, -1000);
        share = exp(shift);
        sum += share * (double)stats[i].sum;
        spread += share * ((double)stats[i].spread +
                           shift * (double)stats[i].sum);
    }
    return (float)fmax(log(sum) - spread / sum, 0);
}

static bool
computed_nothing(gb_head *h, gb_error *err)
{
    h->c->failed = true;
    return gb_fail(err, "%s: the device computed no token",
                   h->c->device.name);
}

/* What the device found for a row. The range is that without filters. */
static bool
tell_pick(gb_head *h, const gb_head_stat *stats, gb_pick *pick, gb_error *err)
{
    gb_head_pick found;
    unsigned i;

    memcpy(&found, stats++, sizeof found);
    if (found.stamp != h->stamp)
        return computed_nothing(h, err);
    if (!isfinite(found.logprob) || found.id >= h->n_vocab)
        return gb_head_not_a_number(h, err);
    *pick = (gb_pick){.id = found.id,
                      .logprob = found.logprob,
                      .runner_up = found.runner_up,
                      .margin = found.margin,
                      .entropy = join_entropy(stats, h->chunks),
                      .noise = stats[0].noise,
                      .to = INFINITY};
    for (i = 0; i < h->chunks; i++) {
        pick->rank += (uint32_t)stats[i].above;
        pick->from = fmaxf(pick->from, stats[i].from);
        pick->to = fminf(pick->to, stats[i].to);
    }
    return true;
}

/* Joins the bests of n rows, and reads what the device found. */
static bool
read_picks(gb_head *h, int noisy, unsigned n, gb_pick *picks, gb_error *err)
{
    const size_t each = 1 + h->chunks, size = n * h->result_size;
    unsigned i;

    h->stamp++;
    if (!gb_op_set(&h->join, GB_JOIN_STAMP, &(gb_arg)GB_UINT(h->stamp), err) ||
        !gb_op_set(&h->stats, GB_STATS_NOISY, &(gb_arg)GB_INT(noisy), err) ||
        !gb_op_run(h->c, &h->join, n, err) ||
        !gb_op_run(h->c, &h->stats, n, err) ||
        !gb_read_buffer(h->c, h->result, h->host_result, size, err))
        return false;
    for (i = 0; i < n; i++)
        if (!tell_pick(h, h->host_result + i * each, &picks[i], err))
            return false;
    return true;
}

static void
make_host_buffers(gb_head *h)
{
    const size_t size = h->n_vocab;

    if (h->spectrum != NULL)
        return;
    h->host_logprobs = gb_alloc_array(GB_ROWS * size, sizeof(float));
    h->host_logits = gb_alloc_array(GB_ROWS * size, sizeof(float));
    h->host_noise = gb_alloc_array(GB_ROWS * size, sizeof(float));
    h->spectrum = gb_spectrum_new();
}

/* The temperatures between which a row's pick stays it, with these filters.
 * The logits and the noise are here. */
static bool
find_range(gb_head *h, unsigned row, float temperature,
           const gb_filter *filter, gb_pick *pick, gb_error *err)
{
    const size_t at = (size_t)row * h->n_vocab;
    gb_band band;

    if (isnan(h->host_logits[at]) || isnan(h->host_noise[at]))
        return computed_nothing(h, err);
    gb_spectrum_set(h->spectrum, h->host_logits + at, h->host_noise + at,
                    h->n_vocab, filter);
    band = gb_spectrum_range(h->spectrum, pick->id, (double)temperature);
    pick->from = fminf((float)band.from, temperature);
    pick->to = fmaxf((float)band.to, temperature);
    return true;
}

/* What the filter leaves of each row; for ranges the logits come along. */
static bool
find_floors(gb_head *h, const gb_rule *rule, unsigned n, gb_error *err)
{
    const float *row;
    unsigned i;

    make_host_buffers(h);
    if (!gb_head_fetch_rows(h, h->logprobs, n, h->host_logprobs, err) ||
        (rule->ranges &&
         !gb_head_fetch_rows(h, h->logits, n, h->host_logits, err)) ||
        !gb_compute_finish(h->c, err))
        return false;
    for (i = 0; i < n; i++) {
        row = h->host_logprobs + (size_t)i * h->n_vocab;
        if (isnan(row[0]))
            return gb_head_not_a_number(h, err);
        h->host_draws[i].floor = gb_filter_floor(rule->filter, row,
                                                 h->n_vocab);
    }
    return true;
}

/* Adds the noise: where it begins is an argument for one row, and for several
 * in a buffer, whose copy here stays. */
static bool
run_gumbel(gb_head *h, const gb_sequence *texts, unsigned n, gb_error *err)
{
    gb_head_draw *d = h->host_draws;
    cl_ulong4 first;
    gb_pcg64 g;
    unsigned i;

    for (i = 0; i < n; i++) {
        gb_pcg64_seed(&g, texts[i].seed, texts[i].step);
        d[i].start[0] = (cl_ulong)(g.state >> 64);
        d[i].start[1] = (cl_ulong)g.state;
        d[i].start[2] = (cl_ulong)(g.inc >> 64);
        d[i].start[3] = (cl_ulong)g.inc;
    }
    memcpy(&first, d->start, sizeof d->start);
    if (n > 1 && !gb_send_buffer(h->c, h->draws, d, n * sizeof *d, err))
        return false;
    return gb_op_set(&h->gumbel, GB_PICK_FLOOR, &(gb_arg)GB_FLOAT(d->floor),
                     err) &&
           gb_op_set(&h->gumbel, GB_PICK_START, &(gb_arg)GB_ULONG4(first),
                     err) &&
           gb_op_run(h->c, &h->gumbel, n, err);
}

static bool
sample(gb_head *h, const gb_rule *rule, const gb_sequence *texts, unsigned n,
       gb_pick *picks, gb_error *err)
{
    const bool filtered = rule->filter != NULL &&
                          !gb_filter_is_off(rule->filter);
    const bool ranges = filtered && rule->ranges;
    unsigned i;
    float t;

    for (i = 0; i < n; i++)
        h->host_draws[i].floor = -INFINITY;
    if (!gb_head_run_logprobs(h, rule, texts, n, err) ||
        (filtered && !find_floors(h, rule, n, err)) ||
        !run_gumbel(h, texts, n, err) ||
        (ranges && !gb_head_fetch_rows(h, h->noise, n, h->host_noise, err)) ||
        !read_picks(h, 1, n, picks, err))
        return false;
    for (i = 0; i < n; i++) {
        t = h->host_temperatures[i];
        /* Rounding may have put an end beside the temperature. */
        picks[i].from = filtered ? t : fminf(picks[i].from, t);
        picks[i].to = filtered ? t : fmaxf(picks[i].to, t);
        if (ranges && !find_range(h, i, t, rule->filter, &picks[i], err))
            return false;
    }
    return true;
}

bool
gb_head_picks(gb_head *h, const gb_rule *rule, const gb_sequence *texts,
              unsigned n, gb_pick *picks, gb_error *err)
{
    if (!rule->greedy)
        return sample(h, rule, texts, n, picks, err);
    return gb_head_run_logprobs(h, rule, texts, n, err) &&
           gb_op_run(h->c, &h->greedy, n, err) &&
           read_picks(h, 0, n, picks, err);
}
