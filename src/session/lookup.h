/* What may follow a text, looked up in all texts that were read before: where
 * its last tokens stood already, what came there is likely to come again.
 *
 * Texts are kept as a tree, those with a common beginning on one branch, so
 * that several may grow by turns; and each run of GB_LOOKUP_GRAM tokens is
 * found by a hash that chains its places, newest first. A token is taken up in
 * constant time. The older half is forgotten when there are too many. */
#ifndef GB_SESSION_LOOKUP_H
#define GB_SESSION_LOOKUP_H

#include "model/tokenizer.h"

#define GB_LOOKUP_GRAM 3
/* Tokens that are kept at most. */
#define GB_LOOKUP_MOST (1u << 20)

typedef struct gb_lookup gb_lookup;

gb_lookup *gb_lookup_new(void);
void gb_lookup_free(gb_lookup *l);

/* A text as far as it was read. Zeroes are one of which nothing was. */
typedef struct gb_lookup_text {
    gb_ids ids;
    uint32_t at;    /* the place of its last token */
    uint32_t next;  /* where the one may stand that comes next; 0: not known */
    unsigned match; /* so many tokens before that are those of the text */
    unsigned age;   /* of the places */
} gb_lookup_text;

void gb_lookup_text_free(gb_lookup_text *t);

/* A text that may come again, from its token `from` on (n). */
void gb_lookup_learn(gb_lookup *l, const gb_token *ids, size_t n, size_t from);

/* The text is this one now (n tokens). */
void gb_lookup_read(gb_lookup *l, gb_lookup_text *t, const gb_token *ids,
                    size_t n);

/* Guesses (most) at what follows a text as it was read last: where another one
 * went on from all of it, as that did. Returns how many there are, and in
 * *match how many tokens before them were the same there, as far as that was
 * looked at. */
unsigned gb_lookup_guess(gb_lookup *l, gb_lookup_text *t, gb_token *guesses,
                         unsigned most, unsigned *match);

#endif
