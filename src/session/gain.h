/* How many guesses are worth checking: what a pass over the weights is likely
 * to gain, by how often guesses came true, against what it was seen to cost.
 * Arithmetic alone; the times are the caller's. No choice made here changes a
 * token, only when it comes. */
#ifndef GB_SESSION_GAIN_H
#define GB_SESSION_GAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

/* How much whoever guessed trusts a guess: each kind has a rate of its own. */
#define GB_TRUSTS 4

typedef struct gb_gain {
    double right[GB_TRUSTS], all[GB_TRUSTS]; /* guesses; the old fade */
    double guess_ms;               /* what making a guess takes, smoothed */
    double pass_ms[GB_ROWS + 1];   /* the same of a pass over so many rows; */
    uint64_t seen[GB_ROWS + 1];    /* in this one it was seen last; 0: never */
    uint64_t passes;
    unsigned rest, pause;          /* passes to go without a guess; and when
                                      it comes to that again */
} gb_gain;

/* Nothing was seen yet: rates (GB_TRUSTS) are taken for granted until it is.
 */
void gb_gain_begin(gb_gain *g, const double *rates);

/* How likely a guess of this kind is right, where those before it are; one of
 * any kind. */
double gb_gain_rate(const gb_gain *g, unsigned trust);
double gb_gain_mean(const gb_gain *g);

/* What a pass over 1 <= rows <= GB_ROWS is expected to take, in ms; 0 when no
 * pass was seen. */
double gb_gain_pass(const gb_gain *g, unsigned rows);

/* Of guesses with these rates (n < GB_ROWS), as many as make the most tokens
 * in a second; 0: the plain pass does. */
unsigned gb_gain_plan(const gb_gain *g, const double *rates, unsigned n);
/* Whether one more guess is worth making and checking behind `made`, which are
 * all right with the probability `sure`. */
bool gb_gain_goes_on(const gb_gain *g, unsigned made, double sure);

/* Where guesses cost something: whether this pass goes without. It is so after
 * plans of none, each time for longer, and then they are tried again. */
bool gb_gain_rests(gb_gain *g);
void gb_gain_planned(gb_gain *g, unsigned n);

/* A guess turned out right or wrong, those before it being right. */
void gb_gain_came(gb_gain *g, unsigned trust, bool right);
void gb_gain_guessed(gb_gain *g, double ms);
void gb_gain_passed(gb_gain *g, unsigned rows, double ms);

#endif
