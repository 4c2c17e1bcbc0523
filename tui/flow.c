#include "tui/flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/wrap.h"

void
gb_flow_free(gb_flow *f)
{
    gb_str_free(&f->text);
    free(f->spans);
    free(f->lines);
    *f = (gb_flow){.n_spans = 0};
}

void
gb_flow_add(gb_flow *f, gb_style style, const char *text, size_t n)
{
    if (n == 0)
        return;
    gb_str_append(&f->text, text, n);
    if (f->n_spans == 0 || f->spans[f->n_spans - 1].style != style) {
        f->spans = gb_realloc_array(f->spans, f->n_spans + 1,
                                    sizeof *f->spans);
        f->spans[f->n_spans++].style = style;
    }
    f->spans[f->n_spans - 1].end = f->text.len;
}

void
gb_flow_add_line(gb_flow *f, gb_style style, const char *text,
                 unsigned width, bool ascii)
{
    gb_row row;

    if (f->text.len > 0 && f->text.data[f->text.len - 1] != '\n')
        gb_flow_add(f, style, "\n", 1);
    gb_row_init(&row, width, ascii);
    gb_row_field(&row, style, text, width);
    gb_flow_add(f, style, gb_str_cstr(&row.text), row.text.len);
    gb_flow_add(f, style, "\n", 1);
    gb_row_free(&row);
}

static void
add_line(gb_flow *f, size_t start, size_t end)
{
    f->lines = gb_realloc_array(f->lines, f->n_lines + 1, sizeof *f->lines);
    f->lines[f->n_lines++] = (gb_flow_line){start, end};
}

void
gb_flow_wrap(gb_flow *f, unsigned width, bool ascii)
{
    const char *text = gb_str_cstr(&f->text), *newline;
    size_t start = 0, end, at, next;

    f->n_lines = 0;
    do {
        newline = memchr(text + start, '\n', f->text.len - start);
        end = newline != NULL ? (size_t)(newline - text) : f->text.len;
        for (at = start; at < end; at = next) {
            next = start + gb_wrap(text + start, end - start, at - start,
                                   width, ascii);
            add_line(f, at, next);
        }
        if (start == end)
            add_line(f, start, end);
        start = end + 1;
    } while (newline != NULL);
}

size_t
gb_flow_line_of(const gb_flow *f, size_t byte)
{
    size_t low = 0, high = f->n_lines, middle;

    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (f->lines[middle].start <= byte)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The one that holds a byte. */
static size_t
span_at(const gb_flow *f, size_t byte)
{
    size_t low = 0, high = f->n_spans, middle;

    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (f->spans[middle - 1].end <= byte)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void
gb_flow_put(const gb_flow *f, size_t line, gb_row *row)
{
    size_t at = f->lines[line].start, end = f->lines[line].end, to;
    size_t i = span_at(f, at);

    while (at < end) {
        while (f->spans[i].end <= at)
            i++;
        to = f->spans[i].end < end ? f->spans[i].end : end;
        gb_row_put(row, f->spans[i].style, f->text.data + at, to - at);
        at = to;
    }
}
