/* What the normalizers of tokenizers need to know of Unicode's characters:
 * tables of libutf8proc, which is loaded where it is needed. */
#ifndef GB_MODEL_UNICODE_H
#define GB_MODEL_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Before the first call of any other; from any thread, any number of times. An
 * error where the library is not there. */
bool gb_unicode_load(gb_error *err);

/* The most characters that one becomes. */
#define GB_UNICODE_MOST 32

/* Writes what a character is in lower case, wherever it stands, and what it is
 * made of (`compatible`: also what only looks like it); returns how many. */
size_t gb_unicode_lower(uint32_t rune, uint32_t out[GB_UNICODE_MOST]);
size_t gb_unicode_decompose(uint32_t rune, bool compatible,
                            uint32_t out[GB_UNICODE_MOST]);

/* Whether it is an accent or another mark; its canonical combining class. */
bool gb_unicode_is_mark(uint32_t rune);
unsigned gb_unicode_class(uint32_t rune);

/* Composes n characters, which are decomposed and in canonical order, in
 * place; returns how many are left. */
size_t gb_unicode_compose(uint32_t *runes, size_t n);

#endif
