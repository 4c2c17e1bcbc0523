/* What a session says of two texts ("was ..." and "now ...", "first ..." and
 * "second ...", with brackets around what is not in both), taken apart. Knows
 * nothing of terminals. */
#ifndef GB_TUI_COMPARE_TEXT_H
#define GB_TUI_COMPARE_TEXT_H

#include "tui/flow.h"

typedef struct gb_compared {
    gb_flow first, second; /* what is not in both is marked */
    bool what_if;     /* the first was, the second is now */
    char *head;       /* what they have in common; or "" */
    char *summary;    /* how much has stayed; or "" */
    char *back;       /* the command that leads back to the first; or "" */
} gb_compared;

/* False: it is nothing of the kind, or a bracket of the texts themselves
 * leaves no sense. */
bool gb_compare_read(gb_compared *c, const char *text);
void gb_compare_free(gb_compared *c);

#endif
