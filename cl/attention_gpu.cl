/* Attention where neighbouring work-items are the vector (a GPU); see
 * cl/attention.cl for the caches.
 *
 * A head has too few of them for a large device: each block of keys is a group
 * of its own. What it has, its largest score, the sum of the weights relative
 * to that and of the weighted values, is joined in order of the blocks. Where
 * there are many rows, a group goes through the blocks for some of them and
 * joins likewise, so that the bits are the same. */
#if GB_LANES > 1

#if GB_BLOCK != GB_LANES || GB_QUERIES != GB_SPLIT
#error "a work-item has a row of the tile, and a key of the block"
#endif

/* Both products of a block, scores (n, keys) = q (n, d) keys (d, keys) and
 * values (n, d) = weights (n, keys) values (keys, d), are of tiles of GB_LANES
 * columns: of each row of which a work-item reads four. */
#define TILE_SPLITS (GB_ITEMS * 4 / GB_LANES)
#define VALUE_TILES ((GB_HEAD_PAD + GB_LANES - 1) / GB_LANES)

#define CACHE_4(p) GB_CAT(CACHE_4_, GB_CACHE)(p)
#define CACHE_4_f32(p) (*(global const float4 *)(p))
#define CACHE_4_f16(p) vloada_half4(0, p)

/* What blocks have for a row: a work-item knows a column of each tile of the
 * values. In memory: (rows, heads, per_text, PART). */
typedef struct {
    float most, total, value[VALUE_TILES];
} part_t;

#define PART (GB_HEAD + 2)

/* Where the work-items of a group put what they tell each other. */
typedef struct {
    local float *parts;                     /* (GB_ITEMS, 4) */
    local float (*sums)[GB_ITEMS];          /* (rows) */
    local float (*scores)[GB_BLOCK], (*weights)[GB_BLOCK];
} desk_t;

/* As at the end of LINEAR in cl/linear_gpu.cl; then sums are there. */
INLINE void
tile_sums(int rows, const float4 *sum, const desk_t *desk)
{
    const int item = group_item();
    int r;

    UNROLL for (r = 0; r < rows; r++)
    {
        vstore4(sum[r], item, desk->parts);
        GROUP_BARRIER();
        desk->sums[r][item] = sum_parts(desk->parts, 4);
        GROUP_BARRIER();
    }
}

/* One block for `rows` rows, which see n_keys[r] of it, at[r] in the caches; a
 * row takes what was read for the one before it where that is the same. A
 * work-item gets the part of its row, local id 1, of which `mine` keys are
 * seen: nothing useful where there are none. */
INLINE part_t
attend_block(int rows, global const float *const *q, global const cached *keys,
             global const cached *values, const size_t *at, const int *n_keys,
             int mine, float scale, const desk_t *desk)
{
    const int lane = group_item() * 4 % GB_LANES;
    const int split = group_item() * 4 / GB_LANES, column = get_local_id(0);
    const int row = min((int)get_local_id(1), rows - 1);
    float4 sum[GB_QUERIES], read = 0.0f;
    part_t part;
    int i, k, r;

    UNROLL for (r = 0; r < rows; r++) sum[r] = 0.0f;
    UNROLL_SOME
    for (i = split; i < GB_HEAD; i += TILE_SPLITS)
        UNROLL for (r = 0; r < rows; r++)
        {
            if (r == 0 || at[r] != at[r - 1])
                read = CACHE_4(keys + at[r] * GB_HEAD + i * GB_BLOCK + lane);
            sum[r] = FMA(read, (float4)q[r][i], sum[r]);
        }
    tile_sums(rows, sum, desk);
    if (get_local_id(1) < rows)
        desk->scores[row][column] =
            column < mine ? sum_column(desk->sums[row], column, GB_LANES) *
                                scale
                          : -INFINITY;
    GROUP_BARRIER();
    read = -INFINITY;
    for (i = 0; i < GB_BLOCK / 4; i++)
        read = fmax(read, vload4(i, desk->scores[row]));
    part.most = fmax(fmax(read.x, read.y), fmax(read.z, read.w));
    if (get_local_id(1) < rows)
        desk->weights[row][column] =
            exp(desk->scores[row][column] - part.most);
    GROUP_BARRIER();
    read = 0.0f;
    for (i = 0; i < GB_BLOCK / 4; i++)
        read += vload4(i, desk->weights[row]);
    part.total = dot(read, (float4)1.0f); /* what oclgrind can follow */
    for (k = 0; k < VALUE_TILES; k++) {
        read = 0.0f;
        UNROLL for (r = 0; r < rows; r++) sum[r] = 0.0f;
        UNROLL_SOME
        for (i = split; i < GB_BLOCK; i += TILE_SPLITS)
            UNROLL for (r = 0; r < rows; r++)
            {
                if ((r == 0 || at[r] != at[r - 1]) &&
                    k * GB_LANES + lane < GB_HEAD_PAD)
                    read = CACHE_4(values + (at[r] + i) * GB_HEAD_PAD +
                                   k * GB_LANES + lane);
                /* What is not seen may be no number. */
                if (i < n_keys[r])
                    sum[r] = FMA(read, (float4)desk->weights[r][i], sum[r]);
            }
        tile_sums(rows, sum, desk);
        part.value[k] = sum_column(desk->sums[row], column, GB_LANES);
    }
    return part;
}

