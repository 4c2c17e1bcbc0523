/* Takes of a text that are written side by side. Each becomes a run of its
 * own, one after the other; the first one's passes serve a token of all, and
 * what the others got waits until their turn comes. */
#ifndef GB_SESSION_AHEAD_H
#define GB_SESSION_AHEAD_H

#include "session/loop.h"

typedef struct gb_ahead gb_ahead;

/* Of the text that a loop is about to go on with, by these settings but with
 * these seeds (n), and with its draft. The loop's engine must live as long. */
gb_ahead *gb_ahead_new(const gb_loop *loop, const gb_settings *settings,
                       const uint64_t *seeds, size_t n);
void gb_ahead_free(gb_ahead *a);
/* As gb_loop_set_draft. */
void gb_ahead_set_draft(gb_ahead *a, gb_draft *draft);

/* The next token of a loop that is at one of them: what waits or, where
 * nothing does, what a pass gives that serves the others, too. As
 * gb_loop_write, bit for bit. *found is false, and nothing is done, where the
 * loop's text is none of them, or the context is full behind it, or the
 * settings are others. */
bool gb_ahead_write(gb_ahead *a, gb_loop *loop, const gb_settings *settings,
                    gb_pick *pick, bool *found, gb_error *err);

/* Whether a loop's next token waits. */
bool gb_ahead_has(const gb_ahead *a, const gb_loop *loop,
                  const gb_settings *settings);

#endif
