/* Which positions of which texts lie where in the KV cache: a pool of blocks of
 * GB_BLOCK positions, laid out as a tree (as in PagedAttention, Kwon et al.
 * 2023, and RadixAttention, Zheng et al. 2024). Texts with a common beginning
 * share its blocks. A text that parts from another in the middle of a block
 * goes on in a copy. What was used least recently is given back first, and no
 * block before those that follow it.
 *
 * Here is only the book-keeping; who computes the positions does so pass by
 * pass:
 *
 *     gb_blocks_add for each text, until one has to wait
 *     (copy, compute)
 *     gb_blocks_done
 */
#ifndef GB_ENGINE_BLOCKS_H
#define GB_ENGINE_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/tokenizer.h"

#define GB_BLOCK 64

typedef struct gb_blocks gb_blocks;

/* A pool of n > 0 blocks, numbered from 0, none of them used. */
gb_blocks *gb_blocks_new(uint32_t n);
void gb_blocks_free(gb_blocks *b);

/* Positions of the longest beginning of a text of n ids that is known, what
 * the pass under way is to compute included. */
uint32_t gb_blocks_find(const gb_blocks *b, const gb_token *ids, uint32_t n);

/* What a pass has to do for a text. */
typedef struct gb_extent {
    uint32_t from, to; /* positions that are to be computed */
    bool copies;   /* before it, one block into another: */
    uint32_t source, target;
} gb_extent;

/* Makes a text of n >= 1 positions part of the pass, as far as no more than
 * `most` >= 1 positions are to be computed for it: its blocks are in table (to
 * / GB_BLOCK, rounded up) and stay until gb_blocks_done. False: it has to wait
 * for the next pass, since there is no room beside the texts of this one, or
 * since it parts from what this one is still to compute. The first text of a
 * pass does not have to wait, if the pool has n positions. */
bool gb_blocks_add(gb_blocks *b, const gb_token *ids, uint32_t n,
                   uint32_t most, gb_extent *extent, uint32_t *table);

/* Ends a pass: what was added is known, or, where it was not computed,
 * forgotten. */
void gb_blocks_done(gb_blocks *b, bool computed);

/* Between passes: forgets everything but the first n positions of a text, and
 * tells how many of them are known. */
uint32_t gb_blocks_keep(gb_blocks *b, const gb_token *ids, uint32_t n);

/* Blocks that are used. */
uint32_t gb_blocks_used(const gb_blocks *b);

#endif
