/* The engine's thread, for an interface that must never wait.
 *
 * The worker opens model and engine on a thread of its own and owns the
 * session. The interface posts commands (which never waits: a full queue
 * refuses) and takes news when the descriptor gb_worker_fd polls readable.
 *
 * Order. There is one queue: commands are done one after the other as they
 * were posted, and a command is done when the run that it began has ended.
 * What is posted while the model writes waits for the end of the run, so a
 * text may be sent ahead. Three kinds do not wait:
 *   - GB_DO_STOP ends the run within one token, and with it those that were
 *     asked for before it (a text sent ahead is still appended, the model
 *     just does not go on);
 *   - undo, redo, again, reseed, edit, clear, pick, go, mode, load, model,
 *     device, replay and those verbs of steer.h that say so imply a stop:
 *     whoever asks for them does not want to wait for text that is going to
 *     be replaced. Load, model and device themselves are ended by GB_DO_STOP
 *     alone; what was there before them stays. An export is ended by one that
 *     is posted while it goes on, and leaves no file then;
 *   - a set (GB_DO_PACE and GB_DO_DRAFT too, and what only looks) acts at the
 *     next token of the run that goes on. It passes what waits for the end of
 *     that run (a text sent ahead, a note, an export, a sweep, ...), but never
 *     a stop or a command that implies one: posted after a retry, it acts on
 *     the retry, from its first token on if that has not been computed.
 *     Settings are never passed by anything, and a change ("+0.1") begins from
 *     what is in force when it acts.
 * All functions may be called by one interface thread; they share no memory
 * with the worker's thread but through locks. */
#ifndef GB_SESSION_WORKER_H
#define GB_SESSION_WORKER_H

#include "engine/engine.h"
#include "session/list.h"
#include "session/pace.h"
#include "session/seen.h"
#include "session/session.h"

typedef struct gb_worker gb_worker;

typedef struct gb_worker_options {
    const char *model;  /* as gb_model_find takes it; NULL: default */
    const char *device; /* SPEC; NULL: default */
    gb_dtype_choice dtype;
    gb_prefill_choice prefill;
    gb_dtype_choice cache_type;
    uint64_t cache_bytes; /* as gb_engine_options has it */
    gb_settings settings;
    gb_mode mode;
    double pace;        /* tokens a second; 0: as fast as it can */
    const char *draft;  /* see gb_draft_options; NULL: GB_DRAFT_DEFAULT */
    bool journal;
    const char *path;   /* see gb_session_options */
    const char *load;
} gb_worker_options;

/* Starts the thread; it begins to load at once. Strings are copied. Fails
 * only when there is no thread or no descriptor to be had; everything else
 * comes as news. */
gb_worker *gb_worker_start(const gb_worker_options *options, gb_error *err);
/* Stops whatever goes on, ends the thread and waits for it (one token, one
 * tile of a prompt, one step of loading, or the kernels' compilation). False:
 * the journal could not be written to its end. NULL is nothing. */
bool gb_worker_close(gb_worker *w, gb_error *err);

