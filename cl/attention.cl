/* Causal attention with a KV cache in blocks (Vaswani et al. 2017), the softmax
 * taken online over blocks of GB_BLOCK positions that begin at multiples of it
 * (Milakov & Gimelshein 2018). What comes out for a position depends on that
 * position and the positions before it alone.
 *
 * Caches of one layer, B blocks, H heads, of floats or halves (GB_CACHE), with
 * which everything is computed in float:
 *   keys   (B, H, GB_HEAD, GB_BLOCK): a block's keys side by side, so that one
 *          vector holds the same component of many keys
 *   values (B, H, GB_BLOCK, GB_HEAD_PAD): a value side by side, padded with
 *          zeros
 * Which blocks hold a text its table says: tables (texts, per_text). */

#define GB_HEAD_PAD ((GB_HEAD + 15) / 16 * 16)

typedef GB_CAT(w_, GB_CACHE) cached;
#define CACHE_LOAD(p) GB_CAT(VLOAD_, GB_CACHE)(p)
#define CACHE_STORE(x, p) GB_CAT(CACHE_STORE_, GB_CACHE)(x, p)
#define CACHE_STORE_f32(x, p) (*(p) = (x))
#define CACHE_STORE_f16(x, p) vstore_half_rte(x, 0, p)

/* Puts key and value of one position and head into a block of the caches. qkv
 * is the position's row (q, k, v; 3 * width). */
void
cache_store(global const float *qkv, global cached *keys, global cached *values,
            int width, int block, int position, int head, int heads)
{
    global const float *k = qkv + width + head * GB_HEAD;
    global const float *v = k + width;
    int lane = get_local_id(0), d;
    size_t part = (size_t)block * heads + head;

    keys += part * GB_HEAD * GB_BLOCK + position % GB_BLOCK;
    values += (part * GB_BLOCK + position % GB_BLOCK) * GB_HEAD_PAD;
    for (d = lane; d < GB_HEAD; d += GB_LANES) {
        CACHE_STORE(k[d], keys + d * GB_BLOCK);
        CACHE_STORE(v[d], values + d);
    }
    for (d = GB_HEAD + lane; d < GB_HEAD_PAD; d += GB_LANES)
        CACHE_STORE(0.0f, values + d);
}

/* Groups: (heads, n). */
LANES_KERNEL
attention_store(global const float *qkv, int ldx, global cached *keys,
                global cached *values, int width, global const row_t *rows,
                global const int *tables, int per_text)
{
    const int t = get_group_id(1);
    const row_t row = rows[t];

    if (row.store)
        cache_store(qkv + (size_t)t * ldx, keys, values, width,
                    tables[row.table * per_text + row.position / GB_BLOCK],
                    row.position, get_group_id(0), get_num_groups(0));
}

/* What a group reads of the caches of its head. */
typedef struct {
    global const cached *keys, *values;
    global const int *tables;
    int head, heads, per_text;
} heads_cache;

/* Where a block of a text begins, in components of all its positions. */
size_t
block_at(const heads_cache *c, int table, int block)
{
    return ((size_t)c->tables[table * c->per_text + block] * c->heads +
            c->head) * GB_BLOCK;
}

/* The rest is of CPUs: a work-item has a head to itself. Elsewhere:
 * cl/attention_gpu.cl. */
#if GB_LANES == 1

/* Vectors for the keys of a block, and for a head. */
#define KEY_VECTORS (GB_BLOCK / GB_VW)
#define VALUE_VECTORS (GB_HEAD_PAD / GB_VW)

void
head_store(global float *y, int at, vf v)
{
    float part[GB_VW];
    int i;

    if (at + GB_VW <= GB_HEAD) {
        VSTORE(v, y + at);
        return;
    }
    VSTORE(v, part);
    for (i = 0; at + i < GB_HEAD; i++)
        y[at + i] = part[i];
}

/* score = q keys, for `queries` <= GB_QUERIES rows that see the same block,
 * some vectors of each at a time so that the sums stay in registers. Each is a
 * chain over the components in order, however many rows go along. */
