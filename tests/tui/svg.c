#include "tests/tui/svg.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"

/* A cell, and the space around all of them, in pixels. */
#define CELL_WIDTH 9.0
#define CELL_HEIGHT 20.0
#define BASELINE 15.0
#define MARGIN 14.0

/* What one cell looks like, colours resolved. */
typedef struct look {
    VTermColor front, back;
    bool has_back, bold, italic, underline, strike;
} look;

/* The arms of a box drawing character that a plain or rounded line has. */
enum { LEFT = 1, RIGHT = 2, UP = 4, DOWN = 8 };

static const struct {
    uint32_t rune;
    unsigned arms;
} boxes[] = {
    {0x2500, LEFT | RIGHT}, {0x2502, UP | DOWN},
    {0x250c, RIGHT | DOWN}, {0x2510, LEFT | DOWN},
    {0x2514, RIGHT | UP}, {0x2518, LEFT | UP},
    {0x251c, UP | DOWN | RIGHT}, {0x2524, UP | DOWN | LEFT},
    {0x252c, LEFT | RIGHT | DOWN}, {0x2534, LEFT | RIGHT | UP},
    {0x253c, LEFT | RIGHT | UP | DOWN}, {0x256d, RIGHT | DOWN},
    {0x256e, LEFT | DOWN}, {0x256f, LEFT | UP}, {0x2570, RIGHT | UP},
    {0x2574, LEFT}, {0x2575, UP}, {0x2576, RIGHT}, {0x2577, DOWN},
};

static double
left_of(int column)
{
    return MARGIN + (column - 1) * CELL_WIDTH;
}

static double
top_of(int row)
{
    return MARGIN + (row - 1) * CELL_HEIGHT;
}

static look
look_of(const screen *s, const VTermScreenCell *cell)
{
    look l;
    VTermColor swap;

    memset(&l, 0, sizeof(l));
    l.front = cell->fg;
    l.back = cell->bg;
    l.has_back = cell->attrs.reverse || !VTERM_COLOR_IS_DEFAULT_BG(&cell->bg);
    screen_rgb(s, &l.front);
    screen_rgb(s, &l.back);
    if (cell->attrs.reverse) {
        swap = l.front;
        l.front = l.back;
        l.back = swap;
    }
    l.bold = cell->attrs.bold;
    l.italic = cell->attrs.italic;
    l.underline = cell->attrs.underline != 0;
    l.strike = cell->attrs.strike;
    return l;
}

static bool
same_colour(const VTermColor *a, const VTermColor *b)
{
    return a->rgb.red == b->rgb.red && a->rgb.green == b->rgb.green &&
        a->rgb.blue == b->rgb.blue;
}

static bool
same_look(const look *a, const look *b)
{
    return same_colour(&a->front, &b->front) && a->bold == b->bold &&
        a->italic == b->italic && a->underline == b->underline &&
        a->strike == b->strike;
}

static void
put_colour(gb_str *out, const char *name, const VTermColor *colour)
{
    gb_str_printf(out, " %s=\"#%02x%02x%02x\"", name, colour->rgb.red,
                  colour->rgb.green, colour->rgb.blue);
}

static void
put_rectangle(gb_str *out, double x, double y, double width, double height,
              const VTermColor *colour)
{
    gb_str_printf(out, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\"",
                  x, y, width, height);
    put_colour(out, "fill", colour);
    gb_str_puts(out, "/>\n");
}

/* Blocks, eighths of blocks and shades are drawn, so that neighbours touch
 * whatever the font is. True when rune is one. */
