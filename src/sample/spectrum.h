/* Which token wins at which temperature, when the noise stays the same. At
 * temperature T the token with the largest logit / T + noise is chosen; in
 * 1/T each token is a line, and the winners are their upper envelope. See
 * doc/instrument.md.
 *
 * Pure mathematics, in double precision; no engine. It agrees with what
 * the sampling head picks at every temperature but for those so near the end
 * of a band that the two best scores differ by less than the rounding of
 * float32 scores: 1e-6 times (1 + largest |logit| / T), to be safe. */
#ifndef GB_SAMPLE_SPECTRUM_H
#define GB_SAMPLE_SPECTRUM_H

#include <stddef.h>
#include <stdint.h>

#include "sample/threshold.h"

/* The temperatures at which a token wins. */
typedef struct gb_band {
    double from, to; /* 0: the limit; INFINITY */
    uint32_t id;
} gb_band;

typedef struct gb_spectrum gb_spectrum;

gb_spectrum *gb_spectrum_new(void);
void gb_spectrum_free(gb_spectrum *s);

/* The step to look at: logits (n) f32 at temperature 1 (with whatever biases
 * and penalties there are), noise (n) f32. Both stay the caller's and must
 * stay there. Linear in n. */
void gb_spectrum_set(gb_spectrum *s, const float *logits, const float *noise,
                     size_t n, const gb_filter *filter);

/* The bands from one temperature to another, in ascending order and without
 * gaps; no token has two of them. From 0 the first is that of the largest
 * logit (of several, the one with the largest noise); to INFINITY the last is
 * that of the largest noise of the tokens that ever take part. *bands stays
 * until the next call. Each band costs a pass over the tokens. Returns how
 * many there are: at least one, unless the largest logit is not finite. */
size_t gb_spectrum_bands(gb_spectrum *s, double from, double to,
                         const gb_band **bands);

/* The band of a token that won at this temperature; it always holds the
 * temperature, also where rounding has put the end beside it. */
gb_band gb_spectrum_range(gb_spectrum *s, uint32_t id, double temperature);

/* Moves the ends of the bands that gb_spectrum_bands just gave so that the
 * token which was picked at this temperature has it in its band, as
 * gb_spectrum_range does. */
size_t gb_spectrum_hold(gb_spectrum *s, uint32_t id, double temperature,
                        const gb_band **bands);

/* The temperature above which a token takes part: 0: at any, INFINITY: at
 * none. */
double gb_spectrum_threshold(const gb_spectrum *s, uint32_t id);
#endif
