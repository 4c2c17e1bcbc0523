/* What a script may wait for. Each takes the words of its line and returns
 * false with a sentence when it is not so (yet). */
#ifndef GB_TESTS_TUI_CHECKS_H
#define GB_TESTS_TUI_CHECKS_H

#include "tests/tui/stage.h"

stage_check check_shown;      /* TEXT */
stage_check check_gone;       /* TEXT */
stage_check check_row;        /* ROW TEXT */
stage_check check_line;       /* ROW TEXT */
stage_check check_cursor;     /* ROW COLUMN */
stage_check check_after;      /* TEXT */
stage_check check_attr;       /* ROW COLUMN NAME... */
stage_check check_style;      /* TEXT NAME... */
stage_check check_bell;
stage_check check_coloured;
stage_check check_colourless;
stage_check check_ascii;
stage_check check_same;
stage_check check_differs;

/* Rows first .. last as text; the caller frees. */
char *rows_text(const stage *t, int first, int last);

#endif
