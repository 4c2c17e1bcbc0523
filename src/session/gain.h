/* How many guesses are worth making and checking: what a pass over the weights
 * is likely to gain, by how often guesses came true, against what it was seen
 * to cost. Arithmetic alone; the times are the caller's. No choice made here
 * changes a token, only when it comes.
 *
 * Other programs run as well, so times are estimated near their lower end: a
 * short one counts at once, a long one little. What guesses lose is kept
 * account of: a few plain passes in all and two percent of the time may be lost
 * on finding out that they do not pay, or whether they do again. */
#ifndef GB_SESSION_GAIN_H
#define GB_SESSION_GAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

/* How much whoever guessed trusts a guess: each kind has a rate of its own. */
#define GB_TRUSTS 4
/* Tokens at the end of a text that are enough to guess by. */
#define GB_GAIN_SHORT 32

typedef struct gb_gain {
    double right[GB_TRUSTS], all[GB_TRUSTS]; /* guesses; the old fade */
    /* What a pass over so many rows takes, in ms, and in which pass it was
     * seen last (0: never). */
    double pass_ms[GB_ROWS + 1];
    uint64_t seen[GB_ROWS + 1];
    double guess_ms, read_ms; /* making a guess; reading a token more for it */
    uint64_t guessed, was_read; /* in which pass */
    uint64_t passes;
    /* From here on in plain passes, those over one row. */
    double tokens, time; /* that were made lately, and what that took */
    double spent;        /* on guesses since the last pass */
    double invested;     /* in reading, and not come back yet */
    double credit;       /* so much may still be lost */
    bool pays;           /* guesses of the next pass are no trial */
} gb_gain;

/* Nothing was seen yet: rates (GB_TRUSTS) are taken for granted until it is.
 */
void gb_gain_begin(gb_gain *g, const double *rates);

/* How likely a guess of this kind is right, where those before it are; one of
 * any kind. */
double gb_gain_rate(const gb_gain *g, unsigned trust);
double gb_gain_mean(const gb_gain *g);

/* Other settings: what was seen of guesses no longer counts. */
void gb_gain_renew(gb_gain *g, const double *rates);

/* What a pass over 1 <= rows <= GB_ROWS is expected to take, in plain
 * passes. */
double gb_gain_pass(const gb_gain *g, unsigned rows);

/* Where guesses cost something: how many to make at least for the next pass,
 * 0: none at all. Whoever makes them has to read so many tokens before, and so
 * many are wanted at most (0: not known). *missing becomes GB_GAIN_SHORT where
 * no more than the last tokens of the text are to be read. */
unsigned gb_gain_begins(gb_gain *g, uint32_t *missing, uint64_t left);
/* Whether more guesses are worth making and checking behind `made`, which are
 * all right with the probability `sure`. */
bool gb_gain_goes_on(const gb_gain *g, unsigned made, double sure);

/* How many guesses that were made are worth checking (n < GB_ROWS), by their
 * rates; 0: the next pass is a plain one. */
unsigned gb_gain_plan(const gb_gain *g, const double *rates, unsigned n);

/* What was seen. A guess turned out right or wrong, those before it being
 * right. Making one took so long; or reading so many tokens for it. */
void gb_gain_came(gb_gain *g, unsigned trust, bool right);
void gb_gain_guessed(gb_gain *g, double ms);
void gb_gain_read(gb_gain *g, uint32_t n, double ms);
/* A pass over so many rows made so many tokens; ms below 0: it did more than
 * that. */
void gb_gain_passed(gb_gain *g, unsigned rows, unsigned tokens, double ms);

#endif
