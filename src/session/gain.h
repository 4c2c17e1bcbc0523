/* How many guesses are worth making and checking: what a pass over the weights
 * is likely to gain, by how often guesses came true, against what it was seen
 * to cost. Arithmetic alone; the times are the caller's. No choice made here
 * changes a token, only when it comes.
 *
 * Other programs run as well, so times are estimated near their lower end: a
 * short one counts at once, a long one little. What guesses lose is kept
 * account of: a few plain passes in all and two percent of the time may be lost
 * on finding out that they do not pay, or whether they do again.
 *
 * A plain pass has a row for each text that is written; with many of them a
 * token is cheap already, and little is left to gain. */
#ifndef GB_SESSION_GAIN_H
#define GB_SESSION_GAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

/* How much whoever guessed trusts a guess: each kind has a rate of its own. */
#define GB_TRUSTS 4
/* Tokens at the end of a text that are enough to guess by. */
#define GB_GAIN_SHORT 32

/* What a pass over so many rows takes, in ms, and in which pass of the first
 * model it was seen last (0: never). One row, by which the others are measured,
 * has a time as soon as anything was seen. */
typedef struct gb_gain_times {
    double ms[GB_ROWS + 1];
    uint64_t seen[GB_ROWS + 1], last;
} gb_gain_times;

typedef struct gb_gain {
    double right[GB_TRUSTS], all[GB_TRUSTS]; /* guesses; the old fade */
    gb_gain_times pass, guess; /* of the first model, and whoever guesses */
    double read_ms;    /* of reading a token more for guesses, */
    uint64_t was_read; /* and in which pass */
    uint64_t passes, plain; /* how many; the last one without guesses */
    double tokens, time; /* that were made lately, and those that plain passes
                            would have made meanwhile */
    /* From here on in plain passes of one text. */
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

/* What a pass over 1 <= rows <= GB_ROWS is expected to take, in plain passes of
 * one text. */
double gb_gain_pass(const gb_gain *g, unsigned rows);

/* Where guesses cost something: how many to make at least for each of 1 <=
 * texts <= GB_ROWS before the next pass, as far as there are rows; 0: none at
 * all. Whoever makes them has to read so many tokens before, and so many are
 * wanted at most (0: not known), of all texts. *missing becomes texts *
 * GB_GAIN_SHORT where no more than their ends are to be read. */
unsigned gb_gain_begins(gb_gain *g, unsigned texts, uint32_t *missing,
                        uint64_t left);

/* Guesses for the next pass over so many texts: so many were made, in so many
 * rounds, and n texts may get another one each, the likelihoods of theirs so
 * far all being right with the largest first. */
typedef struct gb_gain_round {
    unsigned texts, round, made, n;
    double sure[GB_ROWS]; /* (n) */
} gb_gain_round;

/* For how many of them that is worth making and checking. */
unsigned gb_gain_goes_on(const gb_gain *g, const gb_gain_round *round);

/* How many guesses that were made for so many texts are worth checking, by how
 * likely each counts, the largest first (n); 0: the next pass is plain. */
unsigned gb_gain_plan(const gb_gain *g, unsigned texts, const double *sure,
                      unsigned n);

/* What was seen. A guess turned out right or wrong, those before it being
 * right. Making one for each of so many texts took so long; or reading so many
 * tokens for it. */
void gb_gain_came(gb_gain *g, unsigned trust, bool right);
void gb_gain_guessed(gb_gain *g, unsigned texts, double ms);
void gb_gain_read(gb_gain *g, uint32_t n, double ms);
/* A pass over so many texts and guesses made so many tokens; ms below 0: it did
 * more than that. */
void gb_gain_passed(gb_gain *g, unsigned texts, unsigned guesses,
                    unsigned tokens, double ms);

#endif
