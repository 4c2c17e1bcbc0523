#include "tui/prompt_complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/readline.h>

#include "base/mem.h"

typedef struct word_list {
    char **data;
    size_t len;
} word_list;

/* readline's functions take no argument of ours. */
static gb_prompt_complete *ask;
static void *ask_arg;
static word_list offered; /* candidates of a completion under way */
static word_list shown;

static void
add(word_list *w, const char *word)
{
    w->data = gb_realloc_array(w->data, w->len + 1, sizeof *w->data);
    w->data[w->len++] = gb_strdup(word);
}

static void
forget(word_list *w)
{
    size_t i;

    for (i = 0; i < w->len; i++)
        free(w->data[i]);
    free(w->data);
    *w = (word_list){NULL, 0};
}

static void
offer(const char *word)
{
    add(&offered, word);
}

static char *
next_word(const char *text, int state)
{
    static size_t next;
    const char *word;

    if (state == 0)
        next = 0;
    while (next < offered.len) {
        word = offered.data[next++];
        if (strncmp(word, text, strlen(text)) == 0)
            return strdup(word); /* readline frees it */
    }
    return NULL;
}

/* What `text` may become behind the first n bytes of a line. */
static char **
find(const char *text, const char *line, size_t n, gb_completion *what)
{
    char *before = gb_strndup(line, n), **found = NULL;

    *what = ask != NULL ? ask(ask_arg, before, offer) : GB_COMPLETE_NOTHING;
    if (*what == GB_COMPLETE_WORDS || *what == GB_COMPLETE_EITHER)
        found = rl_completion_matches(text, next_word);
    forget(&offered);
    free(before);
    return found;
}

static char **
complete(const char *text, int start, int end)
{
    gb_completion what;
    char **found = find(text, rl_line_buffer, (size_t)start, &what);

    (void)end;
    rl_attempted_completion_over =
        what != GB_COMPLETE_FILES &&
        (what != GB_COMPLETE_EITHER || found != NULL);
    return found;
}

void
gb_prompt_complete_line(gb_str *line)
{
    const char *space = strrchr(gb_str_cstr(line), ' ');
    size_t start = space != NULL ? (size_t)(space + 1 - line->data) : 0;
    gb_completion what;
    char **found = find(line->data + start, line->data, start, &what);
    size_t i;

    forget(&shown);
    if (found != NULL) {
        gb_str_puts(line, found[0] + (line->len - start));
        if (found[1] == NULL)
            gb_str_putc(line, ' ');
    }
    for (i = 0; found != NULL && found[i] != NULL; i++) {
        if (i > 0)
            add(&shown, found[i]);
        free(found[i]);
    }
    free(found);
}

static void
show(char **matches, int count, int longest)
{
    const char *word, *slash;
    int i;

    (void)longest;
    forget(&shown);
    for (i = 1; i <= count; i++) {
        word = matches[i];
        slash = rl_filename_completion_desired ? strrchr(word, '/') : NULL;
        if (slash != NULL && slash[1] != '\0')
            word = slash + 1;
        add(&shown, word);
    }
}

void
gb_prompt_complete_by(gb_prompt_complete *function, void *arg, bool keep)
{
    ask = function;
    ask_arg = arg;
    rl_attempted_completion_function = complete;
    rl_completion_display_matches_hook = keep ? show : NULL;
    rl_completer_word_break_characters = " \t\n";
    rl_completer_quote_characters = "\"'";
    rl_filename_quote_characters = " \t\n\"'\\";
    forget(&shown);
}

void
gb_prompt_forget_matches(void)
{
    forget(&shown);
}

size_t
gb_prompt_matches(const char *const **words)
{
    *words = (const char *const *)shown.data;
    return shown.len;
}
