#include "engine/attention.h"

#include "base/mem.h"
#include "engine/pick.h"

/* Floats that the blocks of a row have; see PART in cl/attention_gpu.cl. */
static size_t
parts_of_row(unsigned heads, unsigned head_size, unsigned per_text)
{
    return (size_t)heads * per_text * (head_size + 2);
}

size_t
gb_attention_parts(const gb_shape *s, unsigned heads, unsigned head_size,
                   unsigned per_text)
{
    return s->lanes == 1 ? 0
                         : parts_of_row(heads, head_size, per_text) *
                               GB_ROWS * sizeof(float);
}

static bool
init_store(gb_attention *a, gb_compute *c, const gb_attention_io *io,
           gb_error *err)
{
    return gb_op_init(c, &a->store, "attention_store",
                      GB_ARGS([GB_STORE_QKV] = GB_MEM(io->qkv),
                              [GB_STORE_LDX] = GB_UINT(io->ldx),
                              [GB_STORE_KEYS] = GB_MEM(io->keys),
                              [GB_STORE_VALUES] = GB_MEM(io->values),
                              [GB_STORE_WIDTH] = GB_UINT(io->width),
                              [GB_STORE_ROWS] = GB_MEM(io->rows),
                              [GB_STORE_TABLES] = GB_MEM(io->tables),
                              [GB_STORE_PER_TEXT] = GB_UINT(io->per_text)),
                      err);
}

/* `each` gives y, or the parts of which `join` makes it. */
static bool
init_rows(gb_attention *a, gb_compute *c, const gb_attention_io *io,
          gb_error *err)
{
    const unsigned ld =
        (unsigned)parts_of_row(io->heads, c->head_size, io->per_text);
    gb_arg args[] = {
        [GB_ATTENTION_QKV] = GB_MEM(io->qkv),
        [GB_ATTENTION_LDX] = GB_UINT(io->ldx),
        [GB_ATTENTION_KEYS] = GB_MEM(io->keys),
        [GB_ATTENTION_VALUES] = GB_MEM(io->values),
        [GB_ATTENTION_Y] = GB_MEM(io->y),
        [GB_ATTENTION_LDY] = GB_UINT(io->ldy),
        [GB_ATTENTION_WIDTH] = GB_UINT(io->width),
        [GB_ATTENTION_SCALE] = GB_FLOAT(io->scale),
        [GB_ATTENTION_ROWS] = GB_MEM(io->rows),
        [GB_ATTENTION_TABLES] = GB_MEM(io->tables),
        [GB_ATTENTION_PER_TEXT] = GB_UINT(io->per_text),
        [GB_ATTENTION_RUN] = GB_MEM(io->run),
        [GB_ATTENTION_QUANTS] = GB_MEM(io->made.mem),
        [GB_ATTENTION_READER] = GB_INT(io->made.reader),
    };

    if (!gb_op_init(c, &a->tile, "attention_tile", args, GB_COUNT(args), err))
        return false;
    if (c->shape.lanes == 1)
        return gb_op_init(c, &a->each, "attention", args, GB_COUNT(args), err);
    args[GB_ATTENTION_Y] = (gb_arg)GB_MEM(io->parts);
    args[GB_ATTENTION_LDY] = (gb_arg)GB_UINT(ld);
    return gb_op_init(c, &a->each, "attention", args, GB_ATTENTION_QUANTS,
                      err) &&
           gb_op_init(c, &a->join, "attention_join",
                      GB_ARGS([GB_PARTS_X] = GB_MEM(io->parts),
                              [GB_PARTS_LDX] = GB_UINT(ld),
                              [GB_PARTS_Y] = GB_MEM(io->y),
                              [GB_PARTS_LDY] = GB_UINT(io->ldy),
                              [GB_PARTS_ROWS] = GB_MEM(io->rows),
                              [GB_PARTS_PER_TEXT] = GB_UINT(io->per_text),
                              [GB_PARTS_QUANTS] = GB_MEM(io->made.mem),
                              [GB_PARTS_READER] = GB_INT(io->made.reader)),
                      err);
}

bool
gb_attention_init(gb_attention *a, gb_compute *c, const gb_attention_io *io,
                  gb_error *err)
{
    *a = (gb_attention){.heads = io->heads};
    if (!init_store(a, c, io, err) || !init_rows(a, c, io, err))
        return false;
    a->store.x = a->each.x = a->join.x = a->tile.x = io->heads;
    a->store.per_y = a->each.per_y = a->join.per_y = 1;
    a->tile.per_y = c->shape.queries;
    a->each.local[1] = a->tile.local[1] = c->shape.split;
    return true;
}

void
gb_attention_free(gb_attention *a)
{
    gb_op_free(&a->store);
    gb_op_free(&a->each);
    gb_op_free(&a->join);
    gb_op_free(&a->tile);
}

bool
gb_attention_run_as(gb_compute *c, const gb_attention *a, bool tiles,
                    unsigned n, unsigned blocks, gb_error *err)
{
    if (n > 1 && !gb_op_run(c, &a->store, n, err))
        return false;
    if (tiles)
        return gb_op_run(c, &a->tile, n, err);
    if (a->join.kernel == NULL)
        return gb_op_run(c, &a->each, n, err);
    return gb_op_run(c, &a->each, (size_t)n * blocks, err) &&
           gb_op_run(c, &a->join, n, err);
}

/* In tiles where that leaves each unit of the device enough to do, or where
 * there is no room for the parts of so many rows; the bits are the same. */
bool
gb_attention_run(gb_compute *c, const gb_attention *a, unsigned n,
                 unsigned blocks, gb_error *err)
{
    const unsigned queries = c->shape.queries;
    const size_t groups = a->heads * gb_div_up(n, queries);
    const bool tiles = a->join.kernel != NULL
                           ? n > GB_ROWS
                           : n >= queries &&
                                 groups >= 2 * c->device.compute_units;

    return gb_attention_run_as(c, a, tiles, n, blocks, err);
}
