/* top-k, top-p (Holtzman et al. 2020) and min-p, in that order, as one
 * threshold: the tokens that stay are those with logprob >= floor. A tie at
 * the threshold keeps all of the tied tokens, so that the result does not
 * depend on their order. */
#ifndef GB_SAMPLE_FILTER_H
#define GB_SAMPLE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gb_filter {
    uint32_t top_k; /* 0: off */
    double top_p;   /* 1: off; (0, 1] */
    double min_p;   /* 0: off; [0, 1] */
} gb_filter;

#define GB_FILTER_OFF {0, 1.0, 0.0}

bool gb_filter_is_off(const gb_filter *f);

/* logprobs (n) f32, natural log, n > 0. Returns the floor, -INFINITY when
 * the filter is off. top-p is taken of what top-k left, renormalized; min-p
 * is a share of the largest probability. At least one token stays; NaN never
 * does (but when no value is finite, the floor is -INFINITY). Linear in n, no
 * memory is allocated. */
float gb_filter_floor(const gb_filter *f, const float *logprobs, size_t n);

/* The same as a logit, from the logits (n) f32 and a temperature > 0. */
float gb_filter_logit_floor(const gb_filter *f, const float *logits, size_t n,
                            double temperature);

#endif
