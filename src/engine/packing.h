/* How the weights of a matrix lie in device memory, which need not be how
 * they lie in a file: each matrix has a packing of its own. */
#ifndef GB_ENGINE_PACKING_H
#define GB_ENGINE_PACKING_H

#include "model/tensor.h"

#define GB_QUANT_BLOCK 32

typedef enum gb_packing {
    GB_PACK_F32,
    GB_PACK_F16,
    GB_PACK_BF16,
    GB_PACK_Q8_0,
    GB_PACK_Q4_0,
    GB_PACKINGS, /* how many there are */
} gb_packing;

typedef struct gb_packing_row {
    const char *name; /* as --dtype has it; kernels for it end in _name */
    uint32_t block;   /* inputs that lie together; n_in is rounded up to it */
    uint32_t bytes;   /* of a block of one output */
} gb_packing_row;

extern const gb_packing_row gb_packings[GB_PACKINGS];

/* What a user may ask for. */
typedef enum gb_dtype_choice {
    GB_DTYPE_AUTO, /* each matrix as its file has it; f16 instead of f32 where
                      there is no room for that on the device */
    GB_DTYPE_F32,
    GB_DTYPE_F16,
    GB_DTYPE_BF16,
    GB_DTYPE_Q8_0,
    GB_DTYPE_Q4_0, /* what GB_MATRIX_FINE says as q8_0 */
} gb_dtype_choice;

/* "auto", "f32", ...; NULL behind the last choice. */
const char *gb_dtype_choice_name(gb_dtype_choice choice);
/* False for what is no name of one. */
bool gb_dtype_choice_parse(const char *name, gb_dtype_choice *choice);

/* What a matrix is for: 4 bits cost much where they decide which token, or
 * which position, is looked at (embedding, LM head, queries and keys). */
typedef enum gb_matrix_role {
    GB_MATRIX_COARSE,
    GB_MATRIX_FINE,
} gb_matrix_role;

/* The packing for a matrix of a file; for GB_DTYPE_AUTO the one that loses
 * nothing, but for F64, which is rounded to F32. */
gb_packing gb_packing_for(gb_dtype_choice choice, gb_dtype file,
                          gb_matrix_role role);
/* What GB_MATRIX_FINE is packed as where the other matrices are asked for as
 * this. */
gb_packing gb_packing_fine(gb_packing coarse);
/* Whether activations are quantized for it. */
bool gb_packing_is_quantized(gb_packing packing);

/* A matrix cut into panels (see cl/packing.cl). */
typedef struct gb_panels {
    gb_packing packing;
    uint32_t n_in, n_out;
    uint32_t width; /* outputs in a panel; quantized: a multiple of 16 */
    uint32_t unit;  /* quantized: bytes of an output that lie together */
} gb_panels;

uint32_t gb_panels_count(const gb_panels *p);
/* Blocks of inputs in one, and bytes of such a block of all its outputs. */
uint32_t gb_panels_blocks(const gb_panels *p);
size_t gb_panels_row(const gb_panels *p);
/* Outputs of all of them, with those that pad the last. */
uint32_t gb_panels_outputs(const gb_panels *p);
uint64_t gb_panels_size(const gb_panels *p); /* in bytes */

#endif
