/* JSON files, read with jansson; nothing in them is trusted. */
#ifndef GB_BASE_JSON_H
#define GB_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

/* Values one file may hold: more than any vocabulary, and few enough that
 * the parsed form stays within some hundred megabytes. */
#define GB_JSON_MAX_VALUES (1u << 20)

/* Reads a file of at most `limit` bytes that holds one JSON object. Errors
 * name path, line and column; a key that is there twice is an error. The
 * caller calls json_decref. */
json_t *gb_json_load(const char *path, size_t limit, gb_error *err);

/* The same for n bytes of text; `name` stands for them in messages. */
json_t *gb_json_parse(const char *name, const char *text, size_t n,
                      gb_error *err);

/* What was found, for a message: `"gelu"`, -3, null, a list; "nothing" for
 * NULL. Control characters are made visible, long text is cut. */
#define GB_JSON_SHOWN 96
const char *gb_json_show(const json_t *value, char out[GB_JSON_SHOWN]);

/* A string as gb_json_show gives it, in double quotes. */
const char *gb_json_quote(const char *s, char out[GB_JSON_SHOWN]);

#endif
