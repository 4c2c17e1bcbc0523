/* The commands and keys of commands.def, and the interface they act on. */
#ifndef GB_TUI_COMMANDS_H
#define GB_TUI_COMMANDS_H

#include "tui/mirror.h"
#include "tui/prompt.h"

/* What only the interface itself can do; the screen and the plain line mode
 * each have their own. */
typedef struct gb_ui gb_ui;
typedef struct gb_ui_face {
    void (*say)(gb_ui *ui, const char *text);
    /* Many lines, to be read at leisure. */
    void (*page)(gb_ui *ui, const char *title, const char *text, size_t n);
    /* Puts text into the edit line. */
    void (*fill)(gb_ui *ui, const char *text);
    bool (*find)(gb_ui *ui, const char *text, gb_error *err); /* "": begin */
    bool (*scroll)(gb_ui *ui, const char *where, gb_error *err);
    /* How the screen looks or acts: "colour" or "mouse"; value "": to be
     * shown. */
    bool (*look)(gb_ui *ui, const char *name, const char *value,
                 gb_error *err);
    void (*show_log)(gb_ui *ui);
    /* The page with this command's name; false where there are none. */
    bool (*open)(gb_ui *ui, const char *name);
    /* "on", "off", "": the other; NULL: there is no screen for them. */
    bool (*candidates)(gb_ui *ui, const char *arg, gb_error *err);
    void (*redraw)(gb_ui *ui);
    void (*suspend)(gb_ui *ui);
    void (*quit)(gb_ui *ui);
} gb_ui_face;

struct gb_ui {
    const gb_ui_face *face;
    gb_mirror mirror;
    gb_settings *tried; /* those of a trial that is open; or NULL */
    struct gb_puller *puller; /* of /pull, see pulling.h; or NULL */
    void *arg; /* the face's own */
};

typedef struct gb_ui_command gb_ui_command;
struct gb_ui_command {
    const char *name, *args, *completion, *help;
    /* arg is what stood behind the name, without spaces around it; "" for
     * nothing. */
    bool (*run)(gb_ui *ui, const gb_ui_command *self, const char *arg,
                gb_error *err);
    gb_event event;   /* that it asks for */
    bool (*own)(gb_ui *ui, const char *arg, gb_error *err);
    const char *word; /* the setting, look, verb or pace that it is about; NULL:
                         its own name */
    bool sets;        /* a setting or a look, as /set does */
    bool in_trial;    /* it may be typed while settings are tried */
};

/* What stands for a list in `completion`. */
#define GB_COMPLETE_FILE_NAMES "/"
#define GB_COMPLETE_MODELS "@" /* those installed, and files */
#define GB_COMPLETE_SETTINGS "="
#define GB_COMPLETE_COMMANDS "?"

/* How many there are, at most. */
#define GB_UI_COMMANDS 96

typedef struct gb_ui_key {
    const char *key, *command, *hint, *help;
} gb_ui_key;

/* Pages, and what their keys do there. */
typedef enum gb_page_mode {
    GB_PAGE_TEXT,
    GB_PAGE_TREE,
    GB_PAGE_SESSIONS,
    GB_PAGE_CANDIDATES,
    GB_PAGE_WHAT,
    GB_PAGE_COMPARE, /* a what-if too */
    GB_PAGE_SCRUB,
    GB_PAGE_LIST, /* all that have rows */
    GB_N_PAGE_MODES,
} gb_page_mode;

