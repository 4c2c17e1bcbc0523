/* Who does the products of the prefill: the own kernel or CLBlast. Measured
 * once for a packing on a device, remembered in the cache folder. */
#ifndef GB_ENGINE_PREFILL_H
#define GB_ENGINE_PREFILL_H

#include "engine/compute.h"

typedef struct gb_prefill_times {
    double own_ms, clblast_ms; /* 256 tokens, 768 inputs, 3072 outputs */
} gb_prefill_times;

/* What was measured before on this device and driver; false when nothing
 * was. */
bool gb_prefill_known(const gb_device *d, gb_packing packing,
                      gb_prefill_times *times);

/* Measures and remembers. The first call compiles CLBlast's kernels, which
 * takes seconds. */
bool gb_prefill_measure(gb_compute *c, gb_packing packing,
                        gb_prefill_times *times, gb_error *err);

#endif
