/* The conversation: a tree of segments of which one branch is current, the
 * settings, the step counter, and what can be undone. It changes by events
 * alone (gb_history_apply) and computes nothing of the model: live, loaded
 * and replayed sessions go through the same code. Events may come from a
 * hostile file. */
#ifndef GB_SESSION_HISTORY_H
#define GB_SESSION_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "session/event.h"
#include "session/settings.h"

typedef enum gb_role {
    GB_ROLE_USER,
    GB_ROLE_MODEL,
    GB_ROLE_MARK, /* said by gumbel: a setting changed, text forgotten, ... */
} gb_role;

/* A piece of the conversation. Immutable but for the last one of the branch,
 * which grows while the model writes. Owned by the history, for its life. */
typedef struct gb_segment {
    uint32_t id;       /* 1, 2, ...; never used again */
    gb_role role;
    gb_mode mode;      /* in which it was written */
    gb_str text;       /* as to be shown: valid UTF-8, but control characters
                          as they came; without chat's "Human:" and "AI:" */
    gb_ids ids;        /* what it is for the model */
    float *logprobs;   /* (ids.len) of the model's own tokens; else NULL */
    uint64_t skipped;  /* see gb_event */
    struct gb_segment *parent; /* NULL: the first of its branch */
} gb_segment;

/* What is to be known when a session changes; every member may be NULL.
 * Called on the thread that applies the event; the segment is valid for the
 * life of the history, text only during the call. Cut, segment and text come
 * when the owner of the history asks for it (gb_history_tell_...), in order,
 * and lead from the branch that the watcher knows to the one that there is;
 * settings and stopped come with the event. */
typedef struct gb_watcher {
    void *arg;
    /* All after the segment with this id is gone; 0: everything. */
    void (*cut)(void *arg, uint32_t id);
    /* A segment was added at the end, maybe with text in it. */
    void (*segment)(void *arg, const gb_segment *segment);
    /* Text was appended to the last segment. */
    void (*text)(void *arg, const gb_segment *segment, const char *text,
                 size_t n);
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
} gb_watcher;

typedef struct gb_history gb_history;

/* The tokenizer must live as long as the history. n_ctx as the model's. */
gb_history *gb_history_new(gb_tokenizer *tokenizer, uint32_t n_vocab,
                           gb_token eos_id, uint32_t n_ctx,
                           const gb_settings *settings, gb_mode mode);
void gb_history_free(gb_history *h);
void gb_history_watch(gb_history *h, const gb_watcher *watcher);
/* Tells the watcher all there is: the whole branch and the settings. */
void gb_history_tell(gb_history *h);
/* Tells it how the branch differs from what was told before. */
void gb_history_tell_changes(gb_history *h);
/* The same for a session that is run again, from a file which may jump to and
 * fro in it: a jump alone is told only if `jumps` is set, else with the text
 * that follows; and nothing more is told as long as that would make all the
 * telling cost more than a few times the session's text. So
 * gb_history_tell_changes is needed at the end. */
void gb_history_tell_replayed(gb_history *h, bool jumps);
/* Another tokenizer of the same model. */
void gb_history_set_tokenizer(gb_history *h, gb_tokenizer *tokenizer);

/* Applies one event, or says why it cannot happen now; nothing has changed
 * then. Undo and redo: GB_USAGE with "nothing to undo". */
bool gb_history_apply(gb_history *h, const gb_event *event, gb_error *err);

const gb_settings *gb_history_settings(const gb_history *h);
gb_mode gb_history_mode(const gb_history *h);
/* Tokens generated since the seed was set, along the branch. */
uint64_t gb_history_step(const gb_history *h);
bool gb_history_is_writing(const gb_history *h);
/* Tokens of the current or last run. */
uint64_t gb_history_run_tokens(const gb_history *h);
/* True when a stop string was just completed. */
bool gb_history_stop_hit(const gb_history *h);
/* True before anything but settings has happened. */
bool gb_history_is_untouched(const gb_history *h);
uint32_t gb_history_undos(const gb_history *h);
uint32_t gb_history_redos(const gb_history *h);

/* The last segment of the branch (walk by parent); NULL when empty. */
const gb_segment *gb_history_tip(const gb_history *h);
/* The branch, first segment first; the caller frees the list. */
const gb_segment **gb_history_branch(const gb_history *h, size_t *count);
/* The last text of the user on the branch; NULL when there is none. */
const gb_segment *gb_history_last_prompt(const gb_history *h);

/* What the model sees, oldest first. Valid until the next event. */
const gb_ids *gb_history_view(gb_history *h);
/* How many tokens that are, and were before a segment of the branch. */
uint64_t gb_history_view_length(const gb_history *h);
uint64_t gb_history_view_before(const gb_history *h, const gb_segment *s);

/* Tokens of the model's text that may still be held back before it is shown:
 * an unfinished character or stop string has fewer. */
#define GB_HELD_TOKENS 64

/* What ends the model's text in a mode. */
const char *const *gb_history_stops(gb_mode mode, size_t *n);

/* From where on the model remembers: the segment in which its view begins,
 * and the byte in that segment's text. False when it remembers all. */
bool gb_history_memory(gb_history *h, const gb_segment **segment,
                       size_t *offset);

/* How many of the view's oldest tokens must go so that the model can write
 * on; 0 when it fits. Continue mode: half of the view; chat: whole turns
 * down to three quarters of the context, or tokens where one turn alone is
 * too long. */
uint32_t gb_history_excess(gb_history *h);

/* A run, as far as it can be done again (the settings it began with come
 * back by the event): the changes made while it wrote, how many tokens it
 * has, and why it ended. */
typedef struct gb_run_change {
    uint64_t after;        /* tokens of the run before it */
    char *name, *value;
} gb_run_change;
typedef struct gb_run {
    const gb_run_change *changes;
    size_t n_changes;
    uint64_t tokens;
    gb_reason reason;
} gb_run;
/* The run that a retry would repeat; false when there is none. Valid until
 * the history is freed, growing while it is the current one. */
bool gb_history_last_run(const gb_history *h, gb_run *run);

#endif
