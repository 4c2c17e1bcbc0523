#include "tui/app.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Something was taken back or brought back, which whoever asked for it wants
 * to see; what is being written, or loaded, can wait below. */
static bool
changes_path(const gb_app *a, const gb_news *news)
{
    const gb_mirror *m = &a->ui.mirror;

    return news->type == GB_NEWS_CUT ||
           (!gb_mirror_is_busy(m) && m->state != GB_STATE_LOADING);
}

void
gb_app_news(gb_app *a, gb_news *news)
{
    const char *text = gb_str_cstr(&news->text);

    gb_mirror_take(&a->ui.mirror, news);
    a->dirty = true;
    switch (news->type) {
    case GB_NEWS_CUT:
    case GB_NEWS_NODE:
        if (changes_path(a, news) && !a->reading && !a->searching)
            gb_view_follow(a->view);
        break;
    case GB_NEWS_MEMORY:
        gb_view_remember(a->view,
                         gb_transcript_place(&a->ui.mirror.transcript,
                                             news->node, news->offset));
        break;
    case GB_NEWS_DONE:
        if (gb_reading_done(a, news->command) || gb_page_compare(a, text))
            break;
        if (strchr(text, '\n') != NULL)
            a->ui.face->page(&a->ui, "Session", text, news->text.len);
        else if (news->text.len > 0)
            gb_app_notice(a, text);
        break;
    case GB_NEWS_ERROR:
        if (!gb_reading_done(a, news->command))
            gb_app_error(a, text);
        break;
    case GB_NEWS_VERDICT:
        gb_view_append(a->view,
                       news->identical ? GB_TEXT_SYSTEM : GB_TEXT_ERROR,
                       text, news->text.len);
        break;
    case GB_NEWS_LOG:
        gb_log_add(a->log, text);
        break;
    default:
        break;
    }
    if (news->type == GB_NEWS_FORKS)
        gb_reading_forks(a);
    if (news->type == GB_NEWS_STATS || news->type == GB_NEWS_DONE)
        gb_reading_follow(a);
    gb_page_news(a, news);
}
