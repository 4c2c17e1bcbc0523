/* Tensors in files, and their element types. */
#ifndef GB_MODEL_TENSOR_H
#define GB_MODEL_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

typedef enum gb_dtype {
    GB_F32,
    GB_F16,
    GB_BF16,
    GB_F64, /* in files only */
} gb_dtype;

#define GB_MAX_RANK 4

/* A part of a file, or of memory where data is not NULL; the elements are
 * little-endian and may be unaligned. */
typedef struct gb_tensor {
    const char *name; /* as in the file */
    const char *path; /* the file, for messages */
    gb_dtype dtype;
    uint32_t rank;
    uint64_t shape[GB_MAX_RANK];
    uint64_t count; /* of elements */
    const gb_source *source;
    uint64_t at; /* where it begins in source */
    const unsigned char *data;
    uint64_t size; /* in bytes */
} gb_tensor;

const char *gb_dtype_name(gb_dtype dtype); /* "f32", "f16", "bf16", ... */
size_t gb_dtype_size(gb_dtype dtype);      /* in bytes */

/* Elements [from, from + n) as they are, or as float32 (which is exact for
 * every dtype but F64, which is rounded). An error when the file cannot be
 * read. */
bool gb_tensor_copy(const gb_tensor *t, uint64_t from, uint64_t n, void *out,
                    gb_error *err);
bool gb_tensor_read(const gb_tensor *t, uint64_t from, uint64_t n, float *out,
                    gb_error *err);

/* Whether both hold the same bytes of the same dtype. */
bool gb_tensor_compare(const gb_tensor *a, const gb_tensor *b, bool *same,
                       gb_error *err);

float gb_half_to_float(uint16_t h);
/* Round to nearest even; too large becomes infinity. */
uint16_t gb_float_to_half(float f);

#endif
