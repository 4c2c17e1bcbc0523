/* gumbel without a command: the terminal interface, or the plain line mode
 * where there is no terminal. */
#ifndef GB_TUI_TUI_H
#define GB_TUI_TUI_H

#include "session/worker.h"
#include "tui/colours.h"
#include "tui/theme.h"

/* Tokens a second that can be read as they come. */
#define GB_TUI_PACE 25.0

typedef struct gb_tui_options {
    gb_worker_options worker; /* pace below 0: GB_TUI_PACE on the screen, line
                                 by line as fast as it can */
    gb_color_choice color;
    gb_colouring colouring;
    bool no_mouse;
    const char *complaints; /* about the config file: to be shown; or NULL */
} gb_tui_options;

/* Runs until the user leaves. The locale must be set; numbers as in C.
 * Returns the exit status: GB_OK, 128 + the signal that ended it, or
 * another with the reason in err. */
int gb_tui_main(const gb_tui_options *options, gb_error *err);

#endif
