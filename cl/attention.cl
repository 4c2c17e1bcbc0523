/* Causal attention with a KV cache in blocks (Vaswani et al. 2017), the softmax
 * taken online over blocks of GB_BLOCK positions that begin at multiples of it
 * (Milakov & Gimelshein 2018). What comes out for a position depends on that
 * position and the positions before it alone.
 *
 * Caches of one layer, B blocks, H heads:
 *   keys   (B, H, GB_HEAD, GB_BLOCK): a block's keys side by side, so that one
 *          vector holds the same component of many keys
 *   values (B, H, GB_BLOCK, GB_HEAD_PAD): a value side by side, padded with
 *          zeros
 * Which blocks hold a text its table says: tables (texts, per_text). */

/* Vectors of a work-item for the keys of a block, and for a head. */
#define KEY_STRIDE (GB_LANES * GB_VW)
#define KEY_VECTORS ((GB_BLOCK + KEY_STRIDE - 1) / KEY_STRIDE)
#define GB_HEAD_PAD ((GB_HEAD + 15) / 16 * 16)
#define VALUE_VECTORS ((GB_HEAD_PAD + KEY_STRIDE - 1) / KEY_STRIDE)

/* Puts key and value of one position and head into a block of the caches. qkv
 * is the position's row (q, k, v; 3 * width). */
void
cache_store(global const float *qkv, global float *keys, global float *values,
            int width, int block, int position, int head)
{
    global const float *k = qkv + width + head * GB_HEAD;
    global const float *v = k + width;
    int lane = get_local_id(0), d;
    size_t part = (size_t)block * get_num_groups(0) + head;

    keys += part * GB_HEAD * GB_BLOCK + position % GB_BLOCK;
    values += (part * GB_BLOCK + position % GB_BLOCK) * GB_HEAD_PAD;
    for (d = lane; d < GB_HEAD; d += GB_LANES) {
        keys[d * GB_BLOCK] = k[d];
        values[d] = v[d];
    }
    for (d = GB_HEAD + lane; d < GB_HEAD_PAD; d += GB_LANES)
        values[d] = 0.0f;
}

/* Vector i of a lane of a value; lanes beyond the head have nothing to do. */
vf
value_load(global const float *value, int lane, int i)
{
#if KEY_STRIDE * VALUE_VECTORS > GB_HEAD_PAD
    if (lane + i * KEY_STRIDE >= GB_HEAD_PAD)
        return 0.0f;
#endif
    return VLOAD(value + i * KEY_STRIDE);
}

void
head_store(global float *y, int at, vf v)
{
#if GB_VW == 1
    if (at < GB_HEAD)
        y[at] = v;
#else
    float part[GB_VW];
    int i;

    if (at + GB_VW <= GB_HEAD) {
        VSTORE(v, y + at);
        return;
    }
    VSTORE(v, part);
    for (i = 0; at + i < GB_HEAD; i++)
        y[at + i] = part[i];
#endif
}

/* Groups: (heads, n). */
LANES_KERNEL
attention_store(global const float *qkv, int ldx, global float *keys,
                global float *values, int width, global const row_t *rows,
                global const int *tables, int per_text)
{
    const int t = get_group_id(1);
    const row_t row = rows[t];

    if (row.store)
        cache_store(qkv + (size_t)t * ldx, keys, values, width,
                    tables[row.table * per_text + row.position / GB_BLOCK],
                    row.position, get_group_id(0));
}

/* y (n, ldy): the heads' outputs side by side. A single position puts its own
 * key and value into the caches first; several need attention_store before,
 * because they look at each other. Groups: (heads, n). */
LANES_KERNEL
attention(global const float *qkv, int ldx, global float *keys,
          global float *values, global float *y, int ldy, int width,
          float scale, global const row_t *rows, global const int *tables,
          int per_text)
{
    local float weights[GB_BLOCK];
#if GB_LANES > 1
    local float scratch[GB_LANES];
#endif
    const int lane = get_local_id(0) * GB_VW;
    const int head = get_group_id(0), t = get_group_id(1);
    const row_t row = rows[t];
    const int last = row.position;
    global const float *q = qkv + (size_t)t * ldx + head * GB_HEAD;
    global const float *kb, *vb;
    vf score[KEY_VECTORS], sum[VALUE_VECTORS], total = 0.0f, weight;
    float max = -INFINITY, block_max, rescale, qd, w;
    int block, i, j, d, n_keys;
    size_t part;

    tables += row.table * per_text;
    if (get_num_groups(1) == 1 && row.store)
        cache_store(qkv, keys, values, width, tables[last / GB_BLOCK], last,
                    head);
#if GB_LANES > 1
    barrier(CLK_GLOBAL_MEM_FENCE); /* not in the if: PoCL 5 and 6 fail there */
#endif
    UNROLL for (i = 0; i < VALUE_VECTORS; i++) sum[i] = 0.0f;

    for (block = 0; block * GB_BLOCK <= last; block++) {
        part = ((size_t)tables[block] * get_num_groups(0) + head) * GB_BLOCK;
        kb = keys + part * GB_HEAD + lane;
        vb = values + part * GB_HEAD_PAD + lane;
        n_keys = min(GB_BLOCK, last + 1 - block * GB_BLOCK);

        UNROLL for (i = 0; i < KEY_VECTORS; i++) score[i] = 0.0f;
        for (d = 0; d < GB_HEAD; d++) {
            qd = q[d];
            UNROLL for (i = 0; i < KEY_VECTORS; i++) score[i] = FMA(
                VLOAD(kb + d * GB_BLOCK + i * KEY_STRIDE), (vf)qd, score[i]);
        }
        block_max = -INFINITY;
        UNROLL for (i = 0; i < KEY_VECTORS; i++)
        {
            score[i] = vmask(score[i] * scale, lane + i * KEY_STRIDE, n_keys);
            block_max = fmax(block_max, vmax(score[i]));
        }
        block_max = group_max(block_max, scratch);
        rescale = exp(max - fmax(max, block_max));
        max = fmax(max, block_max);
        total *= rescale;
        UNROLL for (i = 0; i < KEY_VECTORS; i++)
        {
            weight = exp(score[i] - max);
            total += weight;
            VSTORE(weight, weights + lane + i * KEY_STRIDE);
        }
        GROUP_BARRIER();
        UNROLL for (i = 0; i < VALUE_VECTORS; i++) sum[i] *= rescale;
        for (j = 0; j < n_keys; j++) {
            w = weights[j];
            UNROLL for (i = 0; i < VALUE_VECTORS; i++) sum[i] =
                FMA(value_load(vb + j * GB_HEAD_PAD, lane, i), (vf)w, sum[i]);
        }
        GROUP_BARRIER();
    }

    w = group_sum(vsum(total), scratch);
    y += (size_t)t * ldy + head * GB_HEAD;
    UNROLL for (i = 0; i < VALUE_VECTORS; i++)
        head_store(y, lane + i * KEY_STRIDE, sum[i] / w);
}
