/* Texts to read: help, a log, what a command has to say. */
#include <string.h>

#include "base/mem.h"
#include "tui/app.h"
#include "tui/screen.h"

static bool
act(gb_page *p, gb_page_act what)
{
    switch (what) {
    case GB_ACT_UP:
        gb_view_scroll(p->view, -1);
        return true;
    case GB_ACT_DOWN:
        gb_view_scroll(p->view, 1);
        return true;
    case GB_ACT_PAGE_UP:
        gb_view_page(p->view, -1);
        return true;
    case GB_ACT_PAGE_DOWN:
        gb_view_page(p->view, 1);
        return true;
    case GB_ACT_TOP:
        gb_view_home(p->view);
        return true;
    case GB_ACT_END:
        gb_view_follow(p->view);
        return true;
    default:
        return false;
    }
}

static const gb_page_kind kind = {.mode = GB_PAGE_TEXT, .act = act};

bool
gb_page_is_text(const gb_page *p)
{
    return p->kind == &kind;
}

void
gb_page_text(gb_app *a, const char *title, const char *text, size_t n)
{
    gb_page *p;

    /* The same once more replaces what it showed. */
    if (a->page != NULL && gb_page_is_text(a->page) &&
        strcmp(a->page->title, title) == 0)
        gb_page_back(a);
    p = gb_alloc(sizeof *p);
    gb_page_open(a, p, &kind);
    p->title = gb_strdup(title);
    p->view = gb_view_new(gb_screen_is_ascii());
    if (n > 0 && text[n - 1] == '\n')
        n--;
    gb_view_append(p->view, GB_TEXT_MODEL, text, n);
    gb_view_fit(p->view, a->view);
    gb_view_home(p->view);
}
