#include "model/dequant.h"

#include <string.h>

/* A block is `scale` and 32 integers, or 256 integers with a scale for each
 * 16 or 32 of them, which itself is an integer times `scale`. */
enum { BLOCK = 32, SUPER = 256 };

static float
half_at(const unsigned char *p)
{
    return gb_half_to_float((uint16_t)(p[0] | p[1] << 8));
}

/* Integers of 4 bits: i in the lower half of a byte, i + 16 in the upper. */
static int
nibble(const unsigned char *q, int i)
{
    return i < BLOCK / 2 ? q[i] & 15 : q[i - BLOCK / 2] >> 4;
}

/* The bit of each integer that does not fit there. */
static int
fifth(const unsigned char *high, int i)
{
    return (high[i / 8] >> i % 8 & 1) << 4;
}

static void
read_q8_0(const unsigned char *b, float *out)
{
    const float scale = half_at(b);
    int i;

    for (i = 0; i < BLOCK; i++)
        out[i] = scale * (float)(signed char)b[2 + i];
}

static void
read_q4_0(const unsigned char *b, float *out)
{
    const float scale = half_at(b);
    int i;

    for (i = 0; i < BLOCK; i++)
        out[i] = scale * (float)(nibble(b + 2, i) - 8);
}

static void
read_q4_1(const unsigned char *b, float *out)
{
    const float scale = half_at(b), least = half_at(b + 2);
    int i;

    for (i = 0; i < BLOCK; i++)
        out[i] = scale * (float)nibble(b + 4, i) + least;
}

static void
read_q5_0(const unsigned char *b, float *out)
{
    const float scale = half_at(b);
    int i;

    for (i = 0; i < BLOCK; i++)
        out[i] = scale * (float)((nibble(b + 6, i) | fifth(b + 2, i)) - 16);
}

static void
read_q5_1(const unsigned char *b, float *out)
{
    const float scale = half_at(b), least = half_at(b + 2);
    int i;

    for (i = 0; i < BLOCK; i++)
        out[i] = scale * (float)(nibble(b + 8, i) | fifth(b + 4, i)) + least;
}

/* Of 256 integers those of 2 bits come in two halves of 128, each in 32 bytes:
 * the lowest two bits of all, then the next two, and so on. */
static int
two_bits(const unsigned char *q, int i)
{
    return q[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}

static void
read_q2_k(const unsigned char *b, float *out)
{
    const float scale = half_at(b + 80), least = half_at(b + 82);
    int i, s;

    for (i = 0; i < SUPER; i++) {
        s = b[i / 16];
        out[i] = scale * (float)(s & 15) * (float)two_bits(b + 16, i) -
                 least * (float)(s >> 4);
    }
}

/* Scales of 6 bits: 4 in the halves of 8 bytes, 2 in the 4 bytes behind. */
static int
q3_scale(const unsigned char *s, int i)
{
    return (s[i % 8] >> i / 8 * 4 & 15) |
           (s[8 + i % 4] >> i / 4 * 2 & 3) << 4;
}

static void
read_q3_k(const unsigned char *b, float *out)
{
    const float scale = half_at(b + 108);
    int i, q;

    for (i = 0; i < SUPER; i++) {
        q = two_bits(b + 32, i);
        if ((b[i % 32] >> i / 32 & 1) == 0)
            q -= 4;
        out[i] = scale * (float)(q3_scale(b + 96, i / 16) - 32) * (float)q;
    }
}

/* Eight scales and eight offsets of 6 bits each in 12 bytes: four of either
 * whole, of the others the upper two bits above those. */
static void
q4_scale(const unsigned char *s, int i, int *scale, int *least)
{
    if (i < 4) {
        *scale = s[i] & 63;
        *least = s[i + 4] & 63;
    } else {
        *scale = (s[i + 4] & 15) | s[i - 4] >> 6 << 4;
        *least = s[i + 4] >> 4 | s[i] >> 6 << 4;
    }
}

/* q4_K, and q5_K where `high` has the fifth bits. */
static void
read_q45_k(const unsigned char *b, const unsigned char *high,
           const unsigned char *q, float *out)
{
    const float scale = half_at(b), least = half_at(b + 2);
    int i, part, s, l, v;

    for (i = 0; i < SUPER; i++) {
        part = i / 32;
        q4_scale(b + 4, part, &s, &l);
        v = q[part / 2 * 32 + i % 32] >> part % 2 * 4 & 15;
        if (high != NULL)
            v |= (high[i % 32] >> part & 1) << 4;
        out[i] = scale * (float)s * (float)v - least * (float)l;
    }
}

static void
read_q6_k(const unsigned char *b, float *out)
{
    const float scale = half_at(b + 208);
    int i, half, part, v;

    for (i = 0; i < SUPER; i++) {
        half = i / 128;
        part = i % 128 / 32;
        v = b[half * 64 + part % 2 * 32 + i % 32] >> part / 2 * 4 & 15;
        v |= two_bits(b + 128, i) << 4;
        out[i] = scale * (float)(signed char)b[192 + i / 16] *
                 (float)(v - 32);
    }
}

static void
read_block(gb_dtype dtype, const unsigned char *b, float *out)
{
    switch (dtype) {
    case GB_Q8_0: read_q8_0(b, out); break;
    case GB_Q4_0: read_q4_0(b, out); break;
    case GB_Q4_1: read_q4_1(b, out); break;
    case GB_Q5_0: read_q5_0(b, out); break;
    case GB_Q5_1: read_q5_1(b, out); break;
    case GB_Q2_K: read_q2_k(b, out); break;
    case GB_Q3_K: read_q3_k(b, out); break;
    case GB_Q4_K: read_q45_k(b, NULL, b + 16, out); break;
    case GB_Q5_K: read_q45_k(b, b + 16, b + 48, out); break;
    case GB_Q6_K: read_q6_k(b, out); break;
    default: break;
    }
}

void
gb_dequantize(gb_dtype dtype, const unsigned char *blocks, size_t n,
              float *out)
{
    const size_t size = gb_dtype_size(dtype), some = gb_dtype_block(dtype);

    for (; n > 0; n--, blocks += size, out += some)
        read_block(dtype, blocks, out);
}

bool
gb_dequant_is_q8_0(gb_dtype dtype)
{
    return dtype == GB_Q8_0 || dtype == GB_Q4_0 || dtype == GB_Q5_0;
}

void
gb_dequant_to_q8_0(gb_dtype dtype, const unsigned char *block,
                   unsigned char *out)
{
    int i;

    memcpy(out, block, dtype == GB_Q8_0 ? 2 + BLOCK : 2);
    for (i = 0; i < BLOCK && dtype == GB_Q4_0; i++)
        out[2 + i] = (unsigned char)(nibble(block + 2, i) - 8);
    for (i = 0; i < BLOCK && dtype == GB_Q5_0; i++)
        out[2 + i] = (unsigned char)((nibble(block + 6, i) |
                                      fifth(block + 2, i)) - 16);
}
