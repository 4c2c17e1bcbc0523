/* The forward pass: activations, and every kernel bound once. */
#ifndef GB_ENGINE_FORWARD_H
#define GB_ENGINE_FORWARD_H

#include "engine/attention.h"
#include "engine/cache.h"
#include "engine/gemm.h"
#include "engine/pick.h"
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
    gb_quants quants; /* of x */
    gb_quants made;   /* of y */
} gb_linear_io;

/* One linear layer bound to its input and output: for a single token, for
 * several. */
typedef struct gb_linear {
    const gb_matrix *matrix;
    gb_linear_io io;
    gb_op one, many;
    gb_op quantize; /* before either; without a kernel where the matrix is of
                       floats, or who makes x does it */
} gb_linear;

typedef struct gb_layer_plan {
    gb_op whole; /* all of it; without a kernel where there is none */
    gb_op ln_1, ln_2;
    gb_attention attention;
    gb_linear qkv, proj, fc, fc_proj;
} gb_layer_plan;

/* What goes through the layers together: positions of up to GB_ROWS texts. */
typedef struct gb_pass {
    gb_row *rows;      /* (batch) */
    unsigned n;        /* of them; >= 1 */
    uint32_t *tables;  /* (GB_ROWS, per_text) blocks of each text */
    uint32_t lengths[GB_ROWS]; /* so many of them */
    unsigned n_tables;
    bool gemm; /* by CLBlast, if it is there */
} gb_pass;

typedef struct gb_forward {
    gb_compute *c;
    const gb_config *config;
    gb_cache *cache;
    gb_gemm *gemm;   /* NULL: the own kernels do the prefill */
    unsigned batch;  /* GB_BATCH, or the context where that is less, but
                        GB_ROWS at the least */
    unsigned ld;     /* row length of x, norm and attended */
    unsigned ld_qkv, ld_inner; /* of the others */
    size_t row_quants; /* bytes of the longest row as integers; 0: no matrix
                          wants any */
    size_t parts_size;
    cl_mem rows;     /* (batch) gb_row of the pass under way */
    cl_mem run;      /* {, n} of it */
    cl_mem x;        /* (batch, ld): the residual stream */
    cl_mem norm;     /* (batch, ld) */
    cl_mem qkv;      /* (batch, ld_qkv) */
    cl_mem attended; /* (batch, ld) */
    cl_mem inner;    /* (batch, ld_inner) */
    cl_mem quants, inner_quants; /* (batch) row_quants each, of norm or
                                    attended and of inner; or NULL */
    cl_mem parts;    /* parts_size bytes, of attention; or NULL */
    gb_op embedding;
    gb_layer_plan *layers;
    unsigned n_layer;
} gb_forward;

/* What the buffers need on the device, for weights of these packings (as in
 * gb_compute). */
uint64_t gb_forward_size(const gb_compute *c, const gb_config *config,
                         unsigned packings);

bool gb_forward_open(gb_forward *f, gb_compute *c, const gb_config *config,
                     gb_cache *cache, const gb_weights *w, gb_error *err);
void gb_forward_close(gb_forward *f);

/* Enqueues the layers for the positions of a pass; afterwards x holds their
 * residual streams. The rows must stay until the host next waits. With more
 * than GB_ROWS it waits after each layer, and gives up when it is cancelled. */
bool gb_forward_run(gb_forward *f, const gb_pass *pass,
                    const gb_progress *progress, gb_error *err);

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
                  int first_row, cl_mem rows, gb_quants made,
                  gb_error *err);

#endif
