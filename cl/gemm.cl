/* What CLBlast's product needs around it. */

/* out (n_in, n_out) f32 = a packed matrix (see panel_at), n_out a whole
 * number of panels. Items: (n_out or more, n_in). */
#define UNPACK(packing)                                                       \
    LANES_KERNEL                                                              \
    unpack_##packing(global const GB_CAT(w_, packing) *w, global float *out,  \
                     int n_in, int n_out, int panel)                          \
    {                                                                         \
        const int o = get_global_id(0), i = get_global_id(1);                 \
                                                                              \
        if (o < n_out)                                                        \
            out[(size_t)i * n_out + o] =                                      \
                weight_##packing(w, i, o, n_in, panel);                       \
    }

FOR_EACH_PACKING(UNPACK)

/* y (n, ldy) = epilogue(product (n, n_out) + bias). Items: (n_out / GB_VW or
 * more, n). */
LANES_KERNEL
gemm_epilogue(global const float *product, int n_out, global const float *bias,
              global float *y, int ldy, int epilogue)
{
    const int o = get_global_id(0) * GB_VW, t = get_global_id(1);

    if (o < n_out)
        linear_store(y + (size_t)t * ldy + o,
                     VLOAD(product + (size_t)t * n_out + o), VLOAD(bias + o),
                     epilogue);
}
