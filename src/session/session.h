/* A session: a conversation with a model, every event of which is journaled.
 *
 * Every change is an event: it is checked, computed where it is a token,
 * applied to the history, told to the watcher and written to the journal.
 *
 *   send      the user's text, then a run of the model
 *   continue  a run where the last one stopped: the very tokens that would
 *             have come without the stop
 *   retry     the last run again from where it began, with the seed, step and
 *             settings it began with and the changes that were made while it
 *             wrote: the identical text, as far as it went
 *   reseed    the last run again from where it began, with the seed that is
 *             one jump (gb_seed_jump) from the one in force and the other
 *             settings as they are now
 *   edit      another text in place of the user's last one, then a run; seed
 *             and step are those of that place
 *   undo      back to before the last of the above (or of clear); seed and
 *             step are those of that place again, unless a seed was set since
 *             the last token: that one stays, and starts at 0. The other
 *             settings stay as they are. redo: forward again.
 *   set       from the next token on
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
#include "session/history.h"
#include "session/journal.h"
#include "session/settings.h"

typedef struct gb_session gb_session;

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
    /* While a file is loaded: its bytes; what ends that (GB_INTERRUPTED). May
     * be NULL. */
    gb_progress *progress;
    void *progress_arg;
    const atomic_bool *cancel;
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

/* Everything to be read: settings, branch, view, ... */
gb_history *gb_session_history(gb_session *s);
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

/* The operations above. All but set, stop and step need that the model is not
 * writing (GB_USAGE). Those that begin a run return at once; gb_session_step
 * does the work. */
typedef enum gb_send {
    GB_SEND_JOIN = 1, /* continue mode: a space between the text so far and
                         this one where words would run into each other */
    GB_SEND_ONLY = 2, /* no run afterwards */
} gb_send;
bool gb_session_send(gb_session *s, const char *text, size_t n,
                     unsigned flags, gb_error *err);
bool gb_session_edit(gb_session *s, const char *text, size_t n, gb_error *err);
bool gb_session_read(gb_session *s, const char *path, unsigned flags,
                     gb_error *err); /* a file, sent as it is */
bool gb_session_continue(gb_session *s, gb_error *err);
bool gb_session_retry(gb_session *s, gb_error *err);
bool gb_session_reseed(gb_session *s, gb_error *err);
bool gb_session_undo(gb_session *s, gb_error *err);
bool gb_session_redo(gb_session *s, gb_error *err);
bool gb_session_clear(gb_session *s, gb_error *err);
bool gb_session_set_mode(gb_session *s, gb_mode mode, gb_error *err);
bool gb_session_mark(gb_session *s, const char *text, gb_error *err);
/* Names and values of gb_settings_change; GB_USAGE when the value is none. A
 * change made while a retry writes ends what the retry still had to repeat. */
bool gb_session_set(gb_session *s, const char *name, const char *value,
                    gb_error *err);

bool gb_session_is_writing(const gb_session *s);
/* One more token. False: the run has ended by a failure of the device. A feed
 * that was cancelled ends the run as gb_session_stop does, and is no failure.
 * Does nothing when the model is not writing. */
bool gb_session_step(gb_session *s, gb_error *err);
/* Ends the run. */
void gb_session_stop(gb_session *s);
/* Steps until the run ends. */
bool gb_session_run(gb_session *s, gb_error *err);

/* The token computed last; zeroes before the first. */
const gb_pick *gb_session_last_pick(const gb_session *s);

typedef enum gb_export {
    GB_EXPORT_TEXT,     /* what user and model wrote, nothing else */
    GB_EXPORT_MARKDOWN, /* the user's text set off, marks in italics */
    GB_EXPORT_JSON,     /* one object: model, settings, segments with text,
                           ids and log-probabilities */
} gb_export;
/* Appends the branch. */
void gb_session_export(gb_session *s, gb_export format, gb_str *out);
/* The same into a file, the format by the end of its name (.md, .json, else
 * text). A file that is there is replaced only when that is asked for; the
 * session's own file, and one that another program has locked, never. */
bool gb_session_export_file(gb_session *s, const char *path, bool replace,
                            gb_error *err);
/* A copy of the journal so far, also when none is being written; likewise,
 * but the session's own file has nothing to be done to it. */
bool gb_session_save(gb_session *s, const char *path, bool replace,
                     gb_error *err);
/* Whether path is the session's own file, by any name. */
bool gb_session_owns(const gb_session *s, const char *path);

#endif
