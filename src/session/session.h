/* A session: a tree of takes with a model that writes in it, every event of
 * which is journaled.
 *
 * Every change is an event: it is checked, computed where it is a token,
 * applied to the tree, told to the watcher and written to the journal. What
 * the user wants is said as an event, too (gb_session_do); the session fills
 * in what only it knows.
 *
 *   prompt    the user's text, then a run of the model
 *   edit      another text in place of one of the user's, then a run
 *   run       continue: where the last one stopped, the very tokens that
 *             would have come without the stop. again: the last run once
 *             more, or from a place, with the noise of that place and the
 *             settings as they are (where they have not changed there is
 *             nothing to do). reseed: the same with independent noise
 *   pick      other tokens at a place than those that stand there, then a run
 *             with the noise that follows
 *   undo      back to before the last of the above (or of clear); redo:
 *             forward again. go: to any place of the tree. Nothing that was
 *             written is lost by any of them
 *   set       from the next token on
 *
 * Seed and step belong to a place: going there brings them back (but for an
 * undo or edit right after a seed was set: that one stays, at step 0). The
 * other settings stay as they are.
 *
 * The user's text is tokenized on its own and appended: no token before it
 * changes, which is what makes stopping, editing and replaying exact. The
 * price is that a word continued across the border is cut into other tokens
 * than if it had been typed at once.
 *
 * Not thread-safe: one thread at a time (see worker.h). */
#ifndef GB_SESSION_SESSION_H
#define GB_SESSION_SESSION_H

#include "engine/engine.h"
#include "session/journal.h"
#include "session/loop.h"
#include "session/settings.h"
#include "session/tree.h"

/* An event that waits for the end of a run; what it points to is its own. */
typedef struct gb_scripted {
    gb_event event;
    char *name, *value, *text;
} gb_scripted;

/* Everything may be read; what changes it is below. */
typedef struct gb_session {
    gb_engine *engine;
    gb_model *model;
    gb_tree *tree;
    gb_loop loop;
    bool synced;       /* the loop has the tree's view */
    gb_pick last_pick; /* zeroes before the first token */

    gb_journal *journal;
    bool recorded;     /* the journal is to become a file, */
    bool named;        /* which the user has named */
    gb_origin origin;  /* of what computes; model_sha256 "" until needed */
    double began;      /* moment that events count from, ms */
    gb_watcher watcher;

    gb_place cursor;   /* the token behind this place; see steer.h */
    bool has_cursor;

    struct gb_ahead *ahead; /* takes that are written side by side, */
    size_t n_ahead;         /* so many from the next token on */
    gb_scripted *script; /* of a what-if, or of takes: done up to script_at */
    size_t n_script, script_at;
    gb_place before;   /* where the text ended before it */
} gb_session;

typedef struct gb_session_options {
    gb_settings settings; /* a loaded session brings its own */
    gb_mode mode;
    bool journal;         /* false: nothing is written (but see save) */
    const char *path;     /* where to; NULL: gb_journal_new_path(). A file
                             that is there is loaded and gone on with */
    const char *load;     /* a session file to go on from; NULL: none. It is
                             not changed: a new journal begins with its
                             events, unless it is `path` itself */
    gb_watcher watcher;
    gb_progress progress; /* while a file is loaded */
} gb_session_options;

/* The engine (and the model behind it, not const as its hash is computed at
 * the first event) must live as long as the session. Loading fails when the
 * file is unusable or was written with another model; the message says what
 * differs. */
gb_session *gb_session_open(gb_engine *engine, gb_model *model,
                            const gb_session_options *options, gb_error *err);
/* Ends a run that is still going on. False: the journal could not be written
 * to its end. The session is gone in any case. */
bool gb_session_close(gb_session *s, gb_error *err);

/* The journal's file; NULL when there is none (yet). It may change, see
 * gb_journal_path. */
const char *gb_session_path(const gb_session *s);
/* Reads what was journaled so far, in a file or not. */
gb_journal_reader *gb_session_reader(const gb_session *s, gb_error *err);

/* Goes on with another engine, of the same model or another one. The same
 * model: nothing changes but who computes. Another: a new journal begins, the
 * conversation is carried over as text, undo ends here. Ends a run. The old
 * engine and model are not used any more once this returns, also when it fails
 * (then some of the text may be missing from the new model's view). */
bool gb_session_switch(gb_session *s, gb_engine *engine, gb_model *model,
                       gb_error *err);

/* Whoever guesses for the session's runs from now on, with its engine; it stays
 * the caller's. NULL: nobody, as at first, and after another engine came. */
void gb_session_set_draft(gb_session *s, gb_draft *draft);

/* The engine is about to close, and there is no other. Until one comes
 * (gb_session_switch) the session can be saved, exported and closed. */
void gb_session_lose_engine(gb_session *s);

/* Does what an event asks for, as above. What may be left out: the ids of a
 * text; the place of an edit (the last text), of again and reseed (where the
 * last run began, and another seed, independent of this one); the step of a
 * setting. All but set and mark need that the model is not writing (GB_USAGE).
 * A run is only begun; gb_session_step does the work. */
typedef enum gb_send {
    GB_SEND_JOIN = 1, /* continue mode: a space between the text so far and
                         this one where words would run into each other */
    GB_SEND_ONLY = 2, /* no run afterwards */
} gb_send;
bool gb_session_do(gb_session *s, const gb_event *event, unsigned flags,
                   gb_error *err);

bool gb_session_is_writing(const gb_session *s);
/* Whether the next token was written already, beside another take. */
bool gb_session_has_waiting(const gb_session *s);
/* One more token. False: the run has ended by a failure of the device. A feed
 * that was cancelled ends the run as gb_session_stop does, and is no failure.
 * Does nothing when the model is not writing. */
bool gb_session_step(gb_session *s, gb_error *err);
/* Ends the run. */
void gb_session_stop(gb_session *s);
/* Steps until the run ends. */
bool gb_session_run(gb_session *s, gb_error *err);

/* A copy of the journal so far, also when none is being written; likewise,
 * but the session's own file has nothing to be done to it. */
bool gb_session_save(gb_session *s, const char *path, bool replace,
                     gb_error *err);
/* Whether path is the session's own file, by any name. */
bool gb_session_owns(const gb_session *s, const char *path);

/* For the files of the session. */

/* Applies an event as it stands, tells the watcher and journals it. */
bool gb_session_emit(gb_session *s, gb_event *event, gb_error *err);
/* Makes the model forget its oldest tokens while its view is too long. */
bool gb_session_make_room(gb_session *s, gb_error *err);
/* Tells the watcher of a problem or, with the status GB_OK, what is none. */
void gb_session_problem(const gb_session *s, const gb_error *problem);
bool gb_session_know_origin(gb_session *s, gb_error *err);

/* The tokens of a text of the user in the tree's mode: chat's "Human:" and
 * "AI:" around it when `first` tells whether it begins the view, cut to
 * max-prompt-tokens (*cut), and to the end of what is longer than the context
 * (*skipped). */
bool gb_session_encode(gb_session *s, const char *text, size_t n, bool first,
                       gb_ids *ids, uint64_t *skipped, bool *cut,
                       gb_error *err);

#endif
