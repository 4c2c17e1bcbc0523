/* UTF-8 as a decoder must see it: any bytes in, whole characters out. */
#ifndef GB_BASE_UTF8_H
#define GB_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define GB_REPLACEMENT 0xfffdu

/* Decodes the character at the start of s (n > 0 bytes). Returns its length
 * in bytes and sets *rune; for bytes that are no character, the length of the
 * maximal ill-formed part (Unicode 15, table 3-8) and GB_REPLACEMENT with
 * *valid false. Returns 0 when s is the beginning of a character whose end is
 * not there yet. */
size_t gb_utf8_next(const char *s, size_t n, uint32_t *rune, bool *valid);

/* Writes rune as UTF-8; returns the length, 1 .. 4. */
size_t gb_utf8_put(uint32_t rune, char out[4]);

/* Appends s to out with ill-formed parts replaced by U+FFFD. The beginning of
 * an unfinished character at the end of s is left out unless `end` is set
 * (then it is U+FFFD too). Returns how many bytes of s were used. */
size_t gb_utf8_clean(gb_str *out, const char *s, size_t n, bool end);

/* Whether a terminal would act on rune or show nothing for it: controls (C0,
 * DEL, C1, of direction, of lines), spaces without width, tags. Joiners and
 * variation selectors, which scripts and emoji need, are not. */
bool gb_utf8_is_hidden(uint32_t rune);

/* Appends s as a person may safely see it in a terminal or a message: valid
 * UTF-8 stays, hidden characters become caret or \u{..} forms. With
 * `keep_newlines`, \n and \t stay. */
void gb_utf8_visible(gb_str *out, const char *s, size_t n, bool keep_newlines);

/* Appends it so in double quotes. */
void gb_utf8_quote(gb_str *out, const char *s, size_t n);

/* Appends the beginning of s on one line: at most so many bytes, and "..."
 * where there are more. Clean, but hidden characters stay. */
void gb_utf8_line(gb_str *out, const char *s, size_t n, size_t limit);

/* Appends JSON text with its hidden characters as \uXXXX, which means the
 * same; those below 0x20 can only stand between its values, and stay. */
void gb_utf8_escape(gb_str *out, const char *json, size_t n);

#endif
