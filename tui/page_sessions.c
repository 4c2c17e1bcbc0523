/* The sessions that are kept. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "tui/app.h"
#include "tui/screen.h"
#include "tui/session_rows.h"

typedef struct sessions_page {
    gb_page page;
    char *forget; /* the path of the one to be deleted */
} sessions_page;

static const gb_listed *
listed_at(const gb_page *p, size_t i)
{
    const gb_list *list = p->app->ui.mirror.sessions;

    return list != NULL && i < list->len ? &list->data[i] : NULL;
}

static void
ask(gb_page *p)
{
    static const gb_request request = {.what = GB_DO_SESSIONS};

    gb_page_post(p, &request);
}

static void
news(gb_page *p, const gb_news *n)
{
    const gb_list *list = p->app->ui.mirror.sessions;

    if (n->type == GB_NEWS_SESSIONS)
        gb_page_changed(p, list != NULL ? list->len : 0);
    else if (n->type == GB_NEWS_DONE && n->reason != GB_REASON_NONE)
        ask(p); /* more tokens */
}

static void
forget(gb_page *p, const char *text)
{
    sessions_page *s = (sessions_page *)p;
    gb_request request = {.what = GB_DO_FORGET, .name = s->forget};

    (void)text;
    if (gb_page_post(p, &request))
        ask(p);
}

static void
ask_to_forget(sessions_page *s, const gb_listed *l)
{
    char *question = gb_format("delete for good \"%s\"", l->words);

    free(s->forget);
    s->forget = gb_strdup(l->path);
    gb_page_ask(&s->page, GB_ASKS_SURE, question, forget);
    free(question);
}

static bool
is_open(const gb_page *p, const gb_listed *l)
{
    const char *file = p->app->ui.mirror.file;

    return file != NULL && strcmp(file, l->path) == 0;
}

/* Does it to the session that is selected, and leaves the page. */
static void
use(gb_page *p, gb_do what, const gb_listed *l)
{
    gb_request request = {.what = what, .name = l->path};
    gb_app *a = p->app;

    if ((what == GB_DO_LOAD && is_open(p, l)) || gb_page_post(p, &request))
        gb_page_close_all(a);
}

static bool
act(gb_page *p, gb_page_act what)
{
    const gb_listed *l = listed_at(p, p->selected);

    switch (what) {
    case GB_ACT_OPEN:
        if (l != NULL)
            use(p, GB_DO_LOAD, l);
        return true;
    case GB_ACT_REPLAY:
        if (l != NULL)
            use(p, GB_DO_REPLAY, l);
        return true;
    case GB_ACT_FORGET:
        if (l != NULL)
            ask_to_forget((sessions_page *)p, l);
        return true;
    case GB_ACT_RELOAD:
        ask(p);
        return true;
    default:
        return false;
    }
}

static void
title(gb_page *p, gb_str *left, gb_str *right)
{
    const gb_listed *l = listed_at(p, 0);

    gb_str_puts(left, "sessions");
    if (l == NULL)
        return;
    gb_str_printf(left, " %s %zu", gb_screen_is_ascii() ? "|" : "·", p->n);
    gb_str_append(right, l->path, (size_t)(strrchr(l->path, '/') - l->path));
}

static void
row(gb_page *p, size_t i, gb_row *out)
{
    const gb_listed *l = listed_at(p, i);

    gb_session_row_put(out, l, (double)time(NULL), is_open(p, l));
}

static void
preview(gb_page *p, size_t i, gb_view *v)
{
    const gb_listed *l = listed_at(p, i);
    gb_str text = GB_STR_INIT;
    size_t k;

    if (l == NULL)
        return;
    gb_session_tell(&text, l);
    gb_view_append(v, GB_TEXT_SYSTEM, gb_str_cstr(&text), text.len);
    for (k = 0; k < l->n_story; k++)
        gb_view_append(v, l->story[k].typed ? GB_TEXT_USER : GB_TEXT_MODEL,
                       gb_str_cstr(&l->story[k].text), l->story[k].text.len);
    gb_str_free(&text);
}

static void
free_page(gb_page *p)
{
    free(((sessions_page *)p)->forget);
}

static const gb_page_kind kind = {
    .mode = GB_PAGE_SESSIONS,
    .act = act,
    .news = news,
    .free = free_page,
    .title = title,
    .row = row,
    .preview = preview,
    .empty = "no session is kept yet",
};

void
gb_page_sessions(gb_app *a)
{
    sessions_page *s = gb_alloc(sizeof *s);
    const gb_list *list = a->ui.mirror.sessions;

    gb_page_open(a, &s->page, &kind);
    gb_page_changed(&s->page, list != NULL ? list->len : 0);
    ask(&s->page);
}
