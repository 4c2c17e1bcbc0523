#include "tui/colours.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

/* A figure that grows from step to step, and what to call the steps. */
static const struct {
    const char *name, *figure;
    double from[GB_COLOUR_STEPS]; /* (the first is not looked at) */
    const char *words[GB_COLOUR_STEPS];
} table[GB_N_COLOURINGS] = {
    [GB_COLOUR_OFF] = {.name = "off"},
    /* Surprise, so that it grows: 1/2, 1/10, 1/100. */
    [GB_COLOUR_PROBABILITY] = {"probability", "p", {0, 2, 10, 100},
                               {"over .5", ".5-.1", ".1-.01", "below"}},
    [GB_COLOUR_RANK] = {"rank", "rank", {0, 1, 5, 50},
                        {"0", "1-4", "5-49", "50 and more"}},
    /* One by the width of the range. */
    [GB_COLOUR_RANGE] = {"range", "range of T", {0, 2, 5, 20},
                         {"over .5", ".5-.2", ".2-.05", "below"}},
    [GB_COLOUR_LUCK] = {"luck", "noise", {-INFINITY, 3, 5, 8},
                        {"below 3", "3-5", "5-8", "over 8"}},
    [GB_COLOUR_ENTROPY] = {"entropy", "entropy in bits", {0, 1, 2, 4},
                           {"below 1", "1-2", "2-4", "over 4"}},
    [GB_COLOUR_SOURCE] = {"source", "source", {0, 1, 2, 3},
                          {"written", "after a what-if", "picked", NULL}},
};

const char *
gb_colouring_name(gb_colouring c)
{
    return table[c].name;
}

bool
gb_colouring_change(const char *text, gb_colouring *c, gb_error *err)
{
    unsigned i;

    if (strcmp(text, "next") == 0) {
        *c = (gb_colouring)((*c + 1) % GB_N_COLOURINGS);
        return true;
    }
    if (strcmp(text, "prev") == 0) {
        *c = (gb_colouring)((*c + GB_N_COLOURINGS - 1) % GB_N_COLOURINGS);
        return true;
    }
    for (i = 0; i < GB_N_COLOURINGS; i++)
        if (strcmp(text, table[i].name) == 0) {
            *c = (gb_colouring)i;
            return true;
        }
    return gb_fail_usage(err, "colour must be off, probability, rank, range, "
                         "luck, entropy or source, or next or prev, not "
                         "\"%s\"", text);
}

/* NaN where it is not known. */
static double
figure(gb_colouring c, const gb_written *token)
{
    const gb_why *w = &token->why;

    switch (c) {
    case GB_COLOUR_PROBABILITY:
        return exp(-(double)w->logprob);
    case GB_COLOUR_RANK:
        return w->rank != GB_RANK_UNKNOWN ? w->rank : (double)NAN;
    case GB_COLOUR_RANGE:
        return 1 / ((double)w->to - (double)w->from);
    case GB_COLOUR_LUCK:
        return w->noise;
    case GB_COLOUR_ENTROPY:
        return w->entropy / log(2);
    case GB_COLOUR_SOURCE:
        return token->source == GB_SOURCE_PICKED ? 2
               : token->source == GB_SOURCE_WHAT ? 1
                                                 : 0;
    default:
        return (double)NAN;
    }
}

unsigned
gb_colour_step(gb_colouring c, const gb_written *token)
{
    double value = figure(c, token);
    unsigned step = GB_COLOUR_STEPS - 1;

    if (isnan(value))
        return 0;
    while (step > 0 && (table[c].words[step] == NULL ||
                        value < table[c].from[step]))
        step--;
    return step;
}

gb_style
gb_colour_style(unsigned step, bool user)
{
    static const gb_style styles[2][GB_COLOUR_STEPS] = {
        {GB_STYLE_MODEL, GB_STYLE_TINT_1, GB_STYLE_TINT_2, GB_STYLE_TINT_3},
        {GB_STYLE_USER, GB_STYLE_USER_TINT_1, GB_STYLE_USER_TINT_2,
         GB_STYLE_USER_TINT_3},
    };

    return styles[user ? 1 : 0][step];
}

void
gb_colour_legend(gb_colouring c, gb_row *row)
{
    unsigned i;

    if (c == GB_COLOUR_OFF)
        return;
    gb_row_printf(row, GB_STYLE_FAINT, "%s", table[c].figure);
    for (i = 0; i < GB_COLOUR_STEPS; i++)
        if (table[c].words[i] != NULL) {
            gb_row_puts(row, GB_STYLE_FAINT, i > 0 ? "  " : ": ");
            gb_row_puts(row, gb_colour_style(i, false), table[c].words[i]);
        }
}
