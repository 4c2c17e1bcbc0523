/* Two texts, beside or below each other: what a what-if has led to, or two
 * takes. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/app.h"
#include "tui/compare_text.h"
#include "tui/screen.h"

/* From here on they stand beside each other. */
#define BESIDE 100

typedef struct compare_page {
    gb_page page;
    gb_compared texts;
    size_t line, most; /* scrolled to, and how far that goes */
    unsigned rows;
} compare_page;

static void
scroll(compare_page *c, long lines)
{
    long line = (long)c->line + lines;

    c->line = line < 0 ? 0 : (size_t)line > c->most ? c->most : (size_t)line;
}

static bool
act(gb_page *p, gb_page_act what)
{
    compare_page *c = (compare_page *)p;
    gb_app *a = p->app;

    switch (what) {
    case GB_ACT_UP:
        scroll(c, -1);
        return true;
    case GB_ACT_DOWN:
        scroll(c, 1);
        return true;
    case GB_ACT_PAGE_UP:
        scroll(c, -(long)c->rows);
        return true;
    case GB_ACT_PAGE_DOWN:
        scroll(c, (long)c->rows);
        return true;
    case GB_ACT_TOP:
        c->line = 0;
        return true;
    case GB_ACT_END:
        c->line = c->most;
        return true;
    case GB_ACT_KEEP:
        gb_page_back(a);
        return true;
    case GB_ACT_OLD:
        if (gb_page_run(p, c->texts.back))
            gb_page_back(a);
        return true;
    default:
        return false;
    }
}

static void
title(gb_page *p, gb_str *left, gb_str *right)
{
    const compare_page *c = (const compare_page *)p;

    (void)right;
    gb_str_puts(left, c->texts.what_if ? "what if" : "compare");
    if (c->texts.head[0] != '\0')
        gb_str_printf(left, " %s %s", gb_screen_is_ascii() ? "|" : "·",
                      c->texts.head);
}

/* One of the texts, and its place. */
typedef struct side {
    gb_flow *text;
    const char *name;
    unsigned top, left, width, height;
} side;

static void
lay_out(compare_page *c, const side *s)
{
    if (s->height == 0)
        return;
    gb_flow_wrap(s->text, s->width > 4 ? s->width - 4 : 1,
                 gb_screen_is_ascii());
    c->rows = s->height - 1;
    if (s->text->n_lines > c->most + c->rows)
        c->most = s->text->n_lines - c->rows;
}

static void
draw_side(const compare_page *c, const side *s)
{
    if (s->height == 0)
        return;
    gb_screen_put(s->top, s->left + 1, s->width - 1, GB_STYLE_FAINT, s->name);
    gb_page_flow(s->text, c->line, s->top + 1, s->left + 2,
                 s->width > 4 ? s->width - 4 : 1, s->height - 1);
}

static void
draw_both(compare_page *c, unsigned top, unsigned width, unsigned height)
{
    const bool what_if = c->texts.what_if;
    const unsigned half = width / 2, rows = height / 2;
    side first = {&c->texts.first, what_if ? "before:" : "first:",
                  top, 0, width, rows};
    side second = {&c->texts.second, what_if ? "after:" : "second:",
                   top + rows, 0, width, height - rows};

    if (width >= BESIDE) {
        first.width = half;
        second.left = half + 1;
        second.width = width - half - 1;
        second.top = top;
        first.height = second.height = height;
        gb_screen_line_down(top, half, height);
    }
    c->most = 0;
    lay_out(c, &first);
    lay_out(c, &second);
    scroll(c, 0); /* in another size there is less of it */
    draw_side(c, &first);
    draw_side(c, &second);
}

static void
draw(gb_page *p, unsigned top, unsigned width, unsigned height)
{
    compare_page *c = (compare_page *)p;
    gb_last summary = {.notice = c->texts.summary};
    unsigned rows;

    if (height >= 4) {
        rows = gb_last_rows(&summary, width, height / 2);
        rows = rows > 0 ? rows : 1;
        height -= rows;
        gb_last_draw_message(&summary, top + height, rows, width);
    }
    draw_both(c, top, width, height);
}

static void
free_page(gb_page *p)
{
    gb_compare_free(&((compare_page *)p)->texts);
}

static const gb_page_kind kinds[] = {
    {
        .mode = GB_PAGE_COMPARE,
        .act = act,
        .free = free_page,
        .title = title,
        .draw = draw,
    },
    {
        .mode = GB_PAGE_WHAT,
        .act = act,
        .free = free_page,
        .title = title,
        .draw = draw,
    },
};

bool
gb_page_compare(gb_app *a, const char *text)
{
    gb_compared texts;
    compare_page *c;

    if (!gb_compare_read(&texts, text))
        return false;
    c = gb_alloc(sizeof *c);
    c->texts = texts;
    gb_page_open(a, &c->page, &kinds[texts.what_if ? 1 : 0]);
    return true;
}
