/* Weights as small integers with a scale: blocks of GB_QUANT_BLOCK inputs. */
#ifndef GB_ENGINE_QUANTIZE_H
#define GB_ENGINE_QUANTIZE_H

#include "engine/packing.h"

/* A block of q8_0 or q4_0 from GB_QUANT_BLOCK weights, as GGUF has it: the
 * scale (half), then bytes of signed integers; or bytes of two halves, of
 * input i and i + 16, with 8 added. What is not a number makes the scale so.
 * False when the scale is too large for float16. */
bool gb_quantize(gb_packing packing, const float *x, unsigned char *block);

/* Outputs whose blocks are made side by side. */
#define GB_TILE 16

/* A block of inputs of GB_TILE outputs: n_in x n_out weights are there, the
 * next input `across` and the next output `along` further on; the rest is
 * zeros. */
typedef struct gb_weights_tile {
    const float *x;
    size_t n_in, across;
    size_t n_out, along;
} gb_weights_tile;

/* Quantizes it into panels `to` (gb_panels_size), as block `in_block` of the
 * outputs from `out` on. False as gb_quantize. */
bool gb_quantize_tile(const gb_panels *p, const gb_weights_tile *tile,
                      size_t in_block, size_t out, unsigned char *to);

/* Whether blocks of a file are blocks of the packing, number for number. */
bool gb_has_blocks(gb_dtype dtype, gb_packing packing);
/* The same from the file's blocks of n outputs, each `along` bytes behind the
 * one before. */
void gb_place_blocks(const gb_panels *p, gb_dtype dtype,
                     const unsigned char *blocks, size_t n, size_t along,
                     size_t in_block, size_t out, unsigned char *to);

#endif
