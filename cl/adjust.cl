/* What changes the logits before the heads read them: repetition penalty, DRY
 * and bias in one list. The host's twin is src/sample/adjust.c. */
typedef struct {
    uint id;
    float positive, negative, add;
} adjustment_t;

/* list (n), no id twice; ids of later rows of logits count on. fma has one
 * result on every device, as on the host. */
LANES_KERNEL
adjust(global const adjustment_t *list, int n, global float *logits)
{
    adjustment_t a;
    float l;
    int i;

    for (i = get_global_id(0); i < n; i += get_global_size(0)) {
        a = list[i];
        l = logits[a.id];
        logits[a.id] = fma(l, l > 0.0f ? a.positive : a.negative, a.add);
    }
}
