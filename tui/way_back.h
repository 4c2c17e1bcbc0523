/* The command that goes on with a session that has ended. */
#ifndef GB_TUI_WAY_BACK_H
#define GB_TUI_WAY_BACK_H

#include "tui/mirror.h"

/* Appends it as a line for a shell: it works as it stands, from any folder,
 * whatever the names are; with -m, -d and the like where the session had
 * another model or device than the program takes by itself. `options` are
 * those that the worker began with. Nothing when no file was kept. */
void gb_way_back(gb_str *out, const gb_mirror *m,
                 const gb_worker_options *options);

#endif
