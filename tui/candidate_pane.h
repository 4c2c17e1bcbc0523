/* What could have come in place of a token, in a pane or a drawer of any
 * size. Knows nothing of terminals. */
#ifndef GB_TUI_CANDIDATE_PANE_H
#define GB_TUI_CANDIDATE_PANE_H

#include "tui/candidate_rows.h"

typedef struct gb_pane {
    const gb_seen *seen;    /* NULL: nothing is known */
    uint32_t ways;          /* takes that part at this place; 0: none do */
    const char *other;      /* how another of them goes on; NULL, "": unknown */
    uint32_t other_take;    /* and its number */
} gb_pane;

/* Fills rows (n), which are empty: the token and why it came, the candidates
 * that have room (itself and the one that wins now are among them), the mass
 * of the rest, and the takes. */
void gb_pane_put(const gb_pane *pane, gb_row *rows, unsigned n);

#endif
