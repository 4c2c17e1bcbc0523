/* How fast a device reads its memory: the bound of decoding. */
#ifndef GB_ENGINE_SPEED_H
#define GB_ENGINE_SPEED_H

#include "engine/compute.h"

/* The best of some rounds over a buffer much larger than the caches, in
 * bytes per second. */
bool gb_read_speed(gb_compute *c, double *bytes_per_second, gb_error *err);

#endif
