/* What tokenizer.json has done to a text before it is tokenized: lower case,
 * Unicode's normal forms, and the like. */
#ifndef GB_MODEL_NORMALIZER_H
#define GB_MODEL_NORMALIZER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/* The texts are those that Hugging Face's tokenizers make, for the characters
 * of Unicode 9, which these know (but for U+1CF2 and U+1CF3, which were marks
 * then); later ones are as libutf8proc has them. */
typedef struct gb_normalizer gb_normalizer;

/* Reads tokenizer.json's "normalizer"; *out is NULL for none. A step that is
 * not done here is refused by its name; path is for the message. */
bool gb_normalizer_read(gb_normalizer **out, const json_t *normalizer,
                        const char *path, gb_error *err);
void gb_normalizer_close(gb_normalizer *n);

/* Appends what a text (size bytes, of which those that are no UTF-8 stay)
 * becomes. `inside`: it goes on from another one, so that nothing is put
 * before it or taken away there. */
bool gb_normalizer_run(const gb_normalizer *n, const char *text, size_t size,
                       bool inside, gb_str *out, gb_error *err);

/* The steps by their names, "NFC, Lowercase"; owned by n. */
const char *gb_normalizer_names(const gb_normalizer *n);

#endif
