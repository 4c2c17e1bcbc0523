/* What line mode reads where standard input is no terminal. */
#ifndef GB_TUI_LINE_INPUT_H
#define GB_TUI_LINE_INPUT_H

#include "base/text.h"

/* All zero to begin with, but name and limit of lines. */
typedef struct gb_line_input {
    gb_lines lines; /* bytes go in here */
    gb_str block;   /* what has come of a text in """ */
    bool open;      /* and its end has not */
    gb_error refused; /* what is wrong with it */
} gb_line_input;

void gb_line_input_free(gb_line_input *in);
/* The next line, or all the lines of a text in """ as one; see gb_lines_next.
 * A text of which a line is not to be used is refused as a whole. */
gb_line gb_line_input_next(gb_line_input *in, char **text, gb_error *err);

#endif
