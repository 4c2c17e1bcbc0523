#include "base/clock.h"

#include <time.h>

double
gb_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* How often it looks whether it was cancelled. */
#define GB_WAIT_MS 20.0

void
gb_wait_until(double ms, const atomic_bool *cancel)
{
    struct timespec t = {0};
    double left;

    while ((left = ms - gb_now_ms()) > 0 &&
           (cancel == NULL || !atomic_load(cancel))) {
        t.tv_nsec = (long)((left < GB_WAIT_MS ? left : GB_WAIT_MS) * 1e6);
        nanosleep(&t, NULL);
    }
}
