#include "tui/prompt.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "tui/history.h"
#include "tui/prompt_bind.h"
#include "tui/prompt_complete.h"

#define PROMPT "> "

/* readline divides by a third of the width, less one where the terminal has
 * no automatic margins. */
#define MIN_COLUMNS 4

/* readline's state is global, and so is ours beside it. */
static struct {
    gb_prompt_options options;
    char *history;
    FILE *nowhere;       /* what readline would write to the terminal */
    gb_str fifo;         /* bytes for readline */
    size_t taken;        /* of fifo */
    char **lines;        /* sent, not yet taken */
    size_t n_lines;
    bool ended;
    bool left;           /* the terminal, in the midst of a line */
    bool filled;         /* by gb_prompt_fill, and not sent yet */
    char *stash;         /* what it replaced */
} prompt;

static int
next_byte(FILE *stream)
{
    (void)stream;
    /* Keys come whole. Should readline want more than there is, it gets
     * Ctrl-G, which abandons whatever it is in. */
    if (prompt.taken == prompt.fifo.len)
        return 7;
    return (unsigned char)prompt.fifo.data[prompt.taken++];
}

static int
has_byte(void)
{
    return prompt.taken < prompt.fifo.len;
}

static void
draw_nothing(void)
{
}

static void
replace_line(const char *text)
{
    rl_replace_line(text, 1);
    rl_point = rl_end;
}

static void
unstash(void)
{
    char *stash = prompt.stash;

    prompt.stash = NULL;
    prompt.filled = false;
    if (stash != NULL && rl_end == 0)
        replace_line(stash);
    free(stash);
}

static void
take_line(char *line)
{
    if (prompt.options.plain)
        gb_prompt_pause();
    if (line == NULL) {
        prompt.ended = true;
        return;
    }
    prompt.lines = gb_realloc_array(prompt.lines, prompt.n_lines + 1,
                                    sizeof *prompt.lines);
    prompt.lines[prompt.n_lines++] = line;
}

/* Appends text as the edit line may hold it: on what is no UTF-8, moving by
 * words never ends in readline's vi mode. */
static void
put_text(gb_str *out, const char *text, size_t n)
{
    if (MB_CUR_MAX > 1)
        gb_utf8_clean(out, text, n, true);
    else
        gb_str_append(out, text, n);
}

static void
add_to_history(const char *entry)
{
    gb_str text = GB_STR_INIT;

    put_text(&text, entry, strlen(entry));
    add_history(gb_str_cstr(&text));
    gb_str_free(&text);
}

/* Keeps readline's hands off the terminal. */
static bool
take_over(gb_error *err)
{
    prompt.nowhere = fopen("/dev/null", "r+");
    if (prompt.nowhere == NULL)
        return gb_fail(err, "/dev/null cannot be opened");
    rl_prep_term_function = NULL;
    rl_deprep_term_function = NULL;
    rl_instream = prompt.nowhere;
    rl_outstream = prompt.nowhere;
    rl_redisplay_function = draw_nothing;
    rl_getc_function = next_byte;
    rl_input_available_hook = has_byte;
    return true;
}

static void
set_size(int rows, int columns)
{
    rl_set_screen_size(rows, columns > MIN_COLUMNS ? columns : MIN_COLUMNS);
}

static void
initialize(void)
{
    char *locale = gb_strdup(setlocale(LC_CTYPE, NULL));
    int rows, columns;

    rl_initialize();
    /* It has set the locale anew, to what the environment says. */
    setlocale(LC_CTYPE, locale);
    free(locale);
    rl_get_screen_size(&rows, &columns);
    if (columns < MIN_COLUMNS)
        set_size(rows, columns);
}

bool
gb_prompt_open(const gb_prompt_options *options, gb_error *err)
{
    bool ok;

    prompt.options = *options;
    prompt.history =
        options->history != NULL ? gb_strdup(options->history) : NULL;
    rl_readline_name = "gumbel";
    rl_catch_signals = 0;
    rl_catch_sigwinch = 0;
    rl_change_environment = 0;
    if (options->plain)
        rl_outstream = stderr;
    else if (!take_over(err))
        return false;
    initialize();
    gb_prompt_bind(options->edit, options->arg);
    gb_prompt_complete_by(options->complete, options->arg, !options->plain);
    stifle_history(GB_HISTORY_ENTRIES);
    ok = prompt.history == NULL ||
         gb_history_load(prompt.history, add_to_history, err);
    using_history(); /* from the newest entry on */
    if (!options->plain)
        rl_callback_handler_install(PROMPT, take_line);
    return ok;
}

