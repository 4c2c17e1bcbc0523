#ifndef GB_TESTS_TUI_SVG_H
#define GB_TESTS_TUI_SVG_H

#include "tests/tui/screen.h"

/* Draws the screen as a picture, folder/name. The same screen gives the same
 * bytes. */
bool svg_write(const screen *s, const char *folder, const char *name,
               gb_error *err);

/* The parts of a picture: how it begins, a row (1, 2, ...), the cursor; and
 * its end, which saves it. */
void svg_put_head(gb_str *out, const screen *s);
void svg_put_row(gb_str *out, const screen *s, int row);
void svg_put_cursor(gb_str *out, const screen *s);
bool svg_save(gb_str *out, const char *folder, const char *name,
              gb_error *err);

#endif
