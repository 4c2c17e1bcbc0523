/* A second model that guesses: on the device of the first one, with the same
 * noise, temperature, filters and adjustments, so that what it picks is what
 * the first one is likely to pick. */
#ifndef GB_SESSION_DRAFT_MODEL_H
#define GB_SESSION_DRAFT_MODEL_H

#include "session/draft.h"

typedef struct gb_draft_model gb_draft_model;

/* options->who: "self" or a model. NULL: it cannot be; with the status GB_OK
 * there is no use in it. */
gb_draft_model *gb_draft_model_open(gb_engine *engine,
                                    const gb_draft_options *options,
                                    gb_error *err);
void gb_draft_model_close(gb_draft_model *m);

/* A text as it sees it: of one that is longer than its context the end. */
typedef struct gb_draft_view {
    const gb_token *ids; /* (n) */
    size_t n;
    uint64_t seed, step;
    size_t *skipped; /* tokens that are not seen; 0 at first */
} gb_draft_view;

/* How much it has not read yet of n <= GB_ROWS texts, what they have in common
 * once. */
uint32_t gb_draft_model_missing(gb_draft_model *m, const gb_draft_view *views,
                                unsigned n);
/* It is to see no more than the last GB_GAIN_SHORT tokens of those texts of
 * which it has not read more than that, and what comes behind them. */
void gb_draft_model_skip(gb_draft_model *m, const gb_draft_view *views,
                         unsigned n);

/* The tokens that it would pick behind n <= GB_ROWS texts; *computed: so many
 * positions went through its layers for that. */
bool gb_draft_model_pick(gb_draft_model *m, const gb_draft_view *views,
                         unsigned n, const gb_settings *settings,
                         gb_pick *picks, uint32_t *computed, gb_error *err);

#endif
