/* The terminal as a whole: set up, put back whatever happens, resized,
 * suspended. */
#ifndef GB_TUI_SCREEN_H
#define GB_TUI_SCREEN_H

#include <stdbool.h>

#include "base/error.h"
#include "tui/keys.h"
#include "tui/theme.h"

/* Can the interface be used here: input and output terminals, TERM known and
 * able to move the cursor? */
bool gb_screen_is_possible(void);

/* Takes the terminal over; stands for one open screen. On SIGSEGV and its
 * like the terminal is put back before the program dies. */
bool gb_screen_open(gb_color_choice color, gb_error *err);
/* Whether the mouse is the program's (at first it is) or the terminal's own,
 * to select text with. */
void gb_screen_mouse(bool ours);
void gb_screen_close(void);

/* Gives the terminal to somebody else, and takes it again. */
void gb_screen_suspend(void);
void gb_screen_resume(void);

/* Only ASCII may be drawn (see base/locale.h). */
bool gb_screen_is_ascii(void);
void gb_screen_size(unsigned *width, unsigned *height);
/* Takes over the terminal's present size. */
void gb_screen_resized(void);
/* Draws everything anew at the next refresh. */
void gb_screen_redraw(void);
void gb_screen_bell(void);
/* Tells the decoder what keys this terminal sends. */
void gb_screen_define_keys(gb_keys *keys);

/* Drawing: text is cut at max columns (see base/cells.h); returns the columns
 * used. */
void gb_screen_clear(void);
unsigned gb_screen_put(unsigned row, unsigned column, unsigned max,
                       gb_style style, const char *text);
/* Exactly these n bytes, known to be as wide as the caller thinks. */
void gb_screen_put_raw(unsigned row, unsigned column, gb_style style,
                       const char *text, size_t n);
/* Empties a row. */
void gb_screen_blank(unsigned row);
void gb_screen_line(unsigned row, unsigned column, unsigned length);
void gb_screen_line_down(unsigned row, unsigned column, unsigned length);
/* Shows what was drawn, with the cursor there (or hidden). */
void gb_screen_show(unsigned row, unsigned column);
void gb_screen_show_without_cursor(void);

#endif
