/* What has room on the screen, from 200 x 50 down to a single cell, and
 * where it stands. Counts rows and columns only. */
#ifndef GB_TUI_LAYOUT_H
#define GB_TUI_LAYOUT_H

#include <stdbool.h>

/* From this width on candidates stand beside the text, in so many columns: in
 * more where the text, with its gutter, has all that it can use. */
#define GB_PANE_FROM 110
#define GB_PANE_LEAST 38
#define GB_PANE_MOST 52
#define GB_PANE_TEXT 84

typedef struct gb_layout_in {
    unsigned width, height;
    unsigned prompt;      /* rows that it wants, at most gb_layout_prompt */
    unsigned message;     /* rows that a message takes besides the last one */
    unsigned message_all; /* and where there is no last one */
    bool candidates;      /* are to be seen */
} gb_layout_in;

typedef struct gb_layout {
    bool title;              /* row 0 */
    bool top_rule;           /* row 1 */
    unsigned text_row, text_height, text_width;
    unsigned pane;           /* columns at the right, behind a line */
    unsigned message_row, message;
    bool rule;
    unsigned rule_row;
    unsigned drawer_row, drawer; /* rows of candidates, below the text */
    bool axis, status, strip;    /* strip: both of them in one row */
    unsigned axis_row, status_row;
    unsigned prompt_row, prompt;
    bool last;
    unsigned last_row;
} gb_layout;

/* The rows that the edit line may take. */
unsigned gb_layout_prompt(unsigned height);
void gb_layout_make(gb_layout *l, const gb_layout_in *in);

#endif
