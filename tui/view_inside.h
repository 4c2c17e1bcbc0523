/* A view, inside: what its files share. */
#ifndef GB_TUI_VIEW_INSIDE_H
#define GB_TUI_VIEW_INSIDE_H

#include "tui/view_find.h"
#include "tui/view_text.h"

struct gb_view {
    gb_paragraphs text;
    unsigned width, height;
    bool follows;
    gb_view_pos top; /* the line at the top holds it; unless it follows */
    gb_view_pos seen; /* where the text ended when it ceased to follow */
    gb_view_pos remembered; /* from here on the model remembers */
    gb_find find;
};

/* A line as it is laid out. */
typedef struct gb_view_line {
    size_t paragraph, line;
} gb_view_line;

/* Moves r by up to n lines; returns how many it was. Lays out only what it
 * passes. */
size_t gb_view_up(gb_view *v, gb_view_line *r, size_t n);
size_t gb_view_down(gb_view *v, gb_view_line *r, size_t n);
gb_view_line gb_view_row_of(gb_view *v, gb_view_pos pos);
/* Where a line begins, and where it ends. */
gb_view_pos gb_view_row_begin(const gb_view *v, gb_view_line r);
gb_view_pos gb_view_row_end(const gb_view *v, gb_view_line r);

/* The line at the top. Where a wider or higher window shows the end although
 * the view does not follow, no row is left empty; the place it stays at is
 * kept, for when the window shrinks again. */
gb_view_line gb_view_top(gb_view *v);
/* Makes r the line at the top, or follows when the end is then in sight. */
void gb_view_set_top(gb_view *v, gb_view_line r);

#endif