INLINE void
block_scores(int queries, global const float **q, global const cached *keys,
             vf (*score)[KEY_VECTORS])
{
    const int at_once = queries == 1 ? KEY_VECTORS : GB_NARROW;
    vf sum[GB_QUERIES][KEY_VECTORS], key[KEY_VECTORS], qd;
    int i, d, r, v;

    UNROLL for (i = 0; i < KEY_VECTORS; i += at_once)
    {
        UNROLL for (r = 0; r < queries; r++)
            UNROLL for (v = 0; v < at_once; v++) sum[r][v] = 0.0f;
        for (d = 0; d < GB_HEAD; d++) {
            UNROLL for (v = 0; v < at_once; v++) key[v] =
                CACHE_LOAD(keys + d * GB_BLOCK + (i + v) * GB_VW);
            UNROLL for (r = 0; r < queries; r++)
            {
                qd = q[r][d];
                UNROLL for (v = 0; v < at_once; v++) sum[r][v] =
                    FMA(key[v], qd, sum[r][v]);
            }
        }
        UNROLL for (r = 0; r < queries; r++)
            UNROLL for (v = 0; v < at_once; v++) score[r][i + v] = sum[r][v];
    }
}

/* Likewise sum += weights values over the keys from .. to - 1 of a block:
 * chains over the keys in order. */
INLINE void
block_values(int queries, local const float (*weights)[GB_BLOCK],
             global const cached *values, int from, int to,
             vf (*sum)[VALUE_VECTORS])
{
    const int at_once = queries == 1 ? VALUE_VECTORS : GB_NARROW;
    vf part[GB_QUERIES][VALUE_VECTORS], value[VALUE_VECTORS], w;
    int i, j, r, v;

    UNROLL for (i = 0; i < VALUE_VECTORS; i += at_once)
    {
        const int n = min(at_once, VALUE_VECTORS - i);

        UNROLL for (r = 0; r < queries; r++)
            UNROLL for (v = 0; v < n; v++) part[r][v] = sum[r][i + v];
        for (j = from; j < to; j++) {
            UNROLL for (v = 0; v < n; v++) value[v] =
                CACHE_LOAD(values + j * GB_HEAD_PAD + (i + v) * GB_VW);
            UNROLL for (r = 0; r < queries; r++)
            {
                w = weights[r][j];
                UNROLL for (v = 0; v < n; v++) part[r][v] =
                    FMA(value[v], w, part[r][v]);
            }
        }
        UNROLL for (r = 0; r < queries; r++)
            UNROLL for (v = 0; v < n; v++) sum[r][i + v] = part[r][v];
    }
}

/* Whether all rows see this block, and it is the same one. */
bool
share_block(int queries, const heads_cache *c, const row_t *row, int block)
{
    bool same = true;
    int r;

    UNROLL for (r = 0; r < queries; r++)
        same = same && block * GB_BLOCK <= row[r].position;
    UNROLL for (r = 1; r < queries; r++)
        same = same && (row[r].table == row[0].table ||
                        block_at(c, row[r].table, block) ==
                            block_at(c, row[0].table, block));
    return same;
}

/* The rows from `first` on of y (n, ldy): the heads' outputs side by side.
 * Where all of them see the same block it is read once for all. */
