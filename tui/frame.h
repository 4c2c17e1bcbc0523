/* What stands where on the screen. */
#ifndef GB_TUI_FRAME_H
#define GB_TUI_FRAME_H

#include "tui/axis.h"
#include "tui/last.h"
#include "tui/mirror.h"
#include "tui/prompt.h"
#include "tui/prose.h"
#include "tui/row.h"
#include "tui/status.h"

typedef struct gb_frame {
    const gb_mirror *mirror;
    const char *page_title; /* NULL: the conversation is shown */
    bool first;      /* nothing was written yet: the first screen */
    gb_prose *prose; /* the conversation or a page; is given its place */
    /* Appends what stands in the line below the view, when that is placed. */
    void (*rule)(void *arg, gb_str *out);
    void *rule_arg;
    const gb_axis *axis;
    const gb_status_in *status;
    bool candidates; /* are to be seen, where they have room */
    const char *search; /* in place of the edit line; NULL: none */
    gb_last last;
} gb_frame;

/* Draws and shows all of it. */
void gb_frame_draw(const gb_frame *f);

/* Its parts, for pages that take the screen for themselves: a view, a row of
 * text, the first row and the last. */
void gb_frame_view(gb_view *v, unsigned top, unsigned left, unsigned width,
                   unsigned height);
gb_row gb_frame_new_row(unsigned width);
/* Draws it, and frees it. */
void gb_frame_row(gb_row *r, unsigned row, unsigned column);
void gb_frame_title(const char *title, const char *right, unsigned width);
/* The completions to choose from, in columns over the last of these rows. */
void gb_frame_words(unsigned bottom, unsigned rows, unsigned width);
/* A row in which something is typed, from a column on: what is asked for, and
 * what there is of an answer, with the cursor; at its end what is to be said
 * of that, or NULL. Shows what was drawn. */
void gb_frame_asks(unsigned row, unsigned column, const char *question,
                   const char *typed, const char *said);
void gb_frame_last(unsigned row, unsigned width, const char *error,
                   const char *notice, const char *const *hints);

#endif
