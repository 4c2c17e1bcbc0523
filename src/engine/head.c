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
_Static_assert(sizeof(gb_head_draw) == 64, "draw_t of cl/pick.cl");

/* What they keep on the device. */
#define BUFFERS 14

static void
list_buffers(gb_head *h, gb_buffer_entry *list)
{
    const size_t most = GB_SCORE_ROWS, rows = GB_ROWS, f = sizeof(float);
    const gb_buffer_entry all[] = {
        {&h->hidden, most * h->width * f, "activations"},
        {&h->logits, most * h->ld * f, "logits"},
        {&h->parts, most * h->chunks * 4 * f, "sums"},
        {&h->logprobs, rows * h->ld * f, "log-probabilities"},
        {&h->temperatures, rows * f, "temperatures"},
        {&h->jumps, h->items * sizeof(cl_ulong4), "the noise table"},
        {&h->draws, rows * sizeof(gb_head_draw), "the noise's beginnings"},
        {&h->bests, rows * h->items * sizeof(gb_best), "candidates"},
        {&h->noise, rows * h->ld * f, "noise"},
        {&h->result, rows * h->result_size, "the tokens"},
        {&h->targets, most * f, "targets"},
        {&h->scores, most * f, "scores"},
        {&h->run, 16, "the number of rows"},
        {&h->adjustments, h->n_vocab * sizeof(gb_adjustment), "adjustments"},
    };

    _Static_assert(GB_COUNT(all) == BUFFERS, "all of them");
    memcpy(list, all, sizeof all);
}

static void
set_sizes(gb_head *h, const gb_shape *s, const gb_config *g)
{
    h->n_vocab = g->n_vocab;
    h->width = gb_padded_width(s, g->n_embd);
    h->ld = gb_padded_width(s, g->n_vocab);
    h->chunks = (unsigned)gb_div_up(g->n_vocab, GB_CHUNK);
    h->items = (unsigned)gb_round_up(gb_div_up(g->n_vocab, s->draws),
                                     s->lanes);
    h->result_size = (1 + h->chunks) * sizeof(gb_head_stat);
}

