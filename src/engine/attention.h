/* The attention of a layer, bound to what it reads and writes. */
#ifndef GB_ENGINE_ATTENTION_H
#define GB_ENGINE_ATTENTION_H

#include "engine/compute.h"

/* A position in a pass; row_t of cl/prelude.cl. */
typedef struct gb_row {
    cl_int token, position;
    cl_int table; /* of the pass: where its text lies */
    cl_int store; /* 0: its key and value are there and stay as they are */
    cl_int slot;  /* of the heads' rows; -1: nothing is asked of it */
} gb_row;

/* Activations as integers. A kernel that makes floats makes these as well, for
 * the matrix that reads them, where its groups make whole blocks. */
typedef struct gb_quants {
    cl_mem mem;        /* (n) gb_quants_size; NULL where no matrix wants any */
    gb_packing reader; /* of the matrix; of floats: it does not make them */
} gb_quants;

typedef struct gb_attention_io {
    cl_mem qkv; /* (n, ldx): queries, keys and values of width each */
    unsigned ldx;
    cl_mem y; /* (n, ldy) */
    unsigned ldy;
    unsigned width, heads;
    float scale;
    cl_mem keys, values, tables; /* of gb_cache */
    unsigned per_text;
    cl_mem rows;  /* (n) gb_row */
    cl_mem run;   /* n is in run[1] */
    cl_mem parts; /* gb_attention_parts bytes; NULL for none */
    gb_quants made; /* of y */
} gb_attention_io;

typedef struct gb_attention {
    unsigned heads;
    gb_op store; /* of keys and values, before several rows */
    gb_op each;  /* a group for each row, or for a block of one */
    gb_op join;  /* of the blocks; without a kernel where they are none's */
    gb_op tile;  /* a group for some rows */
} gb_attention;

/* Bytes for what lies between blocks and their join; 0 where that is nothing,
 * as on CPUs. */
size_t gb_attention_parts(const gb_shape *shape, unsigned heads,
                          unsigned head_size, unsigned per_text);

bool gb_attention_init(gb_attention *a, gb_compute *c,
                       const gb_attention_io *io, gb_error *err);
void gb_attention_free(gb_attention *a);

/* For n rows of texts of at most `blocks` blocks of the cache. */
bool gb_attention_run(gb_compute *c, const gb_attention *a, unsigned n,
                      unsigned blocks, gb_error *err);
/* The same, with the rows in tiles or not; without them n <= GB_ROWS. */
bool gb_attention_run_as(gb_compute *c, const gb_attention *a, bool tiles,
                         unsigned n, unsigned blocks, gb_error *err);

#endif
