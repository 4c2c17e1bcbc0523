/* A session as a tree of takes. Nodes are texts of the user and of the model,
 * and notes of gumbel; what is on the screen is one path through them, from
 * the beginning to a place. Acts move the place or add to the tree; nothing
 * that was written ever leaves it. The tree changes by events alone
 * (gb_tree_apply) and computes nothing of the model: live, loaded and
 * replayed sessions go through the same code. Events may come from a hostile
 * file.
 *
 * Every member may be read; only the files of the tree (tree.c, apply.c,
 * run.c, view.c, tell.c) write. */
#ifndef GB_SESSION_TREE_H
#define GB_SESSION_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/config.h"
#include "session/event.h"
#include "session/settings.h"
#include "session/stream.h"

typedef enum gb_role {
    GB_ROLE_USER,
    GB_ROLE_MODEL,
    GB_ROLE_NOTE, /* said by gumbel or noted by the user: the model does not
                     see it */
} gb_role;

/* How a token came into the text. */
typedef enum gb_token_source {
    GB_SOURCE_TYPED,   /* or carried over from another model */
    GB_SOURCE_WRITTEN, /* by the model */
    GB_SOURCE_PICKED,  /* by the user, in place of the model's */
    GB_SOURCE_WHAT,    /* by the model, after a what-if */
} gb_token_source;

const char *gb_source_name(gb_token_source source); /* "typed", ... */

/* A token of a node. */
typedef struct gb_written {
    gb_token id;
    gb_token_source source;
    uint32_t end; /* bytes of the node's text that stand before its end */
    gb_why why;   /* typed: nothing is known */
} gb_written;

/* The tokens of a node are the model's way to see it, its text is ours. Nodes
 * live as long as the tree and only the last one of the path grows. */
typedef struct gb_node {
    uint32_t id;       /* 1, 2, ... in the order in which they were made */
    gb_role role;
    bool hidden;       /* not shown: it only changes the model's view */
    gb_mode mode;      /* in which it was written */
    gb_str text;       /* as to be shown: valid UTF-8, but control characters
                          as they came; without chat's "Human:" and "AI:" */
    gb_written *tokens; /* (n_tokens) */
    uint32_t n_tokens, capacity;
    uint64_t skipped;  /* see gb_event */
    /* The place that it follows. */
    struct gb_node *prev; /* NULL: the beginning */
    uint32_t at;
    uint32_t depth;    /* nodes before it; its index in every path */
    struct gb_node *first, *last, *next; /* children, siblings, by age */
    struct gb_node *visit; /* the child that the path last led to, or NULL: */
    uint32_t stay;     /* it ended here, behind so many tokens */
    size_t act, run;   /* that made it, or GB_NONE */
    uint32_t version;  /* of the settings */
    /* In force while it was written, and the step of its first token. */
    gb_settings settings;
    uint64_t step;
    /* What it does to the model's view, in this order. */
    uint64_t drop_front, drop_back;
    bool restart;      /* the view begins with its tokens */
    uint64_t view_len; /* tokens in the view after it */
} gb_node;
#define GB_NONE SIZE_MAX

/* One node of a path, and how many of its tokens belong to it: all, but where
 * the path leaves it in the middle. */
typedef struct gb_stretch {
    gb_node *node;
    uint32_t tokens;
} gb_stretch;

typedef struct gb_path {
    gb_stretch *data;
    size_t len, capacity;
} gb_path;

/* What undo takes back. Acts are a tree too: each knows the one before which
 * it was done, and which of those that followed it is to be done again. */
typedef struct gb_act {
    gb_event_type type;
    size_t before, again;  /* acts, or GB_NONE */
    gb_place from, to;     /* to: where it had led when it was undone */
    uint64_t seed_from, step_from, seed_to, step_to;
    size_t run;            /* or GB_NONE */
} gb_act;

/* A run of the model. */
typedef struct gb_run {
    gb_place from;
    gb_settings settings;  /* in force when it began */
    gb_mode mode;
    gb_token_source source;
    uint64_t step, tokens, limit;
    bool changed;          /* settings were changed while it wrote */
    gb_reason reason;
} gb_run;

typedef struct gb_name {
    gb_place place;
    char *text;
} gb_name;

/* What is to be known when a tree changes; every member may be NULL. Cut, node
 * and grown come when gb_tree_tell_changes is called, settings and stopped
 * with the event. */
