/* Gumbel-max sampling and argmax (Gumbel 1954; Maddison et al. 2014), with
 * the noise that NumPy's default_rng(seed + step) gives. The host's twin is
 * src/sample/gumbel.c; doc/sampling.md explains.
 *
 * PCG64 (O'Neill 2014): a 128-bit linear congruential generator, output
 * XSL-RR. Each work-item draws GB_DRAWS numbers in a row and jumps to its
 * first one with a multiplier and an increment from a table that does not
 * depend on the seed. */
typedef struct {
    ulong hi, lo;
} u128;

u128
mul128(u128 a, u128 b)
{
    u128 r;

    r.lo = a.lo * b.lo;
    r.hi = mul_hi(a.lo, b.lo) + a.hi * b.lo + a.lo * b.hi;
    return r;
}

u128
add128(u128 a, u128 b)
{
    u128 r;

    r.lo = a.lo + b.lo;
    r.hi = a.hi + b.hi + (r.lo < a.lo ? 1 : 0);
    return r;
}

/* The 53 random bits of the next double. */
ulong
pcg64_next(u128 *state, u128 inc)
{
    const u128 mult = {0x2360ed051fc65da4UL, 0x4385df649fccf645UL};

    *state = add128(mul128(*state, mult), inc);
    return rotate(state->hi ^ state->lo, (ulong)(64 - (state->hi >> 58))) >>
           11;
}

/* u = float32(1e-20 + k 2^-53), one rounding for all but the smallest k. */
float
uniform(ulong k)
{
    return convert_float_rte(k) * 0x1p-53f + 1e-20f;
}

/* -log(1 - k 2^-53), for k so large that u rounds to 1. */
float
gumbel_tail(ulong k)
{
    return -log(convert_float_rte(0x20000000000000UL - k) * 0x1p-53f);
}

typedef struct {
    uint id, runner_up;
    float score, runner_up_score;
} best_t;

/* Takes one more candidate; ids come in rising order, the first maximum
 * wins. */
void
best_take(best_t *best, uint id, float score)
{
    if (score > best->score) {
        best->runner_up = best->id;
        best->runner_up_score = best->score;
        best->id = id;
        best->score = score;
    } else if (score > best->runner_up_score) {
        best->runner_up = id;
        best->runner_up_score = score;
    }
}

/* Where a row's noise begins (state hi, lo, inc hi, lo), and the least score
 * that takes part. */
typedef struct {
    ulong4 start;
    float floor;
} draw_t;

/* bests[row][item] = the best of scores[i] (+ noise, when `noisy`) over the
 * item's GB_DRAWS scores of a row (ld); those below its floor do not take
 * part. jumps (items): multiplier hi, lo, increment hi, lo. A single row has
 * `start` and `floor`; several that are noisy have theirs in draws. The noise
 * is kept in noises (rows, ld). Groups: (items, rows). */
LANES_KERNEL
pick_part(global const float *scores, int ld, int n_vocab, float floor,
          int noisy, global const ulong4 *jumps, ulong4 start,
          global const draw_t *draws, global best_t *bests,
          global float *noises)
{
    const int item = get_global_id(0), first = item * GB_DRAWS;
    const int end = min(first + GB_DRAWS, n_vocab), row = get_group_id(1);
    best_t best = {first, first, -INFINITY, -INFINITY};
    u128 inc, state;
    u128 mult = {jumps[item].x, jumps[item].y};
    u128 plus = {jumps[item].z, jumps[item].w};
    float noise[GB_VW], tail[GB_VW], score;
    int i, j, n;
    ulong k;

    if (first >= end)
        return;
    if (noisy && get_num_groups(1) > 1) {
        start = draws[row].start;
        floor = draws[row].floor;
    }
    scores += (size_t)row * ld;
    noises += (size_t)row * ld;
    state.hi = start.x, state.lo = start.y;
    inc.hi = start.z, inc.lo = start.w;
    state = add128(mul128(state, mult), mul128(inc, plus));
    for (i = first; i < end; i += GB_VW) {
        n = min(GB_VW, end - i);
        if (noisy) {
            for (j = 0; j < GB_VW; j++) {
                k = pcg64_next(&state, inc);
                noise[j] = uniform(k);
                tail[j] = noise[j] == 1.0f ? gumbel_tail(k) : 0.0f;
            }
            VSTORE(VSELECT(VLOAD(tail) != 0.0f, VLOAD(tail),
                           -log(-log(VLOAD(noise)))),
                   noise);
            VSTORE(VLOAD(noise), noises + i);
        }
        for (j = 0; j < n; j++) {
            score = scores[i + j];
            if (score < floor)
                continue;
            if (noisy)
                score += noise[j];
            best_take(&best, i + j, score);
        }
    }
    bests[(size_t)row * get_global_size(0) + item] = best;
}

