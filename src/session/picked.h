/* What was picked of a text ahead of its turn. It waits, and is known by all
 * that it depends on: text, step, settings. Where one of them has changed
 * nothing waits. */
#ifndef GB_SESSION_PICKED_H
#define GB_SESSION_PICKED_H

#include "engine/pick.h"
#include "session/lookup.h"
#include "session/settings.h"

/* Picks that wait at most: a pass gives up to GB_ROWS more. */
#define GB_PICKED_MOST (2 * GB_ROWS)

typedef struct gb_draft_count {
    uint64_t drafted, accepted; /* guesses that were checked; that came */
} gb_draft_count;

/* Zeroes are one of which nothing was picked. */
typedef struct gb_picked {
    gb_ids text; /* (from + n) as it was, and behind it the picks */
    size_t from;
    unsigned n;
    gb_pick picks[GB_PICKED_MOST]; /* (n) */
    uint64_t step;                 /* of the first */
    gb_settings settings;
    bool ranges;
    /* What others know of the text: */
    gb_draft_count count;
    gb_lookup_text looked;
    size_t skipped; /* of its tokens, by the model that guesses */
} gb_picked;

void gb_picked_free(gb_picked *p);

/* What the next token of a text depends on. */
typedef struct gb_picked_text {
    const gb_token *ids; /* (n) what the model sees; 1 <= n <= n_ctx */
    size_t n;
    uint64_t seed, step;
    const gb_settings *settings; /* but for the seed */
    bool ranges; /* as in gb_rule */
} gb_picked_text;

/* The text's next token; NULL: it does not wait. */
const gb_pick *gb_picked_find(const gb_picked *p, const gb_picked_text *t);

/* Lets go of what does not follow this text, which is `from` tokens from now
 * on. */
void gb_picked_begin(gb_picked *p, const gb_picked_text *t);

/* One more (n < GB_PICKED_MOST). */
void gb_picked_push(gb_picked *p, const gb_pick *pick);

#endif
