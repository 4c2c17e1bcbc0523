/* The commands of scripts: one row each. */
#ifndef GB_TESTS_TUI_COMMANDS_H
#define GB_TESTS_TUI_COMMANDS_H

#include "tests/tui/stage.h"

#define COMMAND_MAX_WORDS 32

typedef struct command {
    const char *name;
    const char *args; /* "RAW...": the rest of the line, as it stands */
    int least, most;  /* number of words */
    bool (*run)(stage *t, char **words, gb_error *err);
    stage_check *check; /* instead of run: waited for */
    const char *help;
} command;

/* Ends with a NULL name. */
extern const command commands[];

const command *command_find(const char *name, size_t n);

/* Runs a command with the rest of its line. */
bool command_run(const command *c, const char *rest, stage *t,
                 gb_error *err);

void command_list(void);

#endif
