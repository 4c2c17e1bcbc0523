/* The two heads, compiled once: from the residual stream of the last
 * position to log-probabilities, and to a token. */
#ifndef GB_ENGINE_HEAD_H
#define GB_ENGINE_HEAD_H

#include "engine/forward.h"
#include "engine/pick.h"
#include "sample/adjust.h"
#include "sample/gumbel.h"
#include "sample/spectrum.h"

/* Rows of logits that gb_head_score works on at a time. */
#define GB_SCORE_ROWS 24

/* What the device tells of a pick, as in cl/pick.cl: the first of these, then
 * one of the others for each chunk of logits. */
typedef struct gb_head_pick {
    cl_uint id;
    cl_float logprob;
    cl_uint runner_up;
    cl_float margin;
    cl_uint unused[4];
} gb_head_pick;

typedef struct gb_head_stat {
    cl_float above, from, to, max, sum, spread, noise, unused;
} gb_head_stat;

typedef struct gb_head {
    gb_compute *c;
    unsigned n_vocab, ld, chunks, items;
    cl_mem hidden;   /* (GB_SCORE_ROWS, width padded) */
    cl_mem logits;   /* (GB_SCORE_ROWS, ld) */
    cl_mem parts;    /* (GB_SCORE_ROWS, chunks) float4 */
    cl_mem logprobs; /* (vocab) */
    cl_mem jumps;    /* (items padded) ulong4 */
    cl_mem bests;    /* (items) gb_best */
    cl_mem noise;    /* (vocab) */
    cl_mem result;   /* gb_head_pick, then (chunks) gb_head_stat */
    cl_mem targets, scores, run; /* of gb_head_score: (GB_SCORE_ROWS) */
    cl_mem adjustments; /* (vocab) gb_adjustment */
    gb_op norm, adjust, softmax, logprob; /* the last row */
    gb_op greedy, gumbel, join, stats;
    gb_op score_norm, score_softmax, score_join;
    gb_linear project, score_project;
    gb_head_stat *host_result; /* (1 + chunks) */
    gb_adjustment *host_adjustments; /* (vocab) */
    /* For the filters, (vocab) each; NULL before the first one. */
    float *host_logprobs, *host_logits, *host_noise;
    gb_spectrum *spectrum;
    uint64_t bytes;
} gb_head;

uint64_t gb_head_size(const gb_compute *c, const gb_config *config);

bool gb_head_open(gb_head *h, gb_forward *f, const gb_weights *w,
                  gb_error *err);
void gb_head_close(gb_head *h);

/* All of them enqueue behind the forward pass and wait for the result. See
 * engine.h for the meaning. */
bool gb_head_greedy(gb_head *h, const gb_adjustments *adjust, gb_pick *pick,
                    gb_error *err);
bool gb_head_sample(gb_head *h, float temperature, const gb_filter *filter,
                    const gb_adjustments *adjust, uint64_t seed,
                    uint64_t step, gb_pick *pick, gb_error *err);
/* Right after gb_head_sample with these filters. */
bool gb_head_range(gb_head *h, float temperature, const gb_filter *filter,
                   gb_pick *pick, gb_error *err);
bool gb_head_logits(gb_head *h, float *logits, gb_error *err);
bool gb_head_logprobs(gb_head *h, float temperature,
                      const gb_adjustments *adjust, float *logprobs,
                      gb_error *err);
/* out[i] = log-probability of targets[i] after row first + i of the residual
 * stream, at temperature 1; n rows. */
bool gb_head_score(gb_head *h, unsigned first, const gb_token *targets,
                   unsigned n, float *out, gb_error *err);

#endif
