/* What libraries and drivers print while the screen is up: caught from
 * standard output and standard error, so that it cannot garble the screen. */
#ifndef GB_TUI_LOG_H
#define GB_TUI_LOG_H

#include <stddef.h>

#include "base/error.h"

typedef struct gb_log gb_log;

/* Redirects descriptors 1 and 2. */
gb_log *gb_log_open(gb_error *err);
/* Puts them back. */
void gb_log_close(gb_log *l);

/* For children that need the terminal: puts the descriptors back for a
 * while, and redirects them again. */
void gb_log_suspend(gb_log *l);
void gb_log_resume(gb_log *l);

/* Readable when there is something to pump. */
int gb_log_fd(const gb_log *l);
/* Takes in what was printed. Returns true when there was a bell in it:
 * readline rings by standard error. */
bool gb_log_pump(gb_log *l);
void gb_log_add(gb_log *l, const char *line);
/* The newest part (at most 1 MB), oldest first. */
const char *gb_log_text(const gb_log *l, size_t *n);

#endif
