/* Keys and sizes by chance, for a seed always the same. */
#ifndef GB_TESTS_TUI_STORM_H
#define GB_TESTS_TUI_STORM_H

#include <stdint.h>

#include "tests/tui/stage.h"

/* Presses n keys, among them every one of the interface that neither leaves
 * nor goes by chance itself, and changes the size now and then. Nothing is
 * waited for. */
bool storm(stage *t, uint64_t seed, int n, gb_error *err);

/* Presses Ctrl-C until nothing is being written, the edit line is empty, and
 * all that was pressed before has been read. */
bool calm(stage *t, gb_error *err);

#endif
