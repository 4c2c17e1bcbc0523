/* What a session is made of; only the files session*.c know. */
#ifndef GB_SESSION_SESSION_STATE_H
#define GB_SESSION_SESSION_STATE_H

#include "session/loop.h"
#include "session/session.h"

struct gb_session {
    gb_engine *engine;
    gb_model *model;
    gb_history *history;
    gb_loop loop;
    bool synced; /* the loop has the history's view */
    gb_pick last_pick;

    gb_journal *journal;
    bool recorded;     /* the journal is to become a file, */
    bool named;        /* which the user has named */
    gb_origin origin;  /* of what computes; model_sha256 "" until needed */
    double began;      /* moment that events count from, ms */
    gb_watcher watcher;

    /* What a retry still has to repeat. */
    gb_run_change *plan;
    size_t n_plan, plan_at;
    uint64_t plan_tokens; /* where it ends; 0: of itself */
};

/* Applies an event, tells the watcher and writes it to the journal. */
bool gb_session_emit(gb_session *s, gb_event *event, gb_error *err);
/* Makes the model forget its oldest tokens while its view is too long. */
bool gb_session_make_room(gb_session *s, gb_error *err);
/* Tells the watcher of a problem or, with the status GB_OK, what is none. */
void gb_session_problem(const gb_session *s, const gb_error *problem);
bool gb_session_know_origin(gb_session *s, gb_error *err);

/* The tokens of a text of the user in the history's mode: chat's "Human:"
 * and "AI:" around it when `first` tells whether it begins the view, cut to
 * max-prompt-tokens (*cut), and to the end of what is longer than the context
 * (*skipped). */
bool gb_session_encode(gb_session *s, const char *text, size_t n, bool first,
                       gb_ids *ids, uint64_t *skipped, bool *cut,
                       gb_error *err);

#endif
