#include "tui/last.h"

#include <string.h>

#include "base/cells.h"
#include "tui/frame.h"
#include "tui/screen.h"
#include "tui/wrap.h"

static const char *
message_of(const gb_last *l)
{
    return l->error != NULL ? l->error : l->notice;
}

static gb_style
style_of(const gb_last *l)
{
    return l->error != NULL ? GB_STYLE_ERROR : GB_STYLE_MARK;
}

static bool
fits_one_row(const char *text, unsigned width)
{
    return gb_cells_width(text, strlen(text), gb_screen_is_ascii()) + 2 <=
           width;
}

/* A hint is a key and what it does: "F2 greedy". */
static void
put_hint(gb_row *r, const char *hint)
{
    size_t n = strcspn(hint, " ");

    if (r->used > 1)
        gb_row_puts(r, GB_STYLE_FAINT, gb_row_sign(r, " · ", " | "));
    gb_row_put(r, GB_STYLE_KEY, hint, n);
    gb_row_puts(r, GB_STYLE_FAINT, hint + n);
}

static bool
is_help(const char *hint)
{
    return strncmp(hint, "F1 ", 3) == 0;
}

/* The way out, which is no riddle. */
static bool
is_back(const char *hint)
{
    const char *space = strchr(hint, ' ');

    return space != NULL && strcmp(space, " back") == 0;
}

/* Those that have room; the way out and help, which stands last, always. */
static void
draw_hints(const gb_last *l, unsigned row, unsigned width)
{
    bool ascii = gb_screen_is_ascii(), full = false;
    const char *const *hints = l->hints;
    const char *help = NULL, *hint;
    unsigned need, reserved = 0;
    gb_row r = gb_frame_new_row(width);
    size_t i;

    for (i = 0; hints[i] != NULL; i++) {
        if (is_help(hints[i]))
            help = hints[i];
        if (is_help(hints[i]) || is_back(hints[i]))
            reserved += (unsigned)strlen(hints[i]) + 3;
    }
    gb_row_pad(&r, 1);
    for (i = 0; hints[i] != NULL; i++) {
        hint = hints[i];
        if (is_help(hint))
            continue;
        if (l->goes_on && strncmp(hint, "Enter ", 6) == 0)
            hint = "Enter go on";
        need = gb_cells_width(hint, strlen(hint), ascii) + (i > 0 ? 3 : 0);
        if (is_back(hint))
            reserved -= (unsigned)strlen(hint) + 3;
        else
            full = full || r.used + need + reserved > width;
        if (!full || is_back(hint))
            put_hint(&r, hint);
    }
    if (help != NULL)
        put_hint(&r, r.used + strlen(help) + 3 > width ? "F1" : help);
    gb_frame_row(&r, row, 0);
}

/* The rows that a message takes, at this width. */
static unsigned
count_rows(const char *text, unsigned width)
{
    size_t n = strlen(text), at;
    unsigned rows = 0;

    for (at = 0; at < n; rows++)
        at = gb_wrap(text, n, at, width > 3 ? width - 2 : 1,
                     gb_screen_is_ascii());
    return rows;
}

/* A message that the last row does not hold stands below the view. What has
 * no room there is in the log. */
void
gb_last_draw_message(const gb_last *l, unsigned top, unsigned rows,
                     unsigned width)
{
    const char *text = message_of(l);
    gb_style style = style_of(l);
    size_t n = strlen(text), at = 0;
    unsigned row;
    gb_row r;

    for (row = top; row < top + rows && at < n; row++) {
        r = gb_frame_new_row(width);
        gb_row_pad(&r, 1);
        at = gb_row_wrap(&r, style, text, n, at);
        gb_screen_blank(row);
        gb_frame_row(&r, row, 0);
    }
    if (at < n && width > 12)
        gb_screen_put(top + rows - 1, width - 10, 10, GB_STYLE_WARN,
                      " F12: more");
}

unsigned
gb_last_rows(const gb_last *l, unsigned width, unsigned room)
{
    const char *message = message_of(l);
    unsigned rows;

    if (message == NULL || fits_one_row(message, width))
        return 0;
    rows = count_rows(message, width);
    return rows < room ? rows : room;
}

void
gb_last_draw(const gb_last *l, unsigned row, unsigned width)
{
    const char *message = message_of(l);

    if (message != NULL && fits_one_row(message, width))
        gb_screen_put(row, 1, width - 1, style_of(l), message);
    else
        draw_hints(l, row, width);
}
