/* How things look: attributes and, where there are any, colours. */
#ifndef GB_TUI_THEME_H
#define GB_TUI_THEME_H

#include <stdbool.h>

typedef enum gb_color_choice {
    GB_COLOR_AUTO, /* unless NO_COLOR is set */
    GB_COLOR_ALWAYS,
    GB_COLOR_NEVER,
} gb_color_choice;

typedef enum gb_style {
    GB_STYLE_PLAIN,
    GB_STYLE_USER, /* the user's text: bold, so that it differs without
                      colours too */
    GB_STYLE_MODEL,
    GB_STYLE_FORGOTTEN_USER,
    GB_STYLE_FORGOTTEN,
    GB_STYLE_MARK,
    GB_STYLE_SYSTEM,
    GB_STYLE_ERROR,
    GB_STYLE_TITLE,
    GB_STYLE_RULE,
    GB_STYLE_FAINT,
    GB_STYLE_KEY,
    GB_STYLE_GAUGE,
    GB_STYLE_GOOD,
    GB_STYLE_WARN,
    GB_STYLE_BAD,
    GB_STYLE_MATCH,
    GB_STYLE_TINT_1,  /* of tokens (colours.h), the model's */
    GB_STYLE_TINT_2,
    GB_STYLE_TINT_3,
    GB_STYLE_USER_TINT_1, /* and the user's */
    GB_STYLE_USER_TINT_2,
    GB_STYLE_USER_TINT_3,
    GB_STYLE_CURSOR,  /* the token one is at */
    GB_STYLE_CURRENT, /* the match one is at */
    GB_STYLE_TOKEN,   /* the token that is looked at, and its interval */
    GB_STYLE_SELECTED, /* the row of a list that one is at */
    GB_N_STYLES,
} gb_style;

/* After the terminal was set up. */
void gb_theme_init(gb_color_choice choice);
bool gb_theme_is_colored(void);
/* Makes what curses draws next look so. */
void gb_theme_use(gb_style style);

#endif
