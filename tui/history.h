/* The history file: what was typed, across runs and shared by programs that
 * run at the same time. One entry a line, oldest first, \n and \\ escaped. */
#ifndef GB_TUI_HISTORY_H
#define GB_TUI_HISTORY_H

#include <stddef.h>

#include "base/error.h"

#define GB_HISTORY_ENTRIES 1000
#define GB_HISTORY_ENTRY_BYTES 16384 /* longer ones are not kept */

/* Calls add for the newest entries of the file, oldest first. A file that is
 * not there yet has none; one that can only be read will do. Shortens a file
 * that has grown to twice the limit, unless another program is at it. */
bool gb_history_load(const char *path, void (*add)(const char *entry),
                     gb_error *err);

/* Adds one entry at the end, in one write, so that several programs do not
 * disturb each other. Creates file and folder (0600, 0700). Neither function
 * waits for a lock that another program holds for more than a moment. */
bool gb_history_save(const char *path, const char *entry, gb_error *err);

#endif