static bool
put_block(gb_str *out, uint32_t rune, double x, double y,
          const VTermColor *colour)
{
    static const double shades[] = {0.25, 0.5, 0.75};
    double part;

    if (rune == 0x2580) {
        put_rectangle(out, x, y, CELL_WIDTH, CELL_HEIGHT / 2, colour);
    } else if (rune >= 0x2581 && rune <= 0x2588) {
        part = CELL_HEIGHT * (rune - 0x2580) / 8;
        put_rectangle(out, x, y + CELL_HEIGHT - part, CELL_WIDTH, part,
                      colour);
    } else if (rune >= 0x2589 && rune <= 0x258f) {
        part = CELL_WIDTH * (0x2590 - rune) / 8;
        put_rectangle(out, x, y, part, CELL_HEIGHT, colour);
    } else if (rune == 0x2590) {
        put_rectangle(out, x + CELL_WIDTH / 2, y, CELL_WIDTH / 2,
                      CELL_HEIGHT, colour);
    } else if (rune >= 0x2591 && rune <= 0x2593) {
        gb_str_printf(out, "<g opacity=\"%g\">", shades[rune - 0x2591]);
        put_rectangle(out, x, y, CELL_WIDTH, CELL_HEIGHT, colour);
        out->data[--out->len] = '\0'; /* all of it is one line */
        gb_str_puts(out, "</g>\n");
    } else if (rune == 0x2594) {
        put_rectangle(out, x, y, CELL_WIDTH, CELL_HEIGHT / 8, colour);
    } else if (rune == 0x2595) {
        put_rectangle(out, x + CELL_WIDTH * 7 / 8, y, CELL_WIDTH / 8,
                      CELL_HEIGHT, colour);
    } else {
        return false;
    }
    return true;
}

static bool
put_box(gb_str *out, uint32_t rune, double x, double y,
        const VTermColor *colour)
{
    double middle_x = x + CELL_WIDTH / 2, middle_y = y + CELL_HEIGHT / 2;
    size_t i;

    for (i = 0; i < GB_COUNT(boxes) && boxes[i].rune != rune; i++)
        ;
    if (i == GB_COUNT(boxes))
        return false;
    gb_str_puts(out, "<path d=\"");
    if (boxes[i].arms & LEFT)
        gb_str_printf(out, "M%g %gH%g", x, middle_y, middle_x);
    if (boxes[i].arms & RIGHT)
        gb_str_printf(out, "M%g %gH%g", middle_x, middle_y, x + CELL_WIDTH);
    if (boxes[i].arms & UP)
        gb_str_printf(out, "M%g %gV%g", middle_x, y, middle_y);
    if (boxes[i].arms & DOWN)
        gb_str_printf(out, "M%g %gV%g", middle_x, middle_y, y + CELL_HEIGHT);
    gb_str_puts(out, "\"");
    put_colour(out, "stroke", colour);
    gb_str_puts(out, "/>\n");
    return true;
}

static void
put_escaped(gb_str *out, uint32_t rune)
{
    char bytes[4];

    switch (rune) {
    case '&':
        gb_str_puts(out, "&amp;");
        break;
    case '<':
        gb_str_puts(out, "&lt;");
        break;
    case '>':
        gb_str_puts(out, "&gt;");
        break;
    default:
        gb_str_append(out, bytes, gb_utf8_put(rune, bytes));
    }
}

static void
put_backgrounds(gb_str *out, const screen *s, int row)
{
    VTermScreenCell cell;
    look run, next;
    int column = 1, from = 1;

    memset(&run, 0, sizeof(run));
    for (;; column++) {
        memset(&next, 0, sizeof(next));
        if (screen_cell(s, row, column, &cell))
            next = look_of(s, &cell);
        if (next.has_back != run.has_back ||
            !same_colour(&next.back, &run.back)) {
            if (run.has_back)
                put_rectangle(out, left_of(from), top_of(row),
                              (column - from) * CELL_WIDTH, CELL_HEIGHT,
                              &run.back);
            run = next;
            from = column;
        }
        if (column > screen_columns(s))
            return;
    }
}

/* A word of one look; `cells` is how wide it must be, whatever the font. */
static void
put_word(gb_str *out, const look *l, int row, int column, int cells,
         const gb_str *text)
{
    gb_str_printf(out, "<text x=\"%g\" y=\"%g\" textLength=\"%g\"",
                  left_of(column), top_of(row) + BASELINE,
                  cells * CELL_WIDTH);
    put_colour(out, "fill", &l->front);
    if (l->bold)
        gb_str_puts(out, " font-weight=\"bold\"");
    if (l->italic)
        gb_str_puts(out, " font-style=\"italic\"");
    if (l->underline || l->strike)
        gb_str_printf(out, " text-decoration=\"%s\"",
                      l->underline ? "underline" : "line-through");
    gb_str_printf(out, ">%s</text>\n", gb_str_cstr(text));
}

