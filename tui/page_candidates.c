/* What could have come in place of the token at the cursor. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/app.h"
#include "tui/candidate_rows.h"
#include "tui/screen.h"

/* So many are asked for at first, and so many times more when one has gone
 * down to the last. */
#define FIRST 100
#define TIMES 4
#define MOST 10000

typedef struct candidates_page {
    gb_page page;
    size_t count;
    bool ids;
    bool known;      /* what was seen last: */
    uint64_t number; /* which token, */
    uint32_t chosen; /* and the one of the row that was selected */
} candidates_page;

static const gb_seen *
seen(const gb_page *p)
{
    return p->app->ui.mirror.seen;
}

size_t
gb_page_wants(const gb_page *p)
{
    return p->kind->mode == GB_PAGE_CANDIDATES
               ? ((const candidates_page *)p)->count : 0;
}

/* The rows are all candidates, and one for the rest. */
static void
show(candidates_page *c)
{
    const gb_seen *s = seen(&c->page);
    bool same = c->known && s != NULL && c->number == s->number;
    size_t i;

    c->known = s != NULL;
    gb_page_changed(&c->page, s != NULL ? s->n_candidates + 1 : 0);
    if (s == NULL)
        return;
    c->number = s->number;
    c->chosen = same ? c->chosen : s->token.id;
    for (i = 0; i < s->n_candidates; i++)
        if (s->candidates[i].token.id == c->chosen)
            gb_page_select(&c->page, i);
}

static void
news(gb_page *p, const gb_news *n)
{
    if (n->type == GB_NEWS_SEEN)
        show((candidates_page *)p);
}

/* Takes the one of this rank instead. */
static void
pick(gb_page *p, uint32_t rank)
{
    char *command = gb_format("/pick %lu", (unsigned long)rank);
    gb_app *a = p->app;

    if (gb_page_run(p, command))
        gb_page_back(a);
    free(command);
}

static void
remember(candidates_page *c)
{
    const gb_seen *s = seen(&c->page);

    if (s == NULL || c->page.selected >= s->n_candidates)
        return;
    c->chosen = s->candidates[c->page.selected].token.id;
}

static bool
act(gb_page *p, gb_page_act what)
{
    candidates_page *c = (candidates_page *)p;
    const gb_seen *s = seen(p);

    switch (what) {
    case GB_ACT_OPEN:
        if (s != NULL && p->selected < s->n_candidates)
            pick(p, s->candidates[p->selected].is.rank);
        return true;
    case GB_ACT_IDS:
        c->ids = !c->ids;
        return true;
    case GB_ACT_TOKEN_BACK:
        gb_page_run(p, "/at prev");
        return true;
    case GB_ACT_TOKEN_ON:
        gb_page_run(p, "/at next");
        return true;
    case GB_ACT_PICK_0 ... GB_ACT_PICK_9:
        pick(p, (uint32_t)(what - GB_ACT_PICK_0));
        return true;
    default:
        if (!gb_page_list_act(p, what))
            return false;
        remember(c);
        if (p->selected + 1 >= p->n && s != NULL && s->rest > 0 &&
            c->count < MOST)
            c->count *= TIMES;
        return true;
    }
}

static void
title(gb_page *p, gb_str *left, gb_str *right)
{
    const char *dot = gb_screen_is_ascii() ? "|" : "·";
    const gb_seen *s = seen(p);

    gb_str_puts(left, "why");
    if (s == NULL)
        return;
    gb_str_printf(left, " %s ", dot);
    gb_token_name(left, s->token.text, s->token.n, false,
                  gb_screen_is_ascii());
    gb_str_printf(left, " %s %s %llu", dot, s->next ? "next, step" : "step",
                  (unsigned long long)s->step);
    gb_candidate_tell(right, s);
}

static void
row(gb_page *p, size_t i, gb_row *out)
{
    const candidates_page *c = (const candidates_page *)p;
    const gb_seen *s = seen(p);

    if (i < s->n_candidates)
        gb_candidate_put(out, s, i, c->ids);
    else
        gb_candidate_rest(out, s, c->ids);
}

static void
head(gb_page *p, gb_row *out)
{
    gb_candidate_head(out, ((const candidates_page *)p)->ids);
}

/* Of the text before the token. */
#define BEFORE 1200

static void
put_before(void *view, gb_role role, const char *text, size_t n)
{
    (void)role; /* what would be written is to stand out alone */
    gb_view_append(view, GB_TEXT_MODEL, text, n);
}

/* How the text would go on with the one that is selected. */
static void
preview(gb_page *p, size_t i, gb_view *v)
{
    const gb_seen *s = seen(p);

    gb_transcript_before(&p->app->ui.mirror.transcript, s->place, BEFORE,
                         put_before, v);
    if (i < s->n_candidates)
        gb_view_append(v, GB_TEXT_USER, s->candidates[i].token.text,
                       s->candidates[i].token.n);
}

static const gb_page_kind kind = {
    .mode = GB_PAGE_CANDIDATES,
    .act = act,
    .news = news,
    .title = title,
    .head = head,
    .row = row,
    .preview = preview,
    .at_end = true,
    .empty = "nothing is known of a token here",
};

void
gb_page_candidates(gb_app *a)
{
    candidates_page *c = gb_alloc(sizeof *c);

    gb_page_open(a, &c->page, &kind);
    c->count = FIRST;
    show(c);
}
