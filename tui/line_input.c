#include "tui/line_input.h"

#include "tui/prompt.h"

/* The quotes and the line ends beside them. */
#define AROUND ((size_t)8)

void
gb_line_input_free(gb_line_input *in)
{
    gb_lines_free(&in->lines);
    gb_str_free(&in->block);
}

static void
begin(gb_line_input *in)
{
    in->open = true;
    in->refused = (gb_error)GB_ERROR_INIT;
    gb_str_clear(&in->block);
}

/* Adds a line, or what is wrong with it. */
static void
add(gb_line_input *in, const char *line, size_t n, const gb_error *bad)
{
    const gb_lines *l = &in->lines;

    if (in->refused.status != GB_OK)
        return;
    if (bad != NULL)
        in->refused = *bad;
    else if (in->block.len + n > l->limit + AROUND)
        gb_fail(&in->refused, "%s:%lu: a text of more than %zu bytes",
                l->name, l->number, l->limit);
    if (in->refused.status != GB_OK) {
        gb_str_clear(&in->block);
        return;
    }
    if (in->block.len > 0)
        gb_str_putc(&in->block, '\n');
    gb_str_append(&in->block, line, n);
}

static gb_line
finish(gb_line_input *in, char **text, gb_error *err)
{
    in->open = false;
    if (in->refused.status != GB_OK) {
        *err = in->refused;
        return GB_LINE_BAD;
    }
    *text = in->block.data;
    return GB_LINE;
}

gb_line
gb_line_input_next(gb_line_input *in, char **text, gb_error *err)
{
    gb_line what;
    size_t n;

    for (;;) {
        what = gb_lines_next(&in->lines, text, &n, err);
        if (what == GB_LINE_MORE || (what == GB_LINE_END && !in->open))
            return what;
        if (what == GB_LINE_END)
            return finish(in, text, err);
        if (!in->open) {
            if (!gb_prompt_is_open_block(*text, n))
                return what;
            begin(in);
            add(in, *text, n, what == GB_LINE_BAD ? err : NULL);
        } else {
            add(in, *text, n, what == GB_LINE_BAD ? err : NULL);
            if (gb_prompt_ends_block(*text, n))
                return finish(in, text, err);
        }
    }
}
