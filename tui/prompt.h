/* The edit line: GNU readline fed with keys and drawn by the caller. There
 * is one of it in the program, since readline has one state. */
#ifndef GB_TUI_PROMPT_H
#define GB_TUI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/* What may stand where the cursor is. `line` is the text before the word
 * that is to be completed; candidates go to add. */
typedef enum gb_completion {
    GB_COMPLETE_NOTHING,
    GB_COMPLETE_WORDS, /* those given to add that fit */
    GB_COMPLETE_FILES,
    GB_COMPLETE_EITHER, /* files where no word fits */
} gb_completion;
typedef void gb_prompt_add(const char *word);
typedef gb_completion gb_prompt_complete(void *arg, const char *line,
                                         gb_prompt_add *add);
/* Lets the user change the text in an editor; appends the result. */
typedef bool gb_prompt_edit(void *arg, const char *text, gb_str *out);

typedef struct gb_prompt_options {
    const char *history; /* file, NULL: none; copied */
    bool ascii;
    bool plain; /* readline reads and draws by itself, on the terminal */
    gb_prompt_complete *complete;
    gb_prompt_edit *edit;
    void *arg;
} gb_prompt_options;

/* Reads the user's inputrc ($if gumbel is true there). After it, before any
 * other function of this file. */
bool gb_prompt_open(const gb_prompt_options *options, gb_error *err);
void gb_prompt_close(void);

/* Plain: shows the prompt and takes keys, until a line is sent. Call
 * gb_prompt_read when standard input polls readable. gb_prompt_pause gives
 * the terminal back. */
void gb_prompt_start(void);
void gb_prompt_read(void);
void gb_prompt_pause(void);
/* In the midst of a line: gives the terminal back; takes it again, whatever
 * size it has now, and shows the line. Nothing when no line is being typed.
 * A key that is typed in between may be lost. */
void gb_prompt_leave(void);
void gb_prompt_return(void);
/* Shows the line in the size that the terminal has now. */
void gb_prompt_resized(void);
/* Begins the line anew, on a new row (Ctrl-C). */
void gb_prompt_restart(void);

/* A whole key (see keys.h), and text pasted or put in as one edit. */
void gb_prompt_key(const char *bytes, size_t n);
void gb_prompt_insert(const char *text, size_t n);

/* The next line the user has sent, NULL when there is none; the caller
 * frees. Not yet in the history: see gb_prompt_remember. */
char *gb_prompt_take(void);
/* Ctrl-D on an empty line was pressed (since the last call). */
bool gb_prompt_take_end(void);
/* Puts a line into the history, and its file. Fails once: a file that cannot
 * be written is not tried again. */
bool gb_prompt_remember(const char *line, gb_error *err);

bool gb_prompt_is_empty(void);
/* A search, a quoted character or the like is going on: all keys are its. */
bool gb_prompt_is_busy(void);
bool gb_prompt_is_vi(void);
/* vi mode, and letters are inserted. */
bool gb_prompt_is_inserting(void);
/* Drops what was typed. */
void gb_prompt_clear(void);
/* Replaces the text. What stood there comes back after the next line is
 * sent, or by gb_prompt_clear. */
void gb_prompt_fill(const char *text);
bool gb_prompt_is_filled(void);
/* The text between """ and """, when the whole line is such a block; NULL
 * otherwise. The caller frees. */
char *gb_prompt_block(const char *line);
/* Begins with """ and does not end so yet. */
bool gb_prompt_is_open_block(const char *text, size_t n);
/* A line that is not the first of a block ends it. */
bool gb_prompt_ends_block(const char *line, size_t n);

/* The words that completion found, to be shown until the next key. */
size_t gb_prompt_matches(const char *const **words);

/* How the edit line looks in `width` columns and at most max_rows rows, the
 * cursor in sight. Rows begin with a gutter of GB_PROMPT_GUTTER columns
 * unless `width` is too small for one. */
#define GB_PROMPT_GUTTER 2
typedef struct gb_prompt_row {
    char gutter;      /* '>' ('+' and ':' in vi mode, where
                         show-mode-in-prompt asks for it), ' ', or '^' / 'v':
                         there is more that way */
    size_t start, end; /* of text */
} gb_prompt_row;
typedef struct gb_prompt_view {
    gb_str text;
    gb_prompt_row *rows;
    size_t n_rows;
    size_t cursor_row;
    unsigned cursor_column; /* gutter included */
} gb_prompt_view;
void gb_prompt_view_free(gb_prompt_view *v);
void gb_prompt_look(gb_prompt_view *v, unsigned width, size_t max_rows);

/* The layout alone, for any text with the cursor at byte `point`. */
void gb_prompt_layout(gb_prompt_view *v, size_t point, unsigned width,
                      size_t max_rows, bool ascii);

#endif
