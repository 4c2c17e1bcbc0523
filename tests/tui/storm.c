#include "tests/tui/storm.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/tui/checks.h"
#include "tests/tui/keys.h"
#include "tests/unit/mutate.h"

/* With these no command is spelled that leaves, or that names a file. Most
 * do something where the text is read, and on pages. */
static const char *const letters[] = {
    "a", "e", "n", "o", "t", " ", "7", "é", "日", "👩", "\"\"\"",
    "[", "]", "0", "c", "f", "g", "h", "r", "s", "u", "w", "W", "V", "=",
    ".", "+", "-", "1",
};

/* A line is what one press of a person does. */
static const char *const keys[][3] = {
    {"Enter"},        {"Enter"},     {"Esc"},       {"Tab"},
    {"Backspace"},    {"Up"},        {"Down"},      {"Left"},
    {"Right"},        {"Home"},      {"End"},       {"PageUp"},
    {"PageDown"},     {"C-Home"},    {"C-End"},     {"WheelUp"},
    {"WheelDown"},    {"F1"},        {"F2"},        {"F3"},
    {"F4"},           {"F6"},        {"F7"},        {"F8"},
    {"F9"},           {"F12"},       {"S-F3"},      {"S-F4"},
    {"S-F5"},         {"S-F6"},      {"S-F7"},      {"C-x", "t"},
    {"C-x", "s"},     {"C-x", "k"},  {"C-x", "p"},  {"C-x", "m"},
    {"C-x", "n"},     {"C-x", "e"},  {"C-x", "f"},  {"M-s"},
    {"M-Enter"},      {"C-a"},       {"C-c"},       {"C-k"},
    {"C-l"},          {"C-r"},       {"C-u"},       {"C-w"},
    {"C-y"},          {"C-_"},       {"M-b"},       {"M-f"},
    {"M-d"},          {"M-y"},       {"Delete"},    {"Insert"},
    {"Esc", "Tab"},   {"F11"},       {"S-F8"},      {"Esc", "Tab", "s"},
};

static void
change_size(stage *t, test_random *r)
{
    int i;

    /* The emulator may crash on what was printed for another size. */
    for (i = 0; i < 100 && stage_pump(t, 1) > 0; i++)
        continue;
    /* Most are of use, some are too small. In one column the emulator does
     * not survive a wide character. */
    t->columns = 2 + (int)test_random_below(r, 139);
    t->rows = 1 + (int)test_random_below(r, 60);
    screen_resize(t->screen, t->rows, t->columns);
    pty_resize(&t->pty, t->rows, t->columns);
}

static bool
press(stage *t, test_random *r, gb_error *err)
{
    const char *const *key = keys[test_random_below(r, GB_COUNT(keys))];
    size_t i;

    for (i = 0; i < GB_COUNT(keys[0]) && key[i] != NULL; i++)
        if (!keys_type(t->screen, key[i], t->term, err))
            return false;
    return true;
}

bool
storm(stage *t, uint64_t seed, int n, gb_error *err)
{
    test_random r = {seed};
    size_t kind;

    for (; n > 0; n--) {
        kind = test_random_below(&r, 16);
        if (kind == 0)
            change_size(t, &r);
        else if (kind == 1)
            screen_paste(t->screen, "a paste\nof two lines", 20);
        else if (kind < 8)
            gb_str_puts(screen_typed(t->screen),
                        letters[test_random_below(&r, GB_COUNT(letters))]);
        else if (!press(t, &r, err))
            return false;
        /* Now and then the program comes to its breath. */
        stage_pump(t, kind == 2 ? 5 : 0);
        if (t->pty.ended)
            return gb_fail(err, "the program has ended");
    }
    return true;
}

/* Nothing is being written, and the edit line holds this. */
static bool
check_rests(stage *t, void *arg, gb_error *err)
{
    char *line = rows_text(t, -2, -2), *status = rows_text(t, -3, -3);
    bool rests = strcmp(line, arg) == 0 &&
                 (strstr(status, "○ ") != NULL ||
                  strstr(status, "stopped") != NULL ||
                  strstr(status, "failed") != NULL);

    if (!rests)
        gb_fail(err, "no end of it: %s%s", status, line);
    free(line);
    free(status);
    return rests;
}

/* Types it until it comes to rest like this, which takes more than once where
 * much is still to be done. */
static bool
insist(stage *t, const char *typed, char *line, gb_error *err)
{
    const double patience = 2000, most = t->timeout_ms;
    double waited;
    bool rests = false;

    t->timeout_ms = patience;
    for (waited = 0; waited < most && !rests && !t->pty.ended;
         waited += patience) {
        gb_str_puts(screen_typed(t->screen), typed);
        rests = stage_wait(t, check_rests, line, err);
    }
    t->timeout_ms = most;
    return rests;
}

bool
calm(stage *t, gb_error *err)
{
    static char word[] = "> calm\n", nothing[] = ">\n";

    /* One Ctrl-C each for a key that begins another, a search or a page, what
     * is being written, and the edit line. */
    return insist(t, "\003\003\003\003calm", word, err) &&
           insist(t, "\003", nothing, err);
}
