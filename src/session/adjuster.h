/* What the settings make of the logits that follow a text: their bias and
 * penalties, looked up in a model's vocabulary, as adjustments. */
#ifndef GB_SESSION_ADJUSTER_H
#define GB_SESSION_ADJUSTER_H

#include "engine/pick.h"
#include "model/model.h"
#include "sample/adjust.h"
#include "session/settings.h"

/* Zeroes are one that has looked nothing up yet. It keeps what it found for
 * as long as model and settings stay. */
typedef struct gb_adjuster {
    const gb_model *model;
    const char *bias, *breakers; /* the settings that are looked up */
    gb_bias *biases;             /* (n_biases) */
    size_t n_biases;
    gb_str *breaks;              /* (n_breaks) */
    size_t n_breaks;
    gb_str bytes;                /* of the text */
    gb_adjustments list;
} gb_adjuster;

/* The adjustments of the token that follows what the model sees (n tokens);
 * NULL: none. They stay until the next call. */
bool gb_adjuster_find(gb_adjuster *a, const gb_model *m, const gb_settings *s,
                      const gb_token *view, size_t n,
                      const gb_adjustments **list, gb_error *err);
void gb_adjuster_free(gb_adjuster *a);

/* The same for several texts at once, each with a list of its own. */
typedef struct gb_adjuster_rows {
    gb_adjuster adjuster;
    gb_adjustments lists[GB_ROWS];
} gb_adjuster_rows;

/* Sets rows[i].adjust for n <= GB_ROWS; they stay until the next call. */
bool gb_adjuster_find_rows(gb_adjuster_rows *a, const gb_model *m,
                           const gb_settings *s, gb_sequence *rows, unsigned n,
                           gb_error *err);
void gb_adjuster_free_rows(gb_adjuster_rows *a);

#endif
