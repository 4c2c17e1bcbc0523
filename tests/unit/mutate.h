/* Damaged input for tests: the same damage on every machine and run. */
#ifndef GB_TESTS_MUTATE_H
#define GB_TESTS_MUTATE_H

#include <stddef.h>
#include <stdint.h>

typedef struct test_random {
    uint64_t state; /* any seed */
} test_random;

/* SplitMix64 (Steele, Lea, Flood 2014); the second gives 0 .. n - 1. */
uint64_t test_random_next(test_random *r);
size_t test_random_below(test_random *r, size_t n);

/* Damages 1 to 8 places of n bytes: bits, bytes, numbers, brackets, copied
 * and removed pieces, a cut end. Returns the length, which is <= n. */
size_t test_mutate(test_random *r, void *data, size_t n);

#endif
