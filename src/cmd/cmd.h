/* The commands: a table with one entry per file. */
#ifndef GB_CMD_CMD_H
#define GB_CMD_CMD_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "cmd/options.h"

typedef struct gb_command {
    const char *name;
    const char *args;    /* as the usage line shows them; "" for none */
    const char *summary; /* one line, without the final dot */
    const char *help;    /* paragraphs, each one line */
    const char *example; /* lines */
    unsigned self;       /* GB_FOR_... */
    size_t max_args;
    /* Does it. Returns the exit status; where that is not GB_OK, err says
     * why, or is empty when there is nothing to say. */
    int (*run)(const gb_options *o, gb_error *err);
} gb_command;

/* NULL-terminated, in the order of --help. */
extern const gb_command *const gb_commands[];

const gb_command *gb_command_find(const char *name);

/* A command line that names no command there is; suggests the nearest. */
bool gb_command_unknown(const char *name, gb_error *err);

/* The text of --help, of --version. command NULL: of the program. */
void gb_help(gb_str *out, const gb_command *command);
void gb_version(gb_str *out);

#endif