typedef enum gb_page_act {
    GB_ACT_BACK,
    GB_ACT_HELP,
    GB_ACT_UP,
    GB_ACT_DOWN,
    GB_ACT_PAGE_UP,
    GB_ACT_PAGE_DOWN,
    GB_ACT_WHEEL_UP,
    GB_ACT_WHEEL_DOWN,
    GB_ACT_TOP,
    GB_ACT_END,
    GB_ACT_FIND,
    GB_ACT_OPEN,
    GB_ACT_NAME,
    GB_ACT_ALONE,
    GB_ACT_TAG,
    GB_ACT_COMPARE,
    GB_ACT_RELOAD,
    GB_ACT_REPLAY,
    GB_ACT_FORGET,
    GB_ACT_IDS,
    GB_ACT_KEEP,
    GB_ACT_OLD,
    GB_ACT_LOWER,
    GB_ACT_LOWER_FINE,
    GB_ACT_HIGHER,
    GB_ACT_HIGHER_FINE,
    GB_ACT_GREEDY,
    GB_ACT_SEED_CHANCE,
    GB_ACT_SEED_NEXT,
    GB_ACT_TOP_K,
    GB_ACT_TOP_P,
    GB_ACT_MIN_P,
    GB_ACT_TYPE,
    GB_ACT_TOKEN_BACK,
    GB_ACT_TOKEN_ON,
    GB_ACT_PICK_0, /* ten in a row */
    GB_ACT_PICK_1,
    GB_ACT_PICK_2,
    GB_ACT_PICK_3,
    GB_ACT_PICK_4,
    GB_ACT_PICK_5,
    GB_ACT_PICK_6,
    GB_ACT_PICK_7,
    GB_ACT_PICK_8,
    GB_ACT_PICK_9,
} gb_page_act;

typedef struct gb_ui_page_key {
    gb_page_mode page;
    const char *key;
    gb_page_act act;
    const char *hint, *help;
} gb_ui_page_key;

#define GB_READING_TITLE "Reading (Tab on an empty line, or a click)"

/* Where keys mean what: at the prompt, and where the text is read with single
 * keys. */
typedef enum gb_ui_mode {
    GB_UI_PROMPT,
    GB_UI_READING,
} gb_ui_mode;

/* These end with a NULL name. The commands are in actions.c, beside what they
 * do. */
extern const gb_ui_command gb_ui_commands[];
extern const gb_ui_key gb_ui_keys[], gb_ui_reading_keys[];
extern const gb_ui_page_key gb_ui_page_keys[];

/* Does what a line says: a command when it begins with a slash ("//" stands
 * for a slash), else a text for the model. Empty: on it goes. */
bool gb_ui_line(gb_ui *ui, const char *line, gb_error *err);
/* The command that sets what /set calls so; NULL: there is none of its own. */
const gb_ui_command *gb_ui_setter(const char *what);
/* One command, with or without its slash; while a trial is open, one that
 * leaves the session alone. */
bool gb_ui_command_run(gb_ui *ui, const char *line, gb_error *err);
/* The same, found already, and what stood behind its name. */
bool gb_ui_command_do(gb_ui *ui, const gb_ui_command *c, const char *arg,
                      gb_error *err);

const gb_ui_key *gb_ui_key_find(gb_ui_mode mode, const char *key);
/* A key of a page, its own before those of all lists; NULL. */
const gb_ui_page_key *gb_ui_page_key_find(gb_page_mode page, const char *key);
/* "Pages of text", "The tree", ... */
const char *gb_ui_page_name(gb_page_mode mode);
/* Appends "C-x t" as people read it: "Ctrl-X t". */
void gb_ui_key_spell(gb_str *out, const char *key);
/* The hints of the last line, NULL-terminated; the caller frees the list. */
const char **gb_ui_hints(gb_ui_mode mode);
/* Those of a page. */
const char **gb_ui_page_hints(gb_page_mode page);
/* All keys of a page. */
void gb_ui_page_help(gb_str *out, gb_page_mode page);
/* The pages of /help. command NULL: all keys and commands. */
void gb_ui_help(gb_str *out, const gb_ui_command *command);

/* For the edit line (see prompt.h). */
gb_completion gb_ui_complete(gb_ui *ui, const char *line,
                             gb_prompt_add *add);

/* A file's name as typed: quotes, backslashes and ~ resolved. */
char *gb_ui_file_name(const char *arg);

#endif
