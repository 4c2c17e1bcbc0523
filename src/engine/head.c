#include "engine/head.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/queue.h"
#include "sample/rng.h"

_Static_assert(sizeof(gb_best) == 16, "best_t of cl/pick.cl");
_Static_assert(sizeof(gb_adjustment) == 16, "adjustment_t of cl/adjust.cl");
_Static_assert(sizeof(gb_head_pick) == 32, "pick_t of cl/pick.cl");
_Static_assert(sizeof(gb_head_stat) == sizeof(gb_head_pick),
               "stat_t of cl/pick.cl");

static unsigned
item_count(const gb_compute *c, unsigned n_vocab)
{
    return (unsigned)gb_round_up(gb_div_up(n_vocab, c->shape.draws),
                                 c->shape.lanes);
}

static unsigned
chunk_count(unsigned n_vocab)
{
    return (unsigned)gb_div_up(n_vocab, GB_CHUNK);
}

static unsigned
logits_ld(const gb_compute *c, unsigned n_vocab)
{
    return gb_padded_width(&c->shape, n_vocab);
}

uint64_t
gb_head_size(const gb_compute *c, const gb_config *g)
{
    return sizeof(float) * (uint64_t)GB_SCORE_ROWS *
               (logits_ld(c, g->n_vocab) +
                gb_padded_width(&c->shape, g->n_embd)) +
           16 * (uint64_t)GB_SCORE_ROWS * chunk_count(g->n_vocab) +
           (2 * sizeof(float) + sizeof(gb_adjustment)) *
               (uint64_t)g->n_vocab +
           48 * (uint64_t)item_count(c, g->n_vocab);
}

/* Where every work-item of the noise starts: a table for any seed. */
static bool
write_jumps(gb_head *h, gb_error *err)
{
    cl_ulong(*table)[4] = gb_alloc_array(h->items, sizeof *table);
    gb_u128 mult, plus;
    unsigned i;
    bool ok;

    for (i = 0; i < h->items; i++) {
        gb_pcg64_jump((uint64_t)i * h->c->shape.draws, &mult, &plus);
        table[i][0] = (cl_ulong)(mult >> 64);
        table[i][1] = (cl_ulong)mult;
        table[i][2] = (cl_ulong)(plus >> 64);
        table[i][3] = (cl_ulong)plus;
    }
    ok = gb_write_buffer(h->c, h->jumps, table, h->items * sizeof *table,
                         err);
    free(table);
    return ok;
}

static bool
open_buffers(gb_head *h, unsigned width, gb_error *err)
{
    const size_t rows = GB_SCORE_ROWS, f = sizeof(float);
    const struct {
        cl_mem *buffer;
        size_t size;
        const char *what;
    } table[] = {
        {&h->hidden, rows * width * f, "activations"},
        {&h->logits, rows * h->ld * f, "logits"},
        {&h->parts, rows * h->chunks * 4 * f, "sums"},
        {&h->logprobs, gb_round_up(h->n_vocab, 16) * f, "log-probabilities"},
        {&h->jumps, h->items * sizeof(cl_ulong4), "the noise table"},
        {&h->bests, h->items * sizeof(gb_best), "candidates"},
        {&h->noise, gb_round_up(h->n_vocab, 16) * f, "noise"},
        {&h->result, (1 + h->chunks) * sizeof(gb_head_stat), "the token"},
        {&h->targets, rows * f, "targets"},
        {&h->scores, rows * f, "scores"},
        {&h->run, 16, "the position"},
        {&h->adjustments, h->n_vocab * sizeof(gb_adjustment), "adjustments"},
    };
    size_t i;

    for (i = 0; i < GB_COUNT(table); i++) {
        *table[i].buffer = gb_buffer(h->c, table[i].size, table[i].what, err);
        if (*table[i].buffer == NULL)
            return false;
        h->bytes += table[i].size;
    }
    return true;
}

