/* What a worker is made of; only the files worker*.c know. */
#ifndef GB_SESSION_WORKER_STATE_H
#define GB_SESSION_WORKER_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "session/news.h"
#include "session/trial.h"
#include "session/worker.h"

/* A request in the queue, with copies of what it points to. */
typedef struct gb_task {
    uint64_t number;
    gb_request request; /* points to: */
    char *name, *value;
    char *event_name, *event_value, *event_text;
    struct gb_task *next;
} gb_task;

/* What GB_NEWS_SEEN speaks of. */
typedef struct gb_subject {
    const char *none; /* nothing can be said, for this reason */
    gb_place place;   /* of the token, or of the end: */
    bool next;
    bool newest;      /* written by the run that goes on */
    gb_settings settings; /* of the next one */
    uint64_t step;
} gb_subject;

typedef struct gb_watch {
    unsigned flags;   /* GB_WATCH_*; none: nothing is watched */
    size_t likeliest;
    bool looking;
    bool seen_told, forks_told; /* and nothing has changed since then: */
    gb_subject seen;
    gb_place end;     /* of the path; within a node or at its end */
    size_t n_nodes;
    double step_ms;   /* what computing a token takes, smoothed; */
    double look_ms[2]; /* what the last two looks of this run took; 0 */
} gb_watch;

struct gb_worker {
    pthread_t thread;
    gb_news_queue news;

    pthread_mutex_t lock; /* for what follows, up to the empty line */
    pthread_cond_t wake;
    gb_task *first, *last; /* what waits, in order */
    size_t waiting, waiting_bytes;
    uint64_t last_number;
    uint64_t posted_seen; /* the last number when gb_worker_wait last looked */
    uint64_t running;     /* the task being done, stops up to which do not end
                             it; 0: none that can end */
    bool loading;         /* it ends by GB_DO_STOP alone */
    bool spare;           /* nothing is to be done: whatever is posted ends
                             what is done all the same */
    uint64_t stop_before; /* tasks with smaller numbers end at once, */
    uint64_t halt_before; /* because of a GB_DO_STOP */
    bool quit;

    atomic_bool cancel;   /* whether what is running is to end */

    /* The worker's thread alone. */
    char *model_name, *device, *path, *load; /* or NULL */
    gb_dtype_choice dtype;
    gb_prefill_choice prefill;
    gb_dtype_choice cache_type;
    uint64_t cache_bytes;
    gb_settings settings; /* while there is no session */
    gb_mode mode;
    bool record;
    gb_model *model;
    gb_engine *engine;
    gb_session *session;
    gb_state state;
    bool replay_shown;    /* instead of the session */
    bool memory_known;
    uint32_t memory_end;  /* of this node's view, it begins here: */
    uint32_t memory_node;
    size_t memory_offset;
    bool file_told;
    double last_token, token_ms; /* moment; smoothed time for one */
    float logprob;
    gb_reason reason;     /* of the last run */
    gb_pace pace;
    char *drafter;        /* who guesses, see gb_draft_options; */
    gb_draft *draft;      /* NULL: nobody */
    gb_draft_count draft_before; /* the run that goes on, or the last one */
    gb_watch watch;
    bool trying;          /* GB_DO_TRIAL: the last run with these settings */
    gb_settings tried;
    bool trial_told;      /* it is known how that run ends */
    gb_trial *trial;      /* what is known of it, or NULL */
    gb_list listing;      /* the sessions as they were last told; the stories */
    size_t listed;        /* of so many are read */
    gb_model *lister;     /* the last of other models that wrote some; or
                             NULL */
    uint32_t take, takes; /* as they were when it last rested */
    bool close_ok;
    gb_error close_error;
};

/* worker_queue.c: what waits; gb_worker_post puts it there. */
void gb_worker_begin_queue(gb_worker *w);
void gb_worker_end_queue(gb_worker *w);
/* The next task, which is running then; NULL when it is time to go. Waits. */
gb_task *gb_worker_next(gb_worker *w);
/* Whether nothing waits. Then it has time to spare, until gb_worker_next or
 * until something is posted, which sets w->cancel. */
