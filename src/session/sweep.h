/* Every text that a seed tells between two temperatures. At each step the
 * spectrum splits the temperatures among the tokens that win there; each
 * token's text is followed within its share, which the next step splits
 * again. What texts have in common is computed once, and those that have parted
 * go on side by side. See doc/instrument.md. */
#ifndef GB_SESSION_SWEEP_H
#define GB_SESSION_SWEEP_H

#include <stdatomic.h>

#include "engine/engine.h"
#include "session/event.h"
#include "session/settings.h"

typedef struct gb_sweep gb_sweep;

/* What to tell. All of it stays the caller's and must stay there. */
typedef struct gb_sweep_of {
    gb_engine *engine;      /* nobody else may feed it during the sweep */
    const gb_token *prompt; /* what the model sees before (n_prompt > 0) */
    size_t n_prompt;
    const char *tail; /* bytes of the prompt that begin a character which the */
    size_t n_tail;    /* first token may finish, or a stop string */
    double from, to;  /* 0 < from <= to */
    gb_settings settings; /* all but temperature and greedy count */
    gb_mode mode;
    uint64_t step;    /* noise of the first token: seed + step */
    const atomic_bool *cancel; /* may be NULL */
    /* Called after each pass, with the temperature from which on
     * nothing is told yet; may be NULL. */
    void (*progress)(void *arg, const gb_sweep *s, double temperature);
    void *progress_arg;
} gb_sweep_of;

/* Members as in `gumbel generate --json`. */
typedef struct gb_sweep_text {
    double from, to; /* where one text ends the next one begins */
    gb_ids ids;      /* what was generated */
    gb_str text;
    const char *reason; /* "length", "eos", "stop" or "context" */
} gb_sweep_text;

gb_sweep *gb_sweep_open(const gb_sweep_of *of);
void gb_sweep_close(gb_sweep *s);

/* Finds the next text in ascending temperature; the caller frees it. False
 * when there is none left, and then err is as it was; or when cancelled
 * (GB_INTERRUPTED) or failed: then nothing is told from the end of the text
 * before on. */
bool gb_sweep_next(gb_sweep *s, gb_sweep_text *text, gb_error *err);
void gb_sweep_text_free(gb_sweep_text *text);

/* Positions computed so far, the prompt counted as one; several of them at a
 * time. */
uint64_t gb_sweep_forwards(const gb_sweep *s);

#endif
