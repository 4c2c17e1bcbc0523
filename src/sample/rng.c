#include "sample/rng.h"

#define POOL 4

#define U128(high, low) ((gb_u128)(high) << 64 | (low))
#define MULTIPLIER U128(0x2360ed051fc65da4u, 0x4385df649fccf645u)

/* SeedSequence's hash; `constant` changes from call to call. */
static uint32_t
hash(uint32_t value, uint32_t *constant, uint32_t multiplier)
{
    value ^= *constant;
    *constant *= multiplier;
    value *= *constant;
    return value ^ value >> 16;
}

static uint32_t
mix(uint32_t x, uint32_t y)
{
    uint32_t r = 0xca01f9ddu * x - 0x4973f715u * y;

    return r ^ r >> 16;
}

/* Fills the pool from the entropy's words, low first; missing words are 0. */
static void
mix_entropy(const uint32_t entropy[POOL], uint32_t pool[POOL])
{
    uint32_t constant = 0x43b0d7e5u;
    unsigned from, to;

    for (to = 0; to < POOL; to++)
        pool[to] = hash(entropy[to], &constant, 0x931e8875u);
    for (from = 0; from < POOL; from++)
        for (to = 0; to < POOL; to++)
            if (from != to)
                pool[to] = mix(pool[to],
                               hash(pool[from], &constant, 0x931e8875u));
}

/* generate_state(4, uint64) */
static void
generate_state(const uint32_t pool[POOL], uint64_t state[4])
{
    uint32_t constant = 0x8b51f9ddu, word;
    unsigned i;

    for (i = 0; i < 8; i++) {
        word = hash(pool[i % POOL], &constant, 0x58f38dedu);
        if (i % 2 == 0)
            state[i / 2] = word;
        else
            state[i / 2] |= (uint64_t)word << 32;
    }
}

void
gb_pcg64_seed(gb_pcg64 *g, uint64_t seed, uint64_t step)
{
    gb_u128 sum = (gb_u128)seed + step;
    uint32_t entropy[POOL], pool[POOL];
    uint64_t state[4];
    unsigned i;

    for (i = 0; i < POOL; i++)
        entropy[i] = (uint32_t)(sum >> 32 * i);
    mix_entropy(entropy, pool);
    generate_state(pool, state);
    /* As PCG's srandom: one step from 0, add the state, one step more. */
    g->inc = U128(state[2], state[3]) << 1 | 1;
    g->state = g->inc + U128(state[0], state[1]);
    g->state = g->state * MULTIPLIER + g->inc;
}

uint64_t
gb_seed_jump(uint64_t seed, uint64_t times)
{
    return seed + times * UINT64_C(0x9e3779b97f4a7c15);
}

uint64_t
gb_pcg64_next(gb_pcg64 *g)
{
    uint64_t folded;
    unsigned turn;

    g->state = g->state * MULTIPLIER + g->inc;
    folded = (uint64_t)(g->state >> 64) ^ (uint64_t)g->state;
    turn = (unsigned)(g->state >> 122);
    return folded >> turn | folded << (-turn & 63);
}

/* The n-th power of x -> MULTIPLIER * x + inc by repeated squaring (Brown
 * 1994); every constant term is a multiple of inc, so inc is left out. */
void
gb_pcg64_jump(uint64_t n, gb_u128 *mult, gb_u128 *plus)
{
    gb_u128 m = MULTIPLIER, p = 1;

    *mult = 1;
    *plus = 0;
    for (; n > 0; n >>= 1) {
        if (n & 1) {
            *mult *= m;
            *plus = *plus * m + p;
        }
        p *= m + 1;
        m *= m;
    }
}

void
gb_pcg64_advance(gb_pcg64 *g, uint64_t n)
{
    gb_u128 mult, plus;

    gb_pcg64_jump(n, &mult, &plus);
    g->state = mult * g->state + plus * g->inc;
}