bool gb_worker_begin_spare(gb_worker *w);
/* How a request is done: flags. */
enum {
    GB_WITH_NAME = 1,      /* it must have one */
    GB_WITH_SESSION = 2,   /* there must be one, */
    GB_WITH_ENGINE = 4,    /* and one of these */
    GB_STOPS_RUN = 8,      /* whoever asks does not want to wait for its end */
    GB_BETWEEN_TOKENS = 16, /* of a run: settings, and what only looks */
    GB_ONLY_LOOKS = 32,    /* the state stays as it was */
    GB_LEAVES_REPLAY = 64, /* what is shown of one stays */
    GB_LOADS = 128,        /* another session or engine, for which is meant
                              what is asked for next: it ends only when the
                              user says so */
};
unsigned gb_worker_manner(const gb_request *r);
/* The next setting that concerns the run that goes on; NULL: none. */
gb_task *gb_worker_next_set(gb_worker *w);
/* Waits until a moment (gb_now_ms), or until something is posted. */
void gb_worker_wait(gb_worker *w, double until);
void gb_task_free(gb_task *task);
/* Makes what is running end, and gb_worker_next give NULL. */
void gb_worker_quit(gb_worker *w);
/* From here on a GB_DO_STOP ends it: the session file is read; */
void gb_worker_begin_first_file(gb_worker *w);
/* from here on nothing ends what is being done, but quitting. */
void gb_worker_ignore_stops(gb_worker *w);

/* worker_news.c: what is told. */
void gb_worker_tell_state(gb_worker *w, gb_state state);
/* How far it has come in this state. */
void gb_worker_tell_text(gb_worker *w, gb_news_type type, uint64_t number,
                         const char *text);
void gb_worker_tell_error(gb_worker *w, uint64_t number, const gb_error *err);
void gb_worker_tell_done(gb_worker *w, uint64_t number, gb_reason reason,
                         const char *text);
void gb_worker_tell_engine(gb_worker *w);
void gb_worker_tell_stats(gb_worker *w);
/* From where on the model remembers what is shown, see GB_NEWS_MEMORY. */
void gb_worker_tell_memory(gb_worker *w, uint32_t segment, size_t offset);
/* What follows from a change of the session: memory, file, statistics. */
void gb_worker_tell_changes(gb_worker *w);
/* Once again all of the session, in place of a replay. */
void gb_worker_tell_session(gb_worker *w);
gb_watcher gb_worker_watcher(gb_worker *w);
/* What tells the interface of it, and ends when it is told to. */
gb_progress gb_worker_progress(gb_worker *w);

/* worker_watch.c: what is shown beside the text. */

/* GB_DO_WATCH. */
void gb_worker_begin_watch(gb_worker *w, const gb_request *r);
/* Tells one thing that has changed, if there is time: a look at rest, or until
 * the next token is due. False: there is nothing to tell now. */
bool gb_worker_watch_on(gb_worker *w);
/* A run begins; a token of it was computed in this time. */
void gb_worker_watch_run(gb_worker *w);
void gb_worker_watch_step(gb_worker *w, double took);
void gb_worker_tell_tree(gb_worker *w);
bool gb_worker_tell_sessions(gb_worker *w, gb_error *err);
/* Reads more of their stories, and tells. False: there is nothing to do. */
bool gb_worker_list_on(gb_worker *w);

/* worker_trial.c: GB_DO_TRIAL. */
bool gb_worker_begin_trial(gb_worker *w, const gb_request *r, gb_error *err);
/* Computes a little of it, and tells. False: there is nothing to do. */
bool gb_worker_try_on(gb_worker *w);
/* What is known is forgotten; before a session or an engine is closed. */
void gb_worker_end_trial(gb_worker *w);

/* worker_load.c: model, engine, session. */

/* Says what follows from what the user has stopped. */
void gb_worker_stopped(gb_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Loads a model (NULL: that which is there, or the default) for a device. On
 * failure what was there is there still, or again if it had to make room; if
 * that fails too, w->engine is NULL. */
bool gb_worker_load(gb_worker *w, const char *model, const char *device,
                    gb_error *err);
void gb_worker_unload(gb_worker *w);
bool gb_worker_open_session(gb_worker *w, const char *load, const char *path,
                            gb_error *err);

/* worker_draft.c: who guesses. Another one; said: a sentence where nobody can.
 * On failure it is who it was. */
bool gb_worker_set_draft(gb_worker *w, const char *who, gb_str *said,
                         gb_error *err);
/* Before the engine is closed; and once there is another. */
void gb_worker_close_draft(gb_worker *w);
void gb_worker_reopen_draft(gb_worker *w);

/* worker_replay.c */
bool gb_worker_replay(gb_worker *w, const char *path, bool pace,
                      gb_error *err);

#endif
