/* Linear layers where neighbouring work-items are the vector (a GPU); see
 * cl/linear.cl for what they compute.
 *
 * What a single token costs there is how many bytes are on their way. So the
 * GB_ITEMS work-items of a group read 16 bytes each, which lie side by side:
 * some neighbouring outputs of a panel for floats, an input for each `splits`
 * of them; four outputs of a block of quants. Panels are narrow, so that there
 * are many of them.
 *
 * Each output is `splits` chains of multiply-adds over interleaved inputs (or
 * blocks), which are added up as below, whatever the number of tokens. */
#if GB_LANES > 1

#define GB_ITEMS (GB_LANES * GB_SPLIT)
#define GB_PANEL GB_NARROW /* there is one width */

#if GB_NARROW_TOKENS * GB_PANEL > GB_ITEMS
#error "a work-item has an output at the most"
#endif

/* Which one of its group a work-item is; unsigned, as it is divided. */
uint
group_item(void)
{
    return get_local_id(1) * GB_LANES + get_local_id(0);
}

/* Sums of columns over a group, in two steps with a barrier between them.
 * Each work-item has put `each` neighbouring columns of a row into parts
 * (GB_ITEMS, each), whose rows follow each other: it then adds up what is
 * in its column at every GB_ITEMS, and those sums (GB_ITEMS) are added up for
 * one of the `columns`. */
float
sum_parts(local const float *parts, int each)
{
    const uint item = group_item();
    float sum = parts[item];
    int i;

    UNROLL for (i = 1; i < each; i++) sum += parts[item + i * GB_ITEMS];
    return sum;
}

float
sum_column(local const float *sums, int column, int columns)
{
    float sum = sums[column];
    int i;

    UNROLL for (i = columns; i < GB_ITEMS; i += columns) sum +=
        sums[column + i];
    return sum;
}

/* For each packing: EACH outputs that a work-item reads at once, STEPS of a
 * row of x, elements of a panel for each of these, and what a step is. */
#define EACH_f32 4
#define EACH_f16 8
#define EACH_bf16 8
#define EACH_q8_0 4
#define EACH_q4_0 4

#define WEIGHTS_f32(p) (*(global const float4 *)(p))
#define WEIGHTS_f16(p) vloada_half8(0, p)
#define WEIGHTS_bf16(p)                                                       \
    as_float8(convert_uint8(*(global const ushort8 *)(p)) << 16)

typedef float x_f32;
typedef float x_f16;
typedef float x_bf16;

