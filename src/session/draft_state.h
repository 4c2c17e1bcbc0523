/* What the parts of draft.h share. */
#ifndef GB_SESSION_DRAFT_STATE_H
#define GB_SESSION_DRAFT_STATE_H

#include "session/adjuster.h"
#include "session/draft.h"
#include "session/draft_model.h"
#include "session/gain.h"
#include "session/lookup.h"

/* A text in the pass under way. */
typedef struct gb_draft_side {
    const gb_draft_text *text;
    gb_picked *picked;
    size_t front;  /* of its text is known; guesses are behind it */
    unsigned most; /* of them that are of use */
    unsigned n_guesses, n_checked, trusts[GB_DRAFT_MOST];
    double sure;   /* how likely all of them are right */
} gb_draft_side;

struct gb_draft {
    gb_engine *engine;
    gb_lookup *lookup;     /* who guesses: one of these, or none of them */
    gb_draft_model *model;
    unsigned failures;     /* of the model, one after the other */
    gb_ids known;          /* what it was told instead */
    unsigned always;
    void (*say)(void *arg, const char *text);
    void *arg;
    gb_gain gain;
    gb_draft_count count;

    gb_settings settings;  /* of the last pass, */
    bool ranges;
    gb_draft_side sides[GB_ROWS]; /* (n_sides) and its texts */
    unsigned n_sides;
    gb_adjuster_rows adjuster;
};

/* How likely a guess is at first, by how much it is trusted (GB_TRUSTS). */
const double *gb_draft_first_rates(const gb_draft *d);

/* Whether a text ends with this token. */
bool gb_draft_ends(const gb_draft *d, gb_token id);

/* Puts guesses behind the texts of the sides. False: it was cancelled. */
bool gb_draft_guess(gb_draft *d, gb_error *err);

#endif
