/* The transcript in a view. */
#include "tui/transcript.h"

static void
put(void *view, gb_text_kind kind, const char *text, size_t n)
{
    gb_view_append(view, kind, text, n);
}

static void
cut(void *view, gb_view_pos pos)
{
    gb_view_truncate(view, pos);
}

static gb_view_pos
end(void *view)
{
    return gb_view_end(view);
}

static gb_view_pos
advance(void *view, gb_view_pos pos, size_t n)
{
    return gb_view_advance(view, pos, n);
}

static size_t
distance(void *view, gb_view_pos from, gb_view_pos to)
{
    return gb_view_distance(view, from, to);
}

static bool
at_line_start(void *view)
{
    return gb_view_at_line_start(view);
}

gb_sink
gb_view_sink(gb_view *v, bool ascii)
{
    return (gb_sink){
        .arg = v,
        .put = put,
        .cut = cut,
        .end = end,
        .advance = advance,
        .distance = distance,
        .at_line_start = at_line_start,
        .ended = GB_VIEW_END,
        .ascii = ascii,
    };
}
