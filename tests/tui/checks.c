#include "tests/tui/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

static char **
words(void *arg)
{
    return arg;
}

bool
check_shown(stage *t, void *arg, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    bool shown;

    screen_text(t->screen, &text);
    shown = strstr(text.data, words(arg)[0]) != NULL;
    gb_str_free(&text);
    return shown || gb_fail(err, "\"%s\" is not shown", words(arg)[0]);
}

bool
check_gone(stage *t, void *arg, gb_error *err)
{
    return !check_shown(t, arg, NULL) ||
        gb_fail(err, "\"%s\" is still shown", words(arg)[0]);
}

bool
check_row(stage *t, void *arg, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    bool shown;

    screen_row(t->screen, atoi(words(arg)[0]), &text);
    shown = strstr(gb_str_cstr(&text), words(arg)[1]) != NULL;
    gb_str_free(&text);
    return shown || gb_fail(err, "\"%s\" is not in row %s", words(arg)[1],
                            words(arg)[0]);
}

bool
check_line(stage *t, void *arg, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    bool same;

    screen_row(t->screen, atoi(words(arg)[0]), &text);
    same = strcmp(gb_str_cstr(&text), words(arg)[1]) == 0;
    if (!same)
        gb_fail(err, "row %s is \"%s\" instead of \"%s\"", words(arg)[0],
                gb_str_cstr(&text), words(arg)[1]);
    gb_str_free(&text);
    return same;
}

static int
from_end(int n, int count)
{
    return n < 0 ? count + 1 + n : n;
}

bool
check_cursor(stage *t, void *arg, gb_error *err)
{
    int row, column;

    screen_cursor(t->screen, &row, &column);
    if (row == from_end(atoi(words(arg)[0]), screen_rows(t->screen)) &&
        column == from_end(atoi(words(arg)[1]), screen_columns(t->screen)))
        return true;
    return gb_fail(err, "the cursor is at %d %d", row, column);
}

/* A row's text, blanks at its end included, and the column of each byte. */
typedef struct row_map {
    gb_str text;
    int *columns;
} row_map;

