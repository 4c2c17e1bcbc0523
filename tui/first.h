/* The first screen: what this is, and beginnings to take with a key. */
#ifndef GB_TUI_FIRST_H
#define GB_TUI_FIRST_H

#include "session/worker.h"
#include "tui/row.h"

#define GB_FIRST_TEXTS 3

/* The texts that the keys 1, 2 and 3 send. */
const char *gb_first_text(gb_mode mode, unsigned i);

/* Fills rows (n), which are empty, as far as there is room. */
void gb_first_put(gb_row *rows, unsigned n, gb_mode mode, gb_state state);

#endif
