/* What the interface knows of the worker: kept up to date by its news. */
#ifndef GB_TUI_MIRROR_H
#define GB_TUI_MIRROR_H

#include "tui/transcript.h"

typedef struct gb_mirror {
    gb_worker *worker;
    /* As the user has set them; the worker may be a moment behind. */
    gb_settings settings;
    gb_mode mode;
    uint64_t last_set;     /* the request that is to make them so; 0: done */
    gb_settings confirmed; /* as the worker has them */
    gb_mode confirmed_mode;
    gb_state state;
    gb_phase phase;
    uint64_t done, total;
    gb_stats stats;
    double pace;           /* as asked for: tokens a second; 0: full speed */
    bool rush;             /* this run at full speed */
    bool ready;            /* a model was there at least once */
    char *model, *device, *dtype, *prefill, *cache_type;
    char *folder, *spec;   /* the model's; the device as asked for, or NULL */
    char *file;            /* the journal; NULL: none */
    uint32_t n_ctx;
    gb_transcript transcript;
    gb_seen *seen;         /* what is known of the token shown; NULL: nothing */
    gb_seen_fork *forks;   /* (n_forks) of the path */
    size_t n_forks;
    gb_str other;          /* how another take of the last fork goes on; "" */
    uint32_t other_take;   /* and its number */
    gb_seen_tree *tree;    /* as last asked for; NULL */
    gb_list *sessions;     /* likewise */
    gb_seen_trial *trial;  /* likewise */
    uint64_t posted;       /* the request posted last */
    uint64_t running;      /* the one being done; 0: none */
    uint64_t finished;     /* the one done, or refused, last */
    bool failed;           /* that one was refused */
} gb_mirror;

void gb_mirror_init(gb_mirror *m, gb_worker *worker,
                    const gb_settings *settings, gb_mode mode);
void gb_mirror_free(gb_mirror *m);
/* May take parts of the news over. */
void gb_mirror_take(gb_mirror *m, gb_news *news);

/* Posts a request; 0 and an error when it is refused. */
uint64_t gb_mirror_post(gb_mirror *m, const gb_request *request,
                        gb_error *err);
/* One without arguments, or with a name. */
bool gb_mirror_do(gb_mirror *m, gb_do what, const char *name, gb_error *err);
/* Sets one of settings.h's as gb_settings_change does, or the mode (as
 * gb_mode_change); a value that is none is refused at once. */
bool gb_mirror_set(gb_mirror *m, const char *name, const char *value,
                   gb_error *err);
bool gb_mirror_set_mode(gb_mirror *m, const char *value, gb_error *err);

/* The model is at work. */
bool gb_mirror_is_busy(const gb_mirror *m);
/* It is, or something is loaded in place of what is there: GB_DO_STOP ends
 * that. */
bool gb_mirror_can_stop(const gb_mirror *m);

#endif
