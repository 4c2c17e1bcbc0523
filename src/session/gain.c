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

/* Expected times, in plain passes of one text. */

static double
age(const gb_gain *g, uint64_t seen)
{
    return seen != 0 ? (double)(g->passes - seen) : INFINITY;
}

/* A time that was seen last in this pass; what is bad of it fades, so that it
 * is tried again. */
static double
faded(const gb_gain *g, double time, uint64_t seen, double hoped,
      double memory)
{
    if (seen == 0 || time <= hoped)
        return seen == 0 ? hoped : time;
    return hoped + (time - hoped) * exp(-age(g, seen) / memory);
}

static bool
is_known(const gb_gain_times *t, unsigned rows)
{
    return rows == 1 || t->seen[rows] != 0;
}

static double
rows_seen(const gb_gain *g, const gb_gain_times *t, unsigned rows)
{
    return rows == 1 ? 1
                     : faded(g, t->ms[rows] / t->ms[1], t->seen[rows],
                             1 + ROW * (rows - 1), AGE);
}

/* Between two that are known a straight line; beyond them one between what was
 * seen and what was hoped. */
static double
rows_guessed(const gb_gain *g, const gb_gain_times *t, unsigned rows)
{
    unsigned below = rows, above = rows;
    double from, step = ROW;

    while (!is_known(t, below))
        below--;
    while (above <= GB_ROWS && !is_known(t, above))
        above++;
    from = rows_seen(g, t, below);
    if (above == below)
        return from;
    if (above <= GB_ROWS)
        step = (rows_seen(g, t, above) - from) / (above - below);
    else if (below > 1)
        step = (ROW + (from - 1) / (below - 1)) / 2;
    return from + step * (rows - below);
}

/* How many times as long as one row. Fewer rows do not cost more. */
static double
rows_of(const gb_gain *g, const gb_gain_times *t, unsigned rows)
{
    double time = rows_guessed(g, t, rows);
    unsigned i;

    for (i = rows + 1; i <= GB_ROWS; i++)
        if (is_known(t, i))
            time = fmin(time, rows_seen(g, t, i));
    return fmax(time, 1);
}

double
gb_gain_pass(const gb_gain *g, unsigned rows)
{
    return rows_of(g, &g->pass, rows);
}

/* A guess for each of so many texts. */
static double
guess_of(const gb_gain *g, unsigned texts)
{
    return faded(g, g->guess.ms[1] / g->pass.ms[1], g->guess.last, GUESS,
                 GUESS_AGE) * rows_of(g, &g->guess, texts);
}

static double
read_of(const gb_gain *g)
{
    return faded(g, g->read_ms / g->pass.ms[1], g->was_read, READ, GUESS_AGE);
}

/* How many times the tokens of plain passes are made lately. */
static double
speed(const gb_gain *g)
{
    return fmax(1, g->time > 0 ? g->tokens / g->time : 0);
}

/* Tokens that are made otherwise in the time of a plain pass of one text. */
static double
worth(const gb_gain *g, unsigned texts)
{
    return speed(g) * texts / gb_gain_pass(g, texts);
}

static bool
is_plain_due(const gb_gain *g)
{
    return g->passes - g->plain >= (speed(g) > WORTH ? PLAIN_EVERY
                                                     : PLAIN_SOON);
}

/* What to do. */

/* What is lost when all of so many guesses are wrong, which took so long. */
static double
stake(const gb_gain *g, unsigned texts, unsigned n, double time)
{
    return time + gb_gain_pass(g, texts + n) - gb_gain_pass(g, texts);
}

/* The less likely that is, the more may be staked. */
static bool
can_stake(const gb_gain *g, unsigned texts, unsigned n, double time,
          double rate)
{
    return stake(g, texts, n, time) * (1 - rate) <= g->credit * STAKE;
}

/* The most tokens that more guesses for m texts gain, which are right so far
 * with the probabilities `sure`, less what their time is worth. */
static double
most_gained(const gb_gain *g, const gb_gain_round *r, unsigned m)
{
    const double now = gb_gain_pass(g, r->texts + r->made);
    const double mean = gb_gain_mean(g), guess = guess_of(g, m);
    double best = -INFINITY, tokens = 0, each = 0, cost;
    unsigned n, made = r->made + m;

    for (n = 0; n < m; n++)
        each += r->sure[n];
    for (n = 1; r->texts + made <= GB_ROWS &&
                can_stake(g, r->texts, made, (r->round + n) * guess, 0);
         n++, made += m) {
        each *= mean;
        tokens += each;
        cost = n * guess + gb_gain_pass(g, r->texts + made) - now;
        best = fmax(best, tokens - worth(g, r->texts) * cost);
    }
    return best;
}

/* The number of texts for which that is the most, and what it is. */
static unsigned
find_best(const gb_gain *g, const gb_gain_round *r, double *best)
{
    unsigned m, found = 0;
    double gained;

    *best = 0;
    for (m = 1; m <= r->n; m++) {
        gained = most_gained(g, r, m);
        if (gained > *best) {
            *best = gained;
            found = m;
        }
    }
    return found;
}

unsigned
gb_gain_goes_on(const gb_gain *g, const gb_gain_round *r)
{
    double best;

    return find_best(g, r, &best);
}

