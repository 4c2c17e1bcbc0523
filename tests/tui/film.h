#ifndef GB_TESTS_TUI_FILM_H
#define GB_TESTS_TUI_FILM_H

#include "tests/tui/screen.h"

/* A moving picture of the screen, as an SVG that plays by itself, over and
 * over, without a script. */
typedef struct film film;

film *film_new(void);
void film_free(film *f);

/* Takes the screen as it is at this moment, in milliseconds. Long pauses
 * become short ones. */
void film_frame(film *f, const screen *s, double ms);
/* The same, now and then: `printed` tells whether the program has just drawn
 * something, and may not be done yet. */
void film_take(film *f, const screen *s, double ms, bool printed);

/* As folder/name. */
bool film_write(film *f, const screen *s, const char *folder,
                const char *name, gb_error *err);

#endif
