/* The plain line mode: the same commands without a screen. */
#ifndef GB_TUI_LINE_H
#define GB_TUI_LINE_H

#include "tui/tui.h"

/* Reads lines (through readline when standard input is a terminal) until the
 * end of input or /quit, each done before the next is read. What the model
 * writes goes to standard output. From a file, a line that fails makes the
 * status GB_FAILED in the end, the others are done. */
int gb_line_main(const gb_tui_options *options, gb_error *err);

#endif
