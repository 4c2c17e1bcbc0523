#include "model/tensor.h"

#include <endian.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static inline uint32_t
float_bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float
bits_float(uint32_t u)
{
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

/* All three cases are computed and one is chosen by masks, so that a loop
 * over this becomes vector code. */
static inline float
half_to_float(uint32_t h)
{
    uint32_t magnitude = h & 0x7fffu;
    uint32_t normal = (magnitude << 13) + (112u << 23);
    /* A subnormal counts 2^-24; as float32 that is exact. */
    uint32_t small = float_bits((float)(int32_t)magnitude * 0x1p-24f);
    uint32_t is_small = 0u - (uint32_t)(magnitude < 0x0400u);
    uint32_t is_special = 0u - (uint32_t)(magnitude >= 0x7c00u);

    normal |= is_special & 0x7f800000u; /* infinity and NaN */
    return bits_float((normal & ~is_small) | (small & is_small) |
                      (h & 0x8000u) << 16);
}

float
gb_half_to_float(uint16_t h)
{
    return half_to_float(h);
}

uint16_t
gb_float_to_half(float f)
{
    uint32_t u = float_bits(f), magnitude = u & 0x7fffffffu;
    uint16_t sign = (uint16_t)(u >> 16 & 0x8000u);
    uint32_t shift, mantissa, half, rest;

    if (magnitude > 0x7f800000u) /* NaN: keep what fits, stay a NaN */
        return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
    if (magnitude >= 0x477ff000u) /* 65520 and more */
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude >= 0x38800000u) { /* 2^-14 and more: normal */
        mantissa = magnitude - (112u << 23);
        shift = 13;
    } else if (magnitude >= 0x33000000u) { /* 2^-25 and more: subnormal */
        mantissa = (magnitude & 0x7fffffu) | 0x800000u;
        shift = 126 - (magnitude >> 23);
    } else {
        return sign;
    }
    half = mantissa >> shift;
    rest = mantissa & ((1u << shift) - 1);
    if (rest > 1u << (shift - 1) || (rest == 1u << (shift - 1) && (half & 1)))
        half++; /* may carry into the exponent, which is right */
    return (uint16_t)(sign | half);
}

const char *
gb_dtype_name(gb_dtype dtype)
{
    switch (dtype) {
    case GB_F32: return "f32";
    case GB_F16: return "f16";
    case GB_BF16: return "bf16";
    }
    return "?";
}

size_t
gb_dtype_size(gb_dtype dtype)
{
    return dtype == GB_F32 ? 4 : 2;
}

/* Elements are converted BLOCK at a time: loops of a fixed length that the
 * compiler turns into vector code at -O2 too. */
#define BLOCK 16

static inline void
read_f32(const unsigned char *p, size_t n, float *out)
{
    uint32_t raw[BLOCK];
    size_t i;

    memcpy(raw, p, n * sizeof *raw);
    for (i = 0; i < n; i++)
        out[i] = bits_float(le32toh(raw[i]));
}

static inline void
read_f16(const unsigned char *p, size_t n, float *out)
{
    uint16_t raw[BLOCK];
    size_t i;

    memcpy(raw, p, n * sizeof *raw);
    for (i = 0; i < n; i++)
        out[i] = half_to_float(le16toh(raw[i]));
}

static inline void
read_bf16(const unsigned char *p, size_t n, float *out)
{
    uint16_t raw[BLOCK];
    size_t i;

    memcpy(raw, p, n * sizeof *raw);
    for (i = 0; i < n; i++)
        out[i] = bits_float((uint32_t)le16toh(raw[i]) << 16);
}

void
gb_tensor_read(const gb_tensor *t, uint64_t from, uint64_t n, float *out)
{
    size_t size = gb_dtype_size(t->dtype);
    const unsigned char *p = t->data + from * size;

    for (; n >= BLOCK; n -= BLOCK, p += BLOCK * size, out += BLOCK) {
        switch (t->dtype) {
        case GB_F32: read_f32(p, BLOCK, out); break;
        case GB_F16: read_f16(p, BLOCK, out); break;
        case GB_BF16: read_bf16(p, BLOCK, out); break;
        }
    }
    switch (t->dtype) {
    case GB_F32: read_f32(p, n, out); break;
    case GB_F16: read_f16(p, n, out); break;
    case GB_BF16: read_bf16(p, n, out); break;
    }
}

float
gb_tensor_at(const gb_tensor *t, uint64_t i)
{
    float value;

    gb_tensor_read(t, i, 1, &value);
    return value;
}

void
gb_tensor_forget(const gb_tensor *t)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = (uintptr_t)t->data, end = begin + (uintptr_t)t->size;

    /* Only whole pages: the first and the last may hold a neighbour too. */
    begin = (begin + page - 1) / page * page;
    end = end / page * page;
    if (begin < end)
        madvise((void *)begin, end - begin, MADV_DONTNEED);
}
