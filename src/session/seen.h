/* What the interface shows beside the text, as plain data: why a token was
 * chosen and what could have come, where takes part, the tree, a run written
 * again on trial. The worker makes these and hands them over with its news;
 * nothing in them points into a session. */
#ifndef GB_SESSION_SEEN_H
#define GB_SESSION_SEEN_H

#include "sample/candidates.h"
#include "session/tree.h"

struct gb_session;

/* A token and its text: any bytes, with a NUL behind them. */
typedef struct gb_seen_token {
    gb_token id;
    char *text;
    size_t n;
} gb_seen_token;

gb_seen_token gb_seen_token_of(const gb_tokenizer *tokenizer, gb_token id);

typedef struct gb_seen_band {
    double from, to; /* temperatures; 0: the limit; INFINITY */
    gb_seen_token token;
} gb_seen_band;

typedef struct gb_seen_candidate {
    gb_candidate is;
    gb_seen_token token;
} gb_seen_candidate;

/* A token of the conversation, or the one that would come next. */
typedef struct gb_seen {
    uint64_t number;      /* of the token in the conversation */
    gb_place place;       /* its node, and its index there; of the next one:
                             the end of the text */
    bool next;            /* it is not there yet */
    gb_token_source source; /* next: GB_SOURCE_WRITTEN */
    gb_settings settings; /* with which it was, or would be, written */
    uint64_t step;
    gb_seen_token token;  /* next: the one that these settings choose */
    gb_why why;           /* of that token; typed: noise, from and to NaN */
    gb_seen_band *bands;  /* (n_bands) ascending, without gaps, from 0 to
                             INFINITY; none for what was typed */
    size_t n_bands;
    gb_seen_candidate *candidates; /* (n_candidates) the likeliest first */
    size_t n_candidates;
    size_t rest;          /* tokens that are not among them, and their */
    double rest_raw, rest_final; /* share of the probability */
} gb_seen;

/* Looks at a token of the conversation, or the next one, with at least n
 * candidates, as gb_look_token does; NULL where that fails. */
gb_seen *gb_seen_look(struct gb_session *s, uint64_t number, size_t n,
                      gb_error *err);
void gb_seen_free(gb_seen *seen);

/* A place of the current path from which more than one way leads on. */
typedef struct gb_seen_fork {
    gb_place place; /* node, and how many of its tokens stand before it */
    uint32_t ways;
} gb_seen_fork;

/* Those before the end of the path, from its beginning on. The caller frees
 * *forks. Returns how many there are. */
size_t gb_seen_forks_of(const gb_tree *t, gb_seen_fork **forks);

/* A node of the tree, in the order in which they are listed: what follows a
 * node directly stands below it, only forks go to the right. */
typedef struct gb_seen_branch {
    uint32_t node;
    unsigned depth;     /* of forks */
    bool forks;         /* others follow the same place, or it leaves a text
                           early */
    uint32_t at;        /* behind so many tokens of the node it follows, */
    bool early;         /* which has more */
    bool on_path;       /* of what is on the screen */
    gb_place end;       /* where the path that led through all of it ended */
    gb_role role;
    gb_token_source source; /* of its first token */
    gb_settings settings;
    uint64_t step;
    uint32_t tokens;
    char *name;         /* of the place behind its tokens; NULL: none */
    gb_str text;        /* its beginning, at most GB_SEEN_TEXT bytes of valid
                           UTF-8 */
} gb_seen_branch;
#define GB_SEEN_TEXT 2000

typedef struct gb_seen_tree {
    gb_seen_branch *data;
    size_t len;
} gb_seen_tree;

/* All nodes that are shown, as /tree prints them. */
gb_seen_tree *gb_seen_tree_of(const gb_tree *t);
void gb_seen_tree_free(gb_seen_tree *tree);

/* The last run as it would be with other settings and the same noise. */
typedef struct gb_seen_trial {
    gb_settings settings; /* of the trial; another seed than the run's: from
                             its step 0 on, as a reseed takes it */
    gb_place from;        /* where the run begins, */
    uint64_t seed;        /* and the seed of that place */
    gb_written *tokens;   /* (n_tokens) of the whole run */
    uint32_t n_tokens;
    gb_str text;          /* of those tokens */
    uint32_t same;        /* its first tokens that are the run's too; */
    size_t same_bytes;    /* and what they show */
    gb_reason reason;     /* GB_REASON_NONE: it is not finished */
    double low, high;     /* temperatures between which it is this text */
    /* All texts that are known so far: where they end, ascending. */
    gb_seen_band *map;    /* (n_map) each with its first token that differs
                             from the text below it */
    size_t n_map;
    bool more;            /* there are more, which are not looked for */
    bool whole;           /* the map has them all, from `from` to `to`: */
    double map_from, map_to;
} gb_seen_trial;

void gb_seen_trial_free(gb_seen_trial *trial);

#endif
