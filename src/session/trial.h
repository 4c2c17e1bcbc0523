/* The last run of a session as it would be with other settings and the same
 * noise, without touching the session. What was found is kept, each text with
 * the temperatures between which it comes: as far as the tokens' ranges hold
 * another temperature they need not be computed again, and when all do,
 * nothing needs to. See doc/instrument.md. */
#ifndef GB_SESSION_TRIAL_H
#define GB_SESSION_TRIAL_H

#include "session/seen.h"
#include "session/session.h"

typedef struct gb_trial gb_trial;

/* Of the session's last run; NULL: there is none (GB_USAGE). Must be closed
 * before the session and its engine. */
gb_trial *gb_trial_open(gb_session *s, gb_error *err);
void gb_trial_close(gb_trial *t);

/* Whether the session is where it was when this was opened; if not, it can
 * only be closed. */
bool gb_trial_holds(const gb_trial *t);
/* Gives the engine back, before the session is asked to do anything. */
void gb_trial_pause(gb_trial *t);

/* What is to be found: the text with these settings, then all others between
 * GB_TRIAL_FROM and GB_TRIAL_TO and the settings' temperature. The same as
 * before changes nothing. False: they cannot be. */
#define GB_TRIAL_FROM 0.5
#define GB_TRIAL_TO 1.2
bool gb_trial_ask(gb_trial *t, const gb_settings *settings, gb_error *err);

/* Computes one token of that, or nothing when all is found. False: it failed
 * or was cancelled (GB_INTERRUPTED); then it can be asked again. */
bool gb_trial_step(gb_trial *t, gb_error *err);
/* Whether the text that was asked for is found; and whether all is, or so many
 * texts that no more are looked for. */
bool gb_trial_is_found(const gb_trial *t);
bool gb_trial_is_done(const gb_trial *t);

/* What there is so far. The caller frees. */
gb_seen_trial *gb_trial_see(const gb_trial *t);

#endif
