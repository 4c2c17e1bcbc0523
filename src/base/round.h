/* Whole numbers divided and rounded up. */
#ifndef GB_BASE_ROUND_H
#define GB_BASE_ROUND_H

#include <stdint.h>

static inline uint64_t
gb_div_up(uint64_t n, uint64_t by)
{
    return (n + by - 1) / by;
}

static inline uint64_t
gb_round_up(uint64_t n, uint64_t multiple)
{
    return gb_div_up(n, multiple) * multiple;
}

#endif
