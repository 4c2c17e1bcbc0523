/* Weights of 8 and 4 bits (see cl/packing.cl): products in integers, which
 * are exact, so that no order matters within a block. Activations are 8 bits
 * as well (cl/quantize.cl).
 *
 * Each output is a chain of multiply-adds over the blocks in order. */

/* --- integers ---------------------------------------------------------- */

/* For each packing: unit_t, a unit of GB_VW outputs, made ready; acc_t, sums
 * of their products; load, dot (one more unit), total (as GB_VW ints). */

#if GB_VW != 16 || defined(GB_PORTABLE) || !defined(__has_builtin)
#elif defined(__AVX512BW__)
#if __has_builtin(__builtin_ia32_pmaddwd512) &&                               \
    __has_builtin(__builtin_ia32_pmaddubsw512)
#define INTEGERS_512
#endif
#elif defined(__AVX2__)
#if __has_builtin(__builtin_ia32_pmaddwd256) &&                               \
    __has_builtin(__builtin_ia32_pmaddubsw256)
#define INTEGERS_256
#endif
#endif

#ifdef INTEGERS_512
/* Registers of 64 bytes: 16 outputs. */
typedef char bytes_32 __attribute__((ext_vector_type(32), aligned(1)));
typedef uchar bytes_64 __attribute__((ext_vector_type(64), aligned(1)));
typedef short shorts_32 __attribute__((ext_vector_type(32)));
typedef short v32s __attribute__((__vector_size__(64)));
typedef char v64c __attribute__((__vector_size__(64)));
typedef int v16i __attribute__((__vector_size__(64)));

#define MADD_SHORTS(a, b)                                                     \
    __builtin_astype(__builtin_ia32_pmaddwd512(__builtin_astype(a, v32s),     \
                                               __builtin_astype(b, v32s)),    \
                     int16)
#define MADD_BYTES(a, b)                                                      \
    __builtin_astype(__builtin_ia32_pmaddubsw512(__builtin_astype(a, v64c),   \
                                                 __builtin_astype(b, v64c)),  \
                     shorts_32)

typedef shorts_32 unit_q8_0;
typedef int16 acc_q8_0;
typedef struct {
    bytes_64 low, high;
} unit_q4_0;

unit_q8_0
load_q8_0(global const uchar *w)
{
    return __builtin_convertvector(*(global const bytes_32 *)w, shorts_32);
}

unit_q4_0
load_q4_0(global const uchar *w)
{
    const bytes_64 v = *(global const bytes_64 *)w;
    unit_q4_0 r = {v & (uchar)15, v >> (uchar)4};

    return r;
}

#if defined(__AVX512VNNI__) &&                                                \
    __has_builtin(__builtin_ia32_vpdpwssd512) &&                              \
    __has_builtin(__builtin_ia32_vpdpbusd512)
/* The same products, added up by the same instruction. */
typedef int16 acc_q4_0;

#define DOT_q8_0(acc, w, q, u)                                                \
    __builtin_astype(__builtin_ia32_vpdpwssd512(                              \
                         __builtin_astype(acc, v16i),                         \
                         __builtin_astype(w, v16i),                           \
                         __builtin_astype((int16)((q)[u]), v16i)),            \
                     int16)
#define DOT_BYTES(acc, w, x)                                                  \
    __builtin_astype(                                                         \
        __builtin_ia32_vpdpbusd512(__builtin_astype(acc, v16i),               \
                                   __builtin_astype(w, v16i),                 \
                                   __builtin_astype((int16)(x), v16i)),       \
        int16)
#define DOT_q4_0(acc, w, q, u)                                                \
    DOT_BYTES(DOT_BYTES(acc, (w).low, (q)[u]), (w).high, (q)[(u) + 4])
#define TOTAL_q4_0(acc) (acc)
#else
/* 16 products of at most 15 * 127 fit into a short. */
typedef shorts_32 acc_q4_0;

#define DOT_q8_0(acc, w, q, u) ((acc) + MADD_SHORTS(w, (int16)((q)[u])))
#define DOT_q4_0(acc, w, q, u)                                                \
    ((acc) + MADD_BYTES((w).low, (int16)((q)[u])) +                           \
     MADD_BYTES((w).high, (int16)((q)[(u) + 4])))
#define TOTAL_q4_0(acc) MADD_SHORTS(acc, (shorts_32)(short)1)
#endif
#define TOTAL_q8_0(acc) (acc)

#elif defined(INTEGERS_256)
/* Registers of 32 bytes: two for 16 outputs. */
typedef uchar bytes_32 __attribute__((ext_vector_type(32), aligned(1)));
typedef short v16s __attribute__((__vector_size__(32)));
typedef char v32c __attribute__((__vector_size__(32)));

