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
    /* In files only. */
    GB_F64,
    GB_Q8_0, /* from here on blocks of GGUF (model/dequant.h) */
    GB_Q4_0,
    GB_Q4_1,
    GB_Q5_0,
    GB_Q5_1,
    GB_Q2_K,
    GB_Q3_K,
    GB_Q4_K,
    GB_Q5_K,
    GB_Q6_K,
    GB_DTYPES, /* how many there are */
} gb_dtype;

#define GB_MAX_RANK 4

/* Numbers in center + [-scale, scale), the same for the same seed. */
typedef struct gb_noise {
    uint64_t seed;
    float center, scale;
} gb_noise;

/* A part of a file, or of memory where data is not NULL, or noise (f32) where
 * there is neither; the elements are little-endian and may be unaligned. They
 * come row by row; those of a matrix that is turned come column by column, as
 * where a file has (out, in) for what its shape here calls (in, out). */
typedef struct gb_tensor {
    const char *name; /* as in the file */
    const char *path; /* the file, for messages */
    gb_dtype dtype;
    bool turned;
    uint32_t rank;
    uint64_t shape[GB_MAX_RANK];
    uint64_t count; /* of elements */
    const gb_source *source;
    uint64_t at; /* where it begins in source */
    const unsigned char *data;
    gb_noise noise;
    uint64_t size; /* in bytes */
} gb_tensor;

const char *gb_dtype_name(gb_dtype dtype); /* "f32", "f16", "q4_k", ... */
/* The dtype that safetensors or ggml call so: "F32", "Q4_K", ... */
bool gb_dtype_find(const char *name, gb_dtype *dtype);
/* Elements that lie together, 1 but for blocks; bytes of so many. */
size_t gb_dtype_block(gb_dtype dtype);
size_t gb_dtype_size(gb_dtype dtype);

/* Elements [from, from + n), in the order of the file, as they are, or as
 * float32 (which is exact for every dtype but F64, which is rounded). They
 * are whole blocks. An error when the file cannot be read. */
bool gb_tensor_copy(const gb_tensor *t, uint64_t from, uint64_t n, void *out,
                    gb_error *err);
bool gb_tensor_read(const gb_tensor *t, uint64_t from, uint64_t n, float *out,
                    gb_error *err);

/* Whether both hold the same bytes of the same dtype, in the same order. */
bool gb_tensor_compare(const gb_tensor *a, const gb_tensor *b, bool *same,
                       gb_error *err);

float gb_half_to_float(uint16_t h);
/* Round to nearest even; too large becomes infinity. */
uint16_t gb_float_to_half(float f);

#endif
