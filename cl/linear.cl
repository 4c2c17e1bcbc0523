/* y (n, ldy) = epilogue(x (n, ldx) * w (n_in, n_out) + bias).
 *
 * w is packed in panels (see panel_at), n_out rounded up to whole panels; bias
 * likewise. A group computes one panel for `tokens` tokens at a time, so that
 * weights are read once for all of them; the accumulators stay in registers.
 * n is run[1]. */
enum {
    EPILOGUE_BIAS, EPILOGUE_GELU, EPILOGUE_ADD,
    EPILOGUE_GELU_ERF, EPILOGUE_RELU, EPILOGUE_SILU, EPILOGUE_QUICK_GELU
};

/* The tanh approximation (Hendrycks & Gimpel 2016), written with
 * 0.5 (1 + tanh u) = 1 / (1 + exp(-2u)), which loses nothing for large u. */
vf
gelu(vf x)
{
    vf u = 1.5957691216057308f * FMA(x * x * x, (vf)0.044715f, x);

    return x / (1.0f + exp(-u));
}

/* x times the normal distribution's share below x. The share beyond |x| is
 * within 7.5e-8 (Abramowitz & Stegun 1964, 26.2.17), which vectors compute in
 * a fraction of the time of erf. */
vf
gelu_erf(vf x)
{
    vf a = fabs(x), t = 1.0f / FMA(a, (vf)0.2316419f, (vf)1.0f), sum;

    sum = FMA(t, (vf)1.330274429f, (vf)-1.821255978f);
    sum = FMA(t, sum, (vf)1.781477937f);
    sum = FMA(t, sum, (vf)-0.356563782f);
    sum = FMA(t, sum, (vf)0.319381530f) * t;
    sum *= 0.3989422804014327f * exp(-0.5f * a * a);
    return x * VSELECT(x < 0.0f, sum, 1.0f - sum);
}

/* The other activations that models have. */
vf
activate(vf x, int epilogue)
{
    if (epilogue == EPILOGUE_GELU_ERF)
        return gelu_erf(x);
    if (epilogue == EPILOGUE_RELU)
        return VSELECT(x < 0.0f, 0.0f, x);
    return x / (1.0f + exp(x * (epilogue == EPILOGUE_SILU ? -1.0f
                                                          : -1.702f)));
}

void
linear_store(global float *y, vf sum, vf bias, int epilogue)
{
    sum += bias;
    if (epilogue == EPILOGUE_GELU)
        sum = gelu(sum);
    else if (epilogue == EPILOGUE_ADD)
        sum += VLOAD(y);
    else if (epilogue > EPILOGUE_ADD)
        sum = activate(sum, epilogue);
    VSTORE(sum, y);
}

/* On a CPU (elsewhere: cl/linear_gpu.cl) a work-item does all of a panel, of
 * `vectors` vectors. Each output is one chain of multiply-adds over the inputs
 * in order, whatever the number of tokens. Groups: (panels, k); group (p, j)
 * does token tiles j, j + k, ... */
#if GB_LANES == 1

/* Before and after the sums of a tile of tokens from t0 on: rows of x are ld
 * elements apart, `first` is the panel's first output. */
#define LINEAR_BEGIN(tokens, vectors, ld)                                     \
    UNROLL for (t = 0; t < (tokens); t++)                                     \
    {                                                                         \
        row[t] = x + (size_t)min(t0 + t, n - 1) * (ld);                       \
        UNROLL for (v = 0; v < (vectors); v++) sum[t][v] = 0.0f;              \
    }
#define LINEAR_END(tokens, vectors)                                           \
    UNROLL for (t = 0; t < (tokens); t++) if (t0 + t < n)                     \
        UNROLL for (v = 0; v < (vectors); v++)                                \
            linear_store(y + (size_t)(t0 + t) * ldy + first + v * GB_VW,      \
                         sum[t][v], VLOAD(bias + first + v * GB_VW),          \
                         epilogue);                                           \
    for (t = 0; t < (tokens) && t0 + t < n; t++)                              \
        quantize_part(reader, y + (size_t)(t0 + t) * ldy, n_out, first,       \
                      first + panel, quants, t0 + t);

#define LINEAR(name, packing, vectors, tokens)                                \
    SINGLE_KERNEL                                                             \
    name##_##packing(                                                         \
        global const float *x, global const GB_CAT(w_, packing) *w,           \
        global const float *bias, global float *y, int n_in, int ldx,         \
        int ldy, int epilogue, global const int *run, int n_out,              \
        global void *quants, int reader)                                      \
    {                                                                         \
        const int panel = (vectors) * GB_VW, p = get_group_id(0);             \
        const int first = p * panel;                                          \
        const int n = (tokens) == 1 ? 1 : run[1];                             \
        int t0, t, v, i;                                                      \
                                                                              \
        for (t0 = get_group_id(1) * (tokens); t0 < n;                         \
             t0 += get_num_groups(1) * (tokens)) {                            \
            global const float *row[tokens];                                  \
            global const GB_CAT(w_, packing) *wi =                            \
                w + (size_t)p * n_in * panel;                                 \
            vf sum[tokens][vectors], weight[vectors], xi;                     \
                                                                              \
            LINEAR_BEGIN(tokens, vectors, ldx)                                \
            for (i = 0; i < n_in; i++) {                                      \
                UNROLL for (v = 0; v < (vectors); v += 2)                     \
                    PREFETCH_##packing(wi + v * GB_VW);                       \
                UNROLL for (v = 0; v < (vectors); v++) weight[v] =            \
                    VLOAD_##packing(wi + v * GB_VW);                          \
                UNROLL for (t = 0; t < (tokens); t++)                         \
                {                                                             \
                    xi = row[t][i];                                           \
                    UNROLL for (v = 0; v < (vectors); v++) sum[t][v] =        \
                        FMA(weight[v], xi, sum[t][v]);                        \
                }                                                             \
                wi += panel;                                                  \
            }                                                                 \
            LINEAR_END(tokens, vectors)                                       \
        }                                                                     \
    }

/* Wide panels keep more multiply-adds in flight; narrow ones give small
 * matrices enough groups to keep every core busy. */
#define LINEARS(packing)                                                      \
    LINEAR(linear_wide_1, packing, GB_WIDE, 1)                                \
    LINEAR(linear_wide_n, packing, GB_WIDE, GB_WIDE_TOKENS)                   \
    LINEAR(linear_narrow_1, packing, GB_NARROW, 1)                            \
    LINEAR(linear_narrow_n, packing, GB_NARROW, GB_NARROW_TOKENS)

FOR_EACH_FLOAT(LINEARS)
#endif