/* pick_part over scores: noise or none. */
static bool
open_pick(gb_head *h, gb_op *op, cl_mem scores, int noisy, gb_error *err)
{
    static const cl_ulong4 start = {{0}};

    if (!gb_op_init(h->c, op, "pick_part",
                    GB_ARGS([GB_PICK_SCORES] = GB_MEM(scores),
                            [GB_PICK_N_VOCAB] = GB_UINT(h->n_vocab),
                            [GB_PICK_FLOOR] = GB_FLOAT(-INFINITY),
                            [GB_PICK_NOISY] = GB_INT(noisy),
                            [GB_PICK_JUMPS] = GB_MEM(h->jumps),
                            [GB_PICK_START] = GB_ULONG4(start),
                            [GB_PICK_BESTS] = GB_MEM(h->bests),
                            [GB_PICK_NOISES] = GB_MEM(h->noise)),
                    err))
        return false;
    op->x = h->items / h->c->shape.lanes;
    return true;
}

static bool
open_softmax(gb_head *h, gb_op *op, gb_error *err)
{
    if (!gb_op_init(h->c, op, "softmax_part",
                    GB_ARGS([GB_SOFTMAX_LOGITS] = GB_MEM(h->logits),
                            [GB_SOFTMAX_LD] = GB_UINT(h->ld),
                            [GB_SOFTMAX_N_VOCAB] = GB_UINT(h->n_vocab),
                            [GB_SOFTMAX_TEMPERATURE] = GB_FLOAT(1),
                            [GB_SOFTMAX_PARTS] = GB_MEM(h->parts)),
                    err))
        return false;
    op->x = h->chunks;
    return true;
}

/* From the bests of the items to what the host reads. */
static bool
open_result(gb_head *h, gb_error *err)
{
    const unsigned used = (unsigned)gb_div_up(h->n_vocab, h->c->shape.draws);

    if (!gb_op_init(h->c, &h->join, "pick_join",
                    GB_ARGS([GB_JOIN_BESTS] = GB_MEM(h->bests),
                            [GB_JOIN_N] = GB_UINT(used),
                            [GB_JOIN_LOGPROBS] = GB_MEM(h->logprobs),
                            [GB_JOIN_PICK] = GB_MEM(h->result)),
                    err) ||
        !gb_op_init(h->c, &h->stats, "pick_stats",
                    GB_ARGS([GB_STATS_LOGITS] = GB_MEM(h->logits),
                            [GB_STATS_N_VOCAB] = GB_UINT(h->n_vocab),
                            [GB_STATS_NOISY] = GB_INT(0),
                            [GB_STATS_NOISES] = GB_MEM(h->noise),
                            [GB_STATS_PARTS] = GB_MEM(h->parts),
                            [GB_STATS_RESULT] = GB_MEM(h->result)),
                    err))
        return false;
    h->stats.x = h->chunks;
    return true;
}

static bool
open_last_row(gb_head *h, gb_forward *f, const gb_weights *w, gb_error *err)
{
    gb_compute *c = h->c;

    if (!gb_norm_init(&h->norm, c, &w->ln_f, f->x, h->hidden,
                      f->config->n_embd, f->ld, f->config->ln_eps, -1, f->run,
                      err) ||
        !gb_linear_init(&h->project, c, &w->head,
                        &(gb_linear_io){h->hidden, f->ld, h->logits, h->ld,
                                        GB_EPILOGUE_BIAS, f->run, f->quants},
                        err) ||
        !gb_op_init(c, &h->adjust, "adjust",
                    GB_ARGS([GB_ADJUST_LIST] = GB_MEM(h->adjustments),
                            [GB_ADJUST_N] = GB_INT(0),
                            [GB_ADJUST_LOGITS] = GB_MEM(h->logits)),
                    err) ||
        !open_softmax(h, &h->softmax, err) ||
        !gb_op_init(c, &h->logprob, "logprobs",
                    GB_ARGS([GB_LOGPROBS_LOGITS] = GB_MEM(h->logits),
                            [GB_LOGPROBS_N_VOCAB] = GB_UINT(h->n_vocab),
                            [GB_LOGPROBS_TEMPERATURE] = GB_FLOAT(1),
                            [GB_LOGPROBS_PARTS] = GB_MEM(h->parts),
                            [GB_LOGPROBS_OUT] = GB_MEM(h->logprobs)),
                    err) ||
        !open_pick(h, &h->greedy, h->logits, 0, err) ||
        !open_pick(h, &h->gumbel, h->logprobs, 1, err) ||
        !open_result(h, err))
        return false;
    h->logprob.x = h->chunks;
    h->adjust.x = c->shape.lanes > 1 ? 16 : 1;
    return true;
}

