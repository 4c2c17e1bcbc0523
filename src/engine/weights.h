/* A model's weights in device memory. */
#ifndef GB_ENGINE_WEIGHTS_H
#define GB_ENGINE_WEIGHTS_H

#include "base/progress.h"
#include "engine/compute.h"
#include "model/model.h"

/* A matrix packed into panels (see cl/packing.cl) and its bias. */
typedef struct gb_matrix {
    cl_mem weight;    /* gb_panels_size bytes */
    cl_mem bias;      /* (gb_panels_outputs) f32; zeros where there is none */
    gb_panels panels;
    bool wide;        /* which of the two panel widths */
} gb_matrix;

typedef struct gb_norm {
    cl_mem gain, bias; /* (width padded) f32 */
} gb_norm;

typedef struct gb_layer {
    gb_norm ln_1, ln_2;
    gb_matrix attn, proj, fc, fc_proj;
} gb_layer;

typedef struct gb_weights {
    cl_mem wpe;   /* (ctx, width) f32 */
    gb_norm ln_f;
    gb_matrix head; /* the LM head; also the embedding when tied, else */
    gb_matrix wte;
    gb_layer *layers;
    unsigned n_layer;
} gb_weights;

/* Rows of activations are this long: the width rounded up to whole panels, so
 * that vectors never cross the end of a row. */
unsigned gb_padded_width(const gb_shape *shape, unsigned width);

/* How a model's weights will lie on the device. */
typedef struct gb_weights_plan {
    gb_dtype_choice choice;
    unsigned packings; /* 1 << gb_packing of each that there is */
    uint64_t bytes;    /* of all */
    uint64_t largest;  /* of one matrix */
    uint64_t read;     /* bytes of the matrices in the file */
    bool has_f64;      /* the file, which no packing has */
    bool has_blocks;   /* the same of blocks that only q8_0 is close to */
} gb_weights_plan;

gb_weights_plan gb_weights_plan_for(const gb_compute *c, const gb_model *m,
                                    gb_dtype_choice choice);
/* The name of the choice that leads to this plan: "f32", ...; NULL where the
 * matrices have several packings because the file has. */
const char *gb_weights_dtype(const gb_weights_plan *plan);

/* Converts, packs and copies all weights. c has the packings of the plan. */
bool gb_weights_load(gb_weights *w, gb_compute *c, const gb_model *m,
                     const gb_weights_plan *plan, const gb_progress *progress,
                     gb_error *err);
void gb_weights_free(gb_weights *w);

/* Packs `source` (n_in, n_out), or (n_out, n_in) when `transposed`, with an
 * optional bias (n_out). */
bool gb_matrix_load(gb_matrix *out, gb_compute *c, gb_packing packing,
                    const gb_tensor *source, bool transposed,
                    const gb_tensor *bias, gb_error *err);
void gb_matrix_free(gb_matrix *m);

#endif
