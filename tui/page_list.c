/* Lists: moving in them, searching, drawing. */
#include <stdlib.h>
#include <string.h>

#include "tui/page.h"
#include "tui/view_find.h"

void
gb_page_select(gb_page *p, size_t row)
{
    if (p->n == 0)
        row = 0;
    else if (row >= p->n)
        row = p->n - 1;
    p->stale = p->stale || row != p->selected;
    p->selected = row;
}

void
gb_page_changed(gb_page *p, size_t n)
{
    p->n = n;
    p->stale = true;
    gb_page_select(p, p->selected);
}

/* Down by so many rows; up: negative. */
static void
move(gb_page *p, long rows)
{
    size_t up = rows < 0 ? (size_t)-rows : 0;

    if (rows < 0)
        gb_page_select(p, p->selected > up ? p->selected - up : 0);
    else
        gb_page_select(p, p->selected + (size_t)rows);
}

bool
gb_page_list_act(gb_page *p, gb_page_act act)
{
    long page = p->height > 2 ? (long)p->height - 1 : 1;

    switch (act) {
    case GB_ACT_UP:
        move(p, -1);
        return true;
    case GB_ACT_DOWN:
        move(p, 1);
        return true;
    case GB_ACT_WHEEL_UP:
        move(p, -3);
        return true;
    case GB_ACT_WHEEL_DOWN:
        move(p, 3);
        return true;
    case GB_ACT_PAGE_UP:
        move(p, -page);
        return true;
    case GB_ACT_PAGE_DOWN:
        move(p, page);
        return true;
    case GB_ACT_TOP:
        gb_page_select(p, 0);
        return true;
    case GB_ACT_END:
        gb_page_select(p, p->n);
        return true;
    default:
        return false;
    }
}

/* Wide enough for all that a row says. */
#define ROW_WIDTH 4096

static bool
row_has(gb_page *p, size_t i, const gb_find *wanted)
{
    gb_spans spans = {.len = 0};
    gb_row row;
    bool found;

    gb_row_init(&row, ROW_WIDTH, false);
    p->kind->row(p, i, &row);
    gb_find_spans(wanted, gb_str_cstr(&row.text), row.text.len, 0,
                  row.text.len, &spans);
    found = spans.len > 0;
    free(spans.data);
    gb_row_free(&row);
    return found;
}

bool
gb_page_find(gb_page *p, bool next, bool backwards)
{
    gb_find wanted = {.n_wanted = 0};
    size_t k, i;
    bool found = false;

    if (p->n == 0 ||
        !gb_find_set(&wanted, gb_str_cstr(&p->typed), p->typed.len))
        return p->n > 0;
    for (k = next ? 1 : 0; k < p->n + (next ? 1 : 0) && !found; k++) {
        i = backwards ? p->selected + p->n - k : p->selected + k;
        found = row_has(p, i % p->n, &wanted);
        if (found)
            gb_page_select(p, i % p->n);
    }
    gb_find_free(&wanted);
    return found;
}

void
gb_page_scroll(gb_page *p, unsigned height)
{
    p->height = height;
    p->top = p->wanted_top;
    if (p->selected < p->top)
        p->top = p->selected;
    if (height > 0 && p->selected >= p->top + height)
        p->top = p->selected - height + 1;
    if (p->top + height > p->n)
        p->top = p->n > height ? p->n - height : 0;
    /* What another size has moved comes back with the size. */
    if (p->selected != p->seen_selected)
        p->wanted_top = p->top;
    p->seen_selected = p->selected;
}

void
gb_page_list_row(gb_page *p, size_t i, gb_row *row)
{
    bool selected = i == p->selected;
    gb_row plain;

    gb_row_puts(row, GB_STYLE_KEY,
                !selected ? " " : gb_row_sign(row, "▸", ">"));
    gb_row_puts(row, GB_STYLE_WARN,
                p->kind->tagged != NULL && p->kind->tagged(p, i) ? "+" : " ");
    p->kind->row(p, i, row);
    gb_row_pad(row, row->width);
    if (!selected)
        return;
    gb_row_init(&plain, row->width, row->ascii);
    gb_row_puts(&plain, GB_STYLE_SELECTED, gb_str_cstr(&row->text));
    gb_row_free(row);
    *row = plain;
}