#define MADD_SHORTS(a, b)                                                     \
    __builtin_astype(__builtin_ia32_pmaddwd256(__builtin_astype(a, v16s),     \
                                               __builtin_astype(b, v16s)),    \
                     int8)
#define MADD_BYTES(a, b)                                                      \
    __builtin_astype(__builtin_ia32_pmaddubsw256(__builtin_astype(a, v32c),   \
                                                 __builtin_astype(b, v32c)),  \
                     short16)

typedef struct {
    short16 lo, hi;
} unit_q8_0;
typedef int16 acc_q8_0;
typedef struct {
    bytes_32 low_lo, high_lo, low_hi, high_hi;
} unit_q4_0;
typedef struct {
    short16 lo, hi;
} acc_q4_0;

unit_q8_0
load_q8_0(global const uchar *w)
{
    unit_q8_0 r = {convert_short16(vload16(0, (global const char *)w)),
                   convert_short16(vload16(1, (global const char *)w))};

    return r;
}

acc_q8_0
dot_q8_0(acc_q8_0 acc, unit_q8_0 w, int8 x)
{
    acc.lo += MADD_SHORTS(w.lo, x);
    acc.hi += MADD_SHORTS(w.hi, x);
    return acc;
}

unit_q4_0
load_q4_0(global const uchar *w)
{
    const bytes_32 lo = *(global const bytes_32 *)w;
    const bytes_32 hi = *(global const bytes_32 *)(w + 32);
    unit_q4_0 r = {lo & (uchar)15, lo >> (uchar)4, hi & (uchar)15,
                   hi >> (uchar)4};

    return r;
}

/* 16 products of at most 15 * 127 fit into a short. */
acc_q4_0
dot_q4_0(acc_q4_0 acc, unit_q4_0 w, int8 low, int8 high)
{
    acc.lo += MADD_BYTES(w.low_lo, low) + MADD_BYTES(w.high_lo, high);
    acc.hi += MADD_BYTES(w.low_hi, low) + MADD_BYTES(w.high_hi, high);
    return acc;
}

int16
total_q4_0(acc_q4_0 acc)
{
    return (int16)(MADD_SHORTS(acc.lo, (short16)1),
                   MADD_SHORTS(acc.hi, (short16)1));
}

#define DOT_q8_0(acc, w, q, u) dot_q8_0(acc, w, (int8)((q)[u]))
#define DOT_q4_0(acc, w, q, u)                                                \
    dot_q4_0(acc, w, (int8)((q)[u]), (int8)((q)[(u) + 4]))
#define TOTAL_q8_0(acc) (acc)
#define TOTAL_q4_0(acc) total_q4_0(acc)

#elif GB_VW == 16
/* Any compiler. */
typedef short16 unit_q8_0;
typedef int16 acc_q8_0;
typedef uint16 unit_q4_0;
typedef int16 acc_q4_0;

#define load_q8_0(w) vload16(0, (global const short *)(w))
#define load_q4_0(w) vload16(0, (global const uint *)(w))

int16
dot_q8_0(int16 acc, short16 w, short2 x)
{
    return acc + convert_int16((short16)(w << (short)8) >> (short)8) * x.x +
           convert_int16(w >> (short)8) * x.y;
}

/* Of the halves of bytes that begin at bit `shift`. */
int16
dot_halves(int16 acc, uint16 w, int shift, char4 x)
{
    return acc + as_int16(w >> (uint)shift & 15u) * x.x +
           as_int16(w >> (uint)(shift + 8) & 15u) * x.y +
           as_int16(w >> (uint)(shift + 16) & 15u) * x.z +
           as_int16(w >> (uint)(shift + 24) & 15u) * x.w;
}

#define DOT_q8_0(acc, w, q, u) dot_q8_0(acc, w, as_short2((q)[u]))
#define DOT_q4_0(acc, w, q, u)                                                \
    dot_halves(dot_halves(acc, w, 0, as_char4((q)[u])), w, 4,                 \
               as_char4((q)[(u) + 4]))
#define TOTAL_q8_0(acc) (acc)
#define TOTAL_q4_0(acc) (acc)

#else
/* Four inputs of an output; the rest is in cl/linear_gpu.cl. */
#if defined(cl_khr_integer_dot_product) &&                                    \
    defined(__opencl_c_integer_dot_product_input_4x8bit_packed)
#define DOT_4(acc, a, b) ((acc) + dot_4x8packed_ss_int(a, b))
#else
int
dot_4(int acc, char4 a, char4 b)
{
    return acc + a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
}
#define DOT_4(acc, a, b) dot_4(acc, as_char4(a), as_char4(b))
#endif
#endif