typedef enum gb_do {
    GB_DO_EVENT,    /* event, flags: see gb_session_do. A set may also be a
                       change (gb_settings_change), with `value` of a mode
                       "toggle" */
    GB_DO_STEER,    /* name: the verb, value: its argument; see steer.h. flags:
                       GB_STEER_QUIET: what it has to say is not told */
    GB_DO_PACE,     /* value: see gb_pace_change */
    GB_DO_DRAFT,    /* name: who guesses, see gb_draft_options */
    GB_DO_STOP,
    GB_DO_READ,     /* name: a file whose text is sent; flags */
    GB_DO_EXPORT,   /* name: file, format by its ending; flags
                       GB_SAVE_REPLACE */
    GB_DO_SAVE,     /* name: file; flags GB_SAVE_REPLACE */
    GB_DO_LOAD,     /* name: session file, or a number as gb_list_path takes
                       it; the session so far is closed */
    GB_DO_MODEL,    /* name: as gb_model_find takes it */
    GB_DO_DEVICE,   /* name: SPEC */
    GB_DO_REPLAY,   /* name: file, or NULL: the session so far; flags
                       GB_REPLAY_PACE */
    GB_DO_WATCH,    /* count: how many of the likeliest candidates are to be
                       shown (0: what is there is enough for GB_WATCH_BANDS);
                       from now on GB_NEWS_SEEN comes whenever what it tells
                       has changed. flags: GB_WATCH_*; none: no more of it */
    GB_DO_TREE,     /* GB_NEWS_TREE follows */
    GB_DO_SESSIONS, /* GB_NEWS_SESSIONS follows */
    GB_DO_FORGET,   /* name: a session, as gb_list_remove takes it, is deleted */
    GB_DO_TRIAL,    /* settings: the last run with these instead of its own;
                       GB_NEWS_TRIAL comes, and again when more of its map is
                       known. It is computed at rest, while nothing else waits.
                       flags GB_TRIAL_END: no more of it */
} gb_do;
#define GB_WATCH_BANDS 1u      /* spectrum, and candidates */
#define GB_WATCH_FORKS 2u      /* GB_NEWS_FORKS as well */
#define GB_TRIAL_END 1u
#define GB_STEER_QUIET 1u
#define GB_REPLAY_PACE 1u
#define GB_SAVE_REPLACE 1u /* also a file that is there */

typedef struct gb_request {
    gb_do what;
    gb_event event;           /* its text: any bytes, at most GB_TEXT_MAX */
    const char *name, *value; /* NUL-terminated or NULL */
    unsigned flags;
    size_t count;
    gb_settings settings;
} gb_request;

/* Queues a command; everything is copied. Returns its number, higher than any
 * before, by which GB_NEWS_DONE speaks of it; 0 and an error when too much is
 * waiting already. Never waits. */
uint64_t gb_worker_post(gb_worker *w, const gb_request *request,
                        gb_error *err);
/* Commands that wait for their turn. */
size_t gb_worker_waiting(gb_worker *w);

typedef enum gb_state {
    GB_STATE_LOADING,   /* phase, done, total */
    GB_STATE_IDLE,
    GB_STATE_READING,   /* the prompt, or what a page is made of; phase, done,
                           total tokens */
    GB_STATE_WRITING,
    GB_STATE_PAUSED,    /* while writing, until GB_DO_PACE says otherwise */
    GB_STATE_STOPPED,   /* idle after GB_DO_STOP, until something else is
                           done */
    GB_STATE_REPLAYING, /* done: tokens so far */
    GB_STATE_SWEEPING,  /* done: forward passes so far */
    GB_STATE_FAILED,    /* no model: MODEL, DEVICE and close help; EXPORT and
                           SAVE can be done if there is a session */
} gb_state;
const char *gb_state_name(gb_state state); /* "loading", "idle", ... */

