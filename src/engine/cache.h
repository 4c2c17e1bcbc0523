/* Keys and values on the device, in blocks of GB_BLOCK positions of all layers
 * and heads; as in cl/attention.cl. Which text has which is told by tables. */
#ifndef GB_ENGINE_CACHE_H
#define GB_ENGINE_CACHE_H

#include "engine/compute.h"
#include "model/config.h"

typedef struct gb_cache {
    gb_compute *c;
    unsigned n_layer, n_blocks;
    unsigned per_text;     /* blocks of a whole context */
    cl_mem *keys, *values; /* (n_layer) */
    cl_mem tables;         /* (GB_ROWS, per_text) cl_uint */
    uint32_t *sent;        /* what is in it */
    size_t key_block, value_block; /* bytes of a layer's block */
    uint64_t bytes;
} gb_cache;

/* Bytes of a block with keys and values of c->cache, and how many of them a
 * context has. */
uint64_t gb_cache_block_size(const gb_compute *c, const gb_config *config);
unsigned gb_cache_per_text(const gb_config *config);
/* The most blocks that the device's largest buffer holds of a layer. */
uint64_t gb_cache_limit(const gb_compute *c, const gb_config *config);

bool gb_cache_open(gb_cache *k, gb_compute *c, const gb_config *config,
                   unsigned n_blocks, gb_error *err);
void gb_cache_close(gb_cache *k);

/* One block becomes like another, behind what was enqueued before. */
bool gb_cache_copy(gb_cache *k, uint32_t source, uint32_t target,
                   gb_error *err);

/* Where the n <= GB_ROWS texts of the next pass lie: tables (n, per_text), the
 * first lengths[i] entries of each. Costs nothing where the device knows. */
bool gb_cache_set_tables(gb_cache *k, const uint32_t *tables,
                         const uint32_t *lengths, unsigned n, gb_error *err);
/* After a failure: the device may know anything. */
void gb_cache_doubt_tables(gb_cache *k);

#endif