/* Puts the part of a further block to those before. */
void
join_part(part_t *all, const part_t *part)
{
    const float most = fmax(all->most, part->most);
    const float a = exp(all->most - most), b = exp(part->most - most);
    int k;

    all->most = most;
    all->total = FMA(all->total, a, part->total * b);
    UNROLL for (k = 0; k < VALUE_TILES; k++) all->value[k] =
        FMA(all->value[k], a, part->value[k] * b);
}

/* y = the values over the sum of their weights. */
void
store_head(const part_t *all, global float *y)
{
    const int column = get_local_id(0);
    int k;

    UNROLL for (k = 0; k < VALUE_TILES; k++) if (k * GB_LANES + column <
                                                 GB_HEAD)
        y[k * GB_LANES + column] = all->value[k] / all->total;
}

/* parts (n, ld) of n = run[1] rows. One that is alone puts its own key and
 * value into the caches first; several need attention_store before, because
 * they look at each other. Groups: (heads, n * k); those of a row do every k-th
 * of its blocks. */
GROUP(GB_LANES, GB_SPLIT)
void
attention(global const float *qkv, int ldx, global cached *keys,
          global cached *values, global float *parts, int ld, int width,
          float scale, global const row_t *rows, global const int *tables,
          int per_text, global const int *run)
{
    local float words[GB_ITEMS * 4], sums[1][GB_ITEMS];
    local float scores[1][GB_BLOCK], weights[1][GB_BLOCK];
    const desk_t desk = {words, sums, scores, weights};
    const heads_cache c = {keys, values, tables, get_group_id(0),
                           get_num_groups(0), per_text};
    const int n = run[1], column = get_local_id(0);
    const int first = get_group_id(1) / n, step = get_num_groups(1) / n;
    const int t = get_group_id(1) - first * n;
    const row_t row = rows[t];
    const int last = row.position / GB_BLOCK;
    global const float *q = qkv + (size_t)t * ldx + c.head * GB_HEAD;
    global float *p;
    part_t part;
    size_t at;
    int block, seen, k;

    if (n == 1 && row.store && first == last % step && get_local_id(1) == 0)
        cache_store(qkv, keys, values, width,
                    tables[row.table * per_text + last], row.position, c.head,
                    c.heads);
    barrier(CLK_GLOBAL_MEM_FENCE); /* not in the if: PoCL 5 and 6 fail there */
    for (block = first; block <= last; block += step) {
        at = block_at(&c, row.table, block);
        seen = min(row.position + 1 - block * GB_BLOCK, GB_BLOCK);
        part = attend_block(1, &q, keys, values, &at, &seen, seen, scale,
                            &desk);
        p = parts + (size_t)t * ld + (c.head * per_text + block) * PART;
        if (get_local_id(1) > 0)
            continue;
        if (column == 0) {
            p[0] = part.most;
            p[1] = part.total;
        }
        UNROLL for (k = 0; k < VALUE_TILES; k++) if (k * GB_LANES + column <
                                                     GB_HEAD)
            p[2 + k * GB_LANES + column] = part.value[k];
    }
}