static bool
open_score(gb_head *h, gb_forward *f, const gb_weights *w, gb_error *err)
{
    gb_compute *c = h->c;

    if (!gb_norm_init(&h->score_norm, c, &w->ln_f, f->x, h->hidden,
                      f->config->n_embd, f->ld, f->config->ln_eps, 0, h->run,
                      err) ||
        !gb_linear_init(&h->score_project, c, &w->head,
                        &(gb_linear_io){h->hidden, f->ld, h->logits, h->ld,
                                        GB_EPILOGUE_BIAS, h->run, f->quants},
                        err) ||
        !open_softmax(h, &h->score_softmax, err) ||
        !gb_op_init(c, &h->score_join, "score_join",
                    GB_ARGS([GB_SCORE_LOGITS] = GB_MEM(h->logits),
                            [GB_SCORE_LD] = GB_UINT(h->ld),
                            [GB_SCORE_PARTS] = GB_MEM(h->parts),
                            [GB_SCORE_N_CHUNKS] = GB_UINT(h->chunks),
                            [GB_SCORE_TARGETS] = GB_MEM(h->targets),
                            [GB_SCORE_OUT] = GB_MEM(h->scores)),
                    err))
        return false;
    h->score_softmax.per_y = 1;
    h->score_join.local[0] = 1;
    h->score_join.per_y = 1;
    return true;
}

bool
gb_head_open(gb_head *h, gb_forward *f, const gb_weights *w, gb_error *err)
{
    memset(h, 0, sizeof *h);
    h->c = f->c;
    h->n_vocab = f->config->n_vocab;
    h->ld = logits_ld(h->c, h->n_vocab);
    h->chunks = chunk_count(h->n_vocab);
    h->items = item_count(h->c, h->n_vocab);
    h->host_result = gb_alloc_array(1 + h->chunks, sizeof *h->host_result);
    h->host_adjustments = gb_alloc_array(h->n_vocab,
                                         sizeof *h->host_adjustments);
    if (open_buffers(h, f->ld, err) && write_jumps(h, err) &&
        open_last_row(h, f, w, err) && open_score(h, f, w, err))
        return true;
    gb_head_close(h);
    return false;
}

void
gb_head_close(gb_head *h)
{
    gb_op *const ops[] = {&h->norm,          &h->adjust,
                          &h->softmax,       &h->logprob,
                          &h->greedy,        &h->gumbel,  &h->join,
                          &h->stats,         &h->score_norm,
                          &h->score_softmax, &h->score_join};
    const cl_mem buffers[] = {h->hidden, h->logits, h->parts,  h->logprobs,
                              h->jumps,  h->bests,  h->noise,  h->result,
                              h->targets, h->scores, h->run,
                              h->adjustments};
    size_t i;

    for (i = 0; i < GB_COUNT(ops); i++)
        gb_op_free(ops[i]);
    gb_linear_free(&h->project);
    gb_linear_free(&h->score_project);
    for (i = 0; i < GB_COUNT(buffers); i++)
        if (buffers[i] != NULL)
            clReleaseMemObject(buffers[i]);
    free(h->host_result);
    free(h->host_adjustments);
    free(h->host_logprobs);
    free(h->host_logits);
    free(h->host_noise);
    gb_spectrum_free(h->spectrum);
    memset(h, 0, sizeof *h);
}

/* Last position to logits, on the device. */
static bool
run_logits(gb_head *h, gb_error *err)
{
    return gb_op_run(h->c, &h->norm, 1, err) &&
           gb_linear_run(h->c, NULL, &h->project, 1, err);
}

/* Changes them in place: all that follows goes by what is in the buffer then,
 * gb_head_range too. The copy lives as long as the head, whatever becomes of
 * the command. */