/* What a head tells the host of a row: the pick, and behind it one stat_t a
 * chunk. */
typedef struct {
    uint id;
    float logprob;
    uint runner_up;
    float margin;
    uint stamp; /* which pick it is, as the host counts them */
    uint unused[3];
} pick_t;

/* What the statistics of the pick need to know of a chunk of tokens. */
typedef struct {
    float above;            /* tokens before the pick when all are ranked */
    float from, to;         /* temperatures: the last one at which a likelier
                               token catches up with the pick going down, the
                               first one at which a less likely does going up */
    float max, sum, spread; /* of softmax_part */
    float noise;            /* of the pick */
    float unused;
} stat_t;

/* best = the two best of best and other; the ids of other are all higher. */
void
best_join(best_t *best, best_t other)
{
    best_take(best, other.id, other.score);
    if (other.runner_up != other.id)
        best_take(best, other.runner_up, other.runner_up_score);
}

/* Joins the bests (n of a row's items), in order, into the row's pick, which
 * are `apart` places apart: each lane a run of them, then the first lane what
 * the lanes found. Groups: (1, rows). */
LANES_KERNEL
pick_join(global const best_t *bests, int items, int n,
          global const float *logprobs, int ld, global pick_t *pick,
          int apart, uint stamp)
{
    local best_t found[GB_LANES];
    const int lane = get_local_id(0), some = (n + GB_LANES - 1) / GB_LANES;
    const int end = min((lane + 1) * some, n);
    best_t best;
    int i;

    bests += (size_t)get_group_id(1) * items;
    logprobs += (size_t)get_group_id(1) * ld;
    pick += (size_t)get_group_id(1) * apart;
    if (lane * some < n) {
        best = bests[lane * some];
        for (i = lane * some + 1; i < end; i++)
            best_join(&best, bests[i]);
        found[lane] = best;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane > 0)
        return;
    for (i = 1; i < GB_LANES && i * some < n; i++)
        best_join(&best, found[i]);
    pick->id = best.id;
    pick->logprob = logprobs[best.id];
    pick->runner_up = best.runner_up;
    pick->margin = best.score - best.runner_up_score;
    pick->stamp = stamp;
}

/* A row's result[1 + chunk] from result[0], its pick. At temperature T a
 * token's score is logit / T + noise, and it crosses the pick's at T =
 * (difference of logits) / (difference of noise). Groups: (chunks, rows). */
LANES_KERNEL
pick_stats(global const float *logits, int ld, int n_vocab, int noisy,
           global const float *noises, global const float4 *parts,
           global stat_t *result)
{
#if GB_LANES > 1
    local float scratch[GB_LANES];
#endif
    const int chunk = get_group_id(0), first = chunk * GB_CHUNK;
    const int end = min(first + GB_CHUNK, n_vocab);
    const int n_chunks = get_num_groups(0), row = get_group_id(1);
    float logit = 0.0f, noise = 0.0f;
    uint id;
    vf above = 0.0f, from = 0.0f, to = INFINITY, l, less, more, cross;
    stat_t stat;
    int i;

    logits += (size_t)row * ld;
    noises += (size_t)row * ld;
    parts += (size_t)row * n_chunks;
    result += (size_t)row * (1 + n_chunks);
    id = ((global const pick_t *)result)->id;
    if (id < (uint)n_vocab) {
        logit = logits[id];
        noise = noisy ? noises[id] : 0.0f;
    }
    for (i = first + get_local_id(0) * GB_VW; i < end;
         i += GB_LANES * GB_VW) {
        l = vmask(VLOAD(logits + i), i, n_vocab);
        above += VSELECT((l > logit) |
                             ((l == logit) & (vindex(i) < (int)id)),
                         1.0f, 0.0f);
        if (!noisy)
            continue;
        less = logit - l;
        more = VLOAD(noises + i) - noise;
        cross = less / more;
        from = fmax(from, VSELECT(less < 0.0f,
                                  VSELECT(more < 0.0f, cross, INFINITY),
                                  0.0f));
        to = fmin(to, VSELECT((less > 0.0f) & (more > 0.0f), cross,
                              INFINITY));
    }
    stat.above = group_sum(vsum(above), scratch);
    stat.from = group_max(vmax(from), scratch);
    stat.to = -group_max(vmax(-to), scratch);
    stat.max = parts[chunk].x;
    stat.sum = parts[chunk].y;
    stat.spread = parts[chunk].z;
    stat.noise = noise;
    stat.unused = 0.0f;
    if (get_local_id(0) == 0)
        result[1 + chunk] = stat;
}
