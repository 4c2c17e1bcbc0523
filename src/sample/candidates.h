/* What could have come at a place in the text: the likeliest tokens, those
 * that win at some temperature with the noise of the step, and how much of
 * the probability all the others hold. Pure mathematics; no engine. */
#ifndef GB_SAMPLE_CANDIDATES_H
#define GB_SAMPLE_CANDIDATES_H

#include "sample/spectrum.h"

typedef enum gb_cut { /* what leaves a token out, the first of these */
    GB_CUT_NONE,
    GB_CUT_BAN,
    GB_CUT_TOP_K,
    GB_CUT_TOP_P,
    GB_CUT_MIN_P,
} gb_cut;

const char *gb_cut_name(gb_cut cut); /* "ban", "top-k", ...; "" for none */

typedef struct gb_candidate {
    uint32_t id;
    uint32_t rank;       /* 0: the likeliest; of equal logits the lower id */
    float raw_logprob;   /* the model's own: at temperature 1, without
                            adjustments and filters */
    float final_logprob; /* at the temperature in force, of what the filters
                            leave; -INFINITY when they cut it */
    float noise;
    gb_cut cut;
    bool wins;       /* at some temperature: */
    double from, to; /* its band; both 0 when it has none */
} gb_candidate;

typedef struct gb_candidates {
    gb_candidate *items; /* (n), the likeliest first */
    size_t n;
    size_t rest;                  /* others that the model can say */
    double rest_raw, rest_final;  /* and their share of the probability */
    gb_band *bands; /* (n_bands) from 0 to INFINITY, see gb_spectrum_bands */
    size_t n_bands;
} gb_candidates;

/* A step, and what to list of it. */
typedef struct gb_candidates_of {
    const float *logits, *noise; /* (n) f32, as for gb_spectrum_set */
    const float *raw; /* logits before adjustments; NULL: there were none.
                         What is -INFINITY here the model never says: it is
                         no candidate, and has no rank */
    size_t n;
    gb_filter filter;
    double temperature; /* 0: greedy, all the probability on one token and no
                           filters; the bands are those of the filters */
    size_t likeliest;   /* so many of them, and those that are banned but were
                           among so many */
    uint32_t id;        /* one that is listed in any case; none when >= n */
    bool picked;        /* at this temperature: then its band holds that */
} gb_candidates_of;

/* Linear in n, but for sorting what is listed. The caller frees. Nothing is
 * listed when the largest logit is not finite. */
gb_candidates gb_candidates_find(const gb_candidates_of *of);
void gb_candidates_free(gb_candidates *c);

#endif
