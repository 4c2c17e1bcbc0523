/* The options: one table from which the command line, --help, the config
 * file, the environment and the shell's completion are read. */
#ifndef GB_CMD_OPTIONS_H
#define GB_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"
#include "session/event.h"
#include "session/settings.h"

/* Which commands take an option; GB_FOR_TUI is gumbel without a command. */
enum {
    GB_FOR_GENERATE = 1 << 0,
    GB_FOR_LOGPROBS = 1 << 1,
    GB_FOR_SCORE = 1 << 2,
    GB_FOR_TOKENIZE = 1 << 3,
    GB_FOR_REPLAY = 1 << 4,
    GB_FOR_BENCH = 1 << 5,
    GB_FOR_DEVICES = 1 << 6,
    GB_FOR_TUI = 1 << 7,
    GB_FOR_SPECTRUM = 1 << 8,
    GB_FOR_SWEEP = 1 << 9,
    GB_FOR_SESSIONS = 1 << 10,
    GB_FOR_PULL = 1 << 11,
    GB_FOR_MODELS = 1 << 12,
    GB_FOR_INFO = 1 << 13,
    GB_FOR_COMPLETION = 1 << 14,
    GB_FOR_CONVERT = 1 << 15,
    GB_FOR_ALL = (1 << 16) - 1,
};

/* What the interface writes at most, where nothing else is asked for. */
#define GB_TUI_TOKENS 400

/* What the user asked for. Strings are owned. */
typedef struct gb_options {
    gb_settings settings;
    char *model;  /* NULL: the default one */
    char *device; /* NULL: the default one */
    gb_dtype_choice dtype;     /* the last one */
    gb_dtype_choice dtypes[8]; /* those of the command line */
    unsigned n_dtypes;
    gb_prefill_choice prefill;
    gb_dtype_choice cache_type; /* auto, f32 or f16 */
    uint64_t cache_bytes; /* 0: as the engine chooses */
    gb_mode mode;
    unsigned color; /* 0: auto, 1: always, 2: never */
    unsigned colour; /* of tokens, as tui/colours.h counts them */
    unsigned mouse; /* 0: on, 1: off */
    char *session;  /* NULL: a new file */
    bool no_session;
    char *load;     /* NULL: none */
    bool resume;
    char *output; /* NULL: standard output */
    bool specials;
    bool decode;
    bool json;
    bool trace;
    bool dry_run;
    char *shape;        /* of random weights; NULL: a model */
    bool profile;
    uint64_t rounds;    /* of a measurement; at least 1 */
    uint64_t takes;     /* to be written side by side; at least 1 */
    double from, to;    /* temperatures of a sweep */
    uint64_t max_texts; /* of a sweep; at least 1 */
    char *svg;          /* its map; NULL: none */
    char *draft;    /* see gb_draft_options; NULL: GB_DRAFT_DEFAULT */
    bool drafts;    /* it was asked for on the command line */
    double pace;    /* tokens a second; 0: as fast as it can */
    bool paced;     /* it was asked for */
    bool as_recorded;
    bool help;
    bool version;

    const char *command; /* NULL: none was given; points into argv */
    const char **args;   /* (n_args) what stood beside; point into argv */
    size_t n_args;
    gb_str complaints; /* about the config file, one a line */
} gb_options;

typedef struct gb_option gb_option;
struct gb_option {
    const char *name;     /* long, without the dashes; in the config file too */
    char letter;          /* short, or 0 */
    const char *arg;      /* name of its argument; NULL: a switch */
    unsigned commands;    /* GB_FOR_... */
    bool once;            /* of one call: not for the config file */
    const char *variable; /* of the environment, or NULL */
    const char *help;     /* one sentence or two, without the final dot */
    /* Takes the text of the value; for a switch "on" when none is given. */
    bool (*set)(gb_options *o, const gb_option *self, const char *value,
                gb_error *err);
    size_t field; /* offset in gb_options, for set */
    const char *words; /* what the argument can be, separated by spaces, when
                          that is a short list; else NULL */
};

/* The table; ends with a NULL name. */
extern const gb_option gb_option_table[];

const gb_option *gb_option_find(const char *name);

/* Reads the command line: options may stand before, between and after the
 * command and its arguments; what follows "--" is no option. Then sets, each
 * overruling the one before: the config file, the environment, the command
 * line. With --help or --version on the command line nothing else is looked
 * at but the command. Call gb_options_free in any case. */
bool gb_options_read(gb_options *o, int argc, char **argv, gb_error *err);
void gb_options_free(gb_options *o);

/* Sets one by its name; `value` NULL is a switch's "on". */
bool gb_options_set(gb_options *o, const gb_option *option, const char *value,
                    gb_error *err);

#endif
