/* One test being run: a program, the terminal it runs on, and waiting for
 * what should be seen there. */
#ifndef GB_TESTS_TUI_STAGE_H
#define GB_TESTS_TUI_STAGE_H

#include <stdbool.h>

#include "base/error.h"
#include "tests/tui/film.h"
#include "tests/tui/pty.h"
#include "tests/tui/screen.h"

typedef struct stage {
    char *folder;         /* where programs run; owned */
    const char *pictures; /* where snapshots go */
    const char *term;
    double timeout_ms; /* of each wait */
    int rows, columns;
    pty pty;
    screen *screen; /* NULL before the first program */
    bool skipped;   /* something that the test needs is not there */
    char *kept;     /* rows of the screen, and which */
    int kept_first, kept_last;
    bool keeps_printed; /* all that is printed is kept as well: */
    gb_str printed;
    film *film;     /* NULL: none is being taken */
    char *film_name;
} stage;

/* Creates the folder's own home and XDG folders and points the environment
 * there; stage_move does only that, for the programs that come. */
bool stage_open(stage *t, const char *folder, gb_error *err);
bool stage_move(stage *t, const char *folder, gb_error *err);
void stage_close(stage *t);

/* Starts a program in a new terminal. */
bool stage_run(stage *t, const char *command, gb_error *err);

/* Lets the program run for a moment: types what is to be typed, shows what
 * it prints. Returns the number of bytes printed. */
size_t stage_pump(stage *t, int ms);

/* Waits until check() holds; what it said last is the error. */
typedef bool stage_check(stage *t, void *arg, gb_error *err);
bool stage_wait(stage *t, stage_check *check, void *arg, gb_error *err);

/* Waits for the end of the program and of what it prints. */
bool stage_wait_end(stage *t, gb_error *err);

/* Runs a shell command beside the program. Returns its exit status, -1 when
 * it did not end by itself; what it printed is appended to out. */
int stage_shell(stage *t, const char *command, gb_str *out);

/* Prints the screen as comments of TAP; and what has failed before it. */
void stage_dump(const stage *t);
void stage_explain(const stage *t, const gb_error *err);

#endif