INLINE void
attend(int queries, const heads_cache *c, global const float *qkv, int ldx,
       global float *y, int ldy, float scale, global const row_t *rows,
       int first, int n, local float (*weights)[GB_BLOCK])
{
    global const float *q[GB_QUERIES];
    vf score[GB_QUERIES][KEY_VECTORS], sum[GB_QUERIES][VALUE_VECTORS];
    vf total[GB_QUERIES], weight;
    float most[GB_QUERIES], block_most, rescale, w;
    int n_keys[GB_QUERIES], last = 0, block, shared, i, r;
    size_t at[GB_QUERIES];
    row_t row[GB_QUERIES];

    for (r = 0; r < queries; r++) {
        row[r] = rows[min(first + r, n - 1)];
        q[r] = qkv + (size_t)min(first + r, n - 1) * ldx + c->head * GB_HEAD;
        if (first + r >= n)
            row[r].position = -1;
        last = max(last, row[r].position);
        most[r] = -INFINITY;
        total[r] = 0.0f;
        UNROLL for (i = 0; i < VALUE_VECTORS; i++) sum[r][i] = 0.0f;
    }
    for (block = 0; block * GB_BLOCK <= last; block++) {
        shared = share_block(queries, c, row, block) ? GB_BLOCK : 0;
        for (r = 0; r < queries; r++) {
            n_keys[r] =
                clamp(row[r].position + 1 - block * GB_BLOCK, 0, GB_BLOCK);
            at[r] = n_keys[r] > 0 ? block_at(c, row[r].table, block) : 0;
            shared = min(shared, n_keys[r]);
        }
        if (shared > 0)
            block_scores(queries, q, c->keys + at[0] * GB_HEAD, score);
        else
            for (r = 0; r < queries; r++)
                if (n_keys[r] > 0)
                    block_scores(1, q + r, c->keys + at[r] * GB_HEAD,
                                 score + r);
        for (r = 0; r < queries; r++) {
            block_most = -INFINITY;
            UNROLL for (i = 0; i < KEY_VECTORS; i++)
            {
                score[r][i] =
                    vmask(score[r][i] * scale, i * GB_VW, n_keys[r]);
                block_most = fmax(block_most, vmax(score[r][i]));
            }
            rescale = exp(most[r] - fmax(most[r], block_most));
            most[r] = fmax(most[r], block_most);
            total[r] *= rescale;
            UNROLL for (i = 0; i < KEY_VECTORS; i++)
            {
                weight = exp(score[r][i] - most[r]);
                total[r] += weight;
                VSTORE(weight, weights[r] + i * GB_VW);
            }
            UNROLL for (i = 0; i < VALUE_VECTORS; i++) sum[r][i] *= rescale;
        }
        if (shared > 0)
            block_values(queries, weights, c->values + at[0] * GB_HEAD_PAD, 0,
                         shared, sum);
        if (queries > 1)
            for (r = 0; r < queries; r++)
                block_values(1, weights + r, c->values + at[r] * GB_HEAD_PAD,
                             shared, n_keys[r], sum + r);
    }
    for (r = 0; r < queries; r++) {
        w = vsum(total[r]);
        if (first + r < n)
            UNROLL for (i = 0; i < VALUE_VECTORS; i++) head_store(
                y + (size_t)(first + r) * ldy + c->head * GB_HEAD,
                i * GB_VW, sum[r][i] / w);
    }
}

/* What the n rows from `first` on of y have of a head, where that is whole
 * blocks, to those of quants. */
void
head_quantize(const heads_cache *c, global const float *y, int ldy, int first,
              int n, int reader, global void *quants)
{
    const int from = c->head * GB_HEAD, width = c->heads * GB_HEAD;
    int t;

    for (t = first; t < first + n; t++)
        quantize_part(reader, y + (size_t)t * ldy, width, from,
                      from + GB_HEAD, quants, t);
}

/* A row for each group. One that is alone puts its own key and value into the
 * caches first; several need attention_store before, because they look at each
 * other. Groups: (heads, n). */
LANES_KERNEL
attention(global const float *qkv, int ldx, global cached *keys,
          global cached *values, global float *y, int ldy, int width,
          float scale, global const row_t *rows, global const int *tables,
          int per_text, global const int *run, global void *quants, int reader)
{
    local float weights[1][GB_BLOCK];
    const heads_cache c = {keys, values, tables, get_group_id(0),
                           get_num_groups(0), per_text};

    if (run[1] == 1 && rows->store)
        cache_store(qkv, keys, values, width,
                    tables[rows->table * per_text + rows->position / GB_BLOCK],
                    rows->position, c.head, c.heads);
    attend(1, &c, qkv, ldx, y, ldy, scale, rows, get_group_id(1),
           run[1], weights);
    head_quantize(&c, y, ldy, get_group_id(1), 1, reader, quants);
}

/* The same for n = run[1] rows, GB_QUERIES neighbouring ones for each group.
 * Groups: (heads, n / GB_QUERIES rounded up), of which those that run after
 * each other have the same head, whose keys and values they find in a cache. */
LANES_KERNEL
attention_tile(global const float *qkv, int ldx, global cached *keys,
               global cached *values, global float *y, int ldy, int width,
               float scale, global const row_t *rows,
               global const int *tables, int per_text, global const int *run,
               global void *quants, int reader)
{
    local float weights[GB_QUERIES][GB_BLOCK];
    const int heads = get_num_groups(0), tiles = get_num_groups(1);
    const int i = get_group_id(1) * heads + get_group_id(0), head = i / tiles;
    const int first = (i - head * tiles) * GB_QUERIES, n = run[1];
    const heads_cache c = {keys, values, tables, head, heads, per_text};

    attend(GB_QUERIES, &c, qkv, ldx, y, ldy, scale, rows, first, n, weights);
    head_quantize(&c, y, ldy, first, min(GB_QUERIES, n - first), reader,
                  quants);
}
#endif
