/* A text of several styles, wrapped to a width, line by line. Knows nothing
 * of terminals. */
#ifndef GB_TUI_FLOW_H
#define GB_TUI_FLOW_H

#include "tui/row.h"

typedef struct gb_flow_span {
    gb_style style;
    size_t end; /* of its bytes in the text */
} gb_flow_span;

typedef struct gb_flow_line {
    size_t start, end;
} gb_flow_line;

typedef struct gb_flow {
    gb_str text;
    gb_flow_span *spans; /* (n_spans) */
    size_t n_spans;
    gb_flow_line *lines; /* (n_lines), when laid out */
    size_t n_lines;
} gb_flow;

void gb_flow_free(gb_flow *f);
void gb_flow_add(gb_flow *f, gb_style style, const char *text, size_t n);
/* A line of its own that is cut where there is no room for it. */
void gb_flow_add_line(gb_flow *f, gb_style style, const char *text,
                      unsigned width, bool ascii);

/* Lays it out; width at least 1. */
void gb_flow_wrap(gb_flow *f, unsigned width, bool ascii);
/* The line that holds a byte. */
size_t gb_flow_line_of(const gb_flow *f, size_t byte);
/* Appends a line. */
void gb_flow_put(const gb_flow *f, size_t line, gb_row *row);

#endif
