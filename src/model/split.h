/* Cuts text into the pieces that byte pairs are merged within, by GPT-2's
 * regular expression. */
#ifndef GB_MODEL_SPLIT_H
#define GB_MODEL_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Whether a character is white space: Unicode's White_Space. */
bool gb_is_space(uint32_t rune);

typedef struct gb_split gb_split;

gb_split *gb_split_open(gb_error *err);
void gb_split_close(gb_split *s);

/* Begins with a text of n bytes, which may be anything and must stay until
 * the next begin or the close. A byte that belongs to no UTF-8 character
 * counts as a character that is neither letter, number nor space. */
bool gb_split_begin(gb_split *s, const char *text, size_t n, gb_error *err);

/* Where the piece ends that starts at byte `at`, the end of the piece before
 * it or 0, below n. */
bool gb_split_end(gb_split *s, size_t at, size_t *end, gb_error *err);

#endif
