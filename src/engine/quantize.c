#include "engine/quantize.h"

#include <math.h>
#include <string.h>

#include "model/dequant.h"

/* What is done for all outputs of a tile side by side is a loop of fixed
 * length, which the compiler turns into vector code at -O2 too. */
typedef struct tile {
    float x[GB_QUANT_BLOCK][GB_TILE];
    uint16_t scale[GB_TILE]; /* half */
    unsigned char q[GB_QUANT_BLOCK][GB_TILE];
} tile;

/* 1 over the scale as it is kept, or 0; false where it is too large. */
static bool
find_scales(gb_packing packing, tile *t, float inverse[GB_TILE])
{
    float most[GB_TILE] = {0}, sum[GB_TILE] = {0}, scale;
    bool ok = true;
    size_t i, o;

    for (i = 0; i < GB_QUANT_BLOCK; i++)
        for (o = 0; o < GB_TILE; o++) {
            most[o] = fabsf(t->x[i][o]) > fabsf(most[o]) ? t->x[i][o]
                                                         : most[o];
            sum[o] += t->x[i][o] * 0; /* NaN if it is no number */
        }
    for (o = 0; o < GB_TILE; o++) {
        scale = packing == GB_PACK_Q8_0 ? fabsf(most[o]) / 127 : most[o] / -8;
        t->scale[o] = gb_float_to_half(isfinite(sum[o]) ? scale : NAN);
        scale = gb_half_to_float(t->scale[o]);
        ok &= !isinf(scale);
        inverse[o] = isfinite(scale) && scale != 0 ? 1 / scale : 0;
    }
    return ok;
}

static bool
quantize(gb_packing packing, tile *t)
{
    const bool bytes = packing == GB_PACK_Q8_0;
    const float bias = bytes ? 0.0f : 8.0f, low = bytes ? -127.0f : 0.0f;
    const float high = bytes ? 127.0f : 15.0f;
    float inverse[GB_TILE], v;
    size_t i, o;

    if (!find_scales(packing, t, inverse))
        return false;
    for (i = 0; i < GB_QUANT_BLOCK; i++)
        for (o = 0; o < GB_TILE; o++) {
            v = t->x[i][o] * inverse[o] + bias;
            v = v > low ? v : low; /* what is no number, too */
            v = v < high ? v : high;
            t->q[i][o] = (unsigned char)((int)(v + 256.5f) - 256);
        }
    if (bytes)
        return true;
    for (i = 0; i < GB_QUANT_BLOCK / 2; i++)
        for (o = 0; o < GB_TILE; o++)
            t->q[i][o] |= (unsigned char)(t->q[i + 16][o] << 4);
    return true;
}

bool
gb_quantize(gb_packing packing, const float *x, unsigned char *block)
{
    tile t = {.x = {{0}}};
    size_t i;

    for (i = 0; i < GB_QUANT_BLOCK; i++)
        t.x[i][0] = x[i];
    if (!quantize(packing, &t))
        return false;
    memcpy(block, &t.scale[0], 2);
    for (i = 0; i + 2 < gb_packings[packing].bytes; i++)
        block[2 + i] = t.q[i][0];
    return true;
}

/* A tile to where it belongs: the outputs from `out` on. */
static void
place(const gb_panels *p, size_t in_block, size_t out, const tile *t,
      unsigned char *to)
{
    const size_t integers = gb_packings[p->packing].bytes - 2;
    size_t i, o;

    to += (out / p->width * gb_panels_blocks(p) + in_block) * gb_panels_row(p);
    out %= p->width;
    memcpy(to + 2 * out, t->scale, sizeof t->scale);
    to += 2 * p->width + out * p->unit;
    for (i = 0; i < integers; i += p->unit, to += p->width * p->unit)
        for (o = 0; o < GB_TILE; o++) {
            to[o * p->unit] = t->q[i][o];
            to[o * p->unit + 1] = t->q[i + 1][o];
            if (p->unit == 2)
                continue;
            to[o * p->unit + 2] = t->q[i + 2][o];
            to[o * p->unit + 3] = t->q[i + 3][o];
        }
}

bool
gb_quantize_tile(const gb_panels *p, const gb_weights_tile *w,
                 size_t in_block, size_t out, unsigned char *to)
{
    size_t i, o;
    tile t;

    if (w->n_in < GB_QUANT_BLOCK || w->n_out < GB_TILE)
        memset(t.x, 0, sizeof t.x);
    if (w->along == 1)
        for (i = 0; i < w->n_in; i++)
            memcpy(t.x[i], w->x + i * w->across, w->n_out * sizeof *w->x);
    else
        for (o = 0; o < w->n_out; o++)
            for (i = 0; i < w->n_in; i++)
                t.x[i][o] = w->x[i * w->across + o * w->along];
    if (!quantize(p->packing, &t))
        return false;
    place(p, in_block, out, &t, to);
    return true;
}

bool
gb_has_blocks(gb_dtype dtype, gb_packing packing)
{
    return packing == GB_PACK_Q4_0
               ? dtype == GB_Q4_0
               : packing == GB_PACK_Q8_0 && gb_dequant_is_q8_0(dtype);
}

/* A block of the file to place o of a tile. */
static void
take_block(gb_dtype dtype, gb_packing packing, const unsigned char *raw,
           tile *t, size_t o)
{
    const size_t integers = gb_packings[packing].bytes - 2;
    unsigned char block[2 + GB_QUANT_BLOCK];
    size_t i;

    if (packing == GB_PACK_Q8_0)
        gb_dequant_to_q8_0(dtype, raw, block);
    else
        memcpy(block, raw, 2 + integers);
    memcpy(&t->scale[o], block, 2);
    for (i = 0; i < integers; i++)
        t->q[i][o] = block[2 + i];
}

void
gb_place_blocks(const gb_panels *p, gb_dtype dtype,
                const unsigned char *blocks, size_t n, size_t along,
                size_t in_block, size_t out, unsigned char *to)
{
    tile t;
    size_t o;

    memset(&t, 0, sizeof t);
    for (o = 0; o < n; o++)
        take_block(dtype, p->packing, blocks + o * along, &t, o);
    place(p, in_block, out, &t, to);
}