void
gb_prompt_close(void)
{
    size_t i;

    rl_callback_handler_remove();
    gb_prompt_complete_by(NULL, NULL, false);
    for (i = 0; i < prompt.n_lines; i++)
        free(prompt.lines[i]);
    free(prompt.lines);
    free(prompt.stash);
    free(prompt.history);
    gb_str_free(&prompt.fifo);
    rl_instream = rl_outstream = NULL;
    if (prompt.nowhere != NULL)
        fclose(prompt.nowhere);
    memset(&prompt, 0, sizeof prompt);
}

static void
take_size(void)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
        size.ws_col > 0)
        set_size(size.ws_row, size.ws_col);
}

void
gb_prompt_start(void)
{
    char *stash = prompt.stash;

    take_size();
    rl_callback_handler_install(PROMPT, take_line);
    prompt.stash = NULL;
    if (stash != NULL) {
        replace_line(stash);
        rl_redisplay();
    }
    free(stash);
}

/* Some of readline's commands leave a line that is shorter than they say, or
 * the cursor behind its end, and completion begun there never ends. */
static void
keep_cursor_in_line(void)
{
    int end = (int)strlen(rl_line_buffer);

    if (rl_end > end)
        rl_end = end;
    if (rl_point > rl_end)
        rl_point = rl_end;
    if (rl_mark > rl_end)
        rl_mark = rl_end;
}

/* While a line of the history is edited, readline's history has the undo list
 * as well, as it was when it was stored last: where the list is freed since,
 * by a search or by whoever replaces the line, it is freed once more. The line
 * that was saved for the way back may have it too. (A search's own line has a
 * list of its own.) */
static void
own_undo_list(void)
{
    UNDO_LIST *list = rl_undo_list;
    HIST_ENTRY *entry = current_history();

    if (entry == NULL || RL_ISSTATE(RL_STATE_NSEARCH))
        return;
    entry->data = NULL;
    rl_undo_list = NULL;
    rl_maybe_save_line();
    rl_undo_list = list;
}

/* Gives readline what there is of a key. */
static void
read_char(void)
{
    rl_callback_read_char();
    keep_cursor_in_line();
    own_undo_list();
}

void
gb_prompt_read(void)
{
    read_char();
}

void
gb_prompt_pause(void)
{
    rl_callback_handler_remove();
}

void
gb_prompt_leave(void)
{
    prompt.left = RL_ISSTATE(RL_STATE_TERMPREPPED) != 0;
    if (prompt.left)
        rl_deprep_terminal();
}

void
gb_prompt_return(void)
{
    if (!prompt.left)
        return;
    rl_prep_terminal(1);
    gb_prompt_resized();
}

void
gb_prompt_resized(void)
{
    if (RL_ISSTATE(RL_STATE_TERMPREPPED) == 0)
        return;
    rl_clear_visible_line();
    take_size();
    rl_forced_update_display();
}

void
gb_prompt_restart(void)
{
    rl_callback_sigcleanup();
    rl_callback_handler_remove();
    fputc('\n', stderr);
    gb_prompt_start();
}

/* What readline's keymap has for a key: a function, or that another key is to
 * follow (ISKMAP), as after Ctrl-X. */
static bool
is_bound(const char *bytes, size_t n, int *type)
{
    return rl_function_of_keyseq_len(bytes, n, rl_get_keymap(), type) != NULL;
}

/* Escape sequences that mean nothing to readline would leave their last
 * letters in the text. They come whole: what only begins one is none. */
static bool
is_unknown_sequence(const char *bytes, size_t n)
{
    int type;

    return n > 1 && bytes[0] == '\033' &&
           (bytes[1] == '[' || bytes[1] == 'O') &&
           (!is_bound(bytes, n, &type) || type == ISKMAP);
}

/* A key that begins another would end a search after readline has come back
 * from it, which it does not survive. */
static void
end_search(const char *bytes, size_t n)
{
    int type;

    if (RL_ISSTATE(RL_STATE_ISEARCH) && is_bound(bytes, n, &type) &&
        type == ISKMAP)
        rl_callback_sigcleanup();
}

void
gb_prompt_key(const char *bytes, size_t n)
{
    size_t lines = prompt.n_lines;

    if (is_unknown_sequence(bytes, n))
        return;
    end_search(bytes, n);
    gb_prompt_forget_matches();
    put_text(&prompt.fifo, bytes, n);
    while (has_byte())
        read_char();
    gb_str_clear(&prompt.fifo);
    prompt.taken = 0;
    if (prompt.n_lines > lines)
        unstash();
}

