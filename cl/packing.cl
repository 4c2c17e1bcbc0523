/* How weights are packed, see src/engine/packing.h. For each PACKING there is
 * a type w_PACKING, weight_PACKING for one of them as a float, and what
 * cl/linear.cl needs to read many. */

#if GB_PACKINGS & 1
#define IF_F32(macro) macro(f32)
#else
#define IF_F32(macro)
#endif
#if GB_PACKINGS & 2
#define IF_F16(macro) macro(f16)
#else
#define IF_F16(macro)
#endif
#if GB_PACKINGS & 4
#define IF_BF16(macro) macro(bf16)
#else
#define IF_BF16(macro)
#endif
#if GB_PACKINGS & 8
#define IF_Q8_0(macro) macro(q8_0)
#else
#define IF_Q8_0(macro)
#endif
#if GB_PACKINGS & 16
#define IF_Q4_0(macro) macro(q4_0)
#else
#define IF_Q4_0(macro)
#endif
#define FOR_EACH_FLOAT(macro) IF_F32(macro) IF_F16(macro) IF_BF16(macro)
#define FOR_EACH_QUANT(macro) IF_Q8_0(macro) IF_Q4_0(macro)
#define FOR_EACH_PACKING(macro) FOR_EACH_FLOAT(macro) FOR_EACH_QUANT(macro)

/* Address of weight (in, out) of a matrix packed into panels: `panel`
 * neighbouring outputs lie side by side, one row of them for each input. */
size_t
panel_at(int in, int out, int n_in, int panel)
{
    return ((size_t)(out / panel) * n_in + in) * panel + out % panel;
}

/* Floats: VLOAD_PACKING reads a vector of them, PREFETCH_PACKING asks for a
 * line; those of 32 bits come no faster for it. */
typedef float w_f32;
typedef half w_f16;
typedef ushort w_bf16;

#define PREFETCH_f32(p)
#define PREFETCH_f16(p) PREFETCH(p)
#define PREFETCH_bf16(p) PREFETCH(p)

#define VLOAD_f32(p) VLOAD(p)
#if GB_VW == 1
#define VLOAD_f16(p) vload_half(0, p)
#define VLOAD_bf16(p) as_float((uint)(*(p)) << 16)
#else
#define VLOAD_f16(p) GB_CAT(vload_half, GB_VW)(0, p)
#define VLOAD_bf16(p)                                                         \
    GB_CAT(as_float, GB_VW)                                                   \
    (GB_CAT(convert_uint, GB_VW)(GB_CAT(vload, GB_VW)(0, p)) << 16)
#endif

float
weight_f32(global const float *w, int in, int out, int n_in, int panel)
{
    return w[panel_at(in, out, n_in, panel)];
}

float
weight_f16(global const half *w, int in, int out, int n_in, int panel)
{
    return vload_half(panel_at(in, out, n_in, panel), w);
}

float
weight_bf16(global const ushort *w, int in, int out, int n_in, int panel)
{
    return as_float((uint)w[panel_at(in, out, n_in, panel)] << 16);
}

/* A block of q8_0 or q4_0 is 32 inputs of one output: a scale (half) and 32
 * integers, those of q4_0 less 8. In a panel the same block of all its
 * outputs lies together: the scales, then a unit of 2 or 4 bytes of each
 * output in turn, then their next units. Unit u of q8_0 holds inputs u * UNIT
 * and up; that of q4_0 holds inputs 4 u .. 4 u + 3 in the lower and inputs
 * 16 + 4 u .. in the upper halves of its bytes. */
#define QUANT_BLOCK 32

#define PACK_q8_0 3 /* of gb_packing */
#define PACK_q4_0 4
#define BYTES_q8_0 34
#define BYTES_q4_0 18
#define UNIT_q4_0 4
#define UNITS_q4_0 4
#if GB_VW == 1
#define UNIT_q8_0 4 /* what devices with dot products of bytes take at once */
#else
#define UNIT_q8_0 2 /* pairs, which become shorts */
#endif
#define UNITS_q8_0 (QUANT_BLOCK / UNIT_q8_0)

typedef uchar w_q8_0;
typedef uchar w_q4_0;

/* Where the block of a weight (in, out) is in its panel. */
size_t
quant_at(int in, int out, int n_in, int panel, int bytes)
{
    const int blocks = (n_in + QUANT_BLOCK - 1) / QUANT_BLOCK;

    return ((size_t)(out / panel) * blocks + in / QUANT_BLOCK) * panel * bytes;
}

/* Byte `at` of the integers of a block. */
uchar
quant_byte(global const uchar *block, int at, int out, int panel, int unit)
{
    return block[2 * panel + (at / unit * panel + out) * unit + at % unit];
}

float
weight_q8_0(global const uchar *w, int in, int out, int n_in, int panel)
{
    global const uchar *block = w + quant_at(in, out, n_in, panel, BYTES_q8_0);
    const int o = out % panel;

    return as_char(quant_byte(block, in % QUANT_BLOCK, o, panel, UNIT_q8_0)) *
           vload_half(o, (global const half *)block);
}

float
weight_q4_0(global const uchar *w, int in, int out, int n_in, int panel)
{
    global const uchar *block = w + quant_at(in, out, n_in, panel, BYTES_q4_0);
    const int o = out % panel, i = in % QUANT_BLOCK;
    const uchar both = quant_byte(block, i % 16, o, panel, UNIT_q4_0);

    return ((i < 16 ? both & 15 : both >> 4) - 8) *
           vload_half(o, (global const half *)block);
}
