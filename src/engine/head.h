/* The two heads, compiled once: from the residual streams of some positions to
 * log-probabilities, and to a token each. */
#ifndef GB_ENGINE_HEAD_H
#define GB_ENGINE_HEAD_H

#include "engine/forward.h"
#include "engine/pick.h"
#include "sample/adjust.h"
#include "sample/gumbel.h"
#include "sample/spectrum.h"

/* Rows of logits that gb_head_score works on at a time. */
#define GB_SCORE_ROWS 24

/* What the device tells of a row's pick, as in cl/pick.cl: the first of these,
 * then one of the others for each chunk of logits. */
typedef struct gb_head_pick {
    cl_uint id;
    cl_float logprob;
    cl_uint runner_up;
    cl_float margin;
    cl_uint stamp;
    cl_uint unused[3];
} gb_head_pick;

typedef struct gb_head_stat {
    cl_float above, from, to, max, sum, spread, noise, unused;
} gb_head_stat;

/* What a row's noise begins with, as in cl/pick.cl. */
typedef struct gb_head_draw {
    cl_ulong start[4];
    cl_float floor;
    cl_uint unused[7];
} gb_head_draw;

typedef struct gb_head {
    gb_compute *c;
    unsigned n_vocab, ld, chunks, items;
    unsigned width;  /* padded */
    unsigned n_run;  /* rows that run tells of */
    cl_uint host_run[2]; /* what was sent to it */
    unsigned n_logits; /* rows whose logits are there as the model has them */
    size_t result_size; /* bytes of a row in result */
    cl_uint stamp; /* of the last picks: none before can be taken for them */
    cl_mem hidden;   /* (GB_SCORE_ROWS, width padded) */
    cl_mem logits;   /* (GB_SCORE_ROWS, ld) */
    cl_mem parts;    /* (GB_SCORE_ROWS, chunks) float4 */
    cl_mem logprobs; /* (GB_ROWS, ld) */
    cl_mem temperatures; /* (GB_ROWS) */
    cl_mem jumps;    /* (items padded) ulong4 */
    cl_mem draws;    /* (GB_ROWS) gb_head_draw */
    cl_mem bests;    /* (GB_ROWS, items) gb_best */
    cl_mem noise;    /* (GB_ROWS, ld) */
    cl_mem result;   /* (GB_ROWS): gb_head_pick, then (chunks) gb_head_stat */
    cl_mem targets, scores; /* of gb_head_score: (GB_SCORE_ROWS) */
    cl_mem run;         /* {, rows} for the logits of several */
    cl_mem adjustments; /* (vocab) gb_adjustment */
    gb_op norm, score_norm;
    gb_linear project;
    gb_op adjust, softmax, logprob, greedy, gumbel, join, stats, score_join;
    gb_head_stat *host_result; /* (GB_ROWS, 1 + chunks) */
    gb_adjustment *host_adjustments; /* (vocab) */
    gb_head_draw *host_draws;        /* (GB_ROWS) */
    float host_temperatures[GB_ROWS];
    /* For the filters, (GB_ROWS, vocab) each; NULL before the first one. */
    float *host_logprobs, *host_logits, *host_noise;
    gb_spectrum *spectrum;
} gb_head;

/* Bytes of all that it keeps on the device. */
uint64_t gb_head_size(const gb_compute *c, const gb_config *config);

bool gb_head_open(gb_head *h, gb_forward *f, const gb_weights *w,
                  gb_error *err);
void gb_head_close(gb_head *h);

/* Behind a pass of n rows: those that have a slot become the heads' row of this
 * number. Does not wait, nor does the next one. */
bool gb_head_take(gb_head *h, unsigned n, gb_error *err);
/* Row `to` becomes as row `from` is. */
bool gb_head_repeat(gb_head *h, unsigned from, unsigned to, gb_error *err);

/* What the heads make of rows 0 .. n - 1; n <= GB_ROWS. They wait for the
 * result. Of the texts all but ids and n counts; see engine.h. */
bool gb_head_picks(gb_head *h, const gb_rule *rule, const gb_sequence *texts,
                   unsigned n, gb_pick *picks, gb_error *err);
/* logits (n, n_vocab) */
bool gb_head_logits(gb_head *h, unsigned n, float *logits, gb_error *err);
/* Of row 0. */
bool gb_head_logprobs(gb_head *h, float temperature,
                      const gb_adjustments *adjust, float *logprobs,
                      gb_error *err);
/* out[i] = log-probability of targets[i] after row first + i of the residual
 * stream, at temperature 1; n rows. It needs the rows of the heads. */
bool gb_head_score(gb_head *h, unsigned first, const gb_token *targets,
                   unsigned n, float *out, gb_error *err);

/* For pick.c: */

/* Rows to logits, adjusted, and log-probabilities, on the device; the
 * temperatures are in host_temperatures then. */
bool gb_head_run_logprobs(gb_head *h, const gb_rule *rule,
                          const gb_sequence *texts, unsigned n,
                          gb_error *err);
/* Enqueues reading rows 0 .. n - 1 of the logits or what is as long; out (n,
 * n_vocab) as in gb_fetch_part. The first number of each is NaN where the
 * device computed nothing. */
bool gb_head_fetch_rows(gb_head *h, cl_mem m, unsigned n, float *out,
                        gb_error *err);
bool gb_head_not_a_number(const gb_head *h, gb_error *err);

#endif
