/* A run of a session once more, token by token as the session would write it
 * with other settings, without touching the session: the tokens that /again
 * would write from the same place, also where the model has to forget. What
 * is known of its tokens already need not be computed. */
#ifndef GB_SESSION_RERUN_H
#define GB_SESSION_RERUN_H

#include "session/session.h"

typedef struct gb_rerun {
    gb_session *session;  /* NULL: closed */
    gb_mode mode;
    gb_settings settings; /* the temperature may be changed at any time */
    uint64_t step;        /* of its first token */

    gb_written *tokens;   /* (n_tokens) so far */
    uint32_t n_tokens, capacity;
    gb_str text;          /* of those; their ends are in it */
    gb_reason reason;     /* GB_REASON_NONE: it goes on */

    /* What the session would have: */
    gb_path path;         /* to the place (n_before), then nodes of its own */
    size_t n_before;
    gb_loop loop;         /* its ids are the view */
    size_t pinned, at_once; /* tokens of it: pinned; to be read at once */
    gb_stream *stream;
    bool borrowed;        /* the engine, from the session's loop */
} gb_rerun;

/* Nothing is written yet. The settings' seed other than the place's: its
 * noise from step 0 on, as a reseed takes it; else the noise of the place. The
 * session must stay as it is. False: what they pin cannot be. */
bool gb_rerun_open(gb_rerun *r, gb_session *s, gb_place from,
                   const gb_settings *settings, gb_error *err);
void gb_rerun_close(gb_rerun *r);

/* Back to its beginning, and on with tokens (n) that are known. */
void gb_rerun_restart(gb_rerun *r, const gb_written *tokens, uint32_t n);

/* Computes one more token, if it goes on. False: the device failed, or was
 * cancelled (GB_INTERRUPTED); then it can be asked again. */
bool gb_rerun_step(gb_rerun *r, gb_error *err);

/* One more token of each of 1 <= n <= GB_ROWS that go on, by one pass: of one
 * session, with the same settings but for the temperature, which are not
 * greedy. Only where it does not count how much is read at once. */
bool gb_rerun_step_several(gb_rerun *const *reruns, unsigned n,
                           gb_error *err);

/* Gives the engine back, before the session is asked to do anything. */
void gb_rerun_pause(gb_rerun *r);

#endif
