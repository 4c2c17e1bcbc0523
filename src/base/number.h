/* Numbers and switches as people type them. The whole text must be one. */
#ifndef GB_BASE_NUMBER_H
#define GB_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits and nothing else, below 2^64. */
bool gb_parse_u64(const char *text, uint64_t *value);
/* A finite number in decimal, with an exponent or without one. */
bool gb_parse_double(const char *text, double *value);
/* on/off/true/false/yes/no/1/0, in any case. */
bool gb_parse_switch(const char *text, bool *value);

#endif
