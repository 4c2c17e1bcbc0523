/* The heads: from the logits of a row to log-probabilities, and to a token.
 *
 * Reductions over the vocabulary go by chunks of GB_CHUNK logits, one group
 * each, and the chunks are joined in order. */

/* parts (rows, chunks, 4), with z = logit / temperature of the chunk's logits:
 * the largest z, the sum of exp(z - largest), and that of (z - largest)
 * exp(z - largest), which the entropy needs. Where temperature is 0 each row
 * has its own. Groups: (chunks, rows). */
LANES_KERNEL
softmax_part(global const float *logits, int ld, int n_vocab,
             float temperature, global const float *temperatures,
             global float *parts)
{
#if GB_LANES > 1
    local float scratch[GB_LANES];
#endif
    const int chunk = get_group_id(0), row = get_group_id(1);
    const int lane = get_local_id(0) * GB_VW;
    const int n = min(GB_CHUNK, n_vocab - chunk * GB_CHUNK);
    vf z[GB_CHUNK / (GB_LANES * GB_VW)], sum = 0.0f, spread = 0.0f, weight;
    float max = -INFINITY, base, total, total_spread;
    int i, k;

    if (temperature == 0.0f)
        temperature = temperatures[row];
    logits += (size_t)row * ld + chunk * GB_CHUNK;
    /* Rows end at a multiple of the panel, a chunk may end beyond that. */
    for (i = lane, k = 0; i < GB_CHUNK; i += GB_LANES * GB_VW, k++) {
        z[k] = i < n ? vmask(VLOAD(logits + i) / temperature, i, n)
                     : (vf)-INFINITY;
        max = fmax(max, vmax(z[k]));
    }
    max = group_max(max, scratch);
    base = fmax(max, -FLT_MAX); /* where all of the chunk are banned */
    for (i = lane, k = 0; i < GB_CHUNK; i += GB_LANES * GB_VW, k++) {
        weight = exp(z[k] - base);
        sum += weight;
        /* Not 0 times infinity. */
        spread += fmax(z[k] - base, -200.0f) * weight;
    }
    total = group_sum(vsum(sum), scratch);
    total_spread = group_sum(vsum(spread), scratch);
    if (get_local_id(0) == 0)
        vstore4((float4)(max, total, total_spread, 0.0f),
                (size_t)row * get_num_groups(0) + chunk, parts);
}

/* (largest z, log of the sum of exp(z - largest)) of a row. */
float2
softmax_join(global const float4 *parts, int n_chunks)
{
    float max = -INFINITY, sum = 0.0f;
    int i;

    for (i = 0; i < n_chunks; i++)
        max = fmax(max, parts[i].x);
    for (i = 0; i < n_chunks; i++)
        sum = FMA(parts[i].y, exp(parts[i].x - max), sum);
    return (float2)(max, log(sum));
}

/* The sampling head's vector: logprobs (rows, ld) = log softmax(logits /
 * temperature), which is as in softmax_part. Groups: (chunks, rows). */
LANES_KERNEL
logprobs(global const float *logits, int ld, int n_vocab, float temperature,
         global const float *temperatures, global const float4 *parts,
         global float *out)
{
    const int chunk = get_group_id(0), row = get_group_id(1);
    const int n_chunks = get_num_groups(0);
    const float2 join = softmax_join(parts + (size_t)row * n_chunks, n_chunks);
    const int end = min((chunk + 1) * GB_CHUNK, n_vocab);
    int i;

    if (temperature == 0.0f)
        temperature = temperatures[row];
    logits += (size_t)row * ld;
    out += (size_t)row * ld;
    for (i = chunk * GB_CHUNK + get_local_id(0) * GB_VW; i + GB_VW <= end;
         i += GB_LANES * GB_VW)
        VSTORE(VLOAD(logits + i) / temperature - join.x - join.y, out + i);
#if GB_VW > 1
    for (; i < end; i++)
        out[i] = logits[i] / temperature - join.x - join.y;
#endif
}

/* out[row] = log-probability of token targets[row] in that row, at
 * temperature 1. Groups: (1, rows), of one work-item. */
SINGLE_KERNEL
score_join(global const float *logits, int ld, global const float4 *parts,
           int n_chunks, global const uint *targets, global float *out)
{
    const int row = get_group_id(1);
    const float2 join = softmax_join(parts + (size_t)row * n_chunks, n_chunks);

    out[row] = logits[(size_t)row * ld + targets[row]] - join.x - join.y;
}