#define STEPS_FLOAT (n_in)
#define LD_FLOAT ldx
#define SIZE_FLOAT(packing) GB_PANEL
#define STEP_FLOAT(packing, tokens)                                           \
    {                                                                         \
        const GB_CAT(float, EACH_##packing) weights =                         \
            WEIGHTS_##packing(wi + lane);                                     \
                                                                              \
        UNROLL for (t = 0; t < (tokens); t++) sum[t] = FMA(                   \
            weights, (GB_CAT(float, EACH_##packing))row[t][i], sum[t]);       \
    }

/* Integers of four outputs with the same inputs. */
int4
dot_4_outputs(int4 acc, int4 w, int x)
{
    return (int4)(DOT_4(acc.x, w.x, x), DOT_4(acc.y, w.y, x),
                  DOT_4(acc.z, w.z, x), DOT_4(acc.w, w.w, x));
}

#define STEPS_QUANT ((n_in + QUANT_BLOCK - 1) / QUANT_BLOCK)
#define LD_QUANT steps
#define SIZE_QUANT(packing) (GB_PANEL * BYTES_##packing)
#define DOT_q8_0(acc, w, q, u) dot_4_outputs(acc, w, (q)[u])
#define DOT_q4_0(acc, w, q, u)                                                \
    dot_4_outputs(dot_4_outputs(acc, (w) & 0x0f0f0f0f, (q)[u]),               \
                  (w) >> 4 & 0x0f0f0f0f, (q)[(u) + 4])
#define STEP_QUANT(packing, tokens)                                           \
    {                                                                         \
        global const int4 *units =                                            \
            (global const int4 *)(wi + 2 * GB_PANEL + lane * 4);              \
        const float4 scale = vloada_half4(0, (global const half *)wi + lane); \
        int4 acc[tokens] = {0}, unit;                                         \
        int u;                                                                \
                                                                              \
        UNROLL for (u = 0; u < UNITS_##packing; u++)                          \
        {                                                                     \
            unit = units[u * GB_PANEL / 4];                                   \
            UNROLL for (t = 0; t < (tokens); t++) acc[t] =                    \
                DOT_##packing(acc[t], unit, row[t][i].q, u);                  \
        }                                                                     \
        UNROLL for (t = 0; t < (tokens); t++) sum[t] =                        \
            FMA(convert_float4(acc[t] - LESS_##packing(row[t][i])),           \
                scale * row[t][i].scale, sum[t]);                             \
    }

/* Groups: (panels, n / tokens rounded up). */
#define LINEAR(name, packing, of, tokens)                                     \
    GROUP(GB_LANES, GB_SPLIT)                                                 \
    void name##_##packing(                                                    \
        global const GB_CAT(x_, packing) *x,                                  \
        global const GB_CAT(w_, packing) *w, global const float *bias,        \
        global float *y, int n_in, int ldx, int ldy, int epilogue,            \
        global const int *run)                                                \
    {                                                                         \
        local float parts[GB_ITEMS * EACH_##packing], sums[tokens][GB_ITEMS]; \
        const uint item = group_item(), first = get_group_id(0) * GB_PANEL;   \
        const int lane = item * EACH_##packing % GB_PANEL;                    \
        const int split = item * EACH_##packing / GB_PANEL;                   \
        const int splits = GB_ITEMS * EACH_##packing / GB_PANEL;              \
        const int steps = STEPS_##of, t0 = get_group_id(1) * (tokens);        \
        const int n = (tokens) == 1 ? 1 : run[1];                             \
        global const GB_CAT(w_, packing) *wi =                                \
            w + ((size_t)get_group_id(0) * steps + split) *                   \
                    SIZE_##of(packing);                                       \
        global const GB_CAT(x_, packing) *row[tokens];                        \
        GB_CAT(float, EACH_##packing) sum[tokens];                            \
        int i, o, t;                                                          \
                                                                              \
        UNROLL for (t = 0; t < (tokens); t++)                                 \
        {                                                                     \
            row[t] = x + (size_t)min(t0 + t, n - 1) * LD_##of;                \
            sum[t] = 0.0f;                                                    \
        }                                                                     \
        UNROLL_SOME                                                           \
        for (i = split; i < steps; i += splits) {                             \
            STEP_##of(packing, tokens)                                        \
            wi += splits * SIZE_##of(packing);                                \
        }                                                                     \
        UNROLL for (t = 0; t < (tokens); t++)                                 \
        {                                                                     \
            GB_CAT(vstore, EACH_##packing)(sum[t], item, parts);              \
            GROUP_BARRIER();                                                  \
            sums[t][item] = sum_parts(parts, EACH_##packing);                 \
            GROUP_BARRIER();                                                  \
        }                                                                     \
        t = item / GB_PANEL;                                                  \
        o = item % GB_PANEL;                                                  \
        if (t < (tokens) && t0 + t < n)                                       \
            linear_store(y + (size_t)(t0 + t) * ldy + first + o,              \
                         sum_column(sums[t], o, GB_PANEL), bias[first + o],   \
                         epilogue);                                           \
    }

#define LINEARS_OF(packing, of)                                               \
    LINEAR(linear_narrow_1, packing, of, 1)                                   \
    LINEAR(linear_narrow_n, packing, of, GB_NARROW_TOKENS)
#define LINEARS_FLOAT(packing) LINEARS_OF(packing, FLOAT)
#define LINEARS_QUANT(packing) LINEARS_OF(packing, QUANT)

FOR_EACH_FLOAT(LINEARS_FLOAT)
FOR_EACH_QUANT(LINEARS_QUANT)
#endif
