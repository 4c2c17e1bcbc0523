/* The colours of tokens: each by one figure of what is known of it, in four
 * steps from plain to what stands out the most. */
#ifndef GB_TUI_COLOURS_H
#define GB_TUI_COLOURS_H

#include "session/tree.h"
#include "tui/row.h"

typedef enum gb_colouring {
    GB_COLOUR_OFF,
    GB_COLOUR_PROBABILITY,
    GB_COLOUR_RANK,
    GB_COLOUR_RANGE,   /* of temperatures at which it wins: how narrow */
    GB_COLOUR_LUCK,    /* its noise: how much of that it took to win */
    GB_COLOUR_ENTROPY,
    GB_COLOUR_SOURCE,
    GB_N_COLOURINGS,
} gb_colouring;

const char *gb_colouring_name(gb_colouring c); /* "off", ... */
/* A name, or "next" and "prev" from *c on. */
bool gb_colouring_change(const char *text, gb_colouring *c, gb_error *err);

/* How far a token stands out, 0 to 3; 0 where the figure is not known. */
#define GB_COLOUR_STEPS 4
unsigned gb_colour_step(gb_colouring c, const gb_written *token);
/* The style of that, in a text of the user or the model's. */
gb_style gb_colour_style(unsigned step, bool user);

/* Appends what the steps mean, each as it looks; nothing when off. */
void gb_colour_legend(gb_colouring c, gb_row *row);

#endif
