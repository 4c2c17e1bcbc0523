#include "tui/first.h"

#include <string.h>


#define MARGIN_FROM 60 /* columns */
#define ALL_FROM 9     /* rows: below, there is nothing between them */

static const char *const texts[][GB_FIRST_TEXTS] = {
    [GB_MODE_CONTINUE] = {"There was a little fox who",
                          "One day, a girl named Lily found",
                          "\"I am not afraid,\" said the rabbit."},
    [GB_MODE_CHAT] = {"Who are you?", "Tell me a story about a fox.",
                      "What do you like best?"},
};

const char *
gb_first_text(gb_mode mode, unsigned i)
{
    return texts[mode][i];
}

static const char *
what(gb_mode mode)
{
    return mode == GB_MODE_CHAT
               ? "A language model answers here, and shows why each word came."
               : "A language model goes on with your text here, and shows why "
                 "each word came.";
}

static const char *
how(gb_state state)
{
    return state == GB_STATE_LOADING
               ? "It is being loaded. Type anything and press Enter already, "
                 "or take one of these:"
               : "Type anything and press Enter, or take one of these:";
}

/* Where the next text goes. */
typedef struct place {
    gb_row *rows;
    unsigned n, used, margin;
} place;

static void
put(place *p, gb_style style, const char *text)
{
    size_t length = strlen(text), at = 0;
    gb_row *row;

    while (at < length && p->used < p->n) {
        row = &p->rows[p->used++];
        gb_row_pad(row, p->margin);
        at = gb_row_wrap(row, style, text, length, at);
    }
}

/* A key and what it sends, in a row of their own. */
static void
put_key(place *p, unsigned i, const char *text)
{
    gb_row *row;

    if (p->used >= p->n)
        return;
    row = &p->rows[p->used++];
    gb_row_pad(row, p->margin);
    gb_row_printf(row, GB_STYLE_KEY, "%u", i + 1);
    gb_row_printf(row, GB_STYLE_PLAIN, "  %s", text);
}

void
gb_first_put(gb_row *rows, unsigned n, gb_mode mode, gb_state state)
{
    unsigned space = n >= ALL_FROM ? 1 : 0, i;
    place p = {.rows = rows, .n = n, .used = space};

    if (n == 0)
        return;
    p.margin = rows[0].width >= MARGIN_FROM ? 3 : 1;
    if (n > GB_FIRST_TEXTS + 1)
        put(&p, GB_STYLE_FAINT, what(mode));
    put(&p, GB_STYLE_FAINT, how(state));
    p.used += space;
    for (i = 0; i < GB_FIRST_TEXTS; i++)
        put_key(&p, i, texts[mode][i]);
    p.used += space;
    put(&p, GB_STYLE_FAINT, "F1 tells what all the keys do.");
}
