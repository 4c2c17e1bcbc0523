/* The edit line, in readline's two modes: any keys, what it then looks like
 * at any width, and the lines that are sent. */
#include "fuzz.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "base/mem.h"
#include "tui/keys.h"
#include "tui/prompt.h"

#define MOST_TEXT 4000

static gb_completion
complete(void *arg, const char *line, gb_prompt_add *add)
{
    (void)arg;
    if (line[0] != '\0')
        return line[0] == '/' ? GB_COMPLETE_FILES : GB_COMPLETE_NOTHING;
    add("/temp");
    add("/topk");
    add("/topp");
    return GB_COMPLETE_WORDS;
}

static bool
edit(void *arg, const char *text, gb_str *out)
{
    (void)arg;
    gb_str_puts(out, text);
    gb_str_puts(out, " edited\nelsewhere");
    return true;
}

static void
open_prompt(bool vi)
{
    /* Fills the kill ring, takes an empty macro, searches for nothing. */
    static const char *const forget[] = {
        "x\001\013", "x\001\013", "x\001\013", "x\001\013", "x\001\013",
        "x\001\013", "x\001\013", "x\001\013", "x\001\013", "x\001\013",
        "\030(", "\030)", "\022", "z", "\005", "\033p", "z", "\n",
    };
    const gb_prompt_options options = {.complete = complete, .edit = edit};
    size_t i;

    setlocale(LC_ALL, "C.UTF-8");
    setenv("INPUTRC", "/dev/null", 1);
    FUZZ_CHECK(chdir(fuzz_folder()) == 0);
    FUZZ_CHECK(gb_prompt_open(&options, NULL));
    rl_variable_bind("editing-mode", "emacs");
    for (i = 0; i < GB_COUNT(forget); i++)
        gb_prompt_key(forget[i], strlen(forget[i]));
    rl_variable_bind("editing-mode", vi ? "vi" : "emacs");
    gb_prompt_clear();
}

/* readline's state is global: what one input leaves must not be found by the
 * next. */
static void
close_prompt(void)
{
    gb_prompt_clear();
    gb_prompt_key("\a", 1);
    gb_prompt_clear();
    gb_prompt_close();
    clear_history();
}

/* Rows follow each other, and hold the cursor. Returns the text's length. */
static size_t
look(unsigned width, size_t most)
{
    gb_prompt_view v = {.n_rows = 0};
    size_t i, n;

    gb_prompt_look(&v, width, most);
    FUZZ_CHECK(v.n_rows >= 1 && v.n_rows <= most);
    FUZZ_CHECK(v.cursor_row < v.n_rows);
    for (i = 0; i < v.n_rows; i++) {
        FUZZ_CHECK(v.rows[i].start <= v.rows[i].end);
        FUZZ_CHECK(v.rows[i].end <= v.text.len);
        FUZZ_CHECK(i == 0 || v.rows[i].start >= v.rows[i - 1].end);
    }
    n = v.text.len;
    gb_prompt_view_free(&v);
    return n;
}

static void
take_lines(void)
{
    char *line, *block;

    while ((line = gb_prompt_take()) != NULL) {
        block = gb_prompt_block(line);
        gb_prompt_remember(line, NULL);
        if (line[0] == '/')
            gb_prompt_fill(line);
        free(block);
        free(line);
    }
    gb_prompt_take_end();
}

static bool
is_digit(const gb_key *key)
{
    return key->n > 0 && key->bytes[key->n - 1] >= '0' &&
           key->bytes[key->n - 1] <= '9';
}

static void
press(const gb_key *key)
{
    if (strcmp(key->name, "Paste") == 0)
        gb_prompt_insert(key->bytes, key->n);
    else if (strcmp(key->name, "C-c") == 0)
        gb_prompt_clear();
    else if (strcmp(key->name, "F5") == 0)
        gb_prompt_fill("/seed ");
    else
        gb_prompt_key(key->bytes, key->n);
    take_lines();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gb_keys *k = gb_keys_new();
    bool digit = false;
    unsigned width = 1;
    gb_key key;

    if (size > 0) {
        open_prompt(data[0] % 2);
        width += data[0] / 2;
        gb_keys_push(k, (const char *)data + 1, size - 1);
        /* A count of several digits would only fill the memory. */
        while (gb_keys_next(k, true, &key) && look(width, 6) < MOST_TEXT) {
            if (!digit || !is_digit(&key))
                press(&key);
            digit = is_digit(&key);
        }
        close_prompt();
    }
    gb_keys_free(k);
    return 0;
}
