/* Settings as a JSON object, with the names of the options. */
#ifndef GB_SESSION_SETTINGS_JSON_H
#define GB_SESSION_SETTINGS_JSON_H

#include <jansson.h>

#include "session/settings.h"

/* Numbers and booleans; null for what is off. The caller owns the result. */
json_t *gb_settings_json(const gb_settings *s);

#endif
