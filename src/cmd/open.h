/* Model and engine as the options ask for, and the prompt as token ids. */
#ifndef GB_CMD_OPEN_H
#define GB_CMD_OPEN_H

#include "cmd/options.h"
#include "cmd/progress.h"
#include "engine/engine.h"
#include "model/model.h"

typedef struct gb_opened {
    bool without_tokenizer; /* set before opening: none is needed */
    gb_model *model;
    gb_engine *engine;
    gb_bar *bar; /* on the screen until gb_opened_quiet */
} gb_opened;

/* Finds and opens the model and the engine. From then on Ctrl-C ends what
 * the engine does with GB_INTERRUPTED. Call gb_opened_close in any case. */
bool gb_open_engine(const gb_options *o, gb_opened *p, gb_error *err);
void gb_opened_close(gb_opened *p);

/* Takes the progress line off the screen: output follows. */
void gb_opened_quiet(gb_opened *p);

/* The prompt as the model shall see it: text encoded, cut to
 * --max-prompt-tokens, the end-of-text token when it is empty. An error when
 * it is longer than the context. *cut tells whether it was cut. */
bool gb_encode_prompt(const gb_options *o, const gb_model *m,
                      const gb_str *text, gb_ids *ids, bool *cut,
                      gb_error *err);

#endif
