#include "tui/app.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/screen.h"

static void
put(void *arg, gb_text_kind kind, const char *text, size_t n)
{
    gb_app *a = arg;

    gb_view_append(a->view, kind, text, n);
}

static void
cut(void *arg, gb_view_pos pos)
{
    gb_app *a = arg;

    gb_view_truncate(a->view, pos);
}

static gb_view_pos
end(void *arg)
{
    gb_app *a = arg;

    return gb_view_end(a->view);
}

static gb_view_pos
advance(void *arg, gb_view_pos pos, size_t n)
{
    gb_app *a = arg;

    return gb_view_advance(a->view, pos, n);
}

static bool
at_line_start(void *arg)
{
    gb_app *a = arg;

    return gb_view_at_line_start(a->view);
}

gb_sink
gb_app_sink(gb_app *a)
{
    return (gb_sink){
        .arg = a,
        .put = put,
        .cut = cut,
        .end = end,
        .advance = advance,
        .at_line_start = at_line_start,
        .ascii = gb_screen_is_ascii(),
    };
}

void
gb_app_news(gb_app *a, gb_news *news)
{
    const char *text = gb_str_cstr(&news->text);

    gb_mirror_take(&a->ui.mirror, news);
    a->dirty = true;
    switch (news->type) {
    case GB_NEWS_MEMORY:
        gb_view_remember(a->view,
                         gb_transcript_place(&a->ui.mirror.transcript,
                                             news->node, news->offset));
        break;
    case GB_NEWS_DONE:
        if (strchr(text, '\n') != NULL)
            a->ui.face->page(&a->ui, "Session", text, news->text.len);
        else if (news->text.len > 0)
            gb_app_notice(a, text);
        break;
    case GB_NEWS_ERROR:
        gb_app_error(a, text);
        break;
    case GB_NEWS_VERDICT:
        put(a, news->identical ? GB_TEXT_SYSTEM : GB_TEXT_ERROR, text,
            news->text.len);
        break;
    case GB_NEWS_LOG:
        gb_log_add(a->log, text);
        break;
    default:
        break;
    }
    gb_page_news(a, news);
}