/* What is saved of the time of so many tokens, where all texts get guesses, or
 * as many as there are rows for. */
static double
saved(const gb_gain *g, unsigned texts, uint64_t left)
{
    const unsigned room = GB_ROWS - texts, m = texts < room ? texts : room;
    const double plain = gb_gain_pass(g, texts) / texts;
    const double mean = gb_gain_mean(g), guess = guess_of(g, m);
    double tokens = texts, each = m, least = plain, time;
    unsigned n;

    for (n = 1; n * m <= room; n++) {
        each *= mean;
        tokens += each;
        time = n * guess + gb_gain_pass(g, texts + n * m);
        least = fmin(least, time / tokens);
    }
    return (double)(left > 0 ? left : (uint64_t)WANTED * texts) *
           (plain - least);
}

static unsigned
begin(gb_gain *g, unsigned texts, uint32_t missing, uint64_t left)
{
    const unsigned room = GB_ROWS - texts;
    const unsigned trial = TRIAL * texts <= room ? TRIAL : 1;
    const unsigned m = texts < room ? texts : room;
    const double read = missing * read_of(g);
    gb_gain_round r = {.texts = texts, .n = m};
    double best;
    unsigned i;

    for (i = 0; i < m; i++)
        r.sure[i] = 1;
    find_best(g, &r, &best);
    g->pays = best > MARGIN &&
              saved(g, texts, left) > RETURN * (read + g->invested);
    if (g->pays)
        return 1;
    return stake(g, texts, trial * m, trial * guess_of(g, m)) + read <=
                   g->credit
               ? trial
               : 0;
}

/* Without guesses there is more to read with each token, and often that would
 * cost more than a trial may: then the ends of the texts have to do for it. */
unsigned
gb_gain_begins(gb_gain *g, unsigned texts, uint32_t *missing, uint64_t left)
{
    const uint32_t some = texts * GB_GAIN_SHORT;
    unsigned least;

    if (g->plain == 0 || is_plain_due(g) || texts >= GB_ROWS)
        return 0;
    least = begin(g, texts, *missing, left);
    if (least > 0 || *missing <= some)
        return least;
    least = begin(g, texts, some, left);
    if (least > 0)
        *missing = some;
    return least;
}

unsigned
gb_gain_plan(const gb_gain *g, unsigned texts, const double *sure, unsigned n)
{
    const double plain = gb_gain_pass(g, texts);
    double best = MARGIN, tokens = 0, gained;
    unsigned i, count = 0;

    if (is_plain_due(g))
        return 0;
    for (i = 1; i <= n && texts + i <= GB_ROWS &&
                can_stake(g, texts, i, 0, sure[0]);
         i++) {
        tokens += sure[i - 1];
        gained = tokens - worth(g, texts) *
                              (gb_gain_pass(g, texts + i) - plain);
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

/* One row takes `first` ms where nothing was seen yet. */
static void
see(const gb_gain *g, gb_gain_times *t, unsigned rows, double ms,
    double first)
{
    const double times = rows_of(g, t, rows);

    if (t->last == 0)
        t->ms[1] = first;
    t->ms[rows] = moved(times * t->ms[1], ms, age(g, t->seen[rows]));
    if (t->last == 0)
        t->ms[1] = t->ms[rows] / times;
    t->seen[rows] = t->last = g->passes;
}

void
gb_gain_guessed(gb_gain *g, unsigned texts, double ms)
{
    if (g->plain == 0)
        return;
    see(g, &g->guess, texts, ms, GUESS * g->pass.ms[1]);
    g->spent += guess_of(g, texts);
}

void
gb_gain_read(gb_gain *g, uint32_t n, double ms)
{
    if (g->plain == 0)
        return;
    g->read_ms = moved(read_of(g) * g->pass.ms[1], ms / n,
                       age(g, g->was_read));
    g->was_read = g->passes;
    *(g->pays ? &g->invested : &g->spent) += n * read_of(g);
}

/* The account: what tokens took more than by plain passes is lost, and what
 * they took less comes back. */
static void
settle(gb_gain *g, unsigned texts, unsigned rows, unsigned tokens)
{
    const double pass = gb_gain_pass(g, texts), plain = pass / texts;
    const double time = g->spent + gb_gain_pass(g, rows);
    const double fade = 1 / (1 + time / LATELY);
    const double gained = tokens * plain - time;

    g->tokens = g->tokens * fade + tokens;
    g->time = g->time * fade + time / plain;
    g->credit += gained + (rows == texts ? CREDIT_SHARE * pass : 0);
    g->credit = fmin(g->credit, CREDIT_MOST);
    g->invested = fmax(g->invested - fmax(gained, 0), 0);
    g->spent = 0;
}

void
gb_gain_passed(gb_gain *g, unsigned texts, unsigned guesses, unsigned tokens,
               double ms)
{
    const unsigned rows = texts + guesses;

    g->passes++;
    if (ms >= 0)
        see(g, &g->pass, rows, ms, ms / rows_of(g, &g->pass, rows));
    if (ms >= 0 && guesses == 0)
        g->plain = g->passes;
    settle(g, texts, rows, tokens);
}
