/* The filters as temperatures. What top-k leaves does not depend on the
 * temperature; what top-p and min-p leave of it only grows with it. So each
 * token has a temperature from which on it takes part, and the likelier of two
 * tokens takes part from the lower one. */
#ifndef GB_SAMPLE_THRESHOLD_H
#define GB_SAMPLE_THRESHOLD_H

#include "sample/filter.h"

typedef struct gb_threshold gb_threshold;

gb_threshold *gb_threshold_new(void);
void gb_threshold_free(gb_threshold *t);

/* Gets ready for these logits (n) f32, which stay the caller's and must stay
 * there; linear in n. Returns false when the largest is not finite; then no
 * token takes part at any temperature. Logits that are not finite never do. */
bool gb_threshold_set(gb_threshold *t, const gb_filter *filter,
                      const float *logits, size_t n);

/* The filter it was made ready for. */
const gb_filter *gb_threshold_filter(const gb_threshold *t);

/* The largest logit. */
float gb_threshold_max(const gb_threshold *t);

/* Whether the set depends on the temperature at all. */
bool gb_threshold_moves(const gb_threshold *t);

/* The temperature above which a token with this logit takes part: 0 when it
 * does at any, INFINITY when at none. Agrees with gb_filter_logit_floor to a
 * millionth of the temperature or better. A guess near it saves time. */
double gb_threshold_of(const gb_threshold *t, float logit, double guess);

/* Whether it takes part at a temperature > 0; costs less than the above. */
bool gb_threshold_passed(const gb_threshold *t, float logit,
                         double temperature);

#endif
