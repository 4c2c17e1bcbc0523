#include "model/tensor.h"

#include <endian.h>
#include <string.h>

#include "base/mem.h"
#include "model/dequant.h"

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

static const struct {
    const char *name, *file;
    uint16_t block, size; /* elements, bytes */
} dtypes[GB_DTYPES] = {
    [GB_F32] = {"f32", "F32", 1, 4},
    [GB_F16] = {"f16", "F16", 1, 2},
    [GB_BF16] = {"bf16", "BF16", 1, 2},
    [GB_F64] = {"f64", "F64", 1, 8},
    [GB_Q8_0] = {"q8_0", "Q8_0", 32, 34},
    [GB_Q4_0] = {"q4_0", "Q4_0", 32, 18},
    [GB_Q4_1] = {"q4_1", "Q4_1", 32, 20},
    [GB_Q5_0] = {"q5_0", "Q5_0", 32, 22},
    [GB_Q5_1] = {"q5_1", "Q5_1", 32, 24},
    [GB_Q2_K] = {"q2_k", "Q2_K", 256, 84},
    [GB_Q3_K] = {"q3_k", "Q3_K", 256, 110},
    [GB_Q4_K] = {"q4_k", "Q4_K", 256, 144},
    [GB_Q5_K] = {"q5_k", "Q5_K", 256, 176},
    [GB_Q6_K] = {"q6_k", "Q6_K", 256, 210},
};

const char *
gb_dtype_name(gb_dtype dtype)
{
    return dtypes[dtype].name;
}

bool
gb_dtype_find(const char *name, gb_dtype *dtype)
{
    size_t i;

    for (i = 0; i < GB_DTYPES; i++)
        if (strcmp(dtypes[i].file, name) == 0) {
            *dtype = (gb_dtype)i;
            return true;
        }
    return false;
}

size_t
gb_dtype_block(gb_dtype dtype)
{
    return dtypes[dtype].block;
}

size_t
gb_dtype_size(gb_dtype dtype)
{
    return dtypes[dtype].size;
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Every step is exact but the product and the sum, which round once each. */
static void
make_noise(const gb_noise *noise, uint64_t from, uint64_t n,
           unsigned char *out)
{
    const uint64_t key = mix(noise->seed);
    uint32_t bits;
    uint64_t h, i;
    float x;

    for (i = 0; i < n; i++) {
        h = mix(key + (from + i) * 0x9e3779b97f4a7c15u);
        x = noise->scale *
            ((float)((int32_t)(h >> 40) - 0x800000) * 0x1p-23f);
        x = noise->center + x;
        bits = htole32(float_bits(x));
        memcpy(out + 4 * i, &bits, sizeof bits);
    }
}

static bool
copy_bytes(const gb_tensor *t, uint64_t from, uint64_t n, void *out,
           gb_error *err)
{
    if (t->data == NULL && t->source == NULL) {
        make_noise(&t->noise, from / sizeof(float), n / sizeof(float), out);
        return true;
    }
    if (t->data == NULL)
        return gb_source_read(t->source, t->path, t->at + from, out, n, err);
    memcpy(out, t->data + from, n);
    return true;
}

bool
gb_tensor_copy(const gb_tensor *t, uint64_t from, uint64_t n, void *out,
               gb_error *err)
{
    const uint64_t block = gb_dtype_block(t->dtype);
    const uint64_t size = gb_dtype_size(t->dtype);

    return copy_bytes(t, from / block * size, n / block * size, out, err);
}

/* Elements are converted BLOCK at a time: loops of a fixed length that the
 * compiler turns into vector code at -O2 too. PIECE of them are read at
 * once. */
#define BLOCK 16
#define PIECE 8192

static inline void
widen_f16(const uint16_t *raw, size_t n, float *out)
{
    size_t i;

    for (i = 0; i < n; i++)
        out[i] = half_to_float(le16toh(raw[i]));
}

static inline void
widen_bf16(const uint16_t *raw, size_t n, float *out)
{
    size_t i;

    for (i = 0; i < n; i++)
        out[i] = bits_float((uint32_t)le16toh(raw[i]) << 16);
}

static void
widen(gb_dtype dtype, const uint16_t *raw, size_t n, float *out)
{
    for (; n >= BLOCK; n -= BLOCK, raw += BLOCK, out += BLOCK)
        if (dtype == GB_F16)
            widen_f16(raw, BLOCK, out);
        else
            widen_bf16(raw, BLOCK, out);
    if (dtype == GB_F16)
        widen_f16(raw, n, out);
    else
        widen_bf16(raw, n, out);
}

static bool
read_f32(const gb_tensor *t, uint64_t from, uint64_t n, float *out,
         gb_error *err)
{
    uint64_t i;

    if (!gb_tensor_copy(t, from, n, out, err))
        return false;
    for (i = 0; i < n; i++)
        out[i] = bits_float(le32toh(float_bits(out[i])));
    return true;
}

static bool
read_f64(const gb_tensor *t, uint64_t from, uint64_t n, float *out,
         gb_error *err)
{
    uint64_t raw[PIECE / 4], bits;
    double value;
    size_t some, i;

    for (; n > 0; n -= some, from += some, out += some) {
        some = n < GB_COUNT(raw) ? (size_t)n : GB_COUNT(raw);
        if (!gb_tensor_copy(t, from, some, raw, err))
            return false;
        for (i = 0; i < some; i++) {
            bits = le64toh(raw[i]);
            memcpy(&value, &bits, sizeof value);
            out[i] = (float)value;
        }
    }
    return true;
}

static bool
read_blocks(const gb_tensor *t, uint64_t from, uint64_t n, float *out,
            gb_error *err)
{
    const size_t block = gb_dtype_block(t->dtype);
    unsigned char raw[2 * PIECE]; /* at most 34 bytes for 32 elements */
    size_t some;

    for (; n > 0; n -= some, from += some, out += some) {
        some = n < PIECE ? (size_t)n : PIECE;
        if (!gb_tensor_copy(t, from, some, raw, err))
            return false;
        gb_dequantize(t->dtype, raw, some / block, out);
    }
    return true;
}

bool
gb_tensor_read(const gb_tensor *t, uint64_t from, uint64_t n, float *out,
               gb_error *err)
{
    uint16_t raw[PIECE];
    size_t some;

    if (t->dtype == GB_F32)
        return read_f32(t, from, n, out, err);
    if (t->dtype == GB_F64)
        return read_f64(t, from, n, out, err);
    if (gb_dtype_block(t->dtype) > 1)
        return read_blocks(t, from, n, out, err);
    for (; n > 0; n -= some, from += some, out += some) {
        some = n < PIECE ? (size_t)n : PIECE;
        if (!gb_tensor_copy(t, from, some, raw, err))
            return false;
        widen(t->dtype, raw, some, out);
    }
    return true;
}

bool
gb_tensor_compare(const gb_tensor *a, const gb_tensor *b, bool *same,
                  gb_error *err)
{
    unsigned char x[PIECE], y[PIECE];
    uint64_t at;
    size_t some;

    *same = a->dtype == b->dtype && a->size == b->size &&
            a->turned == b->turned;
    for (at = 0; *same && at < a->size; at += some) {
        some = a->size - at < PIECE ? (size_t)(a->size - at) : PIECE;
        if (!copy_bytes(a, at, some, x, err) ||
            !copy_bytes(b, at, some, y, err))
            return false;
        *same = memcmp(x, y, some) == 0;
    }
    return true;
}
