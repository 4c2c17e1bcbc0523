#include "base/cells.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"
#include "base/utf8.h"

/* What stands for a character where only ASCII may be drawn. */
static const char *
in_ascii(uint32_t r)
{
    static const struct {
        uint32_t rune;
        const char *text;
    } table[] = {
        {0x00a0, " "},   {0x00b7, "."},  {0x00d7, "x"},  {0x2010, "-"},
        {0x2011, "-"},   {0x2013, "-"},  {0x2014, "--"}, {0x2018, "'"},
        {0x2019, "'"},   {0x201c, "\""}, {0x201d, "\""}, {0x2026, "..."},
        {0x2190, "<-"},  {0x2191, "^"},  {0x2192, "->"}, {0x2193, "v"},
        {0x2212, "-"},   {0x220e, "[end]"},
    };
    size_t i;

    for (i = 0; i < GB_COUNT(table); i++)
        if (table[i].rune == r)
            return table[i].text;
    return "?";
}

/* Columns of r; -1 when it must be spelled out. */
static int
rune_width(uint32_t r)
{
    if (gb_utf8_is_hidden(r))
        return -1;
    return r < 0x7f ? 1 : wcwidth((wchar_t)r);
}

/* Joiners and variation selectors, which terminals disagree about. */
static bool
is_left_out(uint32_t r)
{
    return r == 0x200c || r == 0x200d || (r >= 0xfe00 && r <= 0xfe0f) ||
           (r >= 0xe0100 && r <= 0xe01ef);
}

static void
spell(gb_cell *cell, uint32_t r)
{
    if (r < 0x20)
        snprintf(cell->shown, sizeof cell->shown, "^%c", (char)(r + '@'));
    else if (r == 0x7f)
        strcpy(cell->shown, "^?");
    else
        snprintf(cell->shown, sizeof cell->shown, "\\u{%x}", (unsigned)r);
    cell->width = (unsigned)strlen(cell->shown);
    cell->changed = true;
}

static void
replace(gb_cell *cell, const char *text, unsigned width)
{
    strcpy(cell->shown, text);
    cell->width = width;
}

static void
put(gb_cell *cell, uint32_t r)
{
    size_t at = strlen(cell->shown);

    cell->shown[at + gb_utf8_put(r, cell->shown + at)] = '\0';
}

/* Takes the combining characters that follow into the cell. */
static void
take_marks(gb_cell *cell, const char *s, size_t n)
{
    unsigned marks = 0;
    size_t length;
    uint32_t r;
    bool valid;

    while (cell->bytes < n && (s[cell->bytes] & 0x80) != 0) {
        length = gb_utf8_next(s + cell->bytes, n - cell->bytes, &r, &valid);
        if (length == 0 || !valid || rune_width(r) != 0)
            return;
        if (!is_left_out(r) && marks++ < GB_CELL_MARKS)
            put(cell, r);
        cell->bytes += length;
    }
}

static void
read_tab(gb_cell *cell, unsigned column)
{
    cell->width = GB_TAB_STOP - column % GB_TAB_STOP;
    memset(cell->shown, ' ', cell->width);
    cell->shown[cell->width] = '\0';
    cell->space = true;
}

void
gb_cell_read(gb_cell *cell, const char *s, size_t n, unsigned column,
             bool ascii)
{
    size_t length;
    uint32_t r;
    bool valid;
    int width;

    memset(cell, 0, sizeof *cell);
    length = gb_utf8_next(s, n, &r, &valid);
    cell->bytes = length > 0 ? length : n;
    if (length == 0 || !valid) {
        replace(cell, ascii ? "?" : "\xef\xbf\xbd", 1);
        cell->changed = true;
        return;
    }
    if (r == '\n') {
        cell->line_end = true;
        return;
    }
    if (r == '\t') {
        read_tab(cell, column);
        if (!ascii)
            take_marks(cell, s, n);
        return;
    }
    if (ascii && r >= 0x80 && !gb_utf8_is_hidden(r)) {
        /* The locale knows no characters outside ASCII, nor their widths. */
        replace(cell, in_ascii(r), 0);
        cell->width = (unsigned)strlen(cell->shown);
        return;
    }
    width = rune_width(r);
    if (width < 0) {
        spell(cell, r);
        return;
    }
    if (!is_left_out(r)) {
        /* A mark without a letter gets a circle to stand on. */
        if (width == 0)
            replace(cell, "\xe2\x97\x8c", 1);
        else
            cell->width = (unsigned)width;
        put(cell, r);
    }
    cell->space = r == ' ';
    cell->breakable = width == 2;
    if (!ascii)
        take_marks(cell, s, n);
}

unsigned
gb_cells_width(const char *s, size_t n, bool ascii)
{
    unsigned width = 0;
    gb_cell cell;

    while (n > 0) {
        gb_cell_read(&cell, s, n, width, ascii);
        width += cell.width;
        s += cell.bytes;
        n -= cell.bytes;
    }
    return width;
}

/* Whether nothing but blanks stands before the end of the line. */
static bool
is_blank(const char *s, size_t n)
{
    while (n > 0 && *s == ' ') {
        s++;
        n--;
    }
    return n == 0 || *s == '\n';
}

unsigned
gb_cells_put(gb_str *out, const char *s, size_t n, unsigned column,
             unsigned room, bool ascii)
{
    unsigned used = 0, kept = 0;
    size_t length = out->len;
    gb_cell cell;

    while (n > 0) {
        gb_cell_read(&cell, s, n, column + used, ascii);
        if (cell.line_end)
            break;
        if (used + cell.width > room && room > 0 && !is_blank(s, n)) {
            out->len = length;
            gb_str_puts(out, ascii ? "~" : "…");
            return kept + 1;
        }
        if (used + cell.width > room)
            break;
        gb_str_puts(out, cell.shown);
        used += cell.width;
        if (used < room) {
            length = out->len;
            kept = used;
        }
        s += cell.bytes;
        n -= cell.bytes;
    }
    return used;
}
