/* What a person would see: a terminal emulator that is fed with a program's
 * output. Rows and columns count from 1; negative ones from the other end. */
#ifndef GB_TESTS_TUI_SCREEN_H
#define GB_TESTS_TUI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vterm.h>

#include "base/error.h"
#include "base/str.h"

typedef struct screen screen;

screen *screen_open(int rows, int columns);
void screen_close(screen *s);

void screen_resize(screen *s, int rows, int columns);
int screen_rows(const screen *s);
int screen_columns(const screen *s);

/* Takes what the program printed. What the terminal answers or what the
 * functions below type is appended to screen_typed. */
void screen_feed(screen *s, const char *bytes, size_t n);
gb_str *screen_typed(screen *s);

void screen_key(screen *s, VTermKey key, VTermModifier modifiers);
/* Ends of lines become carriage returns, as terminals do it. */
void screen_paste(screen *s, const char *text, size_t n);
/* Button 1 .. 3, 4 and 5 for the wheel. */
void screen_click(screen *s, int button, int row, int column);

/* A row's text without the blanks at its end, appended to out. */
void screen_row(const screen *s, int row, gb_str *out);
/* All rows, each with a newline. */
void screen_text(const screen *s, gb_str *out);
/* False outside of the screen. */
bool screen_cell(const screen *s, int row, int column, VTermScreenCell *cell);
/* The colour as it would be shown. */
void screen_rgb(const screen *s, VTermColor *colour);

/* From 1. */
void screen_cursor(const screen *s, int *row, int *column);
bool screen_cursor_visible(const screen *s);
unsigned screen_bells(const screen *s);

/* False, with a sentence in err, when the terminal is not as a shell wants
 * it: alternate screen, cursor, mouse, bracketed paste, keypad, colours. */
bool screen_restored(screen *s, gb_error *err);

#endif
