#include "sample/gumbel.h"

#include <math.h>

#include "sample/rng.h"

/* Scores met in order of their ids. */
typedef struct race {
    gb_best best;
    size_t n; /* so far */
} race;

float
gb_gumbel(uint64_t k)
{
    float u = (float)(1e-20 + (double)k * 0x1p-53);

    if (u < 1.0f)
        return -logf(-logf(u));
    return -logf((float)((UINT64_C(1) << 53) - k) * 0x1p-53f);
}

void
gb_gumbel_noise(uint64_t seed, uint64_t step, float *noise, size_t n)
{
    gb_pcg64 g;
    size_t i;

    gb_pcg64_seed(&g, seed, step);
    for (i = 0; i < n; i++)
        noise[i] = gb_gumbel(gb_pcg64_next(&g) >> 11);
}

static void
meet(race *r, uint32_t id, float score)
{
    gb_best *b = &r->best;

    if (r->n == 0) {
        *b = (gb_best){id, id, score, -INFINITY};
    } else if (score > b->score) {
        *b = (gb_best){id, b->id, score, b->score};
    } else if (r->n == 1 || score > b->runner_up_score) {
        b->runner_up = id;
        b->runner_up_score = score;
    }
    r->n++;
}

gb_best
gb_gumbel_argmax(const float *logprobs, size_t n, float floor, uint64_t seed,
                 uint64_t step)
{
    race r = {.n = 0};
    gb_pcg64 g;
    uint64_t k;
    size_t i;

    gb_pcg64_seed(&g, seed, step);
    for (i = 0; i < n; i++) {
        k = gb_pcg64_next(&g) >> 11;
        if (logprobs[i] >= floor)
            meet(&r, (uint32_t)i, logprobs[i] + gb_gumbel(k));
    }
    return r.best;
}

gb_best
gb_argmax(const float *x, size_t n)
{
    race r = {.n = 0};
    size_t i;

    for (i = 0; i < n; i++)
        meet(&r, (uint32_t)i, x[i]);
    return r.best;
}
