/* What the heads are asked, and what they tell of the token that they pick. */
#ifndef GB_ENGINE_PICK_H
#define GB_ENGINE_PICK_H

#include <stdbool.h>
#include <stdint.h>

#include "model/tokenizer.h"
#include "sample/adjust.h"
#include "sample/filter.h"

/* So many rows at most. */
#define GB_ROWS 16

/* A text whose next token is wanted. Rows may share their beginning, be the
 * same text with other noise, or each be the one before and a token more. */
typedef struct gb_sequence {
    const gb_token *ids; /* (n) what the model sees, oldest first */
    uint32_t n;          /* 1 <= n <= n_ctx */
    uint64_t seed, step; /* whose noise is added (sampling) */
    const gb_adjustments *adjust; /* NULL: none, which cost nothing and
                                     change no bit */
    float temperature;       /* sampling; 0: that of the rule */
} gb_sequence;

/* What rows share. */
typedef struct gb_rule {
    bool greedy;
    float temperature;       /* sampling */
    const gb_filter *filter; /* sampling; NULL: none */
    bool ranges;             /* from and to are wanted with filters, too, which
                                takes the host some time */
} gb_rule;

/* What a head says of the last position. Where adjustments are given, the
 * logits that it speaks of are the model's after them: log-probability, rank,
 * entropy and range are those of what could be picked. A banned token never
 * is; when all are, that is an error. */
typedef struct gb_pick {
    gb_token id;
    float logprob; /* natural log of the token's probability, before filters,
                      at the temperature in force (greedy: 1) */
    gb_token runner_up;   /* the second best, and by how much it is worse */
    float margin;         /* in score (log-probability + noise; greedy:
                             logit) */
    uint32_t rank; /* so many tokens are likelier (of equal logits, those with
                      lower ids) */
    float entropy; /* in nats, of all tokens before filters, at the temperature
                      in force (greedy: 1) */
    float noise;   /* of the token (greedy: 0) */
    float from, to; /* the temperatures between which this token is picked
                       with this noise; they hold the one in force. Filters
                       on: only that one, unless the rule wants ranges.
                       Greedy: 0 and INFINITY, for it has none. */
} gb_pick;

#endif
