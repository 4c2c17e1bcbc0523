#include "engine/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/pick.h"
#include "engine/queue.h"

static size_t
key_block_size(const gb_compute *c, const gb_config *g)
{
    return (size_t)g->n_head * g->head_size * GB_BLOCK *
           gb_packings[c->cache].bytes;
}

static size_t
value_block_size(const gb_compute *c, const gb_config *g)
{
    return (size_t)g->n_head * gb_round_up(g->head_size, 16) * GB_BLOCK *
           gb_packings[c->cache].bytes;
}

uint64_t
gb_cache_block_size(const gb_compute *c, const gb_config *g)
{
    return (uint64_t)g->n_layer *
           (key_block_size(c, g) + value_block_size(c, g));
}

unsigned
gb_cache_per_text(const gb_config *g)
{
    return (unsigned)gb_div_up(g->n_ctx, GB_BLOCK);
}

uint64_t
gb_cache_limit(const gb_compute *c, const gb_config *g)
{
    return c->device.max_alloc / value_block_size(c, g);
}

static size_t
tables_size(const gb_cache *k)
{
    return (size_t)GB_ROWS * k->per_text * sizeof *k->sent;
}

bool
gb_cache_open(gb_cache *k, gb_compute *c, const gb_config *g,
              unsigned n_blocks, gb_error *err)
{
    unsigned i;

    *k = (gb_cache){.c = c,
                    .n_layer = g->n_layer,
                    .n_blocks = n_blocks,
                    .per_text = gb_cache_per_text(g),
                    .key_block = key_block_size(c, g),
                    .value_block = value_block_size(c, g)};
    k->keys = gb_alloc_array(g->n_layer, sizeof *k->keys);
    k->values = gb_alloc_array(g->n_layer, sizeof *k->values);
    k->sent = gb_alloc_array((size_t)GB_ROWS * k->per_text, sizeof *k->sent);
    k->bytes = n_blocks * gb_cache_block_size(c, g);
    k->tables = gb_buffer(c, tables_size(k), "tables of blocks", err);
    if (k->tables == NULL ||
        !gb_write_buffer(c, k->tables, k->sent, tables_size(k), err))
        goto fail;
    for (i = 0; i < g->n_layer; i++) {
        k->keys[i] = gb_buffer(c, n_blocks * k->key_block, "the key cache",
                               err);
        if (k->keys[i] == NULL)
            goto fail;
        k->values[i] = gb_buffer(c, n_blocks * k->value_block,
                                 "the value cache", err);
        if (k->values[i] == NULL)
            goto fail;
    }
    return true;
fail:
    gb_cache_close(k);
    return false;
}

void
gb_cache_close(gb_cache *k)
{
    unsigned i;

    for (i = 0; i < k->n_layer; i++) {
        gb_buffer_free(k->keys[i]);
        gb_buffer_free(k->values[i]);
    }
    gb_buffer_free(k->tables);
    free(k->keys);
    free(k->values);
    free(k->sent);
    *k = (gb_cache){.keys = NULL};
}

bool
gb_cache_copy(gb_cache *k, uint32_t source, uint32_t target, gb_error *err)
{
    unsigned i;

    for (i = 0; i < k->n_layer; i++)
        if (!gb_copy_buffer(k->c, k->keys[i], source * k->key_block,
                            k->keys[i], target * k->key_block, k->key_block,
                            err) ||
            !gb_copy_buffer(k->c, k->values[i], source * k->value_block,
                            k->values[i], target * k->value_block,
                            k->value_block, err))
            return false;
    return true;
}

bool
gb_cache_set_tables(gb_cache *k, const uint32_t *tables,
                    const uint32_t *lengths, unsigned n, gb_error *err)
{
    bool same = true;
    unsigned i;
    size_t at;

    for (i = 0; i < n; i++) {
        at = (size_t)i * k->per_text;
        if (memcmp(k->sent + at, tables + at,
                   lengths[i] * sizeof *tables) == 0)
            continue;
        if (same && !gb_queue_rest(k->c, err)) /* it may be on its way yet */
            return false;
        memcpy(k->sent + at, tables + at, lengths[i] * sizeof *tables);
        same = false;
    }
    if (same || gb_send_buffer(k->c, k->tables, k->sent, tables_size(k), err))
        return true;
    gb_cache_doubt_tables(k);
    return false;
}

void
gb_cache_doubt_tables(gb_cache *k)
{
    memset(k->sent, 0xff, tables_size(k));
}
