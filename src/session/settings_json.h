/* Settings as a JSON object, with the names of the options. */
#ifndef GB_SESSION_SETTINGS_JSON_H
#define GB_SESSION_SETTINGS_JSON_H

#include <jansson.h>

#include "session/settings.h"

/* Numbers and booleans; null for what is off. The caller owns the result. */
json_t *gb_settings_json(const gb_settings *s);

/* A whole number; above 2^63 - 1, which is more than JSON readers commonly
 * take, a string of its digits. */
json_t *gb_json_u64(uint64_t value);

/* A number with the digits that tell one float from the next; null for one
 * that is not finite. */
json_t *gb_json_float(float value);

#endif
