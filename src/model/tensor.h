/* Views of tensors in memory, and their element types. */
#ifndef GB_MODEL_TENSOR_H
#define GB_MODEL_TENSOR_H

#include <stddef.h>
#include <stdint.h>

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

const char *gb_dtype_name(gb_dtype dtype); /* "f32", "f16", "bf16" */
size_t gb_dtype_size(gb_dtype dtype);      /* in bytes */

/* Element i as float32 (exact for every dtype). */
float gb_tensor_at(const gb_tensor *t, uint64_t i);
/* Elements [from, from + n) as float32. */
void gb_tensor_read(const gb_tensor *t, uint64_t from, uint64_t n, float *out);

/* Tells the system that the pages of this tensor are not needed again. */
void gb_tensor_forget(const gb_tensor *t);

float gb_half_to_float(uint16_t h);
/* Round to nearest even; too large becomes infinity. */
uint16_t gb_float_to_half(float f);

#endif
