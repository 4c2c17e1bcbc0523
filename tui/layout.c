#include "tui/layout.h"

#include <string.h>

#define FROM_ALL 12  /* rows: below, the rule under the title goes; */
#define FROM_LAST 9  /* below, all but text, edit line and one row; */
#define FROM_STRIP 3 /* below, that too */
#define AXIS_FROM 40 /* columns */
#define DRAWER_FROM 6 /* rows of text */
#define DRAWER_MOST 10

unsigned
gb_layout_prompt(unsigned height)
{
    return height >= 3 ? height / 3 : 1;
}

static unsigned
least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* From the bottom up. */
static void
stack(gb_layout *l, const gb_layout_in *in)
{
    unsigned row = in->height;

    if (l->last)
        l->last_row = --row;
    row -= l->prompt;
    l->prompt_row = row;
    if (l->status)
        l->status_row = --row;
    if (l->axis)
        l->axis_row = --row;
    if (l->strip)
        l->status_row = --row;
    row -= l->drawer;
    l->drawer_row = row;
    if (l->rule)
        l->rule_row = --row;
    row -= l->message;
    l->message_row = row;
    l->text_row = (l->title ? 1u : 0u) + (l->top_rule ? 1u : 0u);
    l->text_height = row - l->text_row;
}

void
gb_layout_make(gb_layout *l, const gb_layout_in *in)
{
    const unsigned height = in->height;
    const bool whole = height >= FROM_LAST;

    memset(l, 0, sizeof *l);
    l->title = l->rule = l->status = l->last = whole;
    l->axis = whole && in->width >= AXIS_FROM;
    l->top_rule = height >= FROM_ALL;
    l->strip = !whole && height >= FROM_STRIP;
    l->prompt = least(in->prompt > 0 ? in->prompt : 1,
                      gb_layout_prompt(height));
    l->text_width = in->width;
    stack(l, in);
    if (l->text_height > 1)
        l->message = least(whole ? in->message : in->message_all,
                           l->text_height - 1);
    stack(l, in);
    if (!in->candidates)
        return;
    if (in->width >= GB_PANE_FROM && whole) {
        l->pane = in->width < GB_PANE_LEAST + GB_PANE_TEXT
                      ? GB_PANE_LEAST
                      : least(in->width - GB_PANE_TEXT, GB_PANE_MOST);
        l->text_width = in->width - l->pane - 1;
    } else if (whole && l->text_height >= DRAWER_FROM) {
        l->drawer = least(l->text_height / 2, DRAWER_MOST);
        stack(l, in);
    }
}
