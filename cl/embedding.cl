/* x (n, ldx) f32 = wte[ids] + wpe[position ...]; and run = {position, n, look}
 * for the kernels that follow, so that none of their arguments changes from
 * token to token. A single token comes as an argument, several in ids; look: a
 * single one whose key and value are in the caches and stay as they are.
 *
 * wte is packed in panels, the vocabulary along the outputs, as the LM head
 * is: where that is tied to it, one copy serves both. Groups: (1, n). */
#define EMBEDDING(packing)                                                    \
    LANES_KERNEL                                                              \
    embedding_##packing(global const uint *ids,                               \
                        global const GB_CAT(w_, packing) *wte, int panel,     \
                        global const float *wpe, global float *x, int width,  \
                        int ldx, global int *run, int position, int n,        \
                        uint token, int look)                                 \
    {                                                                         \
        const int t = get_group_id(1);                                        \
        const uint id = n == 1 ? token : ids[t];                              \
        int i;                                                                \
                                                                              \
        if (t == 0 && get_local_id(0) == 0) {                                 \
            run[0] = position;                                                \
            run[1] = n;                                                       \
            run[2] = look;                                                    \
        }                                                                     \
        for (i = get_local_id(0); i < ldx; i += GB_LANES)                     \
            x[(size_t)t * ldx + i] =                                          \
                i < width ? weight_##packing(wte, i, id, width, panel) +      \
                                wpe[(size_t)(position + t) * width + i]       \
                          : 0.0f;                                             \
    }

FOR_EACH_PACKING(EMBEDDING)
