/* Scripts: text files with one command a line. See tests/tui/README.md. */
#ifndef GB_TESTS_TUI_SCRIPT_H
#define GB_TESTS_TUI_SCRIPT_H

#include "tests/tui/stage.h"

typedef struct script script;

/* NULL with err set when it cannot be read or holds an unknown command. */
script *script_open(const char *path, gb_error *err);
void script_close(script *s);

size_t script_count(const script *s);
const char *script_name(const script *s, size_t test);

/* Runs the lines before the first test and then this test's. Errors name the
 * line. */
bool script_run(const script *s, size_t test, stage *t, gb_error *err);

#endif
