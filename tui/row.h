/* A row of the screen: text of several styles, as wide as it may be. Knows
 * nothing of terminals. */
#ifndef GB_TUI_ROW_H
#define GB_TUI_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "tui/theme.h"

typedef struct gb_piece {
    gb_style style;
    size_t end; /* bytes of the row's text before its end */
} gb_piece;

typedef struct gb_row {
    gb_str text;      /* may be sent to any terminal */
    gb_piece *pieces; /* (n_pieces) */
    size_t n_pieces, capacity;
    unsigned used, width; /* columns */
    bool ascii;
} gb_row;

void gb_row_init(gb_row *r, unsigned width, bool ascii);
void gb_row_free(gb_row *r);
void gb_row_clear(gb_row *r);

/* Appends text (any bytes, up to a line end) as cells (see base/cells.h), cut
 * where the row ends. Returns the columns used. */
unsigned gb_row_put(gb_row *r, gb_style style, const char *text, size_t n);
unsigned gb_row_puts(gb_row *r, gb_style style, const char *text);
unsigned gb_row_printf(gb_row *r, gb_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends the line of a text (n bytes) that begins at `at`, with a column left
 * free at the right; returns where the next one begins, see gb_wrap. */
size_t gb_row_wrap(gb_row *r, gb_style style, const char *text, size_t n,
                   size_t at);
/* Appends a line that is being typed, with a column left free for the cursor
 * behind it: of one that is too long its end, with a sign for what is left
 * out. */
void gb_row_typed(gb_row *r, gb_style style, const char *text, size_t n);
/* Exactly so many columns: cut, or filled with blanks. */
void gb_row_field(gb_row *r, gb_style style, const char *text,
                  unsigned columns);
/* Blanks up to a column. */
void gb_row_pad(gb_row *r, unsigned column);

/* UTF-8 where that may be drawn. */
const char *gb_row_sign(const gb_row *r, const char *utf8,
                        const char *ascii);

/* Appends a token as a name for it: white space and the end of the text are
 * visible. `bare`: without the one blank that a word begins with. */
void gb_token_name(gb_str *out, const char *text, size_t n, bool bare,
                   bool ascii);

#endif
