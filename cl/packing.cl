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
#define FOR_EACH_FLOAT(macro) IF_F32(macro) IF_F16(macro) IF_BF16(macro)
#define FOR_EACH_PACKING(macro) FOR_EACH_FLOAT(macro)

/* Address of weight (in, out) of a matrix packed into panels: `panel`
 * neighbouring outputs lie side by side, one row of them for each input. */
size_t
panel_at(int in, int out, int n_in, int panel)
{
    return ((size_t)(out / panel) * n_in + in) * panel + out % panel;
}

/* Floats: VLOAD_PACKING reads a vector of them. */
typedef float w_f32;
typedef half w_f16;
typedef ushort w_bf16;

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
