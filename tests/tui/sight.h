/* What a person sees on gumbel's screen, and what is so in each frame of it,
 * whatever is shown and however large it is. */
#ifndef GB_TESTS_TUI_SIGHT_H
#define GB_TESTS_TUI_SIGHT_H

#include "tests/tui/stage.h"

/* How it must look. */
typedef struct sight {
    bool colourless, ascii;
} sight;

/* Whether what was printed since the last time, and what is shown, has no
 * colours or characters that it must not have, the rule below the title is
 * whole, and so are the hints. The argument is a sight; the stage keeps what
 * is printed. */
stage_check sight_check;

/* Whether the title begins like this; in few rows there is none. */
bool sight_title(const stage *t, const char *wanted);

/* Whether the row that has the cursor begins like this, or is all of it. */
bool sight_cursor_row(const stage *t, const char *wanted, bool all);

/* The first characters of the last row, which tell hints from all else. The
 * caller frees, here and below. */
char *sight_last_row(const stage *t);

/* All that is seen of the text and the settings, without what tells of other
 * takes and of the speed. */
char *sight_text(const stage *t);

#endif
