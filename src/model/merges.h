/* Merges: which pairs of tokens become one, and in which order. */
#ifndef GB_MODEL_MERGES_H
#define GB_MODEL_MERGES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/vocab.h"

/* The rank of a pair that is none. */
#define GB_NO_RANK UINT32_MAX

typedef struct gb_merge {
    uint32_t left, right; /* ids */
    uint32_t result;      /* id of both together */
} gb_merge;

typedef struct gb_right {
    uint32_t right, rank;
} gb_right;

typedef struct gb_merges {
    gb_merge *by_rank; /* (n); 0 is merged first */
    size_t n;
    gb_right *index; /* (n) by left, then right, then rank */
    uint32_t *first; /* (tokens + 1) where the pairs of a left begin in it */
} gb_merges;

/* Reads merges.txt: after an optional line that begins with "#version", two
 * pieces a line, the first line to be merged first, with any line ends. Both
 * pieces and what they make together must be in vocab (not needed any more
 * later); a pair that is there twice counts where it comes last, as in
 * Hugging Face's tokenizers. Takes memory in proportion to the file, however
 * large that is. Call gb_merges_free in any case. */
bool gb_merges_read(gb_merges *m, const char *path, const gb_vocab *vocab,
                    gb_error *err);
/* The same from a list as tokenizer.json has it, of "a b" or of ["a", "b"];
 * `where` names it in messages. */
bool gb_merges_take(gb_merges *m, const json_t *list, const char *where,
                    const gb_vocab *vocab, gb_error *err);
void gb_merges_free(gb_merges *m);

/* The rank of a pair of ids, or GB_NO_RANK. */
static inline uint32_t
gb_merges_rank(const gb_merges *m, uint32_t left, uint32_t right)
{
    const size_t first = m->first[left];
    size_t low = first, high = m->first[left + 1], middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (m->index[middle].right <= right)
            low = middle + 1;
        else
            high = middle;
    }
    return low > first && m->index[low - 1].right == right
               ? m->index[low - 1].rank
               : GB_NO_RANK;
}

#endif
