/* The conversation as the interface has been told it: what stands where, and
 * which tokens it is made of. The screen and the line mode show it through a
 * sink of their own. */
#ifndef GB_TUI_TRANSCRIPT_H
#define GB_TUI_TRANSCRIPT_H

#include "session/worker.h"
#include "tui/view.h"

/* A node of the session's current path. */
typedef struct gb_part {
    uint32_t node;
    gb_role role;
    gb_mode mode;
    gb_settings settings; /* it was written with */
    gb_str text;
    gb_written *tokens;   /* (n_tokens) */
    uint32_t n_tokens, capacity;
    uint64_t number;      /* of its first token in the conversation */
    bool ended;           /* its last token ended the model's text */
    size_t n_marks;       /* of the transcript, up to its end */
    gb_view_pos begin, end; /* of what the sink was given of it */
} gb_part;

/* What happened at a place of the text: settings changed, a note. */
typedef struct gb_mark {
    gb_view_pos pos;
    char sign[8];  /* for a gutter: at most two columns */
    char *words;
} gb_mark;

/* Where the text goes. */
typedef struct gb_sink {
    void *arg;
    void (*put)(void *arg, gb_text_kind kind, const char *text, size_t n);
    /* A mark stands here; NULL: they are only kept. */
    void (*mark)(void *arg, const char *words);
    /* All behind a place that `end` gave is gone. */
    void (*cut)(void *arg, gb_view_pos pos);
    gb_view_pos (*end)(void *arg);
    /* The place n bytes of text behind another, and the bytes between two. */
    gb_view_pos (*advance)(void *arg, gb_view_pos pos, size_t n);
    size_t (*distance)(void *arg, gb_view_pos from, gb_view_pos to);
    bool (*at_line_start)(void *arg);
    const char *ended; /* stands where the model ended its text; may be "" */
    bool ascii; /* no characters beyond ASCII in what is not text */
} gb_sink;

/* One that shows it in a view. */
gb_sink gb_view_sink(gb_view *v, bool ascii);

typedef struct gb_transcript {
    gb_sink sink;
    gb_ends ends;  /* of the model */
    gb_part *parts;
    size_t n_parts;
    gb_mark *marks; /* (n_marks) in their order in the text */
    size_t n_marks;
} gb_transcript;

void gb_transcript_free(gb_transcript *t);

/* Takes news of the path (cut, node, grown) in; other news is not for it. */
void gb_transcript_take(gb_transcript *t, const gb_news *news);

/* Where in the sink a byte of a node's text stands; {0, 0} when the node is
 * not there. */
gb_view_pos gb_transcript_place(const gb_transcript *t, uint32_t node,
                                size_t byte);

/* Tokens, counted over what user and model wrote as the cursor's are (see
 * session/steer.h). */
uint64_t gb_transcript_tokens(const gb_transcript *t);
/* The one that stands at a place; false where there is none: in what the
 * program says, between turns, at the end. */
bool gb_transcript_token_at(const gb_transcript *t, gb_view_pos pos,
                            uint64_t *number);
/* Where a token stands, as far as it shows, and what is known of it; false
 * when there is no such token. What shows nothing yet, as half a character,
 * ends where it begins. `written` may be NULL; it is valid until the next
 * news. */
bool gb_transcript_token(const gb_transcript *t, uint64_t number,
                         gb_view_pos *begin, gb_view_pos *end,
                         const gb_written **written);
/* What a token shows, which is part of its node's text; n 0: nothing. */
const char *gb_transcript_text(const gb_transcript *t, uint64_t number,
                               size_t *n);
/* The number of the token behind a place of the path: with all tokens of a
 * node before it, the first of what follows. False when the node is not
 * there. */
bool gb_transcript_number(const gb_transcript *t, gb_place place,
                          uint64_t *number);

/* The part with the token behind a place of the path; NULL: there is none. */
const gb_part *gb_transcript_part(const gb_transcript *t, gb_place place);

/* Bytes of a part's text before its token i, or of all of it. */
size_t gb_part_bytes(const gb_part *part, uint32_t i);
/* Gives the end of the text before a place of the path, at most so many bytes
 * of it, part by part; before node 0 there is none. */
void gb_transcript_before(const gb_transcript *t, gb_place place, size_t most,
                          void (*put)(void *arg, gb_role role,
                                      const char *text, size_t n),
                          void *arg);

/* Appends the text of a turn: the model's that has this node in it, or a text
 * of the user; the user's last one where there is no such node. False: there
 * is none. */
bool gb_transcript_turn(const gb_transcript *t, uint32_t node, gb_str *out);

#endif
