/* The user's editor. */
#ifndef GB_TUI_EDITOR_H
#define GB_TUI_EDITOR_H

#include "base/error.h"
#include "base/str.h"

/* Lets the user change text in $VISUAL, $EDITOR or vi, on the terminal
 * `tty`, which must have been given up. Signals of the terminal are the
 * editor's alone; when it stops (Ctrl-Z) so does the program, and both go on
 * together. Appends what was saved, without a final newline. */
bool gb_editor_run(const char *text, int tty, gb_str *out, gb_error *err);

#endif
