#include "session/gain.h"

#include <math.h>

/* So many guesses of a kind count as much as all before them. */
#define MEMORY 48.0
/* What is taken for granted weighs as much as so many. */
#define PRIOR 2.0
/* How far a time moves what was expected: a shorter one; a longer one, which
 * counts as twice what was expected at most, and more the longer ago the last
 * one was, in passes. */
#define DOWN 0.5
#define UP 0.05
#define UP_FIRST 0.7
#define UP_AGE 64.0
/* What was not seen for so many passes is forgotten by two thirds: of passes,
 * and of guesses and reading, on which more is staked. */
#define AGE 2048.0
#define GUESS_AGE 8192.0
/* The plain pass is what all is measured by: it is made now and then, and more
 * often where little is gained. */
#define PLAIN_EVERY 32
#define PLAIN_SOON 8
/* What is expected of a row more, of a guess, and of a token that whoever
 * guesses has to read, until it was seen. */
#define ROW 0.1
#define GUESS 0.2
#define READ 0.05
/* Much is gained where so many times the tokens are made. */
#define WORTH 1.4
/* What a pass has to gain at least, in tokens. */
#define MARGIN 0.05
/* What it makes lately is what it made in so many plain passes. */
#define LATELY 16.0
/* Guesses of a trial. */
#define TRIAL 2
/* Tokens that are wanted, where nobody says. */
#define WANTED 1000
/* Plain passes that may be lost, at first and at most, and for each one. */
#define CREDIT_FIRST 1.5
#define CREDIT_MOST 4.0
#define CREDIT_SHARE 0.02
/* The share of them that one pass may lose. */
#define STAKE 0.6
/* Reading is to bring so many times what it takes. */
#define RETURN 2

void
gb_gain_begin(gb_gain *g, const double *rates)
{
    *g = (gb_gain){.credit = 0};
    gb_gain_renew(g, rates);
}

