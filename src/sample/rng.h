/* NumPy's default_rng(seed): SeedSequence (O'Neill's seed_seq_fe) and PCG64
 * (O'Neill 2014, XSL-RR 128/64). See doc/sampling.md. */
#ifndef GB_SAMPLE_RNG_H
#define GB_SAMPLE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef unsigned __int128 gb_u128;

typedef struct gb_pcg64 {
    gb_u128 state;
    gb_u128 inc;
} gb_pcg64;

/* The generator of step `step`: default_rng(seed + step), where the sum is
 * Python's (no wrap-around: 2^64 - 1 + 1 is a three-word entropy). */
void gb_pcg64_seed(gb_pcg64 *g, uint64_t seed, uint64_t step);

/* The seed of another take of the same text, `times` jumps from this one:
 * seed + times * 11400714819323198485 modulo 2^64, the golden section of all
 * seeds. Of any n takes in a row no two seeds are closer than 0.38 * 2^64 / n,
 * which is further than texts are long. */
uint64_t gb_seed_jump(uint64_t seed, uint64_t times);

/* The next 64 bits. */
uint64_t gb_pcg64_next(gb_pcg64 *g);

/* Moves ahead by n draws in O(log n). */
void gb_pcg64_advance(gb_pcg64 *g, uint64_t n);

/* The jump by n draws as a linear map: state' = mult * state + plus * inc.
 * It depends on n alone, so a table of jumps serves every seed. */
void gb_pcg64_jump(uint64_t n, gb_u128 *mult, gb_u128 *plus);

#endif
