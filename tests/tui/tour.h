/* Every key and every page of the interface, in terminals of several sizes,
 * judged by what holds in each. */
#ifndef GB_TESTS_TUI_TOUR_H
#define GB_TESTS_TUI_TOUR_H

#include "tests/tui/stage.h"

/* Runs a command, which starts gumbel on its screen, once in each size, or in
 * one ("80x24") unless `size` is "all". There each key of tui/commands.def is pressed in each place where it acts, and at
 * the end of it, by itself, `leave`; each place is made small and large again. With the locale C all must be ASCII, with
 * NO_COLOR nothing may have a colour. */
bool tour(stage *t, const char *leave, const char *size, const char *command,
          gb_error *err);

#endif
