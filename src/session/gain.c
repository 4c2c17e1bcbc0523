#include "session/gain.h"

#include <math.h>

/* So many guesses of a kind count as much as all before them. */
#define MEMORY 64.0
/* What is taken for granted weighs as much as so many. */
#define PRIOR 4.0
/* The share of the newest time in a smoothed one. */
#define SMOOTHING 0.25
/* A time that was not seen for so many passes is not known any more. */
#define AGE 512
/* A row more costs this share of a plain pass until it was seen. */
#define ROW_SHARE 0.1
/* What has to be gained at least: times are never exact. */
#define MARGIN 1.03
#define PAUSE_LEAST 8
#define PAUSE_MOST 256

void
gb_gain_begin(gb_gain *g, const double *rates)
{
    unsigned i;

    *g = (gb_gain){.pause = PAUSE_LEAST};
    for (i = 0; i < GB_TRUSTS; i++) {
        g->all[i] = PRIOR;
        g->right[i] = PRIOR * rates[i];
    }
}

double
gb_gain_rate(const gb_gain *g, unsigned trust)
{
    return g->right[trust] / g->all[trust];
}

double
gb_gain_mean(const gb_gain *g)
{
    double right = 0, all = 0;
    unsigned i;

    for (i = 0; i < GB_TRUSTS; i++) {
        right += g->right[i];
        all += g->all[i];
    }
    return right / all;
}

static bool
is_known(const gb_gain *g, unsigned rows)
{
    /* The plain pass is what all is measured by: it is never forgotten. */
    return g->seen[rows] != 0 &&
           (rows == 1 || g->passes - g->seen[rows] < AGE);
}

/* Between two that are known a straight line; beyond them a row costs what is
 * expected of one. */
double
gb_gain_pass(const gb_gain *g, unsigned rows)
{
    unsigned below = rows, above = rows;
    double ms, step;

    while (below > 0 && !is_known(g, below))
        below--;
    while (above <= GB_ROWS && !is_known(g, above))
        above++;
    if (below == rows)
        return g->pass_ms[rows];
    if (below > 0 && above <= GB_ROWS) {
        step = (g->pass_ms[above] - g->pass_ms[below]) / (above - below);
        return g->pass_ms[below] + step * (rows - below);
    }
    if (below > 0) {
        ms = g->pass_ms[below];
        step = ms * ROW_SHARE / (1 + ROW_SHARE * (below - 1));
        return ms + step * (rows - below);
    }
    if (above > GB_ROWS)
        return 0;
    return g->pass_ms[above] * (1 + ROW_SHARE * (rows - 1)) /
           (1 + ROW_SHARE * (above - 1));
}

unsigned
gb_gain_plan(const gb_gain *g, const double *rates, unsigned n)
{
    double plain = gb_gain_pass(g, 1), tokens = 1, sure = 1, rate;
    double best = MARGIN;
    unsigned i, count = 0;

    /* The first pass tells what one costs. */
    if (plain <= 0)
        return 0;
    for (i = 1; i <= n && i < GB_ROWS; i++) {
        sure *= rates[i - 1];
        tokens += sure;
        rate = tokens * plain / (i * g->guess_ms + gb_gain_pass(g, i + 1));
        if (rate > best) {
            best = rate;
            count = i;
        }
    }
    return count;
}

bool
gb_gain_goes_on(const gb_gain *g, unsigned made, double sure)
{
    double more = gb_gain_pass(g, made + 2) - gb_gain_pass(g, made + 1);

    return sure * gb_gain_mean(g) * gb_gain_pass(g, 1) >
           g->guess_ms + fmax(more, 0);
}

bool
gb_gain_rests(gb_gain *g)
{
    if (g->rest == 0)
        return false;
    g->rest--;
    return true;
}

void
gb_gain_planned(gb_gain *g, unsigned n)
{
    if (n > 0) {
        g->pause = PAUSE_LEAST;
        return;
    }
    g->rest = g->pause;
    g->pause = g->pause * 2 < PAUSE_MOST ? g->pause * 2 : PAUSE_MOST;
}

void
gb_gain_came(gb_gain *g, unsigned trust, bool right)
{
    const double fade = 1 - 1 / MEMORY;

    g->all[trust] = g->all[trust] * fade + 1;
    g->right[trust] = g->right[trust] * fade + right;
}

static void
smooth(double *ms, double now, bool known)
{
    *ms = known ? *ms + (now - *ms) * SMOOTHING : now;
}

void
gb_gain_guessed(gb_gain *g, double ms)
{
    if (g->guess_ms > 0)
        ms = fmin(ms, 2 * g->guess_ms);
    smooth(&g->guess_ms, ms, g->guess_ms > 0);
}

/* The first pass of a kind may have more to do, and other programs run as well:
 * one bad time alone must not decide. */
void
gb_gain_passed(gb_gain *g, unsigned rows, double ms)
{
    double expected = gb_gain_pass(g, rows);

    if (expected > 0)
        ms = fmin(ms, 2 * expected);
    smooth(&g->pass_ms[rows], ms, is_known(g, rows));
    g->seen[rows] = ++g->passes;
}