void
gb_prompt_insert(const char *text, size_t n)
{
    gb_str clean = GB_STR_INIT;
    size_t i, kept = 0;

    put_text(&clean, text, n);
    /* NUL ends readline's line; a paste rather loses it than its rest. */
    for (i = 0; i < clean.len; i++)
        if (clean.data[i] != '\0')
            clean.data[kept++] = clean.data[i];
    if (clean.len > 0)
        clean.data[clean.len = kept] = '\0';
    if (gb_prompt_is_busy())
        rl_callback_sigcleanup();
    gb_prompt_forget_matches();
    rl_insert_text(gb_str_cstr(&clean));
    gb_str_free(&clean);
}

char *
gb_prompt_take(void)
{
    char *line;

    if (prompt.n_lines == 0)
        return NULL;
    line = prompt.lines[0];
    memmove(prompt.lines, prompt.lines + 1,
            --prompt.n_lines * sizeof *prompt.lines);
    return line;
}

bool
gb_prompt_take_end(void)
{
    bool ended = prompt.ended;

    prompt.ended = false;
    return ended;
}

bool
gb_prompt_remember(const char *line, gb_error *err)
{
    HIST_ENTRY *last = history_length > 0
                           ? history_get(history_base + history_length - 1)
                           : NULL;

    if (line[0] == '\0' || (last != NULL && strcmp(last->line, line) == 0))
        return true;
    add_history(line);
    using_history();
    if (prompt.history == NULL || gb_history_save(prompt.history, line, err))
        return true;
    free(prompt.history);
    prompt.history = NULL;
    return gb_fail_context(err, "what is typed is not kept");
}

bool
gb_prompt_is_empty(void)
{
    return rl_end == 0;
}

bool
gb_prompt_is_busy(void)
{
    return RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH |
                      RL_STATE_MOREINPUT | RL_STATE_MULTIKEY |
                      RL_STATE_METANEXT | RL_STATE_NUMERICARG |
                      RL_STATE_VIMOTION | RL_STATE_CHARSEARCH) != 0;
}

bool
gb_prompt_is_vi(void)
{
    return rl_editing_mode == 0;
}

bool
gb_prompt_is_inserting(void)
{
    return !gb_prompt_is_vi() ||
           rl_get_keymap() == rl_get_keymap_by_name("vi-insert");
}

void
gb_prompt_clear(void)
{
    rl_callback_sigcleanup();
    gb_prompt_forget_matches();
    /* A new line, so that what one came from in the history is forgotten. */
    rl_free_line_state();
    rl_callback_handler_install(PROMPT, take_line);
    unstash();
}

void
gb_prompt_fill(const char *text)
{
    if (prompt.options.plain) {
        free(prompt.stash);
        prompt.stash = gb_strdup(text);
        return;
    }
    rl_callback_sigcleanup();
    gb_prompt_forget_matches();
    if (prompt.stash == NULL && rl_end > 0)
        prompt.stash = gb_strdup(rl_line_buffer);
    replace_line(text);
    prompt.filled = true;
}

bool
gb_prompt_is_filled(void)
{
    return prompt.filled;
}

/* The sign before the line in vi mode, for those who want to see it. */
static char
mode_sign(void)
{
    const char *shown = rl_variable_value("show-mode-in-prompt");

    if (!gb_prompt_is_vi() || shown == NULL || strcmp(shown, "on") != 0)
        return '>';
    return gb_prompt_is_inserting() ? '+' : ':';
}

void
gb_prompt_look(gb_prompt_view *v, unsigned width, size_t max_rows)
{
    const char *p = rl_display_prompt;
    size_t before;

    gb_str_clear(&v->text);
    /* Anything but our own prompt is a search or an argument: it is part of
     * the text then, without the marks around what does not show. */
    if (p != NULL && strcmp(p, PROMPT) != 0)
        for (; *p != '\0'; p++)
            if (*p != RL_PROMPT_START_IGNORE && *p != RL_PROMPT_END_IGNORE)
                gb_str_putc(&v->text, *p);
    before = v->text.len;
    gb_str_append(&v->text, rl_line_buffer, (size_t)rl_end);
    gb_prompt_layout(v, before + (size_t)rl_point, width, max_rows,
                     prompt.options.ascii);
    if (v->rows[0].gutter == '>')
        v->rows[0].gutter = before > 0 ? ' ' : mode_sign();
}
