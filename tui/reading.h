/* Reading mode: a cursor on the tokens of the conversation, and single keys
 * that act there. The cursor is the session's (session/steer.h); what is
 * moved here is asked for there, and shown at once. */
#ifndef GB_TUI_READING_H
#define GB_TUI_READING_H

#include "tui/keys.h"
#include "tui/view.h"

struct gb_app;

typedef struct gb_reading {
    uint64_t cursor; /* as moved here; tokens of the conversation: its end */
    uint64_t asked;  /* the request for that on its way; 0: none */
    bool moved;      /* it has been moved since */
    uint64_t shown;  /* the one brought into sight last */
    bool took;       /* the last key went to another take */
    bool has_goal;   /* moving up and down keeps to a column: */
    unsigned goal;
} gb_reading;

/* The number of the cursor's token; that of tokens: at the end. */
uint64_t gb_reading_cursor(const struct gb_app *a);
/* To the token at a place, where there is one. */
void gb_reading_move_to(struct gb_app *a, gb_view_pos pos);

void gb_reading_move_to_end(struct gb_app *a);
/* What is asked for next acts at the cursor. */
void gb_reading_settle(struct gb_app *a);

void gb_reading_enter(struct gb_app *a);
void gb_reading_leave(struct gb_app *a);
/* False: the key means nothing here; the mode has ended. */
bool gb_reading_key(struct gb_app *a, const gb_key *key);
void gb_reading_click(struct gb_app *a, const gb_key *key);
/* Whether to show how another take goes on where this one last parts from
 * it: at that place, and after a key that went to another. */
bool gb_reading_shows_other(const struct gb_app *a);
/* After a key that went to another take: brings the place into sight where
 * they part. */
void gb_reading_forks(struct gb_app *a);
/* After news: follows the cursor. True when the request that is done was one
 * of the above, of which there is nothing to be said. */
bool gb_reading_done(struct gb_app *a, uint64_t command);
void gb_reading_follow(struct gb_app *a);

#endif
