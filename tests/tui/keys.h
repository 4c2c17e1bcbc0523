#ifndef GB_TESTS_TUI_KEYS_H
#define GB_TESTS_TUI_KEYS_H

#include "tests/tui/screen.h"

/* Types a key by its name, as the terminal TERM would: Enter Esc Tab
 * Backspace Space Up Down Left Right Home End PageUp PageDown Insert Delete
 * F1 .. F12 WheelUp WheelDown, or a character; C-, M- and S- before it, in
 * this order. */
bool keys_type(screen *s, const char *name, const char *term, gb_error *err);

/* A text with keys in it: "hello<Enter>". */
bool keys_press(screen *s, const char *text, const char *term, gb_error *err);

#endif
