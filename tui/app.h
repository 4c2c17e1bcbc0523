/* The interface on the screen, inside: what its files share. */
#ifndef GB_TUI_APP_H
#define GB_TUI_APP_H

#include "tui/commands.h"
#include "tui/frame.h"
#include "tui/keys.h"
#include "tui/log.h"
#include "tui/page.h"
#include "tui/prose.h"
#include "tui/reading.h"
#include "tui/tui.h"
#include "tui/view.h"

typedef struct gb_app gb_app;
struct gb_app {
    gb_ui ui;
    gb_view *view;
    gb_prose prose; /* the view's place on the screen */
    gb_keys *keys;
    gb_log *log;
    const char **hints, **reading_hints;
    unsigned watched; /* GB_WATCH_* asked for, and so many candidates */
    size_t listed;
    bool candidates, candidates_chosen; /* to be seen; else while reading, in a
                                           wide window */

    gb_page *page; /* on top of those over the conversation; or NULL */

    bool no_mouse; /* it is the terminal's */
    bool reading; /* keys move a cursor in the text and act there */
    gb_reading read;

    bool searching, found;
    bool followed; /* before the search */
    gb_str wanted;

    double typed;  /* when the last byte came, in milliseconds */
    bool ctrl_x;   /* was pressed: the next key belongs to it */
    char *error, *notice; /* of the last line, or NULL */
    bool quit;
    int quit_signal;
    bool dirty;    /* the screen is to be drawn */
    bool hurry;    /* and soon: a key was pressed */
};

/* app_news.c: takes what the worker says into view and mirror. */
void gb_app_news(gb_app *a, gb_news *news);

/* app_keys.c */
void gb_app_key(gb_app *a, const gb_key *key);
/* A key that changes a line without an editor of its own: Backspace, Ctrl-U,
 * a printable character or pasted text; false: another one. */
bool gb_app_type(gb_str *line, const gb_key *key);
/* Does a command of a key's; one that ends with a space is to be gone on with
 * at the prompt. */
void gb_app_run(gb_app *a, const char *command);

/* app_face.c: what commands do to the screen. */
extern const gb_ui_face gb_app_face;
void gb_app_error(gb_app *a, const char *text);
void gb_app_notice(gb_app *a, const char *text);
void gb_app_end_search(gb_app *a, bool go_back);
/* A page's text, or the conversation. */
gb_view *gb_app_view(gb_app *a);
/* app.c: nothing was written or typed yet; candidates are to be seen beside
 * the text. */
bool gb_app_is_first(const gb_app *a);
bool gb_app_shows_candidates(const gb_app *a);
bool gb_app_edit(void *arg, const char *text, gb_str *out);

#endif
