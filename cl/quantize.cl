/* Activations for weights of 8 and 4 bits (see cl/packing.cl): 8 bits as well,
 * 32 at a time with a scale: x_PACKING. */

#if GB_PACKINGS & (1 << PACK_q8_0 | 1 << PACK_q4_0)
/* q[u] belongs to unit u of q8_0; to the lower halves of unit u of q4_0, and
 * q[u + 4] to the upper ones. sum is that of the integers. */
typedef struct {
    float scale;
    int sum;
    int q[UNITS_q8_0]; /* short2 or char4 */
} x_q8_0;

typedef struct {
    float scale;
    int sum;
    int q[2 * UNITS_q4_0]; /* char4 */
} x_q4_0;

/* A block of activations; what is not a number, or infinite, makes the scale
 * so. Adding `big`, 1.5 * 2^23, rounds to a whole number. */
#define BIG 12582912.0f

float
block_scale(int most_bits)
{
    return as_float(most_bits) / 127.0f;
}

float
block_inverse(float scale)
{
    return scale > 1e-36f ? 1.0f / scale : 0.0f;
}

#if GB_VW == 1
typedef struct {
    float scale;
    int sum;
    int q[QUANT_BLOCK / 4]; /* char4 */
} quantized;

/* n activations, at most a block, behind which there may be anything. */
quantized
quantize_block(global const float *x, int n)
{
    quantized r = {.sum = 0, .q = {0}};
    float inverse;
    int most = 0, i, k;

    n = min(n, QUANT_BLOCK);
    for (i = 0; i < n; i++)
        most = max(most, as_int(x[i]) & 0x7fffffff);
    r.scale = block_scale(most);
    inverse = block_inverse(r.scale);
    for (i = 0; i < n; i++) {
        k = as_int(x[i] * inverse + BIG) - as_int(BIG);
        r.sum += k;
        r.q[i / 4] |= (k & 255) << 8 * (i % 4);
    }
    return r;
}

#define STORE_q8_0(r, p)                                                      \
    for (i = 0; i < QUANT_BLOCK / 4; i++)                                     \
        (p)[i] = (r).q[i];
#define STORE_q4_0 STORE_q8_0

#else
typedef struct {
    float scale;
    int sum;
    int16 lo, hi;
} quantized;

int
isum(int16 v)
{
    int8 a = v.lo + v.hi;
    int4 b = a.lo + a.hi;

    return b.x + b.y + b.z + b.w;
}

int
imax(int16 v)
{
    int8 a = max(v.lo, v.hi);
    int4 b = max(a.lo, a.hi);

    return max(max(b.x, b.y), max(b.z, b.w));
}

quantized
quantize_block(global const float *x, int n)
{
    float part[QUANT_BLOCK], inverse;
    float16 lo, hi;
    quantized r;
    int i;

    if (n < QUANT_BLOCK) {
        for (i = 0; i < QUANT_BLOCK; i++)
            part[i] = i < n ? x[i] : 0.0f;
        lo = vload16(0, part);
        hi = vload16(1, part);
    } else {
        lo = vload16(0, x);
        hi = vload16(1, x);
    }
    r.scale = block_scale(imax(max(as_int16(lo) & 0x7fffffff,
                                   as_int16(hi) & 0x7fffffff)));
    inverse = block_inverse(r.scale);
    r.lo = as_int16(lo * inverse + BIG) - as_int(BIG);
    r.hi = as_int16(hi * inverse + BIG) - as_int(BIG);
    r.sum = isum(r.lo) + isum(r.hi);
    return r;
}

#define STORE_q8_0(r, p)                                                      \
    vstore16(convert_short16((r).lo), 0, (global short *)(p));                 \
    vstore16(convert_short16((r).hi), 1, (global short *)(p));
#define STORE_q4_0(r, p)                                                      \
    vstore16(convert_char16((r).lo), 0, (global char *)(p));                   \
    vstore16(convert_char16((r).hi), 1, (global char *)(p));
#endif

/* Inputs from .. to - 1, whole blocks but at the end of the row, of row t of
 * quants (n, blocks) = x, a row of n_in: for a matrix whose packing is `reader`,
 * which has no use for them where that is of floats. The lanes of a group share
 * them. */
#define QUANTIZE_PART(packing)                                                \
    if (reader == GB_CAT(PACK_, packing)) {                                   \
        global GB_CAT(x_, packing) *q = quants;                               \
                                                                              \
        q += (size_t)t * ((n_in + QUANT_BLOCK - 1) / QUANT_BLOCK);            \
        for (b = from / QUANT_BLOCK + get_local_id(0);                        \
             b * QUANT_BLOCK < min(to, n_in); b += GB_LANES) {                \
            r = quantize_block(x + b * QUANT_BLOCK, n_in - b * QUANT_BLOCK);  \
            q[b].scale = r.scale;                                             \
            q[b].sum = r.sum;                                                 \
            STORE_##packing(r, q[b].q)                                        \
        }                                                                     \
    }

void
quantize_part(int reader, global const float *x, int n_in, int from, int to,
              global void *quants, int t)
{
    quantized r;
    int b, i;

    FOR_EACH_QUANT(QUANTIZE_PART)
}

/* quants (n, blocks) = x (n, ldx), where who made x has not done it. Groups:
 * (1, n). */
LANES_KERNEL
quantize(global const float *x, int n_in, int ldx, global void *quants,
         int reader)
{
    const int t = get_group_id(1);

    quantize_part(reader, x + (size_t)t * ldx, n_in, 0, n_in, quants, t);
}

/* What others make of it: nothing where no matrix reads it. */
#define QUANTS_BARRIER() GROUP_BARRIER_GLOBAL()
#else
#define quantize_part(reader, x, n_in, from, to, quants, t)
#define QUANTS_BARRIER()
#endif
