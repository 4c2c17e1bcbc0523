/* Where a device's time goes, kernel by kernel, as its events tell. */
#ifndef GB_ENGINE_PROFILE_H
#define GB_ENGINE_PROFILE_H

#include <stdint.h>

#define GB_PROFILE_ROWS 64

typedef struct gb_profile_row {
    const char *name; /* of the kernel; "(transfers)" for what is none */
    uint64_t runs;
    double ms;        /* of all runs together */
} gb_profile_row;

typedef struct gb_profile {
    gb_profile_row rows[GB_PROFILE_ROWS];
    unsigned n;
} gb_profile;

/* Counts so many runs that took so long; name stays valid. Kernels beyond
 * GB_PROFILE_ROWS are not told apart. */
void gb_profile_add(gb_profile *p, const char *name, uint64_t runs, double ms);
void gb_profile_merge(gb_profile *p, const gb_profile *other);
double gb_profile_ms(const gb_profile *p); /* of all of it */

#endif