/* y (n, ldy) = what the parts (n, ld) come to, and quants of it (see
 * cl/quantize.cl) where a head is whole blocks. Groups: (heads, n). */
LANES_KERNEL
attention_join(global const float *parts, int ld, global float *y, int ldy,
               global const row_t *rows, int per_text, global void *quants,
               int reader)
{
    const int head = get_group_id(0), t = get_group_id(1);
    const int last = rows[t].position / GB_BLOCK, column = get_local_id(0);
    global const float *p = parts + (size_t)t * ld + head * per_text * PART;
    part_t all = {-INFINITY, 0.0f, {0.0f}}, part;
    int block, k;

    UNROLL_SOME
    for (block = 0; block <= last; block++, p += PART) {
        part.most = p[0];
        part.total = p[1];
        UNROLL for (k = 0; k < VALUE_TILES; k++) part.value[k] =
            p[2 + min(k * GB_LANES + column, GB_HEAD - 1)];
        join_part(&all, &part);
    }
    y += (size_t)t * ldy;
    store_head(&all, y + head * GB_HEAD);
    QUANTS_BARRIER();
    quantize_part(reader, y, get_num_groups(0) * GB_HEAD, head * GB_HEAD,
                  (head + 1) * GB_HEAD, quants, t);
}

/* The same for n = run[1] rows, GB_QUERIES neighbouring ones for each group.
 * Groups: (heads, n / GB_QUERIES rounded up), of which those that run after
 * each other have the same head, whose keys and values they find in a cache. */
GROUP(GB_LANES, GB_SPLIT)
void
attention_tile(global const float *qkv, int ldx, global cached *keys,
               global cached *values, global float *y, int ldy, int width,
               float scale, global const row_t *rows,
               global const int *tables, int per_text, global const int *run,
               global void *quants, int reader)
{
    local float words[GB_ITEMS * 4], sums[GB_QUERIES][GB_ITEMS];
    local float scores[GB_QUERIES][GB_BLOCK], weights[GB_QUERIES][GB_BLOCK];
    const desk_t desk = {words, sums, scores, weights};
    const int heads = get_num_groups(0), tiles = get_num_groups(1);
    const int i = get_group_id(1) * heads + get_group_id(0), head = i / tiles;
    const int first = (i - head * tiles) * GB_QUERIES, n = run[1];
    const int mine = first + get_local_id(1);
    const int position = mine < n ? rows[mine].position : -1;
    const heads_cache c = {keys, values, tables, head, heads, per_text};
    global const float *q[GB_QUERIES];
    int table[GB_QUERIES], until[GB_QUERIES], seen[GB_QUERIES];
    int block, r, last = 0;
    part_t all = {-INFINITY, 0.0f, {0.0f}}, part;
    size_t at[GB_QUERIES];

    UNROLL for (r = 0; r < GB_QUERIES; r++)
    {
        const int t = min(first + r, n - 1);

        q[r] = qkv + (size_t)t * ldx + head * GB_HEAD;
        table[r] = rows[t].table;
        until[r] = first + r < n ? rows[t].position + 1 : 0;
        last = max(last, until[r]);
    }
    for (block = 0; block * GB_BLOCK < last; block++) {
        UNROLL for (r = 0; r < GB_QUERIES; r++)
        {
            seen[r] = min(until[r] - block * GB_BLOCK, GB_BLOCK);
            at[r] = seen[r] > 0 ? block_at(&c, table[r], block)
                    : r > 0     ? at[r - 1]
                                : 0;
        }
        part = attend_block(GB_QUERIES, q, keys, values, at, seen,
                            position + 1 - block * GB_BLOCK, scale, &desk);
        if (position >= block * GB_BLOCK)
            join_part(&all, &part);
    }
    y += (size_t)mine * ldy;
    if (mine < n)
        store_head(&all, y + head * GB_HEAD);
    QUANTS_BARRIER();
    if (mine < n)
        quantize_part(reader, y, heads * GB_HEAD, head * GB_HEAD,
                      (head + 1) * GB_HEAD, quants, mine);
}
#endif