typedef enum gb_news_type {
    GB_NEWS_STATE,    /* state, phase, done, total */
    GB_NEWS_ENGINE,   /* a model is ready (again): text is its name, path its
                         folder from the root on, spec the device as asked
                         for (NULL: the default), device, dtype, prefill,
                         n_ctx, ends */
    GB_NEWS_CUT,      /* node, first, offset: all behind its first tokens and
                         bytes is gone; node 0: everything */
    GB_NEWS_NODE,     /* node, role, mode, settings, text, tokens: follows */
    GB_NEWS_GROWN,    /* node, text, first, tokens: appended to it */
    GB_NEWS_MEMORY,   /* node, offset: the model remembers from here on;
                         node 0: everything */
    GB_NEWS_SETTINGS, /* settings, mode, step */
    GB_NEWS_STATS,    /* stats */
    GB_NEWS_STARTED,  /* command: its turn has come */
    GB_NEWS_DONE,     /* command; text: "" or a sentence worth showing
                         ("saved as ..."), or several lines; a run is done
                         when it ended: then reason and stats.run_tokens say
                         how. Another command with GB_REASON_INTERRUPT was
                         stopped */
    GB_NEWS_ERROR,    /* text, status; command: that one failed (instead of
                         GB_NEWS_DONE), 0: no command's fault; status
                         GB_OK: no failure, but worth knowing */
    GB_NEWS_VERDICT,  /* text of gb_replay_describe; identical. What was
                         replayed stays on the screen until the session
                         goes on: then a cut to 0 and its own branch come */
    GB_NEWS_FILE,     /* text: the journal's file, once it is there */
    GB_NEWS_LOG,      /* text: for /log only */
    GB_NEWS_SEEN,     /* seen: of the token at the cursor; without one, at
                         rest of the next token, and of the one written last
                         while the pace leaves time for it. NULL: nothing can
                         be said now; text may say why */
    GB_NEWS_FORKS,    /* forks: of the current path, from its beginning on;
                         text: of another take of the last of them, as it goes
                         on there (at most GB_SEEN_TEXT bytes); take: its
                         number */
    GB_NEWS_TREE,     /* tree */
    GB_NEWS_SESSIONS, /* sessions */
    GB_NEWS_TRIAL,    /* trial; NULL: there is no run to try */
} gb_news_type;

typedef struct gb_stats {
    double tokens_per_second; /* of this or the last run, smoothed */
    uint32_t context_used, context_total; /* tokens */
    uint64_t step, seed;      /* of the next token */
    uint64_t run_tokens;      /* written in this or the last run */
    gb_draft_count drafts;    /* in this or the last run */
    float logprob;            /* of the last token; NaN before the first */
    gb_place cursor;          /* of the token; node 0: at the end */
    gb_reason rests;          /* why the text ends where it does: a stop
                                 string, the end-of-text token, the limit, the
                                 user's stop, a failure; NONE: it is written,
                                 was left in its middle, or the model's text
                                 is not what stands at the end */
    uint32_t take, takes;     /* of the place where the text last forks;
                                 0 where it does not */
} gb_stats;

typedef struct gb_news {
    gb_news_type type;
    gb_state state;
    gb_phase phase;
    uint64_t done, total;
    uint64_t command;
    uint32_t node;
    size_t offset;       /* bytes of its text */
    gb_written *tokens;  /* (n_tokens) from its token `first` on */
    uint32_t first, n_tokens;
    gb_role role;
    gb_mode mode;
    gb_settings settings;
    uint64_t step;
    gb_stats stats;
    gb_status status;
    gb_reason reason;    /* GB_REASON_NONE: it was no run */
    bool identical;
    char *device, *dtype, *prefill, *cache_type; /* GB_NEWS_ENGINE; or NULL */
    char *path, *spec;                           /* likewise */
    uint32_t n_ctx;
    gb_ends ends;
    gb_seen *seen;       /* owned, as all that follow; or NULL: whoever takes
                            one over puts NULL in its place */
    gb_seen_fork *forks; /* (n_forks) */
    size_t n_forks;
    uint32_t take;
    gb_seen_tree *tree;
    gb_list *sessions;   /* described */
    gb_seen_trial *trial;
    gb_str text;
    struct gb_news *next; /* for the queue */
} gb_news;

/* Polls readable as long as there is news. Close-on-exec. */
int gb_worker_fd(const gb_worker *w);
/* The oldest news, NULL when there is none; gb_news_free it. Never waits.
 * What an interface does not take in time is merged: text with text; progress,
 * settings and statistics with newer ones; of what stands beside the text
 * (from GB_NEWS_SEEN on) the newest of each type is left. */
gb_news *gb_worker_take(gb_worker *w);
void gb_news_free(gb_news *news);

#endif
