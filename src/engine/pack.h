/* Bringing a matrix from its file into panels. */
#ifndef GB_ENGINE_PACK_H
#define GB_ENGINE_PACK_H

#include "engine/packing.h"

/* Converts `source` (n_in, n_out), or (n_out, n_in) when `transposed`, into
 * out (gb_panels_size); outputs beyond n_out become 0. Several threads share
 * a large matrix. */
bool gb_pack(const gb_panels *p, const gb_tensor *source, bool transposed,
             void *out, gb_error *err);

#endif
