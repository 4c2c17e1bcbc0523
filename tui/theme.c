#include "tui/theme.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>

#include "base/mem.h"

/* The colours are of middle brightness, so that they can be read on light
 * and on dark backgrounds (contrast of at least 3.3 on both). With eight
 * colours only those are used of which this is true everywhere. */
static const struct {
    attr_t attributes;      /* with or without colours */
    short of_256, of_8;     /* -1: the terminal's own */
    long rgb;
    attr_t without;         /* more of them where it has no colour */
} styles[GB_N_STYLES] = {
    [GB_STYLE_PLAIN] = {A_NORMAL, -1, -1, -1},
    [GB_STYLE_USER] = {A_BOLD, 32, -1, 0x0087d7},
    [GB_STYLE_MODEL] = {A_NORMAL, -1, -1, -1},
    [GB_STYLE_FORGOTTEN_USER] = {A_BOLD | A_DIM, 244, -1, 0x808080},
    [GB_STYLE_FORGOTTEN] = {A_DIM, 244, -1, 0x808080},
    [GB_STYLE_MARK] = {A_NORMAL, 166, COLOR_MAGENTA, 0xd75f00, A_DIM},
    [GB_STYLE_SYSTEM] = {A_NORMAL, 244, COLOR_MAGENTA, 0x808080, A_DIM},
    [GB_STYLE_ERROR] = {A_BOLD, 160, COLOR_RED, 0xd70000},
    [GB_STYLE_TITLE] = {A_BOLD, -1, -1, -1},
    [GB_STYLE_RULE] = {A_NORMAL, 244, -1, 0x808080, A_DIM},
    [GB_STYLE_FAINT] = {A_NORMAL, 244, -1, 0x808080, A_DIM},
    [GB_STYLE_KEY] = {A_BOLD, -1, -1, -1},
    [GB_STYLE_GAUGE] = {A_NORMAL, 166, COLOR_MAGENTA, 0xd75f00},
    [GB_STYLE_GOOD] = {A_NORMAL, 28, COLOR_GREEN, 0x008700},
    [GB_STYLE_WARN] = {A_BOLD, 166, COLOR_MAGENTA, 0xd75f00},
    [GB_STYLE_BAD] = {A_BOLD, 160, COLOR_RED, 0xd70000},
    [GB_STYLE_MATCH] = {A_UNDERLINE | A_BOLD, 166, COLOR_MAGENTA, 0xd75f00},
    [GB_STYLE_TINT_1] = {A_NORMAL, 136, COLOR_MAGENTA, 0xaf8700},
    [GB_STYLE_TINT_2] = {A_NORMAL, 167, COLOR_RED, 0xd75f5f, A_UNDERLINE},
    [GB_STYLE_TINT_3] = {A_UNDERLINE, 167, COLOR_RED, 0xd75f5f, A_BOLD},
    [GB_STYLE_USER_TINT_1] = {A_BOLD, 136, COLOR_MAGENTA, 0xaf8700},
    [GB_STYLE_USER_TINT_2] = {A_BOLD, 167, COLOR_RED, 0xd75f5f, A_UNDERLINE},
    [GB_STYLE_USER_TINT_3] = {A_BOLD | A_UNDERLINE, 167, COLOR_RED, 0xd75f5f},
    [GB_STYLE_CURSOR] = {A_REVERSE, -1, -1, -1},
    [GB_STYLE_CURRENT] = {A_REVERSE, 166, COLOR_MAGENTA, 0xd75f00},
    [GB_STYLE_TOKEN] = {A_BOLD, 166, COLOR_MAGENTA, 0xd75f00},
    [GB_STYLE_SELECTED] = {A_REVERSE, -1, -1, -1},
};

static bool colored;
/* The terminal underlines no coloured text. */
static bool no_underlined_colors;

static bool
wants_color(gb_color_choice choice)
{
    const char *no = getenv("NO_COLOR");

    if (choice == GB_COLOR_AUTO)
        return no == NULL || no[0] == '\0';
    return choice == GB_COLOR_ALWAYS;
}

static int
color_of(gb_style style)
{
    char name[] = "RGB";

    if (COLORS > 256 && tigetflag(name) > 0)
        return (int)styles[style].rgb;
    return COLORS >= 256 ? styles[style].of_256 : styles[style].of_8;
}

void
gb_theme_init(gb_color_choice choice)
{
    char name[] = "ncv";
    int i;

    colored = wants_color(choice) && has_colors() && start_color() == OK &&
              COLORS >= 8;
    if (!colored)
        return;
    use_default_colors();
    no_underlined_colors = tigetnum(name) > 0 && (tigetnum(name) & 2) != 0;
    for (i = 0; i < GB_N_STYLES; i++)
        init_extended_pair(i + 1, color_of((gb_style)i), -1);
}

bool
gb_theme_is_colored(void)
{
    return colored;
}

void
gb_theme_use(gb_style style)
{
    attr_t attributes = styles[style].attributes;
    int pair = colored ? style + 1 : 0;

    /* What is set apart by colour alone needs something else without. */
    if (!colored || color_of(style) < 0)
        attributes |= styles[style].without;
    if (colored && no_underlined_colors && (attributes & A_UNDERLINE) != 0)
        attributes |= A_BOLD;
    attr_set(attributes, (short)pair, &pair);
}
