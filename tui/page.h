/* Pages over the conversation, one above the other: a text to read (help, a
 * log, a report), or a list of which one row is selected, beside or above
 * what that row stands for. */
#ifndef GB_TUI_PAGE_H
#define GB_TUI_PAGE_H

#include "tui/commands.h"
#include "tui/flow.h"
#include "tui/keys.h"
#include "tui/row.h"
#include "tui/view.h"

struct gb_app;
typedef struct gb_page gb_page;

typedef struct gb_page_kind {
    gb_page_mode mode; /* whose keys it has */
    /* What it does by one of its keys; false: nothing of the kind. */
    bool (*act)(gb_page *p, gb_page_act act);
    /* Something else is known of the session. */
    void (*news)(gb_page *p, const gb_news *news);
    void (*free)(gb_page *p);

    bool alone; /* no other key does anything meanwhile */

    /* Of a page that takes the screen for itself; a text stands where the
     * conversation does and has none of these. */
    void (*title)(gb_page *p, gb_str *left, gb_str *right);
    /* Appends what the columns of a list are called, where they have names,
     * and a row. */
    void (*head)(gb_page *p, gb_row *row);
    void (*row)(gb_page *p, size_t i, gb_row *row);
    bool (*tagged)(const gb_page *p, size_t i);
    const char *empty; /* stands where there are no rows */
    /* What to show of the row that is selected; NULL: nothing. */
    void (*preview)(gb_page *p, size_t i, gb_view *v);
    bool at_end; /* it is to be seen from its end */
    /* What is no list draws all between the title and the hints. */
    void (*draw)(gb_page *p, unsigned top, unsigned width, unsigned height);
} gb_page_kind;

/* What a page asks for in its last line. */
typedef enum gb_page_asks {
    GB_ASKS_NOTHING,
    GB_ASKS_FIND, /* as it is typed */
    GB_ASKS_TEXT,
    GB_ASKS_COMMAND,
    GB_ASKS_SURE, /* y, or something else */
} gb_page_asks;

/* Kinds have this as their first member. */
struct gb_page {
    const gb_page_kind *kind;
    gb_page *below;
    struct gb_app *app;
    char *title;          /* of a text */
    const char *opener;   /* a key that leaves it as well */
    gb_view *view;        /* a text's, or a preview's */

    size_t n, selected;   /* rows */
    size_t top;           /* the first one to be seen; */
    size_t wanted_top;    /* where there is room, that since one was selected */
    size_t seen_selected; /* when it was drawn last */
    unsigned first, height; /* where they were drawn, and how many can be */
    unsigned width;
    bool stale;           /* the preview shows something else */

    gb_page_asks asks;
    char *question;
    gb_str typed;
    bool found;
    void (*answer)(gb_page *p, const char *text);
};

/* Puts a page, allocated by its kind, on top of the others. */
void gb_page_open(struct gb_app *a, gb_page *p, const gb_page_kind *kind);
/* Leaves the one on top. */
void gb_page_back(struct gb_app *a);
void gb_page_close_all(struct gb_app *a);

/* Does it take the screen for itself? */
bool gb_page_is_full(const gb_page *p);
/* Draws and shows one that does. */
void gb_page_draw(gb_page *p);

/* What its keys do, NULL-terminated; the caller frees the list. */
const char **gb_page_hints(const gb_page *p);
/* False: the key is none of the page's. */
bool gb_page_key(gb_page *p, const gb_key *key);
void gb_page_news(struct gb_app *a, const gb_news *news);

/* Asks, and calls answer with what was typed, unless it is given up. */
void gb_page_ask(gb_page *p, gb_page_asks asks, const char *question,
                 void (*answer)(gb_page *p, const char *text));
/* Lets a command be typed that begins like this, and does it. */
void gb_page_type(gb_page *p, const char *begin);
/* Does a command, and shows why it cannot be done. */
bool gb_page_run(gb_page *p, const char *command);
bool gb_page_post(gb_page *p, const gb_request *request);

/* Draws lines of a text that was wrapped. */
void gb_page_flow(const gb_flow *f, size_t first, unsigned top,
                  unsigned left, unsigned width, unsigned height);

/* page_list.c: moving in a list. */
void gb_page_select(gb_page *p, size_t row);
/* The list is another one. */
void gb_page_changed(gb_page *p, size_t n);
bool gb_page_list_act(gb_page *p, gb_page_act act);
/* Rows that hold what was typed; at or behind the one selected, or before
 * it. */
bool gb_page_find(gb_page *p, bool next, bool backwards);
/* Moves what is to be seen so that the selected row is. */
void gb_page_scroll(gb_page *p, unsigned height);
/* A row as it stands there, after its mark, in the row's own width. */
void gb_page_list_row(gb_page *p, size_t i, gb_row *row);

/* page_text.c */
void gb_page_text(struct gb_app *a, const char *title, const char *text,
                  size_t n);
bool gb_page_is_text(const gb_page *p);

/* One file each. */
void gb_page_tree(struct gb_app *a);
void gb_page_sessions(struct gb_app *a);
void gb_page_candidates(struct gb_app *a);
void gb_page_scrub(struct gb_app *a);
/* What a /what or /compare has to say of two texts; false: it is no such
 * thing. */
bool gb_page_compare(struct gb_app *a, const char *text);
/* How many candidates it shows; 0: none. */
size_t gb_page_wants(const gb_page *p);

#endif
