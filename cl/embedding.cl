/* x (n, ldx) f32 = wte[token] + wpe[position] of each of rows (n); and run =
 * {, n} for the kernels that follow, so that none of their arguments changes
 * from token to token. A single one comes as arguments and is put into rows.
 *
 * wte is packed in panels, the vocabulary along the outputs, as the LM head
 * is: where that is tied to it, one copy serves both. Groups: (1, n). */
#define EMBEDDING(packing)                                                    \
    LANES_KERNEL                                                              \
    embedding_##packing(global row_t *rows,                                   \
                        global const GB_CAT(w_, packing) *wte, int panel,     \
                        global const float *wpe, global float *x, int width,  \
                        int ldx, global int *run, int n, int token,           \
                        int position, int store, int slot)                    \
    {                                                                         \
        const int t = get_group_id(1);                                        \
        row_t row = {token, position, 0, store, slot};                        \
        int i;                                                                \
                                                                              \
        if (n > 1)                                                            \
            row = rows[t];                                                    \
        if (t == 0 && get_local_id(0) == 0) {                                 \
            run[1] = n;                                                       \
            if (n == 1)                                                       \
                rows[0] = row;                                                \
        }                                                                     \
        for (i = get_local_id(0); i < ldx; i += GB_LANES)                     \
            x[(size_t)t * ldx + i] =                                          \
                i < width                                                     \
                    ? weight_##packing(wte, i, row.token, width, panel) +     \
                          wpe[(size_t)row.position * width + i]               \
                    : 0.0f;                                                   \
    }

FOR_EACH_PACKING(EMBEDDING)
