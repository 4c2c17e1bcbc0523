/* One run of `gumbel generate` and the formats it is printed in. */
#ifndef GB_CMD_GENERATION_H
#define GB_CMD_GENERATION_H

#include <jansson.h>

#include "base/error.h"
#include "base/str.h"
#include "cmd/options.h"
#include "engine/engine.h"
#include "session/picked.h"

typedef struct gb_generation {
    const gb_options *options;
    gb_engine *engine; /* has read all but the last token */
    const gb_ids *prompt_ids;
    gb_str prompt; /* bytes of the prompt as far as the model sees it */
    size_t tail;   /* bytes at its end that begin an unfinished character */
    gb_str raw;    /* bytes of the generated tokens */
    gb_str text;   /* what may be shown of them: whole characters, no stop
                      string; at its front what the tail became */
    unsigned take; /* of several, from 1 on; 0: it is the only one */
    uint64_t seed;
    uint64_t steps;
    const gb_adjustments *adjust; /* of the last token; NULL: none */
    double prefill_ms, decode_ms;
    const gb_picked *picked; /* by guesses; NULL: there are none */
} gb_generation;

/* A format. Each function is called when a thing has happened: */
typedef struct gb_printer {
    /* the prompt was read (of several takes the first one's); */
    bool (*start)(const gb_generation *g, gb_error *err);
    /* a token was generated, which adds text (n bytes, may be none); */
    bool (*token)(const gb_generation *g, const gb_pick *pick,
                  const char *text, size_t n, gb_error *err);
    /* no further token comes; text (n bytes) was held back until now. */
    bool (*end)(const gb_generation *g, const char *reason, const char *text,
                size_t n, gb_error *err);
} gb_printer;

extern const gb_printer gb_format_text;
extern const gb_printer gb_format_takes; /* text, of several */
extern const gb_printer gb_format_json;
extern const gb_printer gb_format_trace;

/* What the JSON format prints of a token, for formats that add to it. */
json_t *gb_generation_token(const gb_generation *g, const gb_pick *pick,
                            const char *text, size_t n);

/* Reads the prompt: the argument, or standard input less one final line
 * end. */
bool gb_read_prompt(const gb_options *o, gb_str *text, gb_error *err);

/* Makes of its text the ids that the model sees, and leaves of the text what
 * they stand for. *tail: bytes at its end that begin an unfinished character,
 * which the first token may finish. */
bool gb_take_prompt(const gb_options *o, const gb_model *m, gb_str *text,
                    gb_ids *ids, size_t *tail, gb_error *err);

/* Continues the prompt that the options name, and prints it in a format.
 * Returns the exit status, as a command does. */
int gb_generate(const gb_options *o, const gb_printer *format, gb_error *err);

#endif
