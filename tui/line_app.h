/* Line mode, inside: what its files share. */
#ifndef GB_TUI_LINE_APP_H
#define GB_TUI_LINE_APP_H

#include "tui/commands.h"
#include "tui/line_input.h"

typedef struct gb_line_app {
    gb_ui ui;
    bool terminal;   /* lines come from one */
    int signals;
    gb_str text;     /* the conversation */
    gb_str bytes;    /* read last */
    gb_line_input input; /* read, not yet done */
    bool mid_line;   /* what was printed last ended no line */
    bool failed, quit;
    int quit_signal;
    gb_error output; /* standard output failed */
} gb_line_app;

/* line.c: acts on the signals that have come; `editing`: a line is. */
void gb_line_signals(gb_line_app *a, bool editing);

/* line_news.c: takes what the worker says into conversation and mirror. */
gb_sink gb_line_sink(gb_line_app *a);
void gb_line_news(gb_line_app *a, gb_news *news);

/* line_face.c: what commands do here. */
extern const gb_ui_face gb_line_face;
void gb_line_print(gb_line_app *a, const char *text, size_t n);
/* On rows of its own. */
void gb_line_say(gb_line_app *a, const char *text, size_t n);
/* To standard error; a complaint also fails the run. */
void gb_line_warn(gb_line_app *a, const char *text);
void gb_line_complain(gb_line_app *a, const char *text);

#endif
