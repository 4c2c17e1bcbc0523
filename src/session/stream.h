/* From tokens to text as it may be shown: whole characters only, and nothing
 * that might still become a stop string. What comes out does not depend on
 * how the bytes were cut into tokens. */
#ifndef GB_SESSION_STREAM_H
#define GB_SESSION_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "model/config.h"
#include "model/tokenizer.h"

typedef struct gb_stream gb_stream;

/* stops (n_stops) are byte strings, copied; none is empty. */
gb_stream *gb_stream_new(const char *const *stops, size_t n_stops);
void gb_stream_free(gb_stream *s);

/* Takes the bytes of the next token; appends to out what may be shown now.
 * Returns true when a stop string has just been completed: what stood before
 * it is in out, the stop string and what followed it are dropped. The stop
 * string that is complete first counts; of those that end at the same byte,
 * the longest. After that, everything is dropped and true returned. */
bool gb_stream_push(gb_stream *s, const char *bytes, size_t n, gb_str *out);

/* The same with a token's bytes; one of `ends` (NULL: there are none) has
 * none. */
bool gb_stream_push_token(gb_stream *s, const gb_tokenizer *tokenizer,
                          const gb_ends *ends, gb_token id, gb_str *out);

/* The end: appends what was held back; an unfinished character is U+FFFD. */
void gb_stream_end(gb_stream *s, gb_str *out);

#endif