typedef struct gb_watcher {
    void *arg;
    /* All that stood behind the first `bytes` of this node's text is gone;
     * node 0: everything. */
    void (*cut)(void *arg, uint32_t node, uint32_t tokens, size_t bytes);
    /* A node follows, with so many of its tokens. */
    void (*node)(void *arg, const gb_node *node, uint32_t tokens);
    /* The last node has grown: its tokens from `first` up to `tokens` are
     * new, and the text from byte `from` on. */
    void (*grown)(void *arg, const gb_node *node, uint32_t first, size_t from,
                  uint32_t tokens);
    /* Settings, mode or the step they count from are different now. */
    void (*settings)(void *arg, const gb_settings *settings, gb_mode mode,
                     uint64_t step);
    /* A run of the model ended; with the tokens it wrote. */
    void (*stopped)(void *arg, gb_reason reason, uint64_t tokens);
    /* Something that does not end the session, once: the journal cannot be
     * written, ... */
    void (*problem)(void *arg, const char *text);
    /* Something worth knowing that is no failure: there is no place for the
     * journal, and none was named. */
    void (*notice)(void *arg, const char *text);
    /* A sweep goes on; after so many forward passes. */
    void (*sweeping)(void *arg, uint64_t forwards);
} gb_watcher;

typedef struct gb_tree {
    gb_tokenizer *tokenizer;
    uint32_t n_vocab, n_ctx;
    gb_ends ends;
    gb_watcher watcher;

    gb_node **nodes;       /* (n_nodes), nodes[i]->id is i + 1; owned */
    size_t n_nodes, nodes_capacity;
    gb_node *first, *last; /* that follow the beginning, by age */
    gb_path path;          /* the current one */
    gb_settings settings, root_settings;
    gb_mode mode, root_mode;
    uint32_t version;      /* grows with every change of a setting */
    uint64_t step;         /* tokens generated since the seed was set */
    bool fresh_seed;       /* it was set since the last token */

    gb_act *acts;
    size_t n_acts, acts_capacity;
    size_t act, again;     /* done last; to be done again from the start */
    gb_run *runs;
    size_t n_runs, runs_capacity;
    gb_name *names;
    size_t n_names;

    /* What the watcher knows: the path to a place, and the newest node. */
    gb_place told;
    uint32_t told_newest;
    uint64_t made, telling; /* bytes of all text; what telling has cost */

    bool writing, cut, stop_hit;
    gb_stream *stream;     /* while writing */
    gb_ids pin; /* what the view always begins with */
    gb_ids view;
    bool view_known;
} gb_tree;

/* The tokenizer must live as long as the tree, or as gb_tree_set_tokenizer
 * says. n_ctx as the model's. NULL when the settings pin too long a text, or
 * their bias is not of this vocabulary. */
gb_tree *gb_tree_new(gb_tokenizer *tokenizer, uint32_t n_vocab,
                     const gb_ends *ends, uint32_t n_ctx,
                     const gb_settings *settings, gb_mode mode,
                     gb_error *err);
void gb_tree_free(gb_tree *t);
/* Tells the watcher all there is: the whole path and the settings. */
void gb_tree_tell(gb_tree *t);
/* Tells it how the path differs from what was told before. */
void gb_tree_tell_changes(gb_tree *t);
/* The same for a session that is run again, from a file which may jump to and
 * fro in it: a jump alone is told only if `jumps` is set, else with the text
 * that follows; and nothing more is told as long as that would make all the
 * telling cost more than a few times the session's text. So
 * gb_tree_tell_changes is needed at the end. */
void gb_tree_tell_replayed(gb_tree *t, bool jumps);
/* Another tokenizer of the same model. */
void gb_tree_set_tokenizer(gb_tree *t, gb_tokenizer *tokenizer);

/* Applies one event, or says why it cannot happen now; nothing has changed
 * then. Undo and redo: GB_USAGE with "nothing to undo". */
bool gb_tree_apply(gb_tree *t, const gb_event *event, gb_error *err);

/* Places. */

gb_place gb_tree_place(const gb_tree *t);
/* Whether there is such a place. A text of the user has none inside it. */
bool gb_tree_has(const gb_tree *t, gb_place place);
/* NULL when there is none of this number. */
gb_node *gb_tree_node(const gb_tree *t, uint32_t id);
/* Replaces path by that from the beginning to a place. */
void gb_tree_path(const gb_tree *t, gb_place place, gb_path *path);
void gb_path_free(gb_path *path);
void gb_path_push(gb_path *path, gb_node *node, uint32_t tokens);
/* Seed and step with which the model goes on there. */
void gb_tree_noise(const gb_tree *t, gb_place place, uint64_t *seed,
                   uint64_t *step);
/* Whether a node with these tokens (n) is what the model wrote with the node's
 * settings: what the user picked is not. */
bool gb_is_written(gb_role role, const gb_written *tokens, uint32_t n);
/* The place that a node follows; the one before the token at an index of a
 * node, as st->tokens is here. */
gb_place gb_node_before(const gb_node *node);
gb_place gb_stretch_before(const gb_stretch *st);
/* Bytes of the text that the node's first `tokens` tokens show. */
size_t gb_node_bytes(const gb_node *node, uint32_t tokens);
/* The last node of the path that is shown, of this role; NULL: none. */
gb_node *gb_tree_last(const gb_tree *t, gb_role role);

/* How many ways lead on from a place: the nodes that follow it, and the rest
 * of a text that it lies within. */
size_t gb_tree_ways(const gb_tree *t, gb_place place);
/* How many ends all ways together have. */
uint32_t gb_tree_leaves(const gb_tree *t);

