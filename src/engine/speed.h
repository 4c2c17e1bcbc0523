/* What a device can do: how fast it reads its memory, the bound of decoding,
 * and how fast it multiplies, that of reading a prompt. */
#ifndef GB_ENGINE_SPEED_H
#define GB_ENGINE_SPEED_H

#include "engine/compute.h"

/* The best of some rounds over a buffer much larger than the caches, in
 * bytes per second. */
bool gb_read_speed(gb_compute *c, double *bytes_per_second, gb_error *err);

/* The best of some rounds of multiply-adds of float32 in registers alone, in
 * floating-point operations per second: two for each. */
bool gb_peak(gb_compute *c, double *flops, gb_error *err);

#endif