static bool
run_adjust(gb_head *h, const gb_adjustments *adjust, gb_error *err)
{
    cl_int n;
    size_t size;

    if (adjust == NULL || adjust->n == 0)
        return true;
    n = (cl_int)adjust->n;
    size = adjust->n * sizeof *adjust->items;
    memcpy(h->host_adjustments, adjust->items, size);
    return gb_send_buffer(h->c, h->adjustments, h->host_adjustments, size,
                          err) &&
           gb_op_set(&h->adjust, GB_ADJUST_N, &(gb_arg)GB_INT(n), err) &&
           gb_op_run(h->c, &h->adjust, 1, err);
}

static bool
run_logprobs(gb_head *h, float temperature, const gb_adjustments *adjust,
             gb_error *err)
{
    const gb_arg t = GB_FLOAT(temperature);

    return gb_op_set(&h->softmax, GB_SOFTMAX_TEMPERATURE, &t, err) &&
           gb_op_set(&h->logprob, GB_LOGPROBS_TEMPERATURE, &t, err) &&
           run_logits(h, err) && run_adjust(h, adjust, err) &&
           gb_op_run(h->c, &h->softmax, 1, err) &&
           gb_op_run(h->c, &h->logprob, 1, err);
}

static bool
not_a_number(const gb_head *h, gb_error *err)
{
    return gb_fail(err,
                   "%s: the model's output is not a number (NaN or infinite "
                   "weights?)",
                   h->c->device.name);
}

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

/* What stands where no token has been put yet, so that the one before can
 * never be taken for a new one. */
static const gb_head_pick no_pick = {.id = UINT32_MAX, .logprob = NAN};

/* Joins the bests, and reads what the device found. The range is that
 * without filters. */