static void
map_open(row_map *map, const stage *t, int row)
{
    VTermScreenCell cell;
    char bytes[4];
    int column, i;
    size_t n;

    memset(map, 0, sizeof(*map));
    for (column = 1; screen_cell(t->screen, row, column, &cell); column++) {
        if (cell.chars[0] == (uint32_t)-1)
            continue; /* the right half of a wide one */
        n = map->text.len;
        if (cell.chars[0] == 0)
            gb_str_putc(&map->text, ' ');
        for (i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
            gb_str_append(&map->text, bytes,
                          gb_utf8_put(cell.chars[i], bytes));
        map->columns = gb_realloc_array(map->columns, map->text.len + 1,
                                        sizeof(int));
        for (; n <= map->text.len; n++)
            map->columns[n] = column + (n == map->text.len ? cell.width : 0);
    }
}

static void
map_close(row_map *map)
{
    gb_str_free(&map->text);
    free(map->columns);
}

bool
check_after(stage *t, void *arg, gb_error *err)
{
    const char *wanted = words(arg)[0];
    size_t n = strlen(wanted), end = 0;
    row_map map;
    int row, column;
    bool ok;

    screen_cursor(t->screen, &row, &column);
    map_open(&map, t, row);
    while (end < map.text.len && map.columns[end] < column)
        end++;
    ok = end >= n && memcmp(map.text.data + end - n, wanted, n) == 0;
    map_close(&map);
    return ok || gb_fail(err, "the cursor, at %d %d, is not after \"%s\"",
                         row, column, wanted);
}

static bool
colour_is(const screen *s, VTermColor colour, const char *wanted)
{
    char text[16];

    if (strcmp(wanted, "default") == 0)
        return (colour.type & VTERM_COLOR_DEFAULT_MASK) != 0;
    if (strcmp(wanted, "any") == 0)
        return (colour.type & VTERM_COLOR_DEFAULT_MASK) == 0;
    if (VTERM_COLOR_IS_INDEXED(&colour) && wanted[0] != '#')
        return atoi(wanted) == colour.indexed.idx;
    screen_rgb(s, &colour);
    snprintf(text, sizeof(text), "#%02x%02x%02x", colour.rgb.red,
             colour.rgb.green, colour.rgb.blue);
    return strcmp(text, wanted) == 0;
}

static bool
has_attribute(const screen *s, const VTermScreenCell *cell, const char *name)
{
    const VTermScreenCellAttrs *a = &cell->attrs;

    if (strncmp(name, "fg=", 3) == 0)
        return colour_is(s, cell->fg, name + 3);
    if (strncmp(name, "bg=", 3) == 0)
        return colour_is(s, cell->bg, name + 3);
    if (strcmp(name, "bold") == 0)
        return a->bold;
    if (strcmp(name, "underline") == 0)
        return a->underline;
    if (strcmp(name, "italic") == 0)
        return a->italic;
    if (strcmp(name, "reverse") == 0)
        return a->reverse;
    if (strcmp(name, "blink") == 0)
        return a->blink;
    if (strcmp(name, "strike") == 0)
        return a->strike;
    if (strcmp(name, "wide") == 0)
        return cell->width == 2;
    return strcmp(name, "plain") == 0 && !a->bold && !a->underline &&
        !a->italic && !a->reverse && !a->blink && !a->strike;
}

static bool
cell_has(const stage *t, int row, int column, char **names, gb_error *err)
{
    VTermScreenCell cell;

    if (!screen_cell(t->screen, row, column, &cell))
        return gb_fail(err, "the screen has no cell %d %d", row, column);
    for (; *names != NULL; names++)
        if (!has_attribute(t->screen, &cell, *names))
            return gb_fail(err, "the cell at %d %d is not %s", row, column,
                           *names);
    return true;
}

bool
check_attr(stage *t, void *arg, gb_error *err)
{
    return cell_has(t, atoi(words(arg)[0]), atoi(words(arg)[1]),
                    words(arg) + 2, err);
}

/* The cells of the first place where a text is shown, as far as it is in one
 * row. False when there is none. */
static bool
find_text(const stage *t, const char *wanted, int *row, int *first,
          int *after)
{
    row_map map;
    const char *found = NULL;
    size_t at;

    for (*row = 1; *row <= screen_rows(t->screen) && !found; ++*row) {
        map_open(&map, t, *row);
        found = strstr(gb_str_cstr(&map.text), wanted);
        if (found != NULL) {
            at = (size_t)(found - map.text.data);
            *first = map.columns[at];
            *after = map.columns[at + strlen(wanted)];
        }
        map_close(&map);
    }
    --*row;
    return found != NULL;
}

bool
check_style(stage *t, void *arg, gb_error *err)
{
    VTermScreenCell cell;
    int row, column, after;

    if (!find_text(t, words(arg)[0], &row, &column, &after))
        return gb_fail(err, "\"%s\" is not shown", words(arg)[0]);
    for (; column < after; column++)
        if (screen_cell(t->screen, row, column, &cell) &&
            cell.chars[0] != (uint32_t)-1 &&
            !cell_has(t, row, column, words(arg) + 1, err))
            return false;
    return true;
}

bool
check_bell(stage *t, void *arg, gb_error *err)
{
    (void)arg;
    return screen_bells(t->screen) > 0 ||
        gb_fail(err, "the bell did not ring");
}

/* Looks for a cell that has, or does not have, something. */
static bool
find_cell(const stage *t, bool (*wanted)(const VTermScreenCell *cell),
          int *row, int *column)
{
    VTermScreenCell cell;

    for (*row = 1; *row <= screen_rows(t->screen); ++*row)
        for (*column = 1; screen_cell(t->screen, *row, *column, &cell);
             ++*column)
            if (wanted(&cell))
                return true;
    return false;
}

static bool
is_coloured(const VTermScreenCell *cell)
{
    return !VTERM_COLOR_IS_DEFAULT_FG(&cell->fg) ||
        !VTERM_COLOR_IS_DEFAULT_BG(&cell->bg);
}

static bool
is_not_ascii(const VTermScreenCell *cell)
{
    /* Behind the end, which in an empty cell comes first, anything stands. */
    return cell->chars[0] > 0x7e ||
        (cell->chars[0] != 0 && cell->chars[1] != 0);
}

bool
check_coloured(stage *t, void *arg, gb_error *err)
{
    int row, column;

    (void)arg;
    return find_cell(t, is_coloured, &row, &column) ||
        gb_fail(err, "nothing on the screen has a colour");
}

bool
check_colourless(stage *t, void *arg, gb_error *err)
{
    int row, column;

    (void)arg;
    return !find_cell(t, is_coloured, &row, &column) ||
        gb_fail(err, "the cell at %d %d has a colour", row, column);
}

bool
check_ascii(stage *t, void *arg, gb_error *err)
{
    int row, column;

    (void)arg;
    return !find_cell(t, is_not_ascii, &row, &column) ||
        gb_fail(err, "the cell at %d %d is not ASCII", row, column);
}

char *
rows_text(const stage *t, int first, int last)
{
    gb_str text = GB_STR_INIT;
    int row;

    first = from_end(first, screen_rows(t->screen));
    last = from_end(last, screen_rows(t->screen));
    for (row = first; row <= last; row++) {
        screen_row(t->screen, row, &text);
        gb_str_putc(&text, '\n');
    }
    return gb_str_take(&text);
}

static bool
is_kept(const stage *t)
{
    char *now = rows_text(t, t->kept_first, t->kept_last);
    bool same = t->kept != NULL && strcmp(now, t->kept) == 0;

    free(now);
    return same;
}

bool
check_same(stage *t, void *arg, gb_error *err)
{
    (void)arg;
    return is_kept(t) ||
        gb_fail(err, "rows %d to %d are not as they were:\n%s",
                t->kept_first, t->kept_last, t->kept);
}

bool
check_differs(stage *t, void *arg, gb_error *err)
{
    (void)arg;
    return !is_kept(t) || gb_fail(err, "rows %d to %d are as they were",
                                  t->kept_first, t->kept_last);
}
