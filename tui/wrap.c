#include "tui/wrap.h"

#include "base/cells.h"

size_t
gb_wrap(const char *text, size_t n, size_t start, unsigned width, bool ascii)
{
    unsigned column = 0;
    size_t at = start, good = start; /* good: the line may end here */
    gb_cell cell;

    while (at < n) {
        gb_cell_read(&cell, text + at, n - at, column, ascii);
        if (cell.space) {
            at += cell.bytes;
            good = at;
            column += cell.width;
            if (column > width)
                column = width;
            continue;
        }
        if (cell.breakable)
            good = at;
        if (column + cell.width > width && at > start)
            return good > start ? good : at;
        at += cell.bytes;
        column += cell.width;
        if (cell.breakable)
            good = at;
    }
    return n;
}

size_t
gb_wrap_hard(const char *text, size_t n, size_t start, unsigned width,
             bool ascii)
{
    unsigned column = 0;
    size_t at = start;
    gb_cell cell;

    while (at < n) {
        gb_cell_read(&cell, text + at, n - at, column, ascii);
        if (column + cell.width > width && at > start)
            return at;
        at += cell.bytes;
        column += cell.width;
    }
    return n;
}
