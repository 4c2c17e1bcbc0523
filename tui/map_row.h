/* The texts that a run would be at other temperatures, as one row: where
 * they end, and which one it is. Knows nothing of terminals. */
#ifndef GB_TUI_MAP_ROW_H
#define GB_TUI_MAP_ROW_H

#include "session/seen.h"
#include "tui/row.h"

/* Appends "0.5 ├── 1 ──┤2├ ··· ┤ 1.2": each text has its number where that
 * fits, what is not known is dotted, and the one at the temperature stands
 * out. */
void gb_map_put(gb_row *row, const gb_seen_trial *trial, double temperature);

/* The number of the text at a temperature, from 1 on; 0: it is not known. */
size_t gb_map_find(const gb_seen_trial *trial, double temperature);

/* A temperature just beyond the end of a text, as round as it can be and
 * still within the next one, which reaches as far as `until`; the end itself
 * where there is none. */
double gb_map_beyond(double end, double until, bool upwards);

#endif
