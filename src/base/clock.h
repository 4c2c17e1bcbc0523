#ifndef GB_BASE_CLOCK_H
#define GB_BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>

/* Milliseconds since some fixed moment; never goes back. */
double gb_now_ms(void);

/* Waits until a moment, or until *cancel (which may be NULL) is set: some
 * hundredths of a second later at the most. */
void gb_wait_until(double ms, const atomic_bool *cancel);

#endif
