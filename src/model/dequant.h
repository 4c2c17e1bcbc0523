/* Types of GGUF that keep several weights together: blocks of 32 or 256 with
 * one or two scales (ggml's ggml-quants.h describes them). */
#ifndef GB_MODEL_DEQUANT_H
#define GB_MODEL_DEQUANT_H

#include <stdbool.h>
#include <stddef.h>

#include "model/tensor.h"

/* n blocks of a type that has blocks (gb_dtype_block) to float32. */
void gb_dequantize(gb_dtype dtype, const unsigned char *blocks, size_t n,
                   float *out);

/* Whether a block of this type is, number for number, one of q8_0; and that
 * block (34 bytes). */
bool gb_dequant_is_q8_0(gb_dtype dtype);
void gb_dequant_to_q8_0(gb_dtype dtype, const unsigned char *block,
                        unsigned char *out);

#endif
