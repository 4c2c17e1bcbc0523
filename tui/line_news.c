#include "tui/line_app.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The conversation, as the transcript tells it: what was typed stands on the
 * terminal already. */

static void
put(void *arg, gb_text_kind kind, const char *text, size_t n)
{
    gb_line_app *a = arg;

    gb_str_append(&a->text, text, n);
    if (kind != GB_TEXT_USER || !a->terminal)
        gb_line_print(a, text, n);
}

static void
mark(void *arg, const char *words)
{
    gb_line_app *a = arg;
    char *line = gb_format(".. %s ..", words);

    gb_line_say(a, line, strlen(line));
    free(line);
}

static gb_view_pos
end(void *arg)
{
    gb_line_app *a = arg;

    return (gb_view_pos){0, a->text.len};
}

static gb_view_pos
advance(void *arg, gb_view_pos pos, size_t n)
{
    (void)arg;
    pos.offset += n;
    return pos;
}

static size_t
distance(void *arg, gb_view_pos from, gb_view_pos to)
{
    (void)arg;
    return to.offset > from.offset ? to.offset - from.offset : 0;
}

static void
cut(void *arg, gb_view_pos pos)
{
    gb_line_app *a = arg;

    if (pos.offset >= a->text.len)
        return;
    a->text.data[a->text.len = pos.offset] = '\0';
    gb_line_say(a, ".. taken back ..", 16);
}

static bool
at_line_start(void *arg)
{
    gb_line_app *a = arg;

    return !a->mid_line;
}

gb_sink
gb_line_sink(gb_line_app *a)
{
    return (gb_sink){
        .arg = a,
        .put = put,
        .mark = mark,
        .cut = cut,
        .end = end,
        .advance = advance,
        .distance = distance,
        .at_line_start = at_line_start,
        .ended = "",
        .ascii = true,
    };
}

void
gb_line_news(gb_line_app *a, gb_news *news)
{
    const char *text = gb_str_cstr(&news->text);

    gb_mirror_take(&a->ui.mirror, news);
    switch (news->type) {
    case GB_NEWS_DONE:
        if (news->text.len > 0)
            gb_line_say(a, text, news->text.len);
        break;
    case GB_NEWS_ERROR:
        if (news->status == GB_OK)
            gb_line_warn(a, text);
        else
            gb_line_complain(a, text);
        break;
    case GB_NEWS_VERDICT:
        gb_line_say(a, text, news->text.len);
        a->failed = a->failed || !news->identical;
        break;
    default:
        break;
    }
}
