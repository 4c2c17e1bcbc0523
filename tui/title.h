/* The title row: what writes, and which text is on the screen. */
#ifndef GB_TUI_TITLE_H
#define GB_TUI_TITLE_H

#include "tui/mirror.h"
#include "tui/row.h"

/* Appends a device's name as a person would say it, without the words that
 * drivers put around it: "Core i7-1185G7", "AMD EPYC", "llvmpipe". */
void gb_title_device(gb_str *out, const char *name);

void gb_title_put(gb_row *row, const gb_mirror *m);

#endif
