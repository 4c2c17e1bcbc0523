/* What all kernels share.
 *
 * The host compiles everything as one program with these macros:
 *   GB_VW      floats in a vector: 16 where a work-item is a CPU thread,
 *              1 where neighbouring work-items are the vector (GPU)
 *   GB_LANES   work-items that lie side by side in a group (CPU: 1)
 *   GB_SPLIT   rows of lanes in a group that computes a product (CPU: 1)
 *   GB_PACKINGS  bits of gb_packing: how weights may be packed; a kernel
 *              that reads weights is there once for each, its name ending in
 *              _f32, _f16, ...
 *   GB_HEAD    head size, in floats
 *   GB_BLOCK   positions in a block of the key cache
 *   GB_QUERIES rows that attend together, so that keys and values are read
 *              once for them
 *   GB_CACHE   how keys and values are kept: f32 or f16
 *   GB_CHUNK   logits in a chunk of the heads' reductions
 *
 * Batch invariance: every output element is summed up in an order that
 * depends on the shapes and these macros alone, never on how many tokens are
 * computed together. So contraction is off and multiply-add is written out. */
#pragma OPENCL FP_CONTRACT OFF

#define GB_CAT_(a, b) a##b
#define GB_CAT(a, b) GB_CAT_(a, b)

#if GB_VW == 1
typedef float vf;
typedef int vi;
#define VLOAD(p) (*(p))
#define VSTORE(v, p) (*(p) = (v))
#else
typedef GB_CAT(float, GB_VW) vf;
typedef GB_CAT(int, GB_VW) vi;
#define VLOAD(p) GB_CAT(vload, GB_VW)(0, p)
#define VSTORE(v, p) GB_CAT(vstore, GB_VW)(v, 0, p)
#endif

/* Emulated fma is slow, and a compiler that is free to choose would make the
 * result depend on the kernel: fused where the hardware has it, else two
 * roundings everywhere. */
#if defined(FP_FAST_FMAF) || defined(GB_FAST_FMA) || defined(__FMA__) ||       \
    defined(__ARM_FEATURE_FMA)
#define FMA(a, b, c) fma(a, b, c)
#else
#define FMA(a, b, c) ((a) * (b) + (c))
#endif

/* A position in a pass through the layers; the host's twin is gb_row. */
typedef struct {
    int token, position;
    int table; /* of the tables of blocks, where its text lies in the cache */
    int store; /* 0: its key and value are there and stay as they are */
    int slot;  /* row of the heads; < 0: nothing is asked of it */
} row_t;

#define UNROLL _Pragma("unroll")
/* A GPU should have so many loads on their way; elsewhere it only takes long to
 * compile. */
#ifdef GB_FAST_FMA
#define UNROLL_SOME _Pragma("unroll 4")
#else
#define UNROLL_SOME
#endif
/* For functions whose loops can be unrolled only where they are called. */
#define INLINE __attribute__((always_inline))

/* Asks for the line of memory AHEAD bytes behind p, or into the second cache
 * for the one at p. A processor sees by itself where a stream goes, but it
 * keeps more lines on their way when told. */
#define AHEAD 1024
#define LINE 64
#if GB_VW == 16 && (defined(__x86_64__) || defined(__aarch64__))
#define PREFETCH(p)                                                           \
    __builtin_prefetch((const void *)((size_t)(p) + AHEAD), 0, 0)
#define PREFETCH_LATER(p) __builtin_prefetch((const void *)(size_t)(p), 0, 2)
#else
#define PREFETCH(p)
#define PREFETCH_LATER(p)
#endif

/* The size of a kernel's groups: GB_LANES side by side, or one work-item.
 * Drivers that compile for a size when they first see it (PoCL) can do so
 * when the program is built. */
#define GROUP(lanes, splits)                                                  \
    kernel __attribute__((reqd_work_group_size(lanes, splits, 1)))
#define LANES_KERNEL GROUP(GB_LANES, 1) void
#define SINGLE_KERNEL GROUP(1, 1) void

/* Where `cond` holds yes, else no. */
#if GB_VW == 1
#define VSELECT(cond, yes, no) ((cond) ? (yes) : (no))
#else
#define VSELECT(cond, yes, no) select((vf)(no), (vf)(yes), cond)
#endif

/* first, first + 1, ... */
vi
vindex(int first)
{
#if GB_VW == 1
    return first;
#elif GB_VW == 16
    return (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) +
           first;
#endif
}

/* v where its index, counted from `first`, is below `n`; else -infinity. */
vf
vmask(vf v, int first, int n)
{
    return VSELECT(vindex(first) < n, v, -INFINITY);
}

/* Sums and maxima of a vector, halves first: a fixed order. */
#if GB_VW == 1
float
vsum(vf v)
{
    return v;
}

float
vmax(vf v)
{
    return v;
}
#elif GB_VW == 16
float
vsum(vf v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;

    return c.lo + c.hi;
}

float
vmax(vf v)
{
    float8 a = fmax(v.lo, v.hi);
    float4 b = fmax(a.lo, a.hi);
    float2 c = fmax(b.lo, b.hi);

    return fmax(c.lo, c.hi);
}
#endif

/* The same over the lanes of a group; every lane gets the result. scratch
 * (GB_LANES) is free again when the function returns. */
#if GB_LANES == 1
#define group_sum(x, scratch) (x)
#define group_max(x, scratch) (x)
#define GROUP_BARRIER()
#define GROUP_BARRIER_GLOBAL()
#else
#define GROUP_BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#define GROUP_BARRIER_GLOBAL() barrier(CLK_GLOBAL_MEM_FENCE)

float
group_sum(float x, local float *scratch)
{
    int lane = get_local_id(0), half_width;
    float sum;

    scratch[lane] = x;
    for (half_width = GB_LANES / 2; half_width > 0; half_width /= 2) {
        GROUP_BARRIER();
        if (lane < half_width)
            scratch[lane] += scratch[lane + half_width];
    }
    GROUP_BARRIER();
    sum = scratch[0];
    GROUP_BARRIER();
    return sum;
}

float
group_max(float x, local float *scratch)
{
    int lane = get_local_id(0), half_width;
    float max;

    scratch[lane] = x;
    for (half_width = GB_LANES / 2; half_width > 0; half_width /= 2) {
        GROUP_BARRIER();
        if (lane < half_width)
            scratch[lane] = fmax(scratch[lane], scratch[lane + half_width]);
    }
    GROUP_BARRIER();
    max = scratch[0];
    GROUP_BARRIER();
    return max;
}
#endif

