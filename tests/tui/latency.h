#ifndef GB_TESTS_TUI_LATENCY_H
#define GB_TESTS_TUI_LATENCY_H

#include "tests/tui/stage.h"

/* Types n characters one after the other, each as soon as the one before is
 * on the screen and a moment has passed, and prints how long they took. */
bool latency_measure(stage *t, int n, gb_error *err);

#endif
