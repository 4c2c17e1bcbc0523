/* Exact speculation: several tokens of each text by one pass over the weights.
 *
 * A token is the one with the largest sum of log-probability and noise, and
 * the noise is known; so a guess at what follows is right or it is not. The
 * pass picks the token behind the text, and behind each guess as if it had
 * come. As long as a guess is what was picked, the next pick counts too: at
 * least one token is gained, and each is what the plain path gives, bit for
 * bit, with all that is known of it. Whoever guesses only decides how many.
 *
 * Of several texts a pass has a row each, and for guesses the rows that are
 * left. What it gives beyond a text's next token waits (see picked.h). */
#ifndef GB_SESSION_DRAFT_H
#define GB_SESSION_DRAFT_H

#include "base/progress.h"
#include "engine/engine.h"
#include "session/picked.h"
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
    unsigned always;    /* so many guesses for each text, as far as there are
                           and rows for them, whether it pays or not; 0: as
                           many as pay */
    gb_progress progress; /* of opening and reading; see gb_engine_options */
    /* Told once, where nobody guesses any more; NULL: it is not told. */
    void (*say)(void *arg, const char *text);
    void *arg;
} gb_draft_options;

/* *d is NULL where it is off, and where it cannot be: then err->text says why,
 * with the status GB_OK. False: who was asked for cannot guess. The engine must
 * live as long; it is used by gb_draft_pass alone. */
bool gb_draft_open(gb_engine *engine, const gb_draft_options *options,
                   gb_draft **d, gb_error *err);
void gb_draft_close(gb_draft *d);

/* One for a text that is known already, and only verified: it guesses what it
 * is told with gb_draft_know, as much as there is. NULL: there can be none, as
 * above. */
gb_draft *gb_draft_known(gb_engine *engine);
/* What is to follow the next text that is asked for, alone (n <=
 * GB_DRAFT_MOST). */
void gb_draft_know(gb_draft *d, const gb_token *ids, size_t n);

/* Another text that may come again, from its token `from` on (n). */
void gb_draft_learn(gb_draft *d, const gb_token *ids, size_t n, size_t from);

/* All that was written in a session. */
void gb_draft_learn_tree(gb_draft *d, const gb_tree *tree);

/* A text that goes on. */
typedef struct gb_draft_text {
    const gb_token *ids; /* (n) what the model sees; 1 <= n <= n_ctx */
    size_t n;
    uint64_t seed, step;
    uint64_t left;     /* tokens that are wanted at most; 0: not known */
    gb_picked *picked; /* of it */
} gb_draft_text;

/* How all of them go on. */
typedef struct gb_draft_rule {
    const gb_settings *settings; /* but for the seed */
    bool ranges; /* as in gb_rule */
    bool rests;  /* nothing ahead: the next token is not waited for */
} gb_draft_rule;

/* A pass for 1 <= n <= GB_ROWS texts, for the first `hungry` >= 1 of which
 * nothing waits: then something does. The others go on behind what does.
 * Guesses are made and checked where that pays. The engine has read the texts
 * then, and the guesses. */
bool gb_draft_pass(gb_draft *d, const gb_draft_text *texts, unsigned n,
                   unsigned hungry, const gb_draft_rule *rule, gb_error *err);

/* Of all texts. */
gb_draft_count gb_draft_counted(const gb_draft *d);

#endif
