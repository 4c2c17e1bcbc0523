/* Several texts written side by side: a pass over the weights serves a token
 * of each. */
#ifndef GB_SESSION_SEVERAL_H
#define GB_SESSION_SEVERAL_H

#include "session/loop.h"

/* Takes that are written by one command. */
#define GB_TAKES_MOST 1000

/* A step of n >= 1 loops of one engine: each picks its next token with the
 * noise of its seed at its temperature (NULL: that of the settings), as
 * gb_loop_step does with these settings and those two, bit for bit (with
 * `ranges` as gb_loop_write); seeds, temperatures, picks (n). None of them may
 * be empty or full. On failure or cancellation the loops are unchanged. Where
 * the first one has a draft all have it, and guesses are checked beside them
 * (but not with temperatures). */
bool gb_several_step(gb_loop *const *loops, const uint64_t *seeds,
                     const float *temperatures, size_t n,
                     const gb_settings *settings, bool ranges,
                     gb_pick *picks, gb_error *err);

#endif
