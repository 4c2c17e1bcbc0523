/* The safetensors format: an 8-byte little-endian header length, a JSON
 * header, then the data (https://github.com/huggingface/safetensors). */
#ifndef GB_MODEL_SAFETENSORS_H
#define GB_MODEL_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum gb_dtype {
    GB_F32,
    GB_F16,
    GB_BF16,
} gb_dtype;

#define GB_MAX_RANK 4

/* A view into a mapped file; data is little-endian and may be unaligned. */
typedef struct gb_tensor {
    const char *name; /* as in the file */
    const char *path; /* the file, for messages */
    gb_dtype dtype;
    uint32_t rank;
    uint64_t shape[GB_MAX_RANK];
    uint64_t count; /* of elements */
    const unsigned char *data;
    uint64_t size; /* in bytes */
} gb_tensor;

/* One or several mapped files. */
typedef struct gb_tensors gb_tensors;

/* Opens folder/model.safetensors, or the shards that
 * folder/model.safetensors.index.json names. Every offset, shape and size is
 * checked against the file before anything can be looked up. A tensor of a
 * dtype that is not supported is no error until it is asked for. */
gb_tensors *gb_tensors_open(const char *folder, gb_error *err);
void gb_tensors_close(gb_tensors *t);

/* Looks a tensor up by name, with and without "transformer." in front.
 * Returns false and an error when it is missing or of an unsupported dtype;
 * gb_tensors_has only tells whether it is there. The view lives as long as
 * t. */
bool gb_tensors_get(const gb_tensors *t, const char *name, gb_tensor *out,
                    gb_error *err);
bool gb_tensors_has(const gb_tensors *t, const char *name);

/* Bytes in all files together. */
uint64_t gb_tensors_size(const gb_tensors *t);

/* Tells the system that the pages of this tensor are not needed again. */
void gb_tensor_forget(const gb_tensor *t);

const char *gb_dtype_name(gb_dtype dtype); /* "f32", "f16", "bf16" */
size_t gb_dtype_size(gb_dtype dtype);      /* in bytes */

/* Element i as float32 (exact for every dtype). */
float gb_tensor_at(const gb_tensor *t, uint64_t i);
/* Elements [from, from + n) as float32. */
void gb_tensor_read(const gb_tensor *t, uint64_t from, uint64_t n, float *out);

float gb_half_to_float(uint16_t h);
/* Round to nearest even; too large becomes infinity. */
uint16_t gb_float_to_half(float f);

#endif
