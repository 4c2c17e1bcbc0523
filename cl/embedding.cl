/* x (n, ldx) f32 = wte[ids] + wpe[position ...]; and run = {position, n, look}
 * for the kernels that follow, so that none of their arguments changes from
 * token to token. A single token comes as an argument, several in ids; look: a
 * single one whose key and value are in the caches and stay as they are.
 *
 * wte is packed in panels (vocabulary along the outputs) when the LM head is
 * tied to it, so that one copy serves both; then panel > 0. Else it is
 * (vocab, width) and panel is 0. Groups: (1, n). */
LANES_KERNEL
embedding(global const uint *ids, global const wtype *wte, int panel,
          global const float *wpe, global float *x, int width, int ldx,
          global int *run, int position, int n, uint token, int look)
{
    const int t = get_group_id(1);
    const uint id = n == 1 ? token : ids[t];
    global const wtype *weight;
    int i;

    if (t == 0 && get_local_id(0) == 0) {
        run[0] = position;
        run[1] = n;
        run[2] = look;
    }
    for (i = get_local_id(0); i < ldx; i += GB_LANES) {
        weight = panel > 0 ? wte + panel_at(i, id, width, panel)
                           : wte + (size_t)id * width + i;
        x[(size_t)t * ldx + i] =
            i < width ? WEIGHT(weight) +
                            wpe[(size_t)(position + t) * width + i]
                      : 0.0f;
    }
}
