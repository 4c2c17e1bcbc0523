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
    uint32_t n_tokens;
    gb_view_pos begin, end; /* of its text, as the sink counts */
} gb_part;

/* Where the text goes. */
typedef struct gb_sink {
    void *arg;
    void (*put)(void *arg, gb_text_kind kind, const char *text, size_t n);
    /* All behind a place that `end` gave is gone. */
    void (*cut)(void *arg, gb_view_pos pos);
    gb_view_pos (*end)(void *arg);
    /* The place n bytes of text behind another. */
    gb_view_pos (*advance)(void *arg, gb_view_pos pos, size_t n);
    bool (*at_line_start)(void *arg);
    bool ascii; /* no characters beyond ASCII in what is not text */
} gb_sink;

typedef struct gb_transcript {
    gb_sink sink;
    gb_part *parts;
    size_t n_parts;
} gb_transcript;

void gb_transcript_free(gb_transcript *t);

/* Takes news of the path (cut, node, grown) in; other news is not for it. */
void gb_transcript_take(gb_transcript *t, const gb_news *news);

/* Where in the sink a byte of a node's text stands; {0, 0} when the node is
 * not there. */
gb_view_pos gb_transcript_place(const gb_transcript *t, uint32_t node,
                                size_t byte);

/* Appends the text of a turn: the model's that has this node in it, or a text
 * of the user; the user's last one where there is no such node. False: there
 * is none. */
bool gb_transcript_turn(const gb_transcript *t, uint32_t node, gb_str *out);

#endif
