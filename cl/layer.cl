/* A whole layer for a single row, where it is so small that to start its parts
 * takes longer than their work: one group, which is one work-item, goes
 * through all of it. What is computed, and in which order, is what the kernels
 * of the parts compute. */
#if GB_LANES == 1

/* Vectors of outputs that are summed up at the same time. They need not be of
 * one panel. */
#define GB_TOGETHER 4

/* Goes through the outputs of a matrix: `sums` adds to sum[v] what output at[v]
 * and those behind it in its vector have, whose panel begins at wi[v]; a panel
 * is `size` long. What is stored goes through `done`, so that the compiler has
 * one copy of the epilogue and yet keeps the sums in registers. */
#define WHOLE(packing, together, size, sums)                                  \
    const int vectors = (n_out + GB_VW - 1) / GB_VW;                          \
    global const GB_CAT(w_, packing) *wi[together];                           \
    int first, i, v, at[together];                                            \
    vf sum[together], done[together];                                         \
                                                                              \
    for (first = 0; first < vectors; first += (together)) {                   \
        UNROLL for (v = 0; v < (together); v++)                               \
        {                                                                     \
            i = min(first + v, vectors - 1) * GB_VW;                          \
            wi[v] = w + (size_t)(i / panel) * (size);                         \
            at[v] = i % panel;                                                \
            sum[v] = 0.0f;                                                    \
        }                                                                     \
        sums                                                                  \
        UNROLL for (v = 0; v < (together); v++) done[v] = sum[v];             \
        for (v = 0; v < (together) && first + v < vectors; v++) {             \
            i = (first + v) * GB_VW;                                          \
            linear_store(y + i, done[v], VLOAD(bias + i), epilogue);          \
        }                                                                     \
    }

#define FLOAT_SUMS(packing, together)                                         \
    for (i = 0; i < n_in; i++)                                                \
        UNROLL for (v = 0; v < (together); v++) sum[v] =                      \
            FMA(VLOAD_##packing(wi[v] + at[v] + i * panel), (vf)x[i], sum[v]);

#define WHOLE_FLOAT(packing)                                                  \
    INLINE void whole_##packing(                                              \
        global const float *x, global const w_##packing *w,                   \
        global const float *bias, global float *y, int n_in, int n_out,       \
        int panel, int epilogue, global void *quants)                         \
    {                                                                         \
        WHOLE(packing, GB_TOGETHER, n_in * panel,                             \
              FLOAT_SUMS(packing, GB_TOGETHER))                               \
    }

#define QUANTS_SUMS(packing, together)                                        \
    for (b = 0; b < blocks; b++) {                                            \
        GB_CAT(acc_, packing) acc[together] = {0};                            \
                                                                              \
        for (u = 0; u < UNITS_##packing; u++)                                 \
            UNROLL for (v = 0; v < (together); v++) acc[v] = DOT_##packing(   \
                acc[v],                                                       \
                load_##packing(wi[v] + 2 * panel +                            \
                               (u * panel + at[v]) * UNIT_##packing),         \
                q[b].q, u);                                                   \
        UNROLL for (v = 0; v < (together); v++)                               \
        {                                                                     \
            sum[v] = FMA(                                                     \
                TO_FLOATS(TOTAL_##packing(acc[v]) - LESS_##packing(q[b])),    \
                VLOAD_f16((global const half *)wi[v] + at[v]) * q[b].scale,   \
                sum[v]);                                                      \
            wi[v] += panel * BYTES_##packing;                                 \
        }                                                                     \
    }

#define WHOLE_QUANT(packing)                                                  \
    INLINE void whole_##packing(                                              \
        global const float *x, global const w_##packing *w,                   \
        global const float *bias, global float *y, int n_in, int n_out,       \
        int panel, int epilogue, global void *quants)                         \
    {                                                                         \
        global GB_CAT(x_, packing) *q = quants;                               \
        const int blocks = (n_in + QUANT_BLOCK - 1) / QUANT_BLOCK;            \
        int b, u;                                                             \
                                                                              \
        quantize_part(PACK_##packing, x, n_in, 0, n_in, quants, 0);           \
        WHOLE(packing, GB_WIDE, blocks *panel *BYTES_##packing,               \
              QUANTS_SUMS(packing, GB_WIDE))                                  \
    }

FOR_EACH_FLOAT(WHOLE_FLOAT)
FOR_EACH_QUANT(WHOLE_QUANT)

/* `fine` is how queries, keys and values are packed; panels: how wide those of
 * the four matrices are. Groups: (1). */
#define LAYER(packing, fine)                                                  \
    SINGLE_KERNEL                                                             \
    layer_##packing(                                                          \
        global float *x, global float *norm, global float *qkv,               \
        global float *attended, global float *inner, global void *quants,     \
        int width, int n_inner, int ld, float eps, float scale,               \
        int activation, int4 panels, global const float *gain_1,              \
        global const float *bias_1, global const w_##fine *w_qkv,             \
        global const float *b_qkv, global const w_##packing *w_proj,          \
        global const float *b_proj, global const float *gain_2,               \
        global const float *bias_2, global const w_##packing *w_fc,           \
        global const float *b_fc, global const w_##packing *w_fc_proj,        \
        global const float *b_fc_proj, global cached *keys,                   \
        global cached *values, global const row_t *rows,                      \
        global const int *tables, int per_text)                               \
    {                                                                         \
        local float weights[1][GB_BLOCK];                                     \
        heads_cache c = {keys, values, tables, 0, width / GB_HEAD, per_text}; \
        const int position = rows->position;                                  \
        const int block =                                                     \
            tables[rows->table * per_text + position / GB_BLOCK];             \
                                                                              \
        norm_row(x, gain_1, bias_1, norm, width, ld, eps, 0);                 \
        whole_##fine(norm, w_qkv, b_qkv, qkv, width, 3 * width, panels.x,     \
                     EPILOGUE_BIAS, quants);                                  \
        for (; c.head < c.heads; c.head++) {                                  \
            if (rows->store)                                                  \
                cache_store(qkv, keys, values, width, block, position,        \
                            c.head, c.heads);                                 \
            attend(1, &c, qkv, 0, attended, 0, scale, rows, 0, 1, weights);   \
        }                                                                     \
        whole_##packing(attended, w_proj, b_proj, x, width, width, panels.y,  \
                        EPILOGUE_ADD, quants);                                \
        norm_row(x, gain_2, bias_2, norm, width, ld, eps, 0);                 \
        whole_##packing(norm, w_fc, b_fc, inner, width, n_inner, panels.z,    \
                        activation, quants);                                  \
        whole_##packing(inner, w_fc_proj, b_fc_proj, x, n_inner, width,       \
                        panels.w, EPILOGUE_ADD, quants);                      \
    }

#define LAYER_OF(packing) LAYER(packing, packing)
FOR_EACH_FLOAT(LAYER_OF)
IF_Q8_0(LAYER_OF)
#if (GB_PACKINGS & 24) == 24
LAYER(q4_0, q8_0)
#endif
#endif