/* A way that was taken from a place: its text begins in a node behind `from`
 * tokens, and the path that went there last ended at `end`. */
typedef struct gb_take {
    const gb_node *node;
    uint32_t from;
    gb_place end;
} gb_take;
/* The takes of the place where the current path last could have gone another
 * way, by age. Returns their number, 0 when there is no such place; *current
 * is the one on the path. takes may be NULL; the caller frees it. */
size_t gb_tree_takes(const gb_tree *t, gb_take **takes, size_t *current);
/* Where the path that led through a node last ended. */
gb_place gb_node_end(const gb_node *node);
/* The same for the rest of its text, behind so many tokens. */
gb_place gb_node_rest(const gb_node *node, uint32_t from);
/* The place with this name; false when there is none. */
bool gb_tree_named(const gb_tree *t, const char *name, gb_place *place);
/* The name of a place, NULL when it has none. */
const char *gb_tree_name(const gb_tree *t, gb_place place);

bool gb_tree_can_undo(const gb_tree *t);
bool gb_tree_can_redo(const gb_tree *t);
/* The run that a retry would repeat; NULL when there is none. */
const gb_run *gb_tree_last_run(const gb_tree *t);
/* Tokens of the current or last run. */
uint64_t gb_tree_run_tokens(const gb_tree *t);

/* The model's view. */

/* The tokens of what settings pin, at most half of the context; into an empty
 * list. */
bool gb_tree_encode_pin(const gb_tree *t, const char *text, gb_ids *ids,
                        gb_error *err);
/* What the model sees, oldest first. Valid until the next event. */
const gb_ids *gb_tree_view(gb_tree *t);
/* How long that is without what is pinned before it. */
uint64_t gb_tree_view_length(const gb_tree *t);
/* The same at the end of another path, without what is pinned (appended). */
void gb_path_view(const gb_path *path, gb_ids *ids);
uint64_t gb_path_view_length(const gb_path *path);
/* The view before a node of the path. */
uint64_t gb_node_view_before(const gb_node *node);
/* From where on the model remembers: the node in which its view begins, and
 * the byte in that node's text. False when it remembers all. */
bool gb_tree_memory(gb_tree *t, const gb_node **node, size_t *offset);
/* How many of the view's oldest tokens must go so that the model can write
 * on; 0 when it fits. Continue mode: half of the view; chat: whole turns
 * down to three quarters of the context, or tokens where one turn alone is
 * too long. */
uint32_t gb_tree_excess(gb_tree *t);
/* The same at the end of another path, behind so many pinned tokens. */
uint32_t gb_path_excess(const gb_path *path, gb_mode mode, uint32_t n_ctx,
                        size_t pinned);
/* The stream of the model's text that follows a path: it goes on where it was,
 * so that a character or a stop string may lie across a stop of the model. */
gb_stream *gb_path_stream(const gb_tree *t, const gb_path *path, gb_mode mode,
                          const gb_settings *settings);

/* Tokens of the model's text that may still be held back before it is shown:
 * an unfinished character or stop string has fewer. */
#define GB_HELD_TOKENS 64

/* Between tree.c, apply.c and run.c. */

/* From now on this is pinned. */
bool gb_tree_pin(gb_tree *t, const char *text, gb_error *err);
/* A new node behind the current place; settled when its tokens and drops are
 * there. */
gb_node *gb_tree_add(gb_tree *t, gb_role role, bool hidden);
void gb_tree_settle(gb_tree *t, gb_node *node);
void gb_node_push(gb_node *node, gb_token id, gb_token_source source,
                  const gb_why *why);
/* Makes another path the current one. The place must be one. */
void gb_tree_move(gb_tree *t, gb_place place);
void gb_tree_tell_settings(const gb_tree *t);

bool gb_tree_need_idle(const gb_tree *t, gb_error *err);
bool gb_tree_check_ids(const gb_tree *t, const gb_event *e, uint32_t limit,
                       gb_error *err);
bool gb_tree_check_place(const gb_tree *t, gb_place place, gb_error *err);
void gb_tree_begin_act(gb_tree *t, gb_event_type type);
/* Seed and step become those of a place. */
void gb_tree_take_noise(gb_tree *t, uint64_t seed, uint64_t step);
void gb_tree_begin_stream(gb_tree *t);
bool gb_tree_apply_run(gb_tree *t, const gb_event *e, gb_error *err);
/* Whether the event of a token may come now. */
bool gb_tree_check_token(const gb_tree *t, const gb_event *e, gb_error *err);
bool gb_tree_apply_token(gb_tree *t, const gb_event *e, gb_error *err);
bool gb_tree_apply_pick(gb_tree *t, const gb_event *e, gb_error *err);
bool gb_tree_apply_cut(gb_tree *t, const gb_event *e, gb_error *err);
bool gb_tree_apply_stop(gb_tree *t, const gb_event *e, gb_error *err);

#endif
