/* Byte-pair merges, applied to one piece of text. */
#ifndef GB_MODEL_BPE_H
#define GB_MODEL_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/merges.h"

typedef struct gb_bpe gb_bpe;

/* Takes the merges over. */
gb_bpe *gb_bpe_new(gb_merges *merges);
void gb_bpe_close(gb_bpe *b);

/* Merges neighbours among ids (n) until none can be: each time the pair of
 * the lowest rank, and of several the first, as Hugging Face's tokenizers do.
 * (OpenAI's encoder merges all that stand there before it looks again, which
 * is the same unless a pair ranks below those that make its parts.) Returns
 * in *n how many are left at the front of ids. O(n log n) for short pieces,
 * nearly that for long ones, which take about one byte of memory for each id.
 * n is below GB_BPE_MAX. */
#define GB_BPE_MAX ((uint32_t)INT32_MAX)
bool gb_bpe_merge(gb_bpe *b, uint32_t *ids, size_t *n, gb_error *err);

#endif