static bool
read_pick(gb_head *h, int noisy, gb_pick *pick, gb_error *err)
{
    gb_head_stat *stats = h->host_result + 1;
    gb_head_pick found;
    unsigned i;

    memcpy(h->host_result, &no_pick, sizeof no_pick);
    if (!gb_fill_buffer(h->c, h->result, &no_pick, sizeof no_pick,
                        sizeof no_pick, err) ||
        !gb_op_set(&h->stats, GB_STATS_NOISY, &(gb_arg)GB_INT(noisy), err) ||
        !gb_op_run(h->c, &h->join, 1, err) ||
        !gb_op_run(h->c, &h->stats, 1, err) ||
        !gb_read_buffer(h->c, h->result, h->host_result,
                        (1 + h->chunks) * sizeof *h->host_result, err))
        return false;
    memcpy(&found, h->host_result, sizeof found);
    if (found.id == no_pick.id)
        return computed_nothing(h, err);
    if (!isfinite(found.logprob) || found.id >= h->n_vocab)
        return not_a_number(h, err);
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

bool
gb_head_greedy(gb_head *h, const gb_adjustments *adjust, gb_pick *pick,
               gb_error *err)
{
    return run_logprobs(h, 1.0f, adjust, err) &&
           gb_op_run(h->c, &h->greedy, 1, err) &&
           read_pick(h, 0, pick, err);
}

static void
make_host_buffers(gb_head *h)
{
    if (h->spectrum != NULL)
        return;
    h->host_logprobs = gb_alloc_array(h->n_vocab, sizeof(float));
    h->host_logits = gb_alloc_array(h->n_vocab, sizeof(float));
    h->host_noise = gb_alloc_array(h->n_vocab, sizeof(float));
    h->spectrum = gb_spectrum_new();
}

bool
gb_head_range(gb_head *h, float temperature, const gb_filter *filter,
              gb_pick *pick, gb_error *err)
{
    const size_t size = h->n_vocab * sizeof(float);
    gb_band band;

    make_host_buffers(h);
    h->host_logits[0] = h->host_noise[0] = NAN;
    if (!gb_read_buffer(h->c, h->logits, h->host_logits, size, err) ||
        !gb_read_buffer(h->c, h->noise, h->host_noise, size, err))
        return false;
    if (isnan(h->host_logits[0]) || isnan(h->host_noise[0]))
        return computed_nothing(h, err);
    gb_spectrum_set(h->spectrum, h->host_logits, h->host_noise, h->n_vocab,
                    filter);
    band = gb_spectrum_range(h->spectrum, pick->id, (double)temperature);
    pick->from = fminf((float)band.from, temperature);
    pick->to = fmaxf((float)band.to, temperature);
    return true;
}

bool
gb_head_sample(gb_head *h, float temperature, const gb_filter *filter,
               const gb_adjustments *adjust, uint64_t seed, uint64_t step,
               gb_pick *pick, gb_error *err)
{
    const bool filtered = filter != NULL && !gb_filter_is_off(filter);
    float floor = -INFINITY;
    cl_ulong4 start;
    gb_pcg64 g;

    gb_pcg64_seed(&g, seed, step);
    start.s[0] = (cl_ulong)(g.state >> 64);
    start.s[1] = (cl_ulong)g.state;
    start.s[2] = (cl_ulong)(g.inc >> 64);
    start.s[3] = (cl_ulong)g.inc;
    if (filtered) {
        make_host_buffers(h);
        if (!gb_head_logprobs(h, temperature, adjust, h->host_logprobs, err))
            return false;
        floor = gb_filter_floor(filter, h->host_logprobs, h->n_vocab);
    } else if (!run_logprobs(h, temperature, adjust, err)) {
        return false;
    }
    if (!gb_op_set(&h->gumbel, GB_PICK_FLOOR, &(gb_arg)GB_FLOAT(floor), err) ||
        !gb_op_set(&h->gumbel, GB_PICK_START, &(gb_arg)GB_ULONG4(start),
                   err) ||
        !gb_op_run(h->c, &h->gumbel, 1, err) ||
        !read_pick(h, 1, pick, err))
        return false;
    /* Rounding may have put an end beside the temperature. */
    pick->from = filtered ? temperature : fminf(pick->from, temperature);
    pick->to = filtered ? temperature : fmaxf(pick->to, temperature);
    return true;
}

bool
gb_head_logits(gb_head *h, float *logits, gb_error *err)
{
    logits[0] = NAN;
    if (!run_logits(h, err) ||
        !gb_read_buffer(h->c, h->logits, logits, h->n_vocab * sizeof *logits,
                        err))
        return false;
    return !isnan(logits[0]) || not_a_number(h, err);
}

bool
gb_head_logprobs(gb_head *h, float temperature, const gb_adjustments *adjust,
                 float *logprobs, gb_error *err)
{
    logprobs[0] = NAN;
    if (!run_logprobs(h, temperature, adjust, err) ||
        !gb_read_buffer(h->c, h->logprobs, logprobs,
                        h->n_vocab * sizeof *logprobs, err))
        return false;
    return !isnan(logprobs[0]) || not_a_number(h, err);
}

bool
gb_head_score(gb_head *h, unsigned first, const gb_token *targets, unsigned n,
              float *out, gb_error *err)
{
    cl_uint run[2] = {0, 0};
    unsigned i, k;

    for (i = 0; i < n; i += run[1]) {
        run[1] = n - i < GB_SCORE_ROWS ? n - i : GB_SCORE_ROWS;
        for (k = i; k < i + run[1]; k++)
            out[k] = NAN;
        if (!gb_write_buffer(h->c, h->run, run, sizeof run, err) ||
            !gb_write_buffer(h->c, h->targets, targets + i,
                             run[1] * sizeof *targets, err) ||
            !gb_op_set(&h->score_norm, GB_NORM_FIRST_ROW,
                       &(gb_arg)GB_UINT(first + i), err) ||
            !gb_op_run(h->c, &h->score_norm, run[1], err) ||
            !gb_linear_run(h->c, NULL, &h->score_project, run[1], err) ||
            !gb_op_run(h->c, &h->score_softmax, run[1], err) ||
            !gb_op_run(h->c, &h->score_join, run[1], err) ||
            !gb_read_buffer(h->c, h->scores, out + i, run[1] * sizeof *out,
                            err))
            return false;
        for (k = i; k < i + run[1]; k++)
            if (!isfinite(out[k]))
                return not_a_number(h, err);
    }
    return true;
}