/* What is left to do for the weights being less 8. */
#define LESS_q8_0(x) 0
#define LESS_q4_0(x) (8 * (x).sum)

/* --- linear ------------------------------------------------------------ */

#if GB_LANES == 1
#define TO_FLOATS(v) GB_CAT(convert_float, GB_VW)(v)

/* As LINEAR in cl/linear.cl. While tiles of several tokens are multiplied,
 * each asks for its share of the next panel, so that this comes from memory
 * meanwhile. wi is at the first block of the panel, row[t] at the blocks of a
 * token. */
#define QUANT_SUMS(packing, tokens, vectors)                                  \
    for (b = 0; b < blocks; b++) {                                            \
        GB_CAT(acc_, packing) acc[tokens][vectors] = {0};                     \
        GB_CAT(unit_, packing) unit[vectors];                                 \
        vf scale[vectors];                                                    \
                                                                              \
        if ((tokens) > 1)                                                     \
            for (u = tile * LINE; u < panel * BYTES_##packing;                \
                 u += tiles * LINE)                                           \
                PREFETCH_LATER(                                               \
                    wi + (size_t)blocks * panel * BYTES_##packing + u);       \
        for (u = 0; u < UNITS_##packing; u++) {                               \
            if ((tokens) == 1)                                                \
                UNROLL for (v = 0; v < (vectors); v += 4 / UNIT_##packing)    \
                    PREFETCH(wi + (u * panel + v * GB_VW) * UNIT_##packing);  \
            UNROLL for (v = 0; v < (vectors); v++) unit[v] =                  \
                load_##packing(wi + 2 * panel +                               \
                               (u * panel + v * GB_VW) * UNIT_##packing);     \
            UNROLL for (t = 0; t < (tokens); t++)                             \
                UNROLL for (v = 0; v < (vectors); v++) acc[t][v] =            \
                    DOT_##packing(acc[t][v], unit[v], row[t][b].q, u);        \
        }                                                                     \
        UNROLL for (v = 0; v < (vectors); v++) scale[v] =                     \
            VLOAD_f16((global const half *)wi + v * GB_VW);                   \
        UNROLL for (t = 0; t < (tokens); t++)                                 \
            UNROLL for (v = 0; v < (vectors); v++) sum[t][v] = FMA(           \
                TO_FLOATS(TOTAL_##packing(acc[t][v]) -                        \
                          LESS_##packing(row[t][b])),                         \
                scale[v] * row[t][b].scale, sum[t][v]);                       \
        wi += panel * BYTES_##packing;                                        \
    }

/* x (n, blocks) is what was made of it (cl/quantize.cl). */
#define LINEAR_QUANT(name, packing, vectors, tokens)                          \
    SINGLE_KERNEL                                                             \
    name##_##packing(                                                         \
        global const GB_CAT(x_, packing) *x, global const uchar *w,           \
        global const float *bias, global float *y, int n_in, int ldx,         \
        int ldy, int epilogue, global const int *run, int n_out,              \
        global void *quants, int reader)                                      \
    {                                                                         \
        const int panel = (vectors) * GB_VW, p = get_group_id(0);             \
        const int blocks = (n_in + QUANT_BLOCK - 1) / QUANT_BLOCK;            \
        const int first = p * panel;                                          \
        const int n = (tokens) == 1 ? 1 : run[1];                             \
        const int step = get_num_groups(1) * (tokens);                        \
        const int tiles = (n + step - 1) / step;                              \
        int t0, t, v, b, u, tile = 0;                                         \
                                                                              \
        for (t0 = get_group_id(1) * (tokens); t0 < n; t0 += step) {           \
            global const GB_CAT(x_, packing) *row[tokens];                    \
            global const uchar *wi =                                          \
                w + (size_t)p * blocks * panel * BYTES_##packing;             \
            vf sum[tokens][vectors];                                          \
                                                                              \
            LINEAR_BEGIN(tokens, vectors, blocks)                             \
            QUANT_SUMS(packing, tokens, vectors)                              \
            tile++;                                                           \
            LINEAR_END(tokens, vectors)                                       \
        }                                                                     \
    }

#define LINEARS_QUANT(packing)                                                \
    LINEAR_QUANT(linear_wide_1, packing, GB_WIDE, 1)                          \
    LINEAR_QUANT(linear_wide_n, packing, GB_WIDE, GB_WIDE_TOKENS)             \
    LINEAR_QUANT(linear_narrow_1, packing, GB_NARROW, 1)                      \
    LINEAR_QUANT(linear_narrow_n, packing, GB_NARROW, GB_NARROW_TOKENS)

FOR_EACH_QUANT(LINEARS_QUANT)
#endif
