/* Exact speculation: several tokens of a text by one pass over the weights.
 *
 * A token is the one with the largest sum of log-probability and noise, and
 * the noise is known; so a guess at what follows is right or it is not. The
 * pass picks the token behind the text, and behind each guess as if it had
 * come. As long as a guess is what was picked, the next pick counts too: at
 * least one token is gained, and each is what the plain path gives, bit for
 * bit, with all that is known of it. Whoever guesses only decides how many.
 *
 * What was picked ahead waits, and is known by all that it depends on: text,
 * step, settings. Where one of them has changed nothing waits. */
#ifndef GB_SESSION_DRAFT_H
#define GB_SESSION_DRAFT_H

#include "base/progress.h"
#include "engine/engine.h"
#include "session/settings.h"
#include "session/tree.h"

typedef struct gb_draft gb_draft;

#define GB_DRAFT_DEFAULT "off"

/* Guesses that are checked at once, at most. */
#define GB_DRAFT_MOST (GB_ROWS - 1)

/* Who guesses; by what the user says: "off", "lookup", "self", or a model as
 * gb_model_find takes it. */
typedef enum gb_draft_kind {
    GB_DRAFT_OFF,
    GB_DRAFT_LOOKUP, /* what was read before */
    GB_DRAFT_SELF,   /* the same model at q4_0 */
    GB_DRAFT_MODEL,
} gb_draft_kind;

gb_draft_kind gb_draft_kind_of(const char *who);

typedef struct gb_draft_options {
    const char *who;
    const char *device; /* SPEC of a second engine: the first one's */
    unsigned always;    /* so many guesses a check, as far as there are, whether
                           it pays or not; 0: as many as pay */
    gb_progress progress; /* of opening and reading; see gb_engine_options */
    /* Told once, where nobody guesses any more; NULL: it is not told. */
    void (*say)(void *arg, const char *text);
    void *arg;
} gb_draft_options;

/* *d is NULL where it is off, and where it cannot be: then err->text says why,
 * with the status GB_OK. False: who was asked for cannot guess. The engine must
 * live as long; it is used by gb_draft_check alone. */
bool gb_draft_open(gb_engine *engine, const gb_draft_options *options,
                   gb_draft **d, gb_error *err);
void gb_draft_close(gb_draft *d);

/* One for a text that is known already, and only verified: it guesses what it
 * is told with gb_draft_know, as much as there is. NULL: there can be none, as
 * above. */
gb_draft *gb_draft_known(gb_engine *engine);
/* What is to follow the next text that is asked for (n <= GB_DRAFT_MOST). */
void gb_draft_know(gb_draft *d, const gb_token *ids, size_t n);

/* Another text that may come again, from its token `from` on (n). */
void gb_draft_learn(gb_draft *d, const gb_token *ids, size_t n, size_t from);

/* All that was written in a session. */
void gb_draft_learn_tree(gb_draft *d, const gb_tree *tree);

/* What the next token depends on. */
typedef struct gb_draft_text {
    const gb_token *ids; /* (n) what the model sees; 1 <= n <= n_ctx */
    size_t n;
    uint64_t step;
    const gb_settings *settings;
    bool ranges;   /* as in gb_rule */
    uint64_t left; /* tokens that are wanted at most; 0: not known */
} gb_draft_text;

/* The text's next token, if it waits, and its adjustments, which stay until the
 * next check. */
bool gb_draft_take(const gb_draft *d, const gb_draft_text *text, gb_pick *pick,
                   const gb_adjustments **adjust);

/* Guesses what follows and checks it, where that pays: then tokens wait. The
 * engine has read the text then and the guesses. False: it was cancelled. */
bool gb_draft_check(gb_draft *d, const gb_draft_text *text, gb_error *err);

/* The next token was picked without it, which took so long; ms below 0: not
 * known. */
void gb_draft_saw(gb_draft *d, gb_token id, double ms);

typedef struct gb_draft_count {
    uint64_t drafted, accepted; /* guesses that were checked; that came */
} gb_draft_count;
gb_draft_count gb_draft_counted(const gb_draft *d);

#endif
