/* The spectrum row: which token comes at which temperature, and where the
 * temperature in force is. A logarithmic axis that stands still. */
#ifndef GB_TUI_AXIS_H
#define GB_TUI_AXIS_H

#include "session/seen.h"
#include "tui/row.h"

typedef struct gb_axis {
    const gb_seen *seen; /* the token whose winners are shown; NULL: nothing
                            is known */
    double temperature;  /* in force */
    bool greedy;         /* likewise: the winner towards T = 0 */
    bool own;            /* the token is looked at: what it was written with
                            is marked, and what is in force beside it */
} gb_axis;

/* Appends the axis; `ends`: with the temperatures it reaches to, else as wide
 * as the room allows. Each winner has its name in its interval where that
 * fits, or its first letter. */
void gb_axis_put(gb_row *row, const gb_axis *axis, unsigned columns,
                 bool ends);

#endif
