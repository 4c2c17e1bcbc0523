#include "tui/app.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/screen.h"

static void
put(gb_app *a, gb_text_kind kind, const char *text, size_t n)
{
    gb_view_append(a->view, kind, text, n);
}

static void
puts_kind(gb_app *a, gb_text_kind kind, const char *text)
{
    put(a, kind, text, strlen(text));
}

static void
cut(gb_app *a, uint32_t segment)
{
    gb_view_pos begin = {0, 0};

    while (a->n_placed > 0 && a->placed[a->n_placed - 1].segment > segment)
        a->n_placed--;
    gb_view_truncate(a->view, a->n_placed > 0
                                  ? a->placed[a->n_placed - 1].end
                                  : begin);
}

static void
put_mark(gb_app *a, const gb_str *text)
{
    const char *dots = gb_screen_is_ascii() ? ".." : "··";
    gb_str line = GB_STR_INIT;

    gb_str_printf(&line, "%s ", dots);
    gb_str_append(&line, text->data, text->len);
    gb_str_printf(&line, " %s", dots);
    put(a, GB_TEXT_MARK, line.data, line.len);
    gb_str_free(&line);
}

static void
add_segment(gb_app *a, const gb_news *news)
{
    bool user = news->role == GB_ROLE_USER;
    gb_text_kind kind = user ? GB_TEXT_USER : GB_TEXT_MODEL;
    gb_view_pos begin = gb_view_end(a->view);

    if (news->role == GB_ROLE_MARK) {
        put_mark(a, &news->text);
    } else {
        if (news->mode == GB_MODE_CHAT) {
            if (!gb_view_at_line_start(a->view))
                put(a, kind, "\n", 1);
            /* What the model writes begins with a space of its own. */
            puts_kind(a, kind, user ? "Human: " : "AI:");
        }
        begin = gb_view_end(a->view);
        put(a, kind, news->text.data, news->text.len);
    }
    a->placed =
        gb_realloc_array(a->placed, a->n_placed + 1, sizeof *a->placed);
    a->placed[a->n_placed++] =
        (gb_placed){news->segment, kind, begin, gb_view_end(a->view)};
}

static void
add_text(gb_app *a, const gb_news *news)
{
    gb_placed *last = a->n_placed > 0 ? &a->placed[a->n_placed - 1] : NULL;

    if (last == NULL || last->segment != news->segment)
        return;
    put(a, last->kind, news->text.data, news->text.len);
    last->end = gb_view_end(a->view);
}

static void
remember(gb_app *a, const gb_news *news)
{
    gb_view_pos pos = {0, 0};
    size_t i;

    for (i = 0; i < a->n_placed; i++)
        if (a->placed[i].segment == news->segment)
            pos = gb_view_advance(a->view, a->placed[i].begin, news->offset);
    gb_view_remember(a->view, pos);
}

void
gb_app_news(gb_app *a, const gb_news *news)
{
    const char *text = gb_str_cstr(&news->text);

    gb_mirror_take(&a->ui.mirror, news);
    a->dirty = true;
    switch (news->type) {
    case GB_NEWS_CUT:
        cut(a, news->segment);
        break;
    case GB_NEWS_SEGMENT:
        add_segment(a, news);
        break;
    case GB_NEWS_TEXT:
        add_text(a, news);
        break;
    case GB_NEWS_MEMORY:
        remember(a, news);
        break;
    case GB_NEWS_DONE:
        if (news->text.len > 0)
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
}
