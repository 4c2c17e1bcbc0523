/* A worker as an interface sees it. Nothing here waits for a time: it waits
 * for news, until the test runner ends it. */
#ifndef GB_TESTS_WORKER_SCREEN_H
#define GB_TESTS_WORKER_SCREEN_H

#include "test.h"

#include "session/worker.h"

/* What an interface would have on its screen. */
typedef struct screen {
    gb_worker *worker;
    gb_state state;
    gb_phase phase;    /* while it loads */
    gb_str text[4096]; /* by segment */
    uint32_t last;     /* segment */
    gb_settings settings;
    gb_stats stats;
    uint64_t started, done, failed; /* commands */
    gb_reason reason;
    char error[1024];
    char log[1024];
    char file[256];
    char said[1024]; /* with the last done, or a verdict */
    char model[64];
    bool identical;
    unsigned n_states[9], verdicts, engines;
    uint32_t memory; /* segment; 0: the model remembers all */
    unsigned n_news[GB_NEWS_TRIAL + 1]; /* of each type */
    gb_news *seen, *forks, *tree, *sessions, *trial; /* the last; or NULL */
} screen;

/* What a user can ask for. */
typedef enum ask {
    ASK_SEND,
    ASK_EDIT,
    ASK_NOTE,
    ASK_CONTINUE,
    ASK_AGAIN,
    ASK_RESEED,
    ASK_UNDO,
    ASK_REDO,
    ASK_CLEAR,
    ASK_MODE,
    ASK_SET,
    ASK_STOP,
    ASK_EXPORT,
    ASK_SAVE,
    ASK_LOAD,
    ASK_MODEL,
    ASK_DEVICE,
    ASK_REPLAY,
    ASK_VERB,   /* with its argument */
    ASK_PACE,
    ASK_FORGET,
    ASK_TREE,
    ASK_SESSIONS,
} ask;

gb_request screen_request(ask what, const char *name, const char *value);

/* Starts a worker with these options: the model that ships unless there is
 * one, 12 new tokens a run, end-of-text ignored. The second keeps no file. */
screen *screen_start(const gb_worker_options *options);
screen *screen_start_plain(void);
void screen_finish(screen *s);

/* Takes one piece of news, waiting for it. */
void screen_take(screen *s);
/* Until there is more news of this type than so much. */
void screen_wait_news(screen *s, gb_news_type type, unsigned before);

/* Posts a command, with a text or a name. */
uint64_t screen_post(screen *s, ask what, const char *name,
                     const char *value);
void screen_wait_done(screen *s, uint64_t command);
void screen_wait_failed(screen *s, uint64_t command);
void screen_wait_state(screen *s, gb_state state);
/* Until this is being loaded. */
void screen_wait_phase(screen *s, gb_phase phase);
/* Posts a command and waits until it is done. */
void screen_do(screen *s, ask what, const char *name, const char *value);

/* All segments but marks; the caller frees. */
char *screen_text(const screen *s);
void screen_expect(const screen *s, const char *expected);

#endif
