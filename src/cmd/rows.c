#include "cmd/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cells.h"
#include "base/locale.h"
#include "base/number.h"
#include "base/utf8.h"
#include "session/settings.h"

#define WIDTH 80
#define MIN_WIDTH 40
#define MAX_WIDTH 1000

unsigned
gb_rows_width(void)
{
    const char *variable = getenv("COLUMNS");
    struct winsize size;
    uint64_t n = 0;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        n = size.ws_col;
    else if (variable == NULL || !gb_parse_u64(variable, &n))
        n = 0;
    if (n == 0)
        return WIDTH;
    if (n > MAX_WIDTH)
        return MAX_WIDTH;
    return n < MIN_WIDTH ? MIN_WIDTH : (unsigned)n;
}

bool
gb_rows_are_ascii(void)
{
    return !gb_locale_is_utf8();
}

void
gb_rows_token(gb_str *out, const gb_model *m, gb_token id, bool ascii)
{
    const char *bytes;
    size_t n;

    if (gb_ends_has(&m->config.ends, id)) {
        gb_str_puts(out, ascii ? "<end>" : "\xe2\x88\x8e");
        return;
    }
    bytes = gb_tokenizer_bytes(m->tokenizer, id, &n);
    gb_utf8_visible(out, bytes, n, false);
}

void
gb_rows_field(gb_str *out, const char *text, unsigned columns, bool ascii)
{
    const bool cut = gb_cells_width(text, strlen(text), ascii) > columns;
    const unsigned room = cut ? columns - 1 : columns;
    unsigned used = 0;
    gb_cell cell;

    for (; *text != '\0'; text += cell.bytes) {
        gb_cell_read(&cell, text, strlen(text), used, ascii);
        if (used + cell.width > room)
            break;
        gb_str_puts(out, cell.shown);
        used += cell.width;
    }
    if (cut && columns > 0) {
        gb_str_puts(out, ascii ? "~" : "\xe2\x80\xa6");
        used++;
    }
    for (; used < columns; used++)
        gb_str_putc(out, ' ');
}

void
gb_rows_probability(gb_str *out, double p)
{
    if (p >= 0.9995)
        gb_str_puts(out, "1.000");
    else if (p >= 0.001)
        gb_str_printf(out, "%5.3f", p);
    else
        gb_str_printf(out, "%5.0e", p);
}
