/* What may follow a text, looked up in all texts that were read before: where
 * its last tokens stood already, what came there is likely to come again.
 *
 * Texts are kept one behind the other in a log, and each run of GB_LOOKUP_GRAM
 * tokens is found by a hash that chains its places, newest first; a token is
 * taken up in constant time. The log forgets its older half when it is full. */
#ifndef GB_SESSION_LOOKUP_H
#define GB_SESSION_LOOKUP_H

#include "model/tokenizer.h"

#define GB_LOOKUP_GRAM 3
/* Tokens of the log at most. */
#define GB_LOOKUP_MOST (1u << 20)

typedef struct gb_lookup gb_lookup;

gb_lookup *gb_lookup_new(void);
void gb_lookup_free(gb_lookup *l);

/* A text that may come again, from its token `from` on (n). */
void gb_lookup_learn(gb_lookup *l, const gb_token *ids, size_t n, size_t from);

/* The text is this one now (n tokens). Where it leaves the one before, that
 * one's own end is what may follow. */
void gb_lookup_read(gb_lookup *l, const gb_token *ids, size_t n);

/* Guesses (most) at what follows the text that was read last; returns how
 * many there are, and in *match how many tokens before them were the same
 * there, as far as that was looked at. */
unsigned gb_lookup_guess(gb_lookup *l, gb_token *guesses, unsigned most,
                         unsigned *match);

#endif
