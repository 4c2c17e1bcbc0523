#include "tests/tui/sight.h"

#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"
#include "tests/tui/checks.h"

/* Below so many rows there is no rule under the title. */
#define RULE_FROM 12

static bool
begins_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static char *
row_text(const stage *t, int row)
{
    gb_str text = GB_STR_INIT;

    screen_row(t->screen, row, &text);
    gb_str_cstr(&text);
    return gb_str_take(&text);
}

/* What is printed, on the screen or not. */
static bool
check_printed(const stage *t, const sight *look, gb_error *err)
{
    const char *s = gb_str_cstr(&t->printed), *end;

    for (; look->ascii && *s != '\0'; s++)
        if ((unsigned char)*s >= 0x80)
            return gb_fail(err, "it prints more than ASCII");
    s = gb_str_cstr(&t->printed);
    while (look->colourless && (s = strstr(s, "\033[")) != NULL) {
        s += 2;
        end = s + strspn(s, "0123456789;");
        for (; *end == 'm' && s < end; s += strcspn(s, ";m") + 1)
            if (strtol(s, NULL, 10) >= 30)
                return gb_fail(err, "it prints a colour");
    }
    return true;
}

static bool
is_rule(const VTermScreenCell *cell)
{
    const uint32_t c = cell->chars[0];

    return c == 0x2500 || c == 0x252c || c == '-' || c == '+';
}

static bool
check_rule(const stage *t, gb_error *err)
{
    VTermScreenCell cell;
    int column;

    for (column = 1; t->rows >= RULE_FROM && column <= t->columns; column++)
        if (!screen_cell(t->screen, 2, column, &cell) || !is_rule(&cell))
            return gb_fail(err, "the rule has a hole in column %d", column);
    return true;
}

/* Bytes by which the beginning of a hint is known. */
#define LEAST_HINT 3

/* All that stand in the program's own table, and what is made of them. */
static const char *const hints[] = {
#define GB_KEY(key, command, hint, help) hint,
#define GB_READING_KEY(key, does, hint, help) hint,
#define GB_PAGE_KEY(page, key, act, hint, help) hint,
#include "tui/commands.def"
    "Enter go on", "F1", "F1 back", "Enter stay", "↑↓ other matches",
};

/* What it says, or the beginning of it. */
static bool
is_hint(const char *text, size_t n, bool whole, bool ascii)
{
    gb_str shown = GB_STR_INIT;
    bool is = false;
    size_t i;

    for (i = 0; i < GB_COUNT(hints) && !is; i++) {
        if (hints[i] == NULL)
            continue;
        gb_str_clear(&shown);
        if (ascii)
            gb_cells_put(&shown, hints[i], strlen(hints[i]), 0, 100, true);
        else
            gb_str_puts(&shown, hints[i]);
        is = (whole ? shown.len == n : shown.len > n) &&
             memcmp(shown.data, text, n) == 0;
    }
    gb_str_free(&shown);
    return is;
}

/* Bytes of a part without a sign that it was cut. */
static size_t
without_sign(const char *part, size_t n, bool ascii)
{
    const char *sign = ascii ? "~" : "…";
    size_t length = strlen(sign);

    return n > length && memcmp(part + n - length, sign, length) == 0
               ? n - length : n;
}

/* Where the last row shows hints, all of them are whole, and help is the last
 * of them. What is no hint nor the beginning of one is a message, or the
 * prompt. */
static bool
check_hints(const stage *t, bool ascii, gb_error *err)
{
    const char *between = ascii ? " | " : " · ", *part, *next;
    char *row = row_text(t, -1);
    bool ok = true, any = false;
    size_t n;

    for (part = row + (*row == ' '); part != NULL; part = next) {
        next = strstr(part, between);
        n = next != NULL ? (size_t)(next - part) : strlen(part);
        if (is_hint(part, n, true, ascii)) {
            any = true;
            ok = ok && (next != NULL || begins_with(part, "F1"));
        } else {
            ok = false;
            n = without_sign(part, n, ascii);
            any = any || (n >= LEAST_HINT && is_hint(part, n, false, ascii));
        }
        next = next != NULL ? next + strlen(between) : NULL;
    }
    ok = ok || !any || gb_fail(err, "a hint is cut:%s", row);
    free(row);
    return ok;
}

bool
sight_check(stage *t, void *arg, gb_error *err)
{
    const sight *look = arg;
    bool ok = check_printed(t, look, err) &&
              (!look->ascii || check_ascii(t, NULL, err)) &&
              (!look->colourless || check_colourless(t, NULL, err)) &&
              check_rule(t, err) && check_hints(t, look->ascii, err);

    if (ok)
        gb_str_clear(&t->printed);
    return ok;
}

bool
sight_title(const stage *t, const char *wanted)
{
    char *title = row_text(t, 1);
    bool is = *title == ' ' && begins_with(title + 1, wanted);

    free(title);
    return is;
}

bool
sight_cursor_row(const stage *t, const char *wanted, bool all)
{
    int row, column;
    char *text;
    bool is;

    screen_cursor(t->screen, &row, &column);
    text = row_text(t, row);
    is = all ? strcmp(text, wanted) == 0 : begins_with(text, wanted);
    free(text);
    return is && screen_cursor_visible(t->screen);
}

char *
sight_last_row(const stage *t)
{
    char *row = row_text(t, -1), *begin = gb_strndup(row, strnlen(row, 8));

    free(row);
    return begin;
}

/* The bytes of a text without blanks and a rule at its end. */
static size_t
without_rule(const char *text, size_t n)
{
    for (;;)
        if (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '-'))
            n--;
        else if (n >= 3 && memcmp(text + n - 3, "─", 3) == 0)
            n -= 3;
        else
            return n;
}

/* Appends a line without what tells of other takes, and without the speed. */
static void
add_line(gb_str *out, const char *line)
{
    const char *word = strstr(line, " takes part here"), *end;

    while (begins_with(line, "┬"))
        line += strlen("┬");
    line += strspn(line, "Y0123456789+");
    if (word == NULL)
        word = strstr(line, "take ");
    if (word == NULL)
        word = strstr(line, " tok/s");
    if (word == NULL) {
        gb_str_puts(out, line);
        return;
    }
    for (end = word; end > line && strchr("0123456789.k", end[-1]) != NULL;)
        end--;
    gb_str_append(out, line, without_rule(line, (size_t)(end - line)));
    if (begins_with(word, " tok/s"))
        gb_str_puts(out, word + strspn(word, " tok/s"));
}

char *
sight_text(const stage *t)
{
    gb_str all = GB_STR_INIT;
    char *text, *rest, *line;

    screen_text(t->screen, &all);
    text = gb_str_take(&all);
    for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
        add_line(&all, line);
        gb_str_putc(&all, '\n');
    }
    free(text);
    return gb_str_take(&all);
}
