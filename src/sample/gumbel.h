/* Gumbel-max sampling (Gumbel 1954; Maddison et al. 2014) with NumPy's
 * noise; the host oracle of cl/pick.cl. See doc/sampling.md. */
#ifndef GB_SAMPLE_GUMBEL_H
#define GB_SAMPLE_GUMBEL_H

#include <stddef.h>
#include <stdint.h>

/* Gumbel noise of the draw with the 53-bit integer k (next64 >> 11):
 * u = float32(1e-20 + k 2^-53), g = -log(-log(u)); where u rounds to 1 the
 * exact tail -log(1 - k 2^-53) instead of infinity. */
float gb_gumbel(uint64_t k);

/* noise (n) f32 of default_rng(seed + step). */
void gb_gumbel_noise(uint64_t seed, uint64_t step, float *noise, size_t n);

typedef struct gb_best {
    uint32_t id;       /* the first maximum */
    uint32_t runner_up; /* the first of the rest; id when there is none */
    float score;       /* of id: log-probability + noise */
    float runner_up_score; /* -INFINITY when there is no other */
} gb_best;

/* Argmax of logprobs + gumbel(seed + step) over the ids whose logprob is at
 * least `floor` (-INFINITY: all). logprobs (n) f32, natural log. */
gb_best gb_gumbel_argmax(const float *logprobs, size_t n, float floor,
                         uint64_t seed, uint64_t step);

/* Argmax of x (n) without noise. */
gb_best gb_argmax(const float *x, size_t n);

#endif
