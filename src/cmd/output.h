/* What a command reads and writes: standard input, standard output, JSON. */
#ifndef GB_CMD_OUTPUT_H
#define GB_CMD_OUTPUT_H

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cmd/options.h"
#include "model/tokenizer.h"

/* The text that a command works on: its argument, or all of standard input
 * but a byte order mark. `out` must be empty. */
bool gb_read_text(const gb_options *o, gb_str *out, gb_error *err);

/* Writes bytes to standard output as they are. */
bool gb_put(const gb_str *bytes, gb_error *err);

/* Writes text of a model or a user: as it is to a file or a pipe; to a
 * terminal with control characters made visible. */
bool gb_put_text(const char *text, size_t n, gb_error *err);

/* Appends one JSON object as a line that any terminal may show; takes the
 * reference. */
void gb_json_line(json_t *object, gb_str *out);

/* The same, to standard output. */
bool gb_put_json(json_t *object, gb_error *err);

/* Token ids as a JSON list. */
json_t *gb_json_ids(const gb_ids *ids);

/* Says a sentence on standard error that is no failure, but worth knowing. */
void gb_put_note(const char *text);

/* Ends the line when standard output is a terminal and text, which was
 * printed last, does not. */
bool gb_put_line_end(const gb_str *text, gb_error *err);

#endif
