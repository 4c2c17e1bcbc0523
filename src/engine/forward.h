/* The forward pass: activations, KV cache, and every kernel bound once. */
#ifndef GB_ENGINE_FORWARD_H
#define GB_ENGINE_FORWARD_H

#include "engine/gemm.h"
#include "engine/weights.h"

/* Tokens that go through the layers together in prefill. */
#define GB_BATCH 256

typedef enum gb_epilogue { /* as in cl/linear.cl */
    GB_EPILOGUE_BIAS,
    GB_EPILOGUE_GELU,
    GB_EPILOGUE_ADD,
    GB_EPILOGUE_GELU_ERF,
    GB_EPILOGUE_RELU,
    GB_EPILOGUE_SILU,
    GB_EPILOGUE_QUICK_GELU,
} gb_epilogue;

/* What a linear layer reads and writes. */
typedef struct gb_linear_io {
    cl_mem x; /* (n, ldx) */
    unsigned ldx;
    cl_mem y; /* (n, ldy) */
    unsigned ldy;
    gb_epilogue epilogue;
    cl_mem run;    /* n is in run[1] */
    cl_mem quants; /* (n) gb_quants_size, for what lies between; NULL where the
                      matrix is of floats */
} gb_linear_io;

/* One linear layer bound to its input and output: for a single token, for
 * several. */
typedef struct gb_linear {
    const gb_matrix *matrix;
    gb_linear_io io;
    gb_op one, many;
    gb_op quantize; /* before either; without a kernel where there is none */
} gb_linear;

typedef struct gb_layer_plan {
    cl_mem keys, values;
    gb_op ln_1, store, attention, ln_2;
    gb_linear qkv, proj, fc, fc_proj;
} gb_layer_plan;

typedef struct gb_forward {
    gb_compute *c;
    const gb_config *config;
    gb_gemm *gemm;   /* NULL: the own kernels do the prefill */
    unsigned batch;  /* GB_BATCH, or the context where that is less */
    unsigned ld;     /* row length of x, norm and attended */
    cl_mem ids;      /* (batch) */
    cl_mem run;      /* {position, n, look} of the pass under way */
    cl_mem x;        /* (batch, ld): the residual stream */
    cl_mem kept;     /* (ld): a row of x */
    unsigned rows;   /* of x that the last pass has filled */
    cl_mem norm;     /* (batch, ld) */
    cl_mem qkv;      /* (batch, 3 width padded) */
    cl_mem attended; /* (batch, ld) */
    cl_mem inner;    /* (batch, n_inner padded) */
    cl_mem quants;   /* (batch) of the longest row as integers; or NULL */
    gb_op embedding;
    gb_layer_plan *layers;
    unsigned n_layer;
    uint64_t cache_bytes, scratch_bytes;
} gb_forward;

/* What the buffers will need on the device. */
void gb_forward_size(const gb_compute *c, const gb_config *config,
                     unsigned packings, uint64_t *cache_bytes,
                     uint64_t *scratch_bytes);

bool gb_forward_open(gb_forward *f, gb_compute *c, const gb_config *config,
                     const gb_weights *w, gb_error *err);
void gb_forward_close(gb_forward *f);

/* Enqueues the layers for n <= batch tokens at `position`; afterwards x holds
 * their residual streams. With n > 1 it waits after each layer, and gives
 * up when it is cancelled. */
bool gb_forward_run(gb_forward *f, const gb_token *ids, unsigned n,
                    unsigned position, const gb_progress *progress,
                    gb_error *err);

/* The same for one token that is in the caches already, which stay as they
 * are; row 0 of x holds its residual stream. */
bool gb_forward_look(gb_forward *f, gb_token id, unsigned position,
                     gb_error *err);
/* Keeps the last row of x; makes it the last one again. */
bool gb_forward_keep(gb_forward *f, gb_error *err);
bool gb_forward_restore(gb_forward *f, gb_error *err);

/* Bytes of n_in activations as integers with their scales; 0 for a packing of
 * floats, which needs none. */
size_t gb_quants_size(const gb_shape *shape, gb_packing packing,
                      unsigned n_in);

bool gb_linear_init(gb_linear *l, gb_compute *c, const gb_matrix *m,
                    const gb_linear_io *io, gb_error *err);
/* For n tokens; several by CLBlast where gemm is not NULL. */
bool gb_linear_run(gb_compute *c, gb_gemm *gemm, const gb_linear *l,
                   unsigned n, gb_error *err);
void gb_linear_free(gb_linear *l);
bool gb_norm_init(gb_op *op, gb_compute *c, const gb_norm *norm, cl_mem x,
                  cl_mem y, unsigned width, unsigned ld, float eps,
                  int first_row, cl_mem run, gb_error *err);

#endif
