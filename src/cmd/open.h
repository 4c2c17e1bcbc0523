/* Model and engine as the options ask for, and the prompt as token ids. */
#ifndef GB_CMD_OPEN_H
#define GB_CMD_OPEN_H

#include "cmd/options.h"
#include "cmd/progress.h"
#include "engine/engine.h"
#include "model/model.h"
#include "session/draft.h"

typedef struct gb_opened {
    bool without_tokenizer; /* set before opening: none is needed */
    gb_model *model;
    gb_engine *engine;
    gb_draft *draft; /* NULL: none */
    gb_bar *bar; /* on the screen until gb_opened_quiet */
} gb_opened;

/* Finds and opens the model (see gb_model_find). From then on Ctrl-C ends
 * what takes long with GB_INTERRUPTED. Call gb_opened_close in any case. */
bool gb_open_model(const char *name, gb_opened *p, gb_error *err);
/* The engine, and the model that the options name if none is open. */
bool gb_open_engine(const gb_options *o, gb_opened *p, gb_error *err);
/* Whoever the options let guess for it, if anybody does. */
bool gb_open_draft(const gb_options *o, gb_opened *p, gb_error *err);
/* Another model in place of the one that is open, without an engine. */
bool gb_open_instead(const char *folder, gb_opened *p, gb_error *err);
/* What shows a progress line as long as there is one, and ends at Ctrl-C. */
gb_progress gb_opened_progress(gb_opened *p);
void gb_opened_close(gb_opened *p);

/* Takes the progress line off the screen: output follows. */
void gb_opened_quiet(gb_opened *p);

/* The prompt as the model shall see it: text encoded, cut to
 * --max-prompt-tokens, the token that begins a text when it is empty. *cut
 * tells whether it was cut. When it is longer than the context, the error
 * proposes to cut it so that `follow` tokens have room after it. --bias must
 * be of the model's vocabulary. */
bool gb_encode_prompt(const gb_options *o, const gb_model *m,
                      const gb_str *text, uint32_t follow, gb_ids *ids,
                      bool *cut, gb_error *err);

#endif
