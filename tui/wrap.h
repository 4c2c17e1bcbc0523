/* Where the lines of a paragraph end: greedy word wrap by columns. */
#ifndef GB_TUI_WRAP_H
#define GB_TUI_WRAP_H

#include <stdbool.h>
#include <stddef.h>

/* The line of text (n bytes, no newline) that begins at `start` < n: returns
 * where the next one begins, n when this is the last. Lines end after spaces
 * or beside wide characters; a word longer than a line is cut. Spaces hang
 * over the right edge. width >= 1; a character wider than that stands alone
 * on its line. */
size_t gb_wrap(const char *text, size_t n, size_t start, unsigned width,
               bool ascii);

/* The same, but cuts at the edge, whatever stands there (an edit line). */
size_t gb_wrap_hard(const char *text, size_t n, size_t start, unsigned width,
                    bool ascii);

#endif
