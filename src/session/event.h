/* What can happen in a session. A journal is a list of these, and the state
 * of a session (history.h) is what applying them in order gives: while it is
 * written, when it is loaded, and when it is replayed. */
#ifndef GB_SESSION_EVENT_H
#define GB_SESSION_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/tokenizer.h"

typedef enum gb_mode {
    GB_MODE_CONTINUE, /* what is typed is appended, the model goes on */
    GB_MODE_CHAT,     /* Human: and AI: in turns */
} gb_mode;

/* Why the model ended its text. */
typedef enum gb_reason {
    GB_REASON_NONE,      /* it has not */
    GB_REASON_LENGTH,    /* max-new-tokens */
    GB_REASON_EOS,       /* end-of-text */
    GB_REASON_STOP,      /* a stop string */
    GB_REASON_INTERRUPT, /* the user, or the program ended */
    GB_REASON_ERROR,     /* the device failed */
} gb_reason;

typedef enum gb_event_type {
    GB_EVENT_PROMPT,   /* text, ids, skipped, mode */
    GB_EVENT_EDIT,     /* the same, in place of the last prompt */
    GB_EVENT_IMPORT,   /* role, text, ids, skipped: from another model */
    GB_EVENT_RUN,      /* the model begins to write; how; ids to begin with
                          when there is no text */
    GB_EVENT_TOKEN,    /* step, id, logprob */
    GB_EVENT_CUT,      /* tokens, ids: a stop string leaves the view */
    GB_EVENT_STOP,     /* reason */
    GB_EVENT_SET,      /* step, name, value */
    GB_EVENT_MODE,     /* mode */
    GB_EVENT_EVICT,    /* tokens: the model forgets the oldest of its view */
    GB_EVENT_PREFILL,  /* from, to: positions that were read at once */
    GB_EVENT_MARK,     /* text */
    GB_EVENT_UNDO,
    GB_EVENT_REDO,
    GB_EVENT_CLEAR,
    GB_EVENT_ENGINE,   /* value: what computes from here on, as JSON (see
                          gb_origin_read); text: how to say so */
    GB_EVENT_TYPES,
} gb_event_type;

/* How a run of the model came about (value of GB_EVENT_RUN). */
typedef enum gb_how {
    GB_HOW_SEND,     /* after a prompt or an edit */
    GB_HOW_CONTINUE, /* on where it stopped */
    GB_HOW_RETRY,    /* the last run again, with its settings */
    GB_HOW_RESEED,   /* the last run again, with another seed */
} gb_how;

/* Only the members that the type names above mean anything. */
typedef struct gb_event {
    gb_event_type type;
    double ms;         /* since the session began */
    gb_mode mode;
    gb_reason reason;
    gb_how how;
    bool model;        /* import: the model's text, else the user's */
    uint64_t step;
    uint64_t seed;     /* run: of a reseed */
    uint32_t id;
    float logprob;     /* NaN when not known */
    uint32_t tokens;
    uint32_t from, to;
    uint64_t skipped;  /* tokens of a prompt longer than the context that the
                          model never saw; ids are those after them */
    const char *name, *value;  /* NUL-terminated */
    const char *text;          /* any bytes */
    size_t n_text;
    const gb_token *ids;
    size_t n_ids;
} gb_event;

/* As they are spelled in journals and on the screen. */
const char *gb_mode_name(gb_mode mode);       /* "continue", "chat" */
const char *gb_reason_name(gb_reason reason); /* "length", "eos", ... */
const char *gb_how_name(gb_how how);          /* "send", "continue", ... */
const char *gb_event_name(gb_event_type type); /* "prompt", "token", ... */
bool gb_mode_parse(const char *text, gb_mode *mode);
/* The same, and "toggle" for the other one. */
bool gb_mode_change(const char *text, gb_mode *mode);
bool gb_reason_parse(const char *text, gb_reason *reason);
bool gb_how_parse(const char *text, gb_how *how);
bool gb_event_parse(const char *text, gb_event_type *type);

#endif
