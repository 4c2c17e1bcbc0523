/* Signals as bytes in a pipe, so that poll sees them. */
#ifndef GB_TUI_SIGNALS_H
#define GB_TUI_SIGNALS_H

#include "base/error.h"

/* Catches SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP and SIGCONT, but for
 * those that are ignored. Returns the descriptor to poll, -1 on failure. */
int gb_signals_open(gb_error *err);
/* As they were before; also for a child, between fork and exec. */
void gb_signals_close(void);
/* The next one that came, 0 when there is none. */
int gb_signals_take(void);
/* Stops the program, with all of its process group, as Ctrl-Z does in a
 * shell; returns when it goes on. Does nothing where SIGTSTP is ignored. */
void gb_signals_suspend(void);

#endif
