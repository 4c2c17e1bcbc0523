#include "tui/row.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "tui/wrap.h"

void
gb_row_init(gb_row *r, unsigned width, bool ascii)
{
    *r = (gb_row){.width = width, .ascii = ascii};
}

void
gb_row_free(gb_row *r)
{
    gb_str_free(&r->text);
    free(r->pieces);
    memset(r, 0, sizeof *r);
}

void
gb_row_clear(gb_row *r)
{
    gb_str_clear(&r->text);
    r->n_pieces = 0;
    r->used = 0;
}

static void
end_piece(gb_row *r, gb_style style)
{
    gb_piece *last = r->n_pieces > 0 ? &r->pieces[r->n_pieces - 1] : NULL;

    if ((last != NULL ? last->end : 0) == r->text.len)
        return;
    if (last != NULL && last->style == style) {
        last->end = r->text.len;
        return;
    }
    if (r->n_pieces == r->capacity) {
        r->capacity = r->capacity > 0 ? r->capacity * 2 : 8;
        r->pieces =
            gb_realloc_array(r->pieces, r->capacity, sizeof *r->pieces);
    }
    r->pieces[r->n_pieces++] = (gb_piece){style, r->text.len};
}

/* At most `room` columns of it. */
static unsigned
put(gb_row *r, gb_style style, const char *text, size_t n, unsigned room)
{
    unsigned used = gb_cells_put(&r->text, text, n, r->used, room, r->ascii);

    r->used += used;
    end_piece(r, style);
    return used;
}

unsigned
gb_row_put(gb_row *r, gb_style style, const char *text, size_t n)
{
    return put(r, style, text, n, r->width > r->used ? r->width - r->used : 0);
}

unsigned
gb_row_puts(gb_row *r, gb_style style, const char *text)
{
    return gb_row_put(r, style, text, strlen(text));
}

size_t
gb_row_wrap(gb_row *r, gb_style style, const char *text, size_t n, size_t at)
{
    unsigned room = r->width > r->used + 1 ? r->width - r->used - 1 : 1;
    size_t next = gb_wrap(text, n, at, room, r->ascii);

    gb_row_put(r, style, text + at, next - at);
    return next;
}

unsigned
gb_row_printf(gb_row *r, gb_style style, const char *format, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return gb_row_puts(r, style, text);
}

void
gb_row_typed(gb_row *r, gb_style style, const char *text, size_t n)
{
    unsigned room = r->width > r->used ? r->width - r->used - 1 : 0, used;
    gb_str line = GB_STR_INIT;
    gb_cell cell;
    size_t at = 0;

    gb_utf8_line(&line, text, n, n); /* pasted, it may have had several */
    used = gb_cells_width(gb_str_cstr(&line), line.len, r->ascii);
    if (used > room && room > 0) {
        gb_row_puts(r, GB_STYLE_FAINT, "<");
        room--;
    }
    for (; used > room; used -= cell.width) {
        gb_cell_read(&cell, line.data + at, line.len - at, 0, r->ascii);
        at += cell.bytes;
    }
    gb_row_put(r, style, gb_str_cstr(&line) + at, line.len - at);
    gb_str_free(&line);
}

void
gb_row_field(gb_row *r, gb_style style, const char *text, unsigned columns)
{
    unsigned start = r->used;

    if (columns > r->width - r->used)
        columns = r->width - r->used;
    put(r, style, text, strlen(text), columns);
    gb_row_pad(r, start + columns);
}

void
gb_row_pad(gb_row *r, unsigned column)
{
    if (column > r->width)
        column = r->width;
    for (; r->used < column; r->used++)
        gb_str_putc(&r->text, ' ');
    end_piece(r, GB_STYLE_PLAIN);
}

const char *
gb_row_sign(const gb_row *r, const char *utf8, const char *ascii)
{
    return r->ascii ? ascii : utf8;
}

void
gb_token_name(gb_str *out, const char *text, size_t n, bool bare, bool ascii)
{
    static const char end[] = "<|endoftext|>";
    size_t i = 0;

    if (n == sizeof end - 1 && memcmp(text, end, n) == 0) {
        gb_str_puts(out, ascii ? "<end>" : "∎");
        return;
    }
    if (bare && n > 1 && text[0] == ' ' && strchr(" \t\r\n", text[1]) == NULL)
        i = 1;
    for (; i < n; i++)
        switch (text[i]) {
        case ' ':
            gb_str_puts(out, ascii ? "_" : "·");
            break;
        case '\n':
            gb_str_puts(out, ascii ? "\\n" : "⏎");
            break;
        case '\r':
            gb_str_puts(out, ascii ? "\\r" : "␍");
            break;
        case '\t':
            gb_str_puts(out, ascii ? "\\t" : "⇥");
            break;
        default:
            gb_str_putc(out, text[i]);
        }
    if (n == 0)
        gb_str_puts(out, ascii ? "\"\"" : "∅");
}
