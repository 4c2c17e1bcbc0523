#include "tui/line_app.h"

#include <string.h>

#include "base/mem.h"

static void
cut(gb_line_app *a, uint32_t segment)
{
    size_t end;

    while (a->n_placed > 0 && a->placed[a->n_placed - 1].segment > segment)
        a->n_placed--;
    end = a->n_placed > 0 ? a->placed[a->n_placed - 1].end : 0;
    if (end >= a->text.len)
        return;
    a->text.data[a->text.len = end] = '\0';
    gb_line_say(a, ".. taken back ..", 16);
}

static void
take_segment(gb_line_app *a, const gb_news *news)
{
    bool user = news->role == GB_ROLE_USER;
    const char *turn = user ? "Human: " : "AI:";

    if (news->role == GB_ROLE_MARK) {
        gb_str line = GB_STR_INIT;

        gb_str_printf(&line, ".. %s ..", gb_str_cstr(&news->text));
        gb_line_say(a, line.data, line.len);
        gb_str_free(&line);
    } else {
        if (news->mode == GB_MODE_CHAT && a->mid_line)
            gb_line_print(a, "\n", 1);
        if (news->mode == GB_MODE_CHAT && (!user || !a->terminal))
            gb_line_print(a, turn, strlen(turn));
        /* What was typed stands on the terminal already. */
        if (!user || !a->terminal)
            gb_line_print(a, news->text.data, news->text.len);
        gb_str_append(&a->text, news->text.data, news->text.len);
    }
    a->placed =
        gb_realloc_array(a->placed, a->n_placed + 1, sizeof *a->placed);
    a->placed[a->n_placed++] = (gb_line_placed){news->segment, a->text.len};
}

static void
take_text(gb_line_app *a, const gb_news *news)
{
    if (a->n_placed == 0 ||
        a->placed[a->n_placed - 1].segment != news->segment)
        return;
    gb_str_append(&a->text, news->text.data, news->text.len);
    a->placed[a->n_placed - 1].end = a->text.len;
    gb_line_print(a, news->text.data, news->text.len);
}

void
gb_line_news(gb_line_app *a, const gb_news *news)
{
    const char *text = gb_str_cstr(&news->text);

    gb_mirror_take(&a->ui.mirror, news);
    switch (news->type) {
    case GB_NEWS_CUT:
        cut(a, news->segment);
        break;
    case GB_NEWS_SEGMENT:
        take_segment(a, news);
        break;
    case GB_NEWS_TEXT:
        take_text(a, news);
        break;
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
