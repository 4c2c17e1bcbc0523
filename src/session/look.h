/* What could have come at a place of a session. Looking changes nothing: no
 * token that follows, no line of the journal. */
#ifndef GB_SESSION_LOOK_H
#define GB_SESSION_LOOK_H

#include "sample/candidates.h"
#include "session/session.h"

/* A token of the path, or the next one at its end, and the step at which it
 * came or comes about. */
typedef struct gb_look {
    uint64_t number;      /* of the token in the conversation */
    const gb_written *token; /* NULL: the next one, which is not there yet */
    gb_place place;       /* that it follows */
    gb_settings settings; /* with which it was, or will be written */
    uint64_t step;
    bool typed;           /* by the user: then there is no noise */
    float *raw, *logits, *noise; /* (n_vocab) f32; raw: the model's own,
                                    before bias and penalties */
    size_t n_vocab;
    gb_candidates candidates;
} gb_look;

/* Looks at the session's cursor; `likeliest` candidates are listed, besides
 * the winners and the token itself. False: the model does not see that place
 * (its first token, or one that it has forgotten), or the device failed. To
 * be freed in any case. */
bool gb_look_at(gb_session *s, size_t likeliest, gb_look *look,
                gb_error *err);
/* The same at another token of the conversation (see gb_steer_at), its end if
 * there is none of this number. */
bool gb_look_token(gb_session *s, uint64_t number, size_t likeliest,
                   gb_look *look, gb_error *err);
/* The same at n <= GB_ROWS tokens by one pass: looks (n). Those at places that
 * the model does not see have no logits. False: the device failed, or was
 * cancelled. To be freed in any case. */
bool gb_look_tokens(gb_session *s, const uint64_t *numbers, unsigned n,
                    size_t likeliest, gb_look *looks, gb_error *err);
void gb_look_free(gb_look *look);

/* Appends the tokens that the model saw at a place, with what these settings
 * pin before them. A place may also be between two tokens of a text that was
 * typed. False: it sees nothing there, or its context is full. */
bool gb_look_view(gb_session *s, gb_place place, const gb_settings *settings,
                  gb_ids *ids, gb_error *err);

/* The token with the look's statistics, as a head gives them. */
gb_why gb_look_why(const gb_look *look, uint32_t id);

#endif
