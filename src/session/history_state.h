/* What a history is made of; only the files history*.c know. */
#ifndef GB_SESSION_HISTORY_STATE_H
#define GB_SESSION_HISTORY_STATE_H

#include "session/branch.h"
#include "session/history.h"
#include "session/stream.h"

/* Something that undo takes back. */
typedef struct gb_act {
    gb_event_type type;
    gb_node *before, *after; /* tips; after is set when it is undone */
    uint64_t seed_before, step_before;
    uint64_t seed_after, step_after;
    size_t run; /* or GB_NO_RUN */
} gb_act;

/* A run of the model, see gb_run. */
typedef struct gb_run_state {
    gb_node *base; /* the tip it began from */
    gb_settings settings;
    gb_mode mode;
    uint64_t step;
    uint64_t tokens;
    gb_reason reason;
    gb_run_change *changes;
    size_t n_changes, capacity;
} gb_run_state;

struct gb_history {
    gb_tokenizer *tokenizer;
    uint32_t n_vocab, n_ctx;
    gb_token eos_id;
    gb_watcher watcher;
    const gb_segment *told;  /* the last one that the watcher knows */
    size_t told_text;        /* bytes of its text */
    uint32_t told_last;      /* the highest id it has ever heard of */
    uint64_t made, telling;  /* bytes of all text; and of what was told */

    gb_tree tree;
    gb_node *tip;
    gb_settings settings, root_settings;
    gb_mode mode, root_mode;
    uint64_t step;
    bool fresh_seed; /* set since the last token */

    gb_act *acts; /* done, then undone */
    size_t n_acts, n_redos, acts_capacity;
    gb_run_state *runs;
    size_t n_runs, runs_capacity;

    bool writing, cut, stop_hit;
    gb_stream *stream; /* while writing */
    gb_ids view;
    bool view_known;
};

/* The run that the last act has; NULL when it has none. */
gb_run_state *gb_history_run(const gb_history *h);

/* history_run.c: a new act, which forgets what was undone; a run of the
 * current act, from `base` on. */
void gb_history_begin_act(gb_history *h, gb_event_type type);
void gb_history_begin_run(gb_history *h, gb_node *base);

/* What a segment costs to tell, besides its text. */
#define GB_SEGMENT_COST 64

/* history_mark.c: changes of the branch. */

/* Makes another branch the current one. */
void gb_history_move(gb_history *h, gb_node *tip);
/* A new tip; gb_history_added when it is complete. */
gb_node *gb_history_add(gb_history *h, gb_role role, bool hidden);
void gb_history_added(gb_history *h, gb_node *n);

void gb_history_mark(gb_history *h, const char *text, size_t n);
/* Marks that a setting, the mode, or whatever it may be is not what the tip
 * says; the branch must not be empty for the first. */
void gb_history_mark_setting(gb_history *h, const char *name);
void gb_history_mark_mode(gb_history *h);
void gb_history_mark_differences(gb_history *h);

/* history_tell.c */
void gb_history_tell_settings(const gb_history *h);

#endif