static bool
is_blank(const VTermScreenCell *cell)
{
    return cell->chars[0] == 0 || cell->chars[0] == ' ';
}

/* Cells that are drawn, or wide, stand alone: a font's own widths then never
 * add up along a row. */
static bool
stands_alone(const VTermScreenCell *cell)
{
    return cell->width == 2 || cell->chars[0] >= 0x2000;
}

static int
put_one_word(gb_str *out, const screen *s, int row, int column)
{
    VTermScreenCell cell;
    gb_str text = GB_STR_INIT;
    look first, l;
    int from = column, i;

    screen_cell(s, row, column, &cell);
    first = look_of(s, &cell);
    do {
        for (i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++)
            put_escaped(&text, cell.chars[i]);
        column += cell.width;
        if (stands_alone(&cell) || !screen_cell(s, row, column, &cell))
            break;
        l = look_of(s, &cell);
    } while (!is_blank(&cell) && !stands_alone(&cell) &&
             same_look(&l, &first));
    put_word(out, &first, row, from, column - from, &text);
    gb_str_free(&text);
    return column;
}

void
svg_put_row(gb_str *out, const screen *s, int row)
{
    VTermScreenCell cell;
    look l;
    int column = 1;

    put_backgrounds(out, s, row);
    while (screen_cell(s, row, column, &cell)) {
        l = look_of(s, &cell);
        if (is_blank(&cell) || cell.chars[0] == (uint32_t)-1 ||
            put_block(out, cell.chars[0], left_of(column), top_of(row),
                      &l.front) ||
            put_box(out, cell.chars[0], left_of(column), top_of(row),
                    &l.front))
            column++;
        else
            column = put_one_word(out, s, row, column);
    }
}

void
svg_put_cursor(gb_str *out, const screen *s)
{
    VTermScreenCell cell;
    int row, column;

    screen_cursor(s, &row, &column);
    if (!screen_cursor_visible(s) || !screen_cell(s, row, column, &cell))
        return;
    gb_str_printf(out, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" "
                  "fill=\"#d7dae0\" opacity=\"0.55\"/>\n", left_of(column),
                  top_of(row) + 1, CELL_WIDTH, CELL_HEIGHT - 2);
}

void
svg_put_head(gb_str *out, const screen *s)
{
    double width = screen_columns(s) * CELL_WIDTH + 2 * MARGIN;
    double height = screen_rows(s) * CELL_HEIGHT + 2 * MARGIN;

    gb_str_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                  "width=\"%g\" height=\"%g\" viewBox=\"0 0 %g %g\">\n"
                  "<rect width=\"%g\" height=\"%g\" rx=\"8\" "
                  "fill=\"#1b1e25\"/>\n"
                  "<g font-family=\"ui-monospace, 'SF Mono', Menlo, "
                  "'DejaVu Sans Mono', Consolas, monospace\" "
                  "font-size=\"15\" xml:space=\"preserve\" "
                  "fill=\"none\" stroke-width=\"1.2\">\n",
                  width, height, width, height, width, height);
}

bool
svg_save(gb_str *out, const char *folder, const char *name, gb_error *err)
{
    char *path = name[0] == '/' ? gb_strdup(name)
        : gb_path_join(folder, name);
    bool ok;

    gb_str_puts(out, "</g>\n</svg>\n");
    ok = gb_file_replace(path, out->data, out->len, 0644, err);
    free(path);
    return ok;
}

bool
svg_write(const screen *s, const char *folder, const char *name,
          gb_error *err)
{
    gb_str out = GB_STR_INIT;
    int row;
    bool ok;

    svg_put_head(&out, s);
    for (row = 1; row <= screen_rows(s); row++)
        svg_put_row(&out, s, row);
    svg_put_cursor(&out, s);
    ok = svg_save(&out, folder, name, err);
    gb_str_free(&out);
    return ok;
}
