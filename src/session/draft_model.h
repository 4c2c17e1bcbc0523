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

/* How much of a text it has not read yet. Of one that is longer than its
 * context it sees the end. */
uint32_t gb_draft_model_missing(gb_draft_model *m, const gb_token *ids,
                                size_t n);

/* It is to see no more than the last tokens of a text of n, and those that come
 * behind them. */
void gb_draft_model_skip(gb_draft_model *m, size_t n, size_t seen);

/* The token that it would pick at this step behind ids (n). */
bool gb_draft_model_pick(gb_draft_model *m, const gb_token *ids, size_t n,
                         uint64_t step, const gb_settings *settings,
                         gb_pick *pick, gb_error *err);

#endif
