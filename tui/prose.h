/* The conversation in its part of the screen: text of a width that can be
 * read, at its left a gutter with the signs of what happened there, at its
 * right, where there is room, the words for them. Or a page, which has
 * neither and is as wide as its part. */
#ifndef GB_TUI_PROSE_H
#define GB_TUI_PROSE_H

#include "tui/colours.h"
#include "tui/transcript.h"

/* The widest text; the gutter, with room for two signs or for one, and from
 * which width on; the least room for words at the right. */
#define GB_PROSE_WIDTH 80
#define GB_PROSE_GUTTER 3
#define GB_PROSE_GUTTER_FROM 60
#define GB_PROSE_SLIM 2
#define GB_PROSE_SLIM_FROM 30
#define GB_PROSE_WORDS 24

typedef struct gb_prose {
    gb_view *view;
    const gb_transcript *transcript; /* NULL: a page */
    const gb_seen_fork *forks;       /* (n_forks) of the transcript */
    size_t n_forks;
    uint64_t cursor; /* the number of its token; their count: at the end */
    const gb_str *ghost; /* how take `take` goes on at the last fork, shown */
    uint32_t take;       /* below it; NULL: it is not */
    gb_colouring colouring;
    bool reading;    /* it is shown at the end, too */
    /* Its part of the screen, and where in it the text is. */
    unsigned row, column, width, height;
    unsigned gutter, text_width;
    unsigned rows;  /* of the text; */
    unsigned above; /* the last one above the ghost's row; or all of them */
} gb_prose;

/* Gives it its part of the screen, at least one cell. */
void gb_prose_place(gb_prose *p, unsigned row, unsigned column,
                    unsigned width, unsigned height);
void gb_prose_draw(const gb_prose *p);

/* What happened on a visible line: its signs, at most two columns, and the
 * words for them; both are appended. */
void gb_prose_events(const gb_prose *p, unsigned row, gb_str *signs,
                     gb_str *words);
/* The words for the line the cursor is on, unless they stand beside it. */
void gb_prose_here(const gb_prose *p, gb_str *out);

/* The place at a cell of the screen; false where there is no text. */
bool gb_prose_pos_at(const gb_prose *p, unsigned row, unsigned column,
                     gb_view_pos *pos);
/* Where the cursor is on the screen; false where it is not in sight. */
bool gb_prose_cursor_at(const gb_prose *p, unsigned *row, unsigned *column);

#endif