uint64_t
gb_head_size(const gb_compute *c, const gb_config *g)
{
    gb_head h = {.c = NULL};
    gb_buffer_entry list[BUFFERS];

    set_sizes(&h, &c->shape, g);
    list_buffers(&h, list);
    return gb_buffers_size(list, BUFFERS);
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

/* pick_part over scores: noise or none. */
static bool
open_pick(gb_head *h, gb_op *op, cl_mem scores, int noisy, gb_error *err)
{
    static const cl_ulong4 start = {{0}};

    if (!gb_op_init(h->c, op, "pick_part",
                    GB_ARGS([GB_PICK_SCORES] = GB_MEM(scores),
                            [GB_PICK_LD] = GB_UINT(h->ld),
                            [GB_PICK_N_VOCAB] = GB_UINT(h->n_vocab),
                            [GB_PICK_FLOOR] = GB_FLOAT(-INFINITY),
                            [GB_PICK_NOISY] = GB_INT(noisy),
                            [GB_PICK_JUMPS] = GB_MEM(h->jumps),
                            [GB_PICK_START] = GB_ULONG4(start),
                            [GB_PICK_DRAWS] = GB_MEM(h->draws),
                            [GB_PICK_BESTS] = GB_MEM(h->bests),
                            [GB_PICK_NOISES] = GB_MEM(h->noise)),
                    err))
        return false;
    op->x = h->items / h->c->shape.lanes;
    op->per_y = 1;
    return true;
}

static bool
open_softmax(gb_head *h, gb_error *err)
{
    if (!gb_op_init(h->c, &h->softmax, "softmax_part",
                    GB_ARGS([GB_SOFTMAX_LOGITS] = GB_MEM(h->logits),
                            [GB_SOFTMAX_LD] = GB_UINT(h->ld),
                            [GB_SOFTMAX_N_VOCAB] = GB_UINT(h->n_vocab),
                            [GB_SOFTMAX_TEMPERATURE] = GB_FLOAT(1),
                            [GB_SOFTMAX_TEMPERATURES] =
                                GB_MEM(h->temperatures),
                            [GB_SOFTMAX_PARTS] = GB_MEM(h->parts)),
                    err) ||
        !gb_op_init(h->c, &h->logprob, "logprobs",
                    GB_ARGS([GB_LOGPROBS_LOGITS] = GB_MEM(h->logits),
                            [GB_LOGPROBS_LD] = GB_UINT(h->ld),
                            [GB_LOGPROBS_N_VOCAB] = GB_UINT(h->n_vocab),
                            [GB_LOGPROBS_TEMPERATURE] = GB_FLOAT(1),
                            [GB_LOGPROBS_TEMPERATURES] =
                                GB_MEM(h->temperatures),
                            [GB_LOGPROBS_PARTS] = GB_MEM(h->parts),
                            [GB_LOGPROBS_OUT] = GB_MEM(h->logprobs)),
                    err))
        return false;
    h->softmax.x = h->logprob.x = h->chunks;
    h->softmax.per_y = h->logprob.per_y = 1;
    return true;
}

/* From the bests of the items to what the host reads. */
static bool
open_result(gb_head *h, gb_error *err)
{
    const unsigned used = (unsigned)gb_div_up(h->n_vocab, h->c->shape.draws);

    if (!gb_op_init(h->c, &h->join, "pick_join",
                    GB_ARGS([GB_JOIN_BESTS] = GB_MEM(h->bests),
                            [GB_JOIN_ITEMS] = GB_UINT(h->items),
                            [GB_JOIN_N] = GB_UINT(used),
                            [GB_JOIN_LOGPROBS] = GB_MEM(h->logprobs),
                            [GB_JOIN_LD] = GB_UINT(h->ld),
                            [GB_JOIN_PICK] = GB_MEM(h->result),
                            [GB_JOIN_APART] = GB_UINT(1 + h->chunks),
                            [GB_JOIN_STAMP] = GB_UINT(0)),
                    err) ||
        !gb_op_init(h->c, &h->stats, "pick_stats",
                    GB_ARGS([GB_STATS_LOGITS] = GB_MEM(h->logits),
                            [GB_STATS_LD] = GB_UINT(h->ld),
                            [GB_STATS_N_VOCAB] = GB_UINT(h->n_vocab),
                            [GB_STATS_NOISY] = GB_INT(0),
                            [GB_STATS_NOISES] = GB_MEM(h->noise),
                            [GB_STATS_PARTS] = GB_MEM(h->parts),
                            [GB_STATS_RESULT] = GB_MEM(h->result)),
                    err))
        return false;
    h->stats.x = h->chunks;
    h->join.per_y = h->stats.per_y = 1;
    return true;
}

/* From the residual streams to the heads' rows, and on to logits. */
static bool
open_logits(gb_head *h, gb_forward *f, const gb_weights *w, gb_error *err)
{
    const unsigned width = f->config->n_embd;
    const float eps = f->config->ln_eps;
    const gb_quants none = {0};
    gb_compute *c = h->c;

    return gb_norm_init(&h->norm, c, &w->ln_f, f->x, h->hidden, width,
                        h->width, eps, -1, f->rows, none, err) &&
           gb_norm_init(&h->score_norm, c, &w->ln_f, f->x, h->hidden, width,
                        h->width, eps, 0, f->rows, none, err) &&
           gb_linear_init(&h->project, c, &w->head,
                          &(gb_linear_io){h->hidden, h->width, h->logits,
                                          h->ld, GB_EPILOGUE_BIAS, h->run,
                                          .quants.mem = f->quants},
                          err);
}

static bool
open_heads(gb_head *h, gb_error *err)
{
    gb_compute *c = h->c;

    if (!gb_op_init(c, &h->adjust, "adjust",
                    GB_ARGS([GB_ADJUST_LIST] = GB_MEM(h->adjustments),
                            [GB_ADJUST_N] = GB_INT(0),
                            [GB_ADJUST_LOGITS] = GB_MEM(h->logits)),
                    err) ||
        !open_softmax(h, err) ||
        !open_pick(h, &h->greedy, h->logits, 0, err) ||
        !open_pick(h, &h->gumbel, h->logprobs, 1, err) ||
        !open_result(h, err) ||
        !gb_op_init(c, &h->score_join, "score_join",
                    GB_ARGS([GB_SCORE_LOGITS] = GB_MEM(h->logits),
                            [GB_SCORE_LD] = GB_UINT(h->ld),
                            [GB_SCORE_PARTS] = GB_MEM(h->parts),
                            [GB_SCORE_N_CHUNKS] = GB_UINT(h->chunks),
                            [GB_SCORE_TARGETS] = GB_MEM(h->targets),
                            [GB_SCORE_OUT] = GB_MEM(h->scores)),
                    err))
        return false;
    h->adjust.x = c->shape.lanes > 1 ? 16 : 1;
    h->score_join.local[0] = 1;
    h->score_join.per_y = 1;
    return true;
}

bool
gb_head_open(gb_head *h, gb_forward *f, const gb_weights *w, gb_error *err)
{
    gb_buffer_entry list[BUFFERS];

    memset(h, 0, sizeof *h);
    h->c = f->c;
    set_sizes(h, &h->c->shape, f->config);
    h->host_result = gb_alloc_array(GB_ROWS, h->result_size);
    h->host_draws = gb_alloc_array(GB_ROWS, sizeof *h->host_draws);
    h->host_adjustments = gb_alloc_array(h->n_vocab,
                                         sizeof *h->host_adjustments);
    list_buffers(h, list);
    if (gb_buffers_open(h->c, list, BUFFERS, err) && write_jumps(h, err) &&
        open_logits(h, f, w, err) && open_heads(h, err))
        return true;
    gb_head_close(h);
    return false;
}

void
gb_head_close(gb_head *h)
{
    gb_op *const ops[] = {&h->norm,    &h->score_norm, &h->adjust,
                          &h->softmax, &h->logprob,    &h->greedy,
                          &h->gumbel,  &h->join,       &h->stats,
                          &h->score_join};
    gb_buffer_entry list[BUFFERS];
    size_t i;

    for (i = 0; i < GB_COUNT(ops); i++)
        gb_op_free(ops[i]);
    gb_linear_free(&h->project);
    list_buffers(h, list);
    gb_buffers_free(list, BUFFERS);
    free(h->host_result);
    free(h->host_adjustments);
    free(h->host_draws);
    free(h->host_logprobs);
    free(h->host_logits);
    free(h->host_noise);
    gb_spectrum_free(h->spectrum);
    memset(h, 0, sizeof *h);
}

bool
gb_head_take(gb_head *h, unsigned n, gb_error *err)
{
    h->n_logits = 0;
    return gb_op_run(h->c, &h->norm, n, err);
}

bool
gb_head_repeat(gb_head *h, unsigned from, unsigned to, gb_error *err)
{
    const size_t size = h->width * sizeof(float);

    h->n_logits = 0;
    return gb_copy_buffer(h->c, h->hidden, from * size, h->hidden, to * size,
                          size, err);
}

/* Rows to logits, on the device, if they are not there. */
static bool
run_logits(gb_head *h, unsigned n, gb_error *err)
{
    if (n <= h->n_logits)
        return true;
    if (n > 1 && n != h->n_run) {
        h->n_run = 0;
        h->host_run[1] = n;
        if (!gb_send_buffer(h->c, h->run, h->host_run, sizeof h->host_run,
                            err))
            return false;
        h->n_run = n;
    }
    h->n_logits = n;
    return gb_linear_run(h->c, NULL, &h->project, n, err);
}

/* Changes logits by the first n of the list that the host has made ready. The
 * list lives as long as the head, whatever becomes of the command. */
static bool
send_adjustments(gb_head *h, size_t n, gb_error *err)
{
    const gb_arg count = GB_INT((cl_int)n);

    if (n == 0)
        return true;
    h->n_logits = 0;
    return gb_send_buffer(h->c, h->adjustments, h->host_adjustments,
                          n * sizeof *h->host_adjustments, err) &&
           gb_op_set(&h->adjust, GB_ADJUST_N, &count, err) &&
           gb_op_run(h->c, &h->adjust, 1, err);
}

/* In place: all that follows goes by what is in the buffer then. */
static bool
run_adjust(gb_head *h, const gb_sequence *texts, unsigned n, gb_error *err)
{
    const gb_adjustments *a;
    size_t listed = 0, i;
    unsigned row;

    for (row = 0; row < n; row++) {
        a = texts[row].adjust;
        if (a == NULL)
            continue;
        if (listed + a->n > h->n_vocab) {
            if (!send_adjustments(h, listed, err) ||
                !gb_compute_finish(h->c, err))
                return false;
            listed = 0;
        }
        for (i = 0; i < a->n; i++, listed++) {
            h->host_adjustments[listed] = a->items[i];
            h->host_adjustments[listed].id += row * h->ld;
        }
    }
    return send_adjustments(h, listed, err);
}

/* The temperature of all rows, or 0 where each has its own, which are sent. */
static bool
set_temperatures(gb_head *h, const gb_rule *rule, const gb_sequence *texts,
                 unsigned n, gb_error *err)
{
    const float all = rule->greedy ? 1 : rule->temperature;
    float *each = h->host_temperatures;
    bool same = true;
    gb_arg t;
    unsigned i;

    for (i = 0; i < n; i++) {
        each[i] = all;
        if (!rule->greedy && texts[i].temperature > 0)
            each[i] = texts[i].temperature;
        same = same && !(each[i] < each[0]) && !(each[i] > each[0]);
    }
    t = (gb_arg)GB_FLOAT(same ? each[0] : 0);
    return (same || gb_send_buffer(h->c, h->temperatures, each,
                                   n * sizeof *each, err)) &&
           gb_op_set(&h->softmax, GB_SOFTMAX_TEMPERATURE, &t, err) &&
           gb_op_set(&h->logprob, GB_LOGPROBS_TEMPERATURE, &t, err);
}

bool
gb_head_run_logprobs(gb_head *h, const gb_rule *rule, const gb_sequence *texts,
                     unsigned n, gb_error *err)
{
    return set_temperatures(h, rule, texts, n, err) &&
           run_logits(h, n, err) && run_adjust(h, texts, n, err) &&
           gb_op_run(h->c, &h->softmax, n, err) &&
           gb_op_run(h->c, &h->logprob, n, err);
}

bool
gb_head_not_a_number(const gb_head *h, gb_error *err)
{
    return gb_fail(err,
                   "%s: the model's output is not a number (NaN or infinite "
                   "weights?)",
                   h->c->device.name);
}

bool
gb_head_fetch_rows(gb_head *h, cl_mem m, unsigned n, float *out, gb_error *err)
{
    unsigned i;

    for (i = 0; i < n; i++, out += h->n_vocab) {
        out[0] = NAN;
        if (!gb_fetch_part(h->c, m, (size_t)i * h->ld * sizeof *out, out,
                           h->n_vocab * sizeof *out, err))
            return false;
    }
    return true;
}

/* The same, and waits for numbers in all of them. */
static bool
read_rows(gb_head *h, cl_mem m, unsigned n, float *out, gb_error *err)
{
    unsigned i;

    if (!gb_head_fetch_rows(h, m, n, out, err) ||
        !gb_compute_finish(h->c, err))
        return false;
    for (i = 0; i < n; i++)
        if (isnan(out[(size_t)i * h->n_vocab]))
            return gb_head_not_a_number(h, err);
    return true;
}

bool
gb_head_logits(gb_head *h, unsigned n, float *logits, gb_error *err)
{
    return run_logits(h, n, err) && read_rows(h, h->logits, n, logits, err);
}

bool
gb_head_logprobs(gb_head *h, float temperature, const gb_adjustments *adjust,
                 float *logprobs, gb_error *err)
{
    const gb_sequence text = {.adjust = adjust};
    const gb_rule rule = {.temperature = temperature};

    return gb_head_run_logprobs(h, &rule, &text, 1, err) &&
           read_rows(h, h->logprobs, 1, logprobs, err);
}

bool
gb_head_score(gb_head *h, unsigned first, const gb_token *targets, unsigned n,
              float *out, gb_error *err)
{
    unsigned i, k, some;

    for (i = 0; i < n; i += some) {
        some = n - i < GB_SCORE_ROWS ? n - i : GB_SCORE_ROWS;
        for (k = i; k < i + some; k++)
            out[k] = NAN;
        h->n_logits = 0;
        if (!gb_send_buffer(h->c, h->targets, targets + i,
                            some * sizeof *targets, err) ||
            !gb_op_set(&h->score_norm, GB_NORM_FIRST_ROW,
                       &(gb_arg)GB_UINT(first + i), err) ||
            !gb_op_set(&h->softmax, GB_SOFTMAX_TEMPERATURE,
                       &(gb_arg)GB_FLOAT(1), err) ||
            !gb_op_run(h->c, &h->score_norm, some, err) ||
            !run_logits(h, some, err) ||
            !gb_op_run(h->c, &h->softmax, some, err) ||
            !gb_op_run(h->c, &h->score_join, some, err) ||
            !gb_read_buffer(h->c, h->scores, out + i, some * sizeof *out,
                            err))
            return false;
        for (k = i; k < i + some; k++)
            if (!isfinite(out[k]))
                return gb_head_not_a_number(h, err);
    }
    return true;
}
