/* What can happen in a session. A journal is a list of these, and the state
 * of a session (tree.h) is what applying them in order gives: while it is
 * written, when it is loaded, and when it is replayed. */
#ifndef GB_SESSION_EVENT_H
#define GB_SESSION_EVENT_H

#include <jansson.h>
#include <math.h>
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
    GB_EVENT_PROMPT,   /* text, ids, skipped, what */
    GB_EVENT_EDIT,     /* the same, in place of another prompt: the last, or
                          the one at `place` */
    GB_EVENT_IMPORT,   /* role, text, ids, skipped: from another model */
    GB_EVENT_RUN,      /* the model begins to write; see gb_how */
    GB_EVENT_TOKEN,    /* step, id, why */
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
    GB_EVENT_GO,       /* place: the text ends there from now on */
    GB_EVENT_PICK,     /* place, ids: these instead of what follows there */
    GB_EVENT_NAME,     /* place, text: what the user calls it; none: nothing */
    GB_EVENT_ENGINE,   /* value: what computes from here on, as JSON (see
                          gb_origin_read); text: how to say so */
    GB_EVENT_TYPES,
} gb_event_type;

/* How a run of the model came about (value of GB_EVENT_RUN). */
typedef enum gb_how {
    GB_HOW_SEND,     /* after a prompt, an edit or a pick */
    GB_HOW_CONTINUE, /* on where it stopped, at most `tokens` if that is not
                        0; ids to begin with when there is no text */
    GB_HOW_RETRY,    /* version 1: the last run again, with its settings */
    GB_HOW_RESEED,   /* again from `place` (version 1: where the last run
                        began), with another seed */
    GB_HOW_AGAIN,    /* again from `place`, with its seed and step, the other
                        settings as they are */
    GB_HOW_WHAT,     /* after a what-if, with this seed and from this step on,
                        at most `tokens` */
} gb_how;

/* A place in a session: behind so many tokens of a node. Node 0 stands for
 * the beginning. */
typedef struct gb_place {
    uint32_t node, tokens;
} gb_place;

/* Why a token was chosen: what is known of it at the temperature in force,
 * before filters. NaN, and a rank of GB_RANK_UNKNOWN, where it is not known. */
typedef struct gb_why {
    float logprob;  /* natural log of its probability (greedy: at 1) */
    float entropy;  /* of the distribution, nats */
    float noise;
    float from, to; /* temperatures between which it wins */
    uint32_t rank;  /* 0: the likeliest */
} gb_why;
#define GB_RANK_UNKNOWN UINT32_MAX
#define GB_WHY_UNKNOWN ((gb_why){NAN, NAN, NAN, NAN, NAN, GB_RANK_UNKNOWN})

/* Only the members that the type names above mean anything. */
typedef struct gb_event {
    gb_event_type type;
    double ms;         /* since the session began */
    gb_mode mode;
    gb_reason reason;
    gb_how how;
    bool model;        /* import: the model's text, else the user's */
    uint64_t step;
    uint64_t seed;
    uint32_t id;
    gb_why why;
    gb_place place;
    bool placed;       /* place is given (where it may be left out) */
    bool what;         /* part of a what-if: no act of its own */
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

/* Appends the event as a line of a journal, with its line end; see
 * doc/session-format.md. */
void gb_event_format(const gb_event *event, gb_str *out);

/* Reads the members of an event whose type is set. What it points to lies in
 * the object and in the store, and lives until the next one is read; `where`
 * is for messages ("FILE, line N"). */
typedef struct gb_event_store {
    gb_ids ids;
    gb_str text, value;
} gb_event_store;
bool gb_event_read(gb_event *event, const json_t *object, const char *where,
                   gb_event_store *store, gb_error *err);
void gb_event_store_free(gb_event_store *store);

#endif
