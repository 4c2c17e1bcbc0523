/* Steering a session: the verbs that look at the tree, move in it or take
 * another way from a place, as they are typed after a slash. Each takes its
 * argument as text and appends to `out` what it has to say. */
#ifndef GB_SESSION_STEER_H
#define GB_SESSION_STEER_H

#include "session/session.h"

typedef bool gb_verb(gb_session *s, const char *arg, gb_str *out,
                     gb_error *err);
typedef enum gb_when {
    GB_WHEN_NOW,  /* also between two tokens of a run */
    GB_WHEN_IDLE, /* when the run has ended; it may take long */
    GB_WHEN_STOP, /* the same, and asking for it ends the run */
} gb_when;

typedef struct gb_steer {
    const char *name;
    gb_verb *run;
    gb_when when;
    bool needs_arg; /* without one it is another verb of this name */
} gb_steer;

/* NULL when there is none of this name. */
const gb_steer *gb_steer_find(const char *name, const char *arg);

/* The cursor: a token of the conversation, counted over what user and model
 * wrote. Without one, the end. */

/* Tokens of the conversation, and the number of the one at the cursor (their
 * count: the end). */
uint64_t gb_steer_tokens(const gb_session *s);
uint64_t gb_steer_cursor(const gb_session *s);
/* Its node and index there; false at the end. */
bool gb_steer_at(const gb_session *s, uint64_t number, gb_stretch *at);

/* Appends a token's text as a person may see it, in quotes. */
void gb_steer_quote(const gb_session *s, gb_token id, gb_str *out);

/* Deletes a session that is kept, by its name or number (see gb_list_remove),
 * and says so. s: the open one, which stays; or NULL. */
bool gb_steer_forget(const gb_session *s, const char *name, gb_str *out,
                     gb_error *err);

/* The place that somebody means by its name or the number of a node, whose end
 * it is; where a take ends, by its number in /takes. */
bool gb_steer_find_place(const gb_session *s, const char *text,
                         gb_place *place, gb_error *err);
bool gb_steer_find_take(const gb_session *s, const char *text,
                        gb_place *place, gb_error *err);

/* Appends the text of a take from where it parts from the others, until `out`
 * is longer than `limit`. */
void gb_steer_take_text(const gb_session *s, const gb_take *take,
                        size_t limit, gb_str *out);

/* For the verbs: the tokens of a stretch that count, and its cursor, which
 * must be at a token. */
uint32_t gb_steer_counted(const gb_stretch *s);
bool gb_steer_need(const gb_session *s, gb_stretch *at, gb_error *err);

/* takes.c */
gb_verb gb_verb_takes, gb_verb_write_takes, gb_verb_take, gb_verb_go,
    gb_verb_name, gb_verb_tree, gb_verb_as_written;
/* what.c */
gb_verb gb_verb_what, gb_verb_edit;
/* compare.c */
gb_verb gb_verb_compare;
/* look.c */
gb_verb gb_verb_why, gb_verb_pick;
/* sweep_text.c */
gb_verb gb_verb_sweep;

/* Appends what a what-if has led to, once, when it is over. */
void gb_steer_report(gb_session *s, gb_str *out);

/* What-if and several takes are scripts of events; see session.h. */
void gb_session_plan(gb_session *s, const gb_event *e);
bool gb_session_follow_script(gb_session *s, gb_error *err);
void gb_session_drop_script(gb_session *s);
void gb_session_drop_ahead(gb_session *s);

#endif
