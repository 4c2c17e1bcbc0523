/* Text as a terminal shows it: one cell at a time, with its width in
 * columns. Whatever the bytes are, what comes out may be sent to any
 * terminal: control characters and bytes that are no character are spelled
 * out, and what terminals disagree about (joiners, variation selectors) is
 * left out, so that the width is the same everywhere. */
#ifndef GB_BASE_CELLS_H
#define GB_BASE_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define GB_CELL_MARKS 4 /* combining characters kept; ncurses has no more */

typedef struct gb_cell {
    size_t bytes;    /* of the text that the cell stands for, at least 1 */
    unsigned width;  /* columns; 0 for a newline or invisible characters */
    char shown[32];  /* valid UTF-8 (ASCII in ASCII mode), NUL at the end */
    bool space;      /* a line may end after it, and it may hang over */
    bool breakable;  /* a line may end before and after it (ideographs) */
    bool line_end;
    bool changed;    /* shown differs from the text: a control character */
} gb_cell;

#define GB_TAB_STOP 4

/* Reads the cell at the start of s (n > 0 bytes); `column` is where it will
 * stand, for tabs. With `ascii`, characters outside ASCII are replaced. */
void gb_cell_read(gb_cell *cell, const char *s, size_t n, unsigned column,
                  bool ascii);

/* Columns of a whole text that has no newline. */
unsigned gb_cells_width(const char *s, size_t n, bool ascii);

/* Appends what is shown of a text that begins at a column, up to its line end;
 * where it has no room it is cut, with a sign for that. Returns the columns
 * used, at most `room`. */
unsigned gb_cells_put(gb_str *out, const char *s, size_t n, unsigned column,
                      unsigned room, bool ascii);

#endif
