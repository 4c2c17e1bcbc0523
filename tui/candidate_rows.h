/* What could have come in place of a token, as rows of the screen. Knows
 * nothing of terminals. */
#ifndef GB_TUI_CANDIDATE_ROWS_H
#define GB_TUI_CANDIDATE_ROWS_H

#include "session/seen.h"
#include "tui/row.h"

/* Appends a probability in at most five characters: ".12", "2e-4", "0". */
void gb_probability(gb_str *out, double p);
/* From which temperature to which one wins: ".63 – 1.4", or ".63–1.4". */
void gb_temperatures(gb_str *out, double from, double to, bool close,
                     bool ascii);

/* The columns that a row has depend on its width: below 51 noise is left
 * out; below 45 token and temperatures have less room; below 38 the model's own
 * probability is left out. */
void gb_candidate_head(gb_row *row, bool ids);
/* One of them; ids: with its number in the vocabulary. */
void gb_candidate_put(gb_row *row, const gb_seen *seen, size_t i, bool ids);
/* All that are not among them. */
void gb_candidate_rest(gb_row *row, const gb_seen *seen, bool ids);

/* Appends what is to be said of the token itself: "14.3 bits of surprise,
 * entropy 5.2 bits, noise 10.97: won by luck". */
void gb_candidate_tell(gb_str *out, const gb_seen *seen);

#endif
