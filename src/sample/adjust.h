/* What changes the logits of a step before temperature and filters do: a
 * repetition penalty (Keskar et al. 2019), DRY and a bias, in this order.
 * They depend on the text alone, not on the temperature and not on the noise,
 * so all that follows goes by the changed logits as if the model had given
 * them. They are one list of the few tokens that they concern; the host
 * oracle of cl/adjust.cl is here. See doc/sampling.md. */
#ifndef GB_SAMPLE_ADJUST_H
#define GB_SAMPLE_ADJUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in cl/adjust.cl. logit * factor + add is one fused multiply-add, which
 * host and device round alike; the quotient of the penalty is a product with
 * its reciprocal, because OpenCL lets devices divide loosely. */
typedef struct gb_adjustment {
    uint32_t id;
    float positive, negative; /* factor of a logit above 0; of any other */
    float add;                /* -INFINITY: banned */
} gb_adjustment;

/* No id is there twice. Zeroes are an empty list. */
typedef struct gb_adjustments {
    gb_adjustment *items; /* (n) */
    size_t n, capacity;
    uint32_t *slots, *lengths; /* of gb_adjust_find */
    size_t n_slots, n_lengths;
} gb_adjustments;

void gb_adjustments_free(gb_adjustments *list);

/* Changes the logits as the device does, bit for bit; they must have a place
 * for every id of the list. NULL: nothing. */
void gb_adjust(const gb_adjustments *list, float *logits);

typedef struct gb_bias {
    uint32_t id;
    float add; /* -INFINITY: banned */
} gb_bias;

typedef struct gb_adjust_rules {
    double repetition_penalty;   /* of the tokens in the text; 1: off */
    size_t repetition_last;      /* so many at its end; 0: all */
    double dry_multiplier;       /* 0: off */
    double dry_base;             /* >= 1 */
    size_t dry_allowed_length;   /* >= 1 */
    size_t dry_last;             /* tokens at the end of the text; 0: all */
    size_t dry_limit;            /* a repetition has at most so many tokens:
                                    those behind the last breaker */
    /* Whether a token is a breaker itself; NULL: none is. */
    bool (*dry_breaks)(const void *arg, uint32_t id);
    const void *dry_arg;
    const gb_bias *bias;         /* (n_bias), no id twice */
    size_t n_bias;
} gb_adjust_rules;

#define GB_ADJUST_RULES_OFF                                                   \
    {.repetition_penalty = 1, .dry_base = 1.75, .dry_allowed_length = 2,      \
     .dry_limit = SIZE_MAX}

bool gb_adjust_rules_are_off(const gb_adjust_rules *rules);

/* DRY takes at most this from a logit: at any temperature as much as all. */
#define GB_DRY_MOST 1e6

/* Replaces the list by what the rules make of a text (n ids, oldest first).
 * Linear in n. */
void gb_adjust_find(gb_adjustments *list, const gb_adjust_rules *rules,
                    const uint32_t *ids, size_t n);

#endif
