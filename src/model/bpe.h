/* Byte-pair merges, applied to one piece of text. */
#ifndef GB_MODEL_BPE_H
#define GB_MODEL_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/vocab.h"

typedef struct gb_bpe gb_bpe;

/* With the merges of the file at path; see model/merges.h. */
gb_bpe *gb_bpe_open(const char *path, const gb_vocab *vocab, gb_error *err);
void gb_bpe_close(gb_bpe *b);

/* Merges neighbours among ids (n) until none can be: each time the pair of
 * the lowest rank, everywhere it occurs, from left to right, as in OpenAI's
 * encoder. Returns in *n how many are left at the front of ids. O(n log n)
 * for short pieces, nearly that for long ones, which take no more than two
 * bytes of memory for each id. n is below GB_BPE_MAX. */
#define GB_BPE_MAX ((uint32_t)INT32_MAX)
bool gb_bpe_merge(gb_bpe *b, uint32_t *ids, size_t *n, gb_error *err);

#endif