void
gb_gain_renew(gb_gain *g, const double *rates)
{
    unsigned i;

    g->credit = fmax(g->credit, CREDIT_FIRST);
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

/* Expected times. */

static bool
is_known(const gb_gain *g, unsigned rows)
{
    return rows == 1 || g->seen[rows] != 0;
}

static double
age(const gb_gain *g, uint64_t seen)
{
    return seen != 0 ? (double)(g->passes - seen) : INFINITY;
}

/* Tokens for each plain pass: what is made otherwise in the time that a pass
 * takes. */
static double
worth(const gb_gain *g)
{
    return fmax(1, g->time > 0 ? g->tokens / g->time : 0);
}

/* A time that was seen last in this pass; what is bad of it fades, so that it
 * is tried again. */
static double
faded(const gb_gain *g, double ms, uint64_t seen, double hoped, double memory)
{
    const double time = ms / g->pass_ms[1];

    if (seen == 0 || time <= hoped)
        return seen == 0 ? hoped : time;
    return hoped + (time - hoped) * exp(-age(g, seen) / memory);
}

static double
pass_seen(const gb_gain *g, unsigned rows)
{
    return faded(g, g->pass_ms[rows], g->seen[rows], 1 + ROW * (rows - 1),
                 AGE);
}

/* Between two that are known a straight line; beyond them one between what was
 * seen and what was hoped. */
static double
pass_of(const gb_gain *g, unsigned rows)
{
    unsigned below = rows, above = rows;
    double from, step = ROW;

    while (!is_known(g, below))
        below--;
    while (above <= GB_ROWS && !is_known(g, above))
        above++;
    from = below > 1 ? pass_seen(g, below) : 1;
    if (above == below)
        return from;
    if (above <= GB_ROWS)
        step = (pass_seen(g, above) - from) / (above - below);
    else if (below > 1)
        step = (ROW + (from - 1) / (below - 1)) / 2;
    return from + step * (rows - below);
}

/* Fewer rows do not cost more. */
double
gb_gain_pass(const gb_gain *g, unsigned rows)
{
    double time = pass_of(g, rows);
    unsigned i;

    for (i = rows + 1; i <= GB_ROWS; i++)
        if (is_known(g, i))
            time = fmin(time, pass_seen(g, i));
    return fmax(time, 1);
}

static double
guess_of(const gb_gain *g)
{
    return faded(g, g->guess_ms, g->guessed, GUESS, GUESS_AGE);
}

static double
read_of(const gb_gain *g)
{
    return faded(g, g->read_ms, g->was_read, READ, GUESS_AGE);
}

static bool
is_plain_due(const gb_gain *g)
{
    const unsigned every = worth(g) > WORTH ? PLAIN_EVERY : PLAIN_SOON;

    return g->seen[1] != 0 && g->passes - g->seen[1] >= every;
}

/* What to do. */

/* What is lost when all of so many guesses are wrong. */
static double
stake(const gb_gain *g, unsigned n, double guess)
{
    return n * guess + gb_gain_pass(g, n + 1) - 1;
}

/* The less likely that is, the more may be staked. */
static bool
can_stake(const gb_gain *g, unsigned n, double guess, double rate)
{
    return stake(g, n, guess) * (1 - rate) <= g->credit * STAKE;
}

/* The most tokens that guesses behind `made` gain, less what their time is
 * worth. */
static double
most_gained(const gb_gain *g, unsigned made, double sure)
{
    const double mean = gb_gain_mean(g), now = gb_gain_pass(g, made + 1);
    double best = -INFINITY, tokens = 0, cost;
    unsigned n;

    for (n = 1; made + n < GB_ROWS && can_stake(g, made + n, guess_of(g), 0);
         n++) {
        sure *= mean;
        tokens += sure;
        cost = n * guess_of(g) + gb_gain_pass(g, made + n + 1) - now;
        best = fmax(best, tokens - worth(g) * cost);
    }
    return best;
}

bool
gb_gain_goes_on(const gb_gain *g, unsigned made, double sure)
{
    return most_gained(g, made, sure) > 0;
}

/* What is saved of the time of so many tokens. */
static double
saved(const gb_gain *g, uint64_t left)
{
    const double mean = gb_gain_mean(g);
    double tokens = 1, sure = 1, least = 1, time;
    unsigned n;

    for (n = 1; n < GB_ROWS; n++) {
        sure *= mean;
        tokens += sure;
        time = n * guess_of(g) + gb_gain_pass(g, n + 1);
        least = fmin(least, time / tokens);
    }
    return (double)(left > 0 ? left : WANTED) * (1 - least);
}

static unsigned
begin(gb_gain *g, uint32_t missing, uint64_t left)
{
    const double read = missing * read_of(g);

    g->pays = most_gained(g, 0, 1) > MARGIN &&
              saved(g, left) > RETURN * (read + g->invested);
    if (g->pays)
        return 1;
    return stake(g, TRIAL, guess_of(g)) + read <= g->credit ? TRIAL : 0;
}

/* Without guesses there is more to read with each token, and often that would
 * cost more than a trial may: then the end of the text has to do for it. */
unsigned
gb_gain_begins(gb_gain *g, uint32_t *missing, uint64_t left)
{
    unsigned least;

    if (g->seen[1] == 0 || is_plain_due(g))
        return 0;
    least = begin(g, *missing, left);
    if (least > 0 || *missing <= GB_GAIN_SHORT)
        return least;
    least = begin(g, GB_GAIN_SHORT, left);
    if (least > 0)
        *missing = GB_GAIN_SHORT;
    return least;
}

unsigned
gb_gain_plan(const gb_gain *g, const double *rates, unsigned n)
{
    double best = MARGIN, tokens = 0, sure = 1, gained;
    unsigned i, count = 0;

    if (is_plain_due(g))
        return 0;
    for (i = 1; i <= n && i < GB_ROWS && can_stake(g, i, 0, rates[0]); i++) {
        sure *= rates[i - 1];
        tokens += sure;
        gained = tokens - worth(g) * (gb_gain_pass(g, i + 1) - 1);
        if (gained > best) {
            best = gained;
            count = i;
        }
    }
    return count;
}

/* What was seen. */

void
gb_gain_came(gb_gain *g, unsigned trust, bool right)
{
    const double fade = 1 - 1 / MEMORY;

    g->all[trust] = g->all[trust] * fade + 1;
    g->right[trust] = g->right[trust] * fade + right;
}

static double
moved(double expected, double now, double old)
{
    const double up = UP_FIRST - (UP_FIRST - UP) * exp(-old / UP_AGE);

    if (now < expected)
        return expected + (now - expected) * DOWN;
    return expected + (fmin(now, 2 * expected) - expected) * up;
}

void
gb_gain_guessed(gb_gain *g, double ms)
{
    g->guess_ms = moved(guess_of(g) * g->pass_ms[1], ms, age(g, g->guessed));
    g->guessed = g->passes;
    g->spent += guess_of(g);
}

void
gb_gain_read(gb_gain *g, uint32_t n, double ms)
{
    g->read_ms = moved(read_of(g) * g->pass_ms[1], ms / n,
                       age(g, g->was_read));
    g->was_read = g->passes;
    *(g->pays ? &g->invested : &g->spent) += n * read_of(g);
}

/* The account: what tokens took more than by plain passes is lost, and what
 * they took less comes back. */
static void
settle(gb_gain *g, unsigned rows, unsigned tokens)
{
    const double time = g->spent + gb_gain_pass(g, rows);
    const double fade = 1 / (1 + time / LATELY), gained = tokens - time;

    g->tokens = g->tokens * fade + tokens;
    g->time = g->time * fade + time;
    g->credit += gained + (rows == 1 ? CREDIT_SHARE : 0);
    g->credit = fmin(g->credit, CREDIT_MOST);
    g->invested = fmax(g->invested - fmax(gained, 0), 0);
    g->spent = 0;
}

void
gb_gain_passed(gb_gain *g, unsigned rows, unsigned tokens, double ms)
{
    const bool first = g->seen[1] == 0;

    g->passes++;
    if (ms >= 0 && first) {
        g->pass_ms[1] = ms / gb_gain_pass(g, rows);
        g->seen[1] = g->passes;
    } else if (ms >= 0) {
        g->pass_ms[rows] = moved(gb_gain_pass(g, rows) * g->pass_ms[1], ms,
                                 age(g, g->seen[rows]));
        g->seen[rows] = g->passes;
    }
    settle(g, rows, tokens);
}
