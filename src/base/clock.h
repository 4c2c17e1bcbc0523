#ifndef GB_BASE_CLOCK_H
#define GB_BASE_CLOCK_H

/* Milliseconds since some fixed moment; never goes back. */
double gb_now_ms(void);

#endif
