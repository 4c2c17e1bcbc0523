/* The sessions that are kept as rows of the screen. */
#ifndef GB_TUI_SESSION_ROWS_H
#define GB_TUI_SESSION_ROWS_H

#include "session/list.h"
#include "tui/row.h"

/* When something was, as people say it: "today 19:52", "yesterday", "3 Nov",
 * "3 Nov 2025". Seconds since 1970, shown in the zone of TZ. */
void gb_session_date(gb_str *out, double when, double now);

void gb_session_row_put(gb_row *row, const gb_listed *listed, double now,
                        bool open);

/* Appends what is known of it, and where its story is not, the beginning of
 * what was typed. */
void gb_session_tell(gb_str *out, const gb_listed *listed);

#endif
