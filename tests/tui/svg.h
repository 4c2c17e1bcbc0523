#ifndef GB_TESTS_TUI_SVG_H
#define GB_TESTS_TUI_SVG_H

#include "tests/tui/screen.h"

/* Draws the screen as a picture, folder/name. The same screen gives the same
 * bytes. */
bool svg_write(const screen *s, const char *folder, const char *name,
               gb_error *err);

#endif
