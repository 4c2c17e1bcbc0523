/* JSON, read and made with jansson. Nothing that is read is trusted. Where
 * there is no memory left jansson ends the program as mem.h does: what it
 * returns needs no check for that, and nothing is written in part. */
#ifndef GB_BASE_JSON_H
#define GB_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* Values one file may hold: more than any vocabulary, and few enough that
 * the parsed form stays within some hundred megabytes. */
#define GB_JSON_MAX_VALUES (1u << 20)

/* Reads a file of at most `limit` bytes that holds one JSON object. Errors
 * name path, line and column; a key that is there twice is an error. The
 * caller calls json_decref. */
json_t *gb_json_load(const char *path, size_t limit, gb_error *err);

/* The same for a file of programs whose integers have no end, as Python's: one
 * that does not fit in 64 bits becomes a real number. */
json_t *gb_json_load_python(const char *path, size_t limit, gb_error *err);

/* The same for n bytes of text; `name` stands for them in messages. */
json_t *gb_json_parse(const char *name, const char *text, size_t n,
                      gb_error *err);

/* What was found, for a message: `"gelu"`, -3, null, a list; "nothing" for
 * NULL. Control characters are made visible, long text is cut. */
#define GB_JSON_SHOWN 96
const char *gb_json_show(const json_t *value, char out[GB_JSON_SHOWN]);

/* A string as gb_json_show gives it, in double quotes. */
const char *gb_json_quote(const char *s, char out[GB_JSON_SHOWN]);

/* PATH: FIELD: expected ..., found ..., of a field of a file. Returns false. */
bool gb_json_refuse_field(const char *path, const char *field,
                          const char *expected, const json_t *found,
                          gb_error *err);

/* Values; the caller owns what it gets. */

/* A whole number; above 2^63 - 1, which is more than JSON readers commonly
 * take, a string of its digits. */
json_t *gb_json_u64(uint64_t value);

/* A number with the digits that tell one float from the next; null for one
 * that is not finite. */
json_t *gb_json_float(float value);

/* A string; bytes that are no UTF-8 become U+FFFD, NULL becomes null. */
json_t *gb_json_string(const char *s);
json_t *gb_json_text(const char *bytes, size_t n);

/* Appends a value without a line end, and gives it back (json_decref). Nine
 * digits tell any float from the next. */
void gb_json_dump(json_t *value, gb_str *out);

/* Sets a member of this name to bytes; where JSON has no way to say them (no
 * UTF-8, or a zero in them), one called "hex". */
void gb_json_put_bytes(json_t *object, const char *name, const char *bytes,
                       size_t n);

/* Members of an object. `where` names it in messages: WHERE: "NAME": expected
 * ..., found ... (GB_USAGE). gb_json_refuse returns false. */
bool gb_json_refuse(const char *where, const char *name, const char *expected,
                    const json_t *found, gb_error *err);
bool gb_json_get_u64(const json_t *object, const char *where,
                     const char *name, uint64_t limit, uint64_t *value,
                     gb_error *err);
bool gb_json_get_string(const json_t *object, const char *where,
                        const char *name, const char **value, gb_error *err);
/* Appends the bytes that the object's "hex" says. */
bool gb_json_get_hex(const json_t *object, const char *where, gb_str *out,
                     gb_error *err);

#endif
