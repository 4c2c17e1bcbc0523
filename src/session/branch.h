/* The tree below a history: nodes, the branch that ends in one, and what the
 * model sees of it. Nodes are added and never removed, so that every branch
 * that was left can be returned to. */
#ifndef GB_SESSION_BRANCH_H
#define GB_SESSION_BRANCH_H

#include "session/history.h"

#define GB_NO_RUN SIZE_MAX

/* One event's worth of a branch. */
typedef struct gb_node {
    gb_segment segment; /* parent is the nearest one that is shown */
    bool hidden;        /* not shown: it only changes the view */
    struct gb_node *prev;  /* the node before it; NULL: first of the branch */
    struct gb_node *below; /* the nearest before it that changes the view */
    struct gb_node *shown; /* the nearest that is shown, this one or before */
    struct gb_node *said;  /* the nearest text of the user, likewise */
    size_t run;         /* that wrote it, or GB_NO_RUN */
    /* What it does to the view, in this order. */
    uint64_t drop_front;
    uint64_t drop_back;
    bool restart;       /* the view begins with its ids */
    uint64_t view_len;  /* tokens in the view after it */
    /* In force before it. */
    uint64_t seed_before, step_before;
    /* In force after it; a mark says how that came about. */
    gb_settings settings;
    gb_mode mode;
    const char *changed; /* of a mark: the setting that it is about */
} gb_node;

typedef struct gb_tree {
    gb_node **nodes; /* all of them, owned */
    size_t count, capacity;
    uint32_t shown;  /* the last segment's id */
} gb_tree;

void gb_tree_free(gb_tree *t);

/* A new node after prev (NULL: at the beginning). The rest is zero. */
gb_node *gb_tree_add(gb_tree *t, gb_node *prev, gb_role role, bool hidden);
/* To be called when ids and drops of a new node are set: computes the length
 * of the view after it. */
void gb_node_settle(gb_node *n);

void gb_node_push(gb_node *n, gb_token id, float logprob);

/* The nearest node that changes the view, this one or before it. */
gb_node *gb_node_seen(gb_node *n);

/* The place in a branch where the view begins. */
typedef struct gb_view_start {
    const gb_node *node;
    size_t index; /* of its ids */
    bool all;     /* nothing was before it */
} gb_view_start;

/* Collects the view of the branch that ends in n into ids (replaced). */
gb_view_start gb_branch_view(const gb_node *n, gb_ids *ids);

/* How many of the view's newest tokens make whole turns (each begins with a
 * text of the user) and are at most `limit`; 0 when not even the last is. */
uint64_t gb_branch_turns(const gb_node *n, uint64_t limit);

#endif
