/* The conversation as it stands on the screen: text of several kinds,
 * appended piece by piece, wrapped to a width, scrolled and searched. Knows
 * nothing of terminals. Only paragraphs that are looked at are laid out, so
 * that its length costs nothing. */
#ifndef GB_TUI_VIEW_H
#define GB_TUI_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cells.h"

typedef enum gb_text_kind {
    GB_TEXT_USER,
    GB_TEXT_MODEL,
    GB_TEXT_END,    /* where the model ended its text: GB_VIEW_END */
    GB_TEXT_MARK,   /* stands on lines of its own */
    GB_TEXT_SYSTEM, /* the same: what the program says */
    GB_TEXT_ERROR,  /* the same */
    GB_TEXT_FORGOTTEN_USER, /* as drawn: what the model has forgotten */
    GB_TEXT_FORGOTTEN_MODEL,
} gb_text_kind;

/* What is shown of a token that ends the text. A search passes over it. */
#define GB_VIEW_END " \xe2\x88\x8e"

typedef struct gb_view gb_view;

/* A place in the text, to cut back to later. */
typedef struct gb_view_pos {
    size_t paragraph, offset;
} gb_view_pos;

gb_view *gb_view_new(bool ascii);
void gb_view_free(gb_view *v);

/* Text (UTF-8, any bytes) at the end. */
void gb_view_append(gb_view *v, gb_text_kind kind, const char *text,
                    size_t n);
gb_view_pos gb_view_end(const gb_view *v);
/* The place n bytes of text behind pos, across lines and what stands on lines
 * of its own; and the bytes between two places, 0 where `to` is not behind. */
gb_view_pos gb_view_advance(const gb_view *v, gb_view_pos pos, size_t n);
size_t gb_view_distance(const gb_view *v, gb_view_pos from, gb_view_pos to);
bool gb_view_is_beyond(gb_view_pos a, gb_view_pos b);
/* Past the blanks behind pos that a line may end with, at most to the end of
 * its paragraph: where what follows them stands. */
gb_view_pos gb_view_skip_blanks(const gb_view *v, gb_view_pos pos);
/* What user and model wrote before pos is drawn as forgotten. */
void gb_view_remember(gb_view *v, gb_view_pos pos);
/* Removes what was appended since gb_view_end returned pos. */
void gb_view_truncate(gb_view *v, gb_view_pos pos);
bool gb_view_is_empty(const gb_view *v);
/* Would what is appended next begin a line? */
bool gb_view_at_line_start(const gb_view *v);

/* The window; at least 1 x 1. Cheap whatever the length: lines are laid out
 * again when they are next looked at. The line at the top stays. */
void gb_view_resize(gb_view *v, unsigned width, unsigned height);
/* As large as another. */
void gb_view_fit(gb_view *v, const gb_view *other);

/* Scrolling: down is positive. At the end the view follows what is
 * appended; above it, it stays where it is. */
void gb_view_scroll(gb_view *v, long lines);
void gb_view_page(gb_view *v, int pages);
void gb_view_home(gb_view *v);
void gb_view_follow(gb_view *v);
bool gb_view_follows(const gb_view *v);
/* Follows again where the end is in sight, as it may be in another size. */
void gb_view_settle(gb_view *v);

/* Lines below that came since the view stopped following, at most
 * GB_VIEW_MANY (which stands for as many or more). 0 when it follows. */
#define GB_VIEW_MANY 1000
unsigned gb_view_new_below(gb_view *v);

/* Brings a place into sight. */
void gb_view_show(gb_view *v, gb_view_pos pos);
/* What a visible line holds: from begin up to end, which belongs to it only
 * where it ends a paragraph (*last). False for rows without text. */
bool gb_view_row(gb_view *v, unsigned row, gb_view_pos *begin,
                 gb_view_pos *end, bool *last);
/* The cell at a column of a visible line, the last one for columns behind it;
 * false for rows without text. */
bool gb_view_pos_at(gb_view *v, unsigned row, unsigned column,
                    gb_view_pos *pos);
/* Where a place stands; false where it is not visible. */
bool gb_view_where(gb_view *v, gb_view_pos pos, unsigned *row,
                   unsigned *column);

/* One visible line. For rows without text returns false. `put` is called
 * from left to right with the column, where the cell stands in the text and
 * how it stands out. */
typedef enum gb_view_match {
    GB_MATCH_NONE,
    GB_MATCH_SOME,
    GB_MATCH_CURRENT,
} gb_view_match;
typedef void gb_view_put(void *arg, unsigned column, const gb_cell *cell,
                         gb_view_pos pos, gb_text_kind kind,
                         gb_view_match match);
bool gb_view_draw(gb_view *v, unsigned row, gb_view_put *put, void *arg);

/* Searching: all places where `text` stands are highlighted; small letters
 * also find capitals. An empty text ends it. The search begins at what is
 * visible; gb_view_find goes to the nearest match at or above the end of the
 * screen (as typed so far), gb_view_find_next to the next (backwards: the
 * previous), around the ends. False when there is none. */
bool gb_view_find(gb_view *v, const char *text, size_t n);
bool gb_view_find_next(gb_view *v, bool backwards);

/* How many matches there are, at most GB_VIEW_MANY (or more), and which of
 * them is the current one, from 1 on; 0: none, or one behind those. */
size_t gb_view_matches(const gb_view *v, size_t *index);
/* Where the match one is at begins; false: there is none. */
bool gb_view_found(const gb_view *v, gb_view_pos *pos);

/* Paragraphs laid out since the view was made (for tests: what is not
 * visible must not be laid out). */
size_t gb_view_layouts(const gb_view *v);

#endif
