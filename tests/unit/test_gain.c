/* How many guesses pay, on a clock of its own: what passes and guesses take,
 * how often guesses come, and what other programs do to both is given. */
#include "test.h"
#include "mutate.h"

#include <math.h>

#include "base/mem.h"
#include "session/gain.h"

/* Times of a plain pass. A row more costs `row`, four rows are one tile, which
 * costs `tile` beyond the first. */
typedef struct world {
    const char *name;
    double row, tile;
    double guess, read;
    double rate, later; /* of guesses, and from the middle on */
    double noise;       /* of a pass, it is so many times as long */
    bool looked_up;     /* guesses cost nothing, but are there for a quarter
                           of the text only */
    unsigned takes;     /* texts side by side; 0: one */
    double least;       /* of the speed of the best number of guesses */
} world;

enum { TOKENS = 4000, PROMPT = 40 };
#define PLAIN 40.0 /* ms */

static double
pass_ms(const world *w, unsigned rows)
{
    return PLAIN * (1 + w->row * (rows - 1) + w->tile * ((rows - 1) / 4));
}

static double
uniform(test_random *r)
{
    return (double)test_random_below(r, 1 << 30) / (1 << 30);
}

/* Seldom much, often nothing. */
static double
noisy(const world *w, test_random *r, double ms)
{
    return ms * (1 + w->noise * pow(uniform(r), 6));
}

static unsigned
takes_of(const world *w)
{
    return w->takes > 0 ? w->takes : 1;
}

/* ms a token, at the best number of guesses for each text, always the same. */
static double
best_ms(const world *w, double rate)
{
    const unsigned takes = takes_of(w);
    const double plain = pass_ms(w, takes) / takes;
    double best = plain, tokens = 1, sure = 1, time;
    unsigned n;

    for (n = 1; takes * (n + 1) <= GB_ROWS; n++) {
        sure *= rate;
        tokens += sure;
        time = n * w->guess * pass_ms(w, takes) + pass_ms(w, takes * (n + 1));
        best = fmin(best, time / (tokens * takes));
    }
    return w->looked_up ? (best + 3 * plain) / 4 : best;
}

typedef struct run {
    const world *world;
    test_random random;
    gb_gain gain;
    double quiet;  /* what it took, less the noise */
    unsigned made; /* tokens of all texts */
    uint32_t behind; /* tokens that whoever guesses has not read */
    unsigned guesses[GB_ROWS]; /* of each text, for the next pass */
} run;

/* Something that takes so long; what it was seen to take. */
static double
spend(run *r, double ms)
{
    r->quiet += ms;
    return noisy(r->world, &r->random, ms);
}

static double
rate_now(const run *r)
{
    return r->made < TOKENS / 2 ? r->world->rate : r->world->later;
}

/* Another guess for each of so many texts. */
static void
guess_once(run *r, unsigned n)
{
    const world *w = r->world;
    unsigned i;

    if (r->behind > 2 * takes_of(w))
        gb_gain_read(&r->gain, r->behind,
                     spend(r, r->behind * w->read * PLAIN));
    else
        gb_gain_guessed(&r->gain, n, spend(r, w->guess * pass_ms(w, n)));
    r->behind = 0;
    for (i = 0; i < n; i++)
        r->guesses[i]++;
}

/* Guesses as draft.c has them made; returns how many. */
static unsigned
guess(run *r)
{
    const world *w = r->world;
    gb_gain_round now = {.texts = takes_of(w), .n = takes_of(w)};
    unsigned least, room, i;

    memset(r->guesses, 0, sizeof r->guesses);
    room = GB_ROWS - now.texts;
    if (w->looked_up) {
        for (; r->made / 64 % 4 == 0 && now.made < room; now.made++)
            r->guesses[now.made % now.texts]++;
        return now.made;
    }
    least = gb_gain_begins(&r->gain, now.texts, &r->behind,
                           TOKENS - r->made);
    for (i = 0; i < now.n; i++)
        now.sure[i] = 1;
    for (; least > 0 && now.made < room; now.round++) {
        now.n = now.n < room - now.made ? now.n : room - now.made;
        if (now.round >= least)
            now.n = gb_gain_goes_on(&r->gain, &now);
        if (now.n == 0)
            break;
        guess_once(r, now.n);
        now.made += now.n;
        for (i = 0; i < now.n; i++)
            now.sure[i] *= gb_gain_rate(&r->gain, 1);
    }
    return now.made;
}

/* The likelihoods of all guesses, the first ones of all texts first. */
static unsigned
plan(run *r, unsigned made)
{
    double sure[GB_ROWS], each = 1;
    unsigned n = 0, depth, i;

    for (depth = 0; n < made; depth++) {
        each *= gb_gain_rate(&r->gain, 1);
        for (i = 0; i < takes_of(r->world); i++)
            if (r->guesses[i] > depth)
                sure[n++] = each;
    }
    return gb_gain_plan(&r->gain, takes_of(r->world), sure, made);
}

/* The tokens of a text, of so many guesses so many of which are checked. */
static unsigned
check(run *r, unsigned made, unsigned checked)
{
    const double rate = rate_now(r);
    unsigned right = 0;
    bool came = true;

    for (; came && right < made && right <= checked; right += came) {
        came = uniform(&r->random) < rate;
        gb_gain_came(&r->gain, 1, came);
        if (right == checked)
            break;
    }
    return right + 1;
}

static void
make_tokens(run *r)
{
    const unsigned texts = takes_of(r->world), made = guess(r);
    const unsigned n = plan(r, made);
    double ms = spend(r, pass_ms(r->world, texts + n));
    unsigned tokens = 0, i;

    for (i = 0; i < texts; i++)
        tokens += check(r, r->guesses[i], n / texts + (i < n % texts));
    gb_gain_passed(&r->gain, texts, n, tokens, ms);
    r->made += tokens;
    r->behind = made == 0 ? r->behind + texts : texts;
}

static run
play(const world *w, uint64_t seed)
{
    run r = {.world = w, .random = {seed}, .behind = PROMPT};

    gb_gain_begin(&r.gain, (double[GB_TRUSTS]){0.5, 0.7, 0.9, 0.95});
    while (r.made < TOKENS)
        make_tokens(&r);
    return r;
}

/* Over some texts nearly as fast as the best fixed number of guesses, and
 * hardly slower than without any where that is none, whatever else the machine
 * does. */
static void
test_worlds(void **state)
{
    static const world worlds[] = {
        {"self, f32", .row = .05, .tile = .3, .guess = .12, .read = .06,
         .rate = .88, .later = .88, .least = .9},
        {"the same, noisy", .row = .05, .tile = .3, .guess = .12, .read = .06,
         .rate = .88, .later = .88, .noise = 8, .least = .8},
        {"very noisy", .row = .05, .tile = .3, .guess = .12, .read = .06,
         .rate = .88, .later = .88, .noise = 60, .least = .75},
        {"cheap guesses", .row = .02, .guess = .03, .read = .01, .rate = .95,
         .later = .95, .noise = 8, .least = .65},
        {"never right", .row = .05, .tile = .3, .guess = .12, .read = .06,
         .rate = .02, .later = .02, .least = .975},
        {"never right, noisy", .row = .05, .tile = .3, .guess = .12,
         .read = .06, .rate = .02, .later = .02, .noise = 8, .least = .975},
        {"right, but too dear", .row = .1, .guess = .9, .read = .5,
         .rate = .97, .later = .97, .noise = 8, .least = .92},
        {"rows as dear as passes", .row = 1, .guess = .1, .read = .05,
         .rate = .97, .later = .97, .noise = 8, .least = .93},
        {"on the brink", .row = .1, .guess = .4, .read = .1, .rate = .5,
         .later = .5, .noise = 8, .least = .97},
        {"gets better", .row = .05, .tile = .3, .guess = .12, .read = .01,
         .rate = .1, .later = .9, .noise = 8, .least = .8},
        {"gets better, dear to read", .row = .05, .tile = .3, .guess = .12,
         .read = .06, .rate = .1, .later = .9, .noise = 8, .least = .8},
        {"the same, very noisy", .row = .05, .tile = .3, .guess = .12,
         .read = .06, .rate = .1, .later = .9, .noise = 60, .least = .75},
        {"gets worse", .row = .05, .tile = .3, .guess = .12, .read = .06,
         .rate = .9, .later = .1, .noise = 8, .least = .8},
        {"looked up", .row = .12, .rate = .95, .later = .95, .noise = 8,
         .looked_up = true, .least = .95},
        {"looked up in vain", .row = .4, .rate = .1, .later = .1, .noise = 8,
         .looked_up = true, .least = .98},
        {"two takes", .row = .05, .tile = .3, .guess = .12, .read = .06,
         .rate = .88, .later = .88, .noise = 8, .takes = 2, .least = .85},
        {"four takes", .row = .05, .tile = .3, .guess = .12, .read = .06,
         .rate = .88, .later = .88, .noise = 8, .takes = 4, .least = .85},
        {"eight takes", .row = .05, .tile = .3, .guess = .12, .read = .06,
         .rate = .88, .later = .88, .noise = 8, .takes = 8, .least = .85},
        {"eight takes, never right", .row = .05, .tile = .3, .guess = .12,
         .read = .06, .rate = .02, .later = .02, .noise = 8, .takes = 8,
         .least = .97},
        {"eight takes, getting better", .row = .05, .tile = .1, .guess = .12,
         .read = .06, .rate = .1, .later = .95, .noise = 8, .takes = 8,
         .least = .8},
        {"twelve takes", .row = .03, .guess = .1, .read = .06,
         .rate = .9, .later = .9, .noise = 8, .takes = 12, .least = .8},
        {"eight takes, looked up", .row = .03, .rate = .95, .later = .95,
         .noise = 8, .looked_up = true, .takes = 8, .least = .9},
        {"eight takes, in vain", .row = .2, .rate = .3, .later = .3,
         .noise = 8, .looked_up = true, .takes = 8, .least = .97},
        {"sixteen takes", .row = .05, .guess = .1, .read = .06, .rate = .9,
         .later = .9, .takes = 16, .least = .99},
    };
    enum { TEXTS = 8 };
    const world *w;
    double best, ms;
    uint64_t seed;

    (void)state;
    for (w = worlds; w < worlds + GB_COUNT(worlds); w++) {
        for (ms = 0, seed = 1; seed <= TEXTS; seed++)
            ms += play(w, seed).quiet / TEXTS / TOKENS;
        best = (best_ms(w, w->rate) + best_ms(w, w->later)) / 2;
        if (best / ms < w->least)
            fail_msg("%s: %.3f of a plain pass a token, the best %.3f",
                     w->name, ms / PLAIN, best / PLAIN);
    }
}

static unsigned
begins(gb_gain *g, uint32_t missing, uint64_t left)
{
    return gb_gain_begins(g, 1, &missing, left);
}

static void
test_settings(void **state)
{
    static const double rates[GB_TRUSTS] = {0.9, 0.9, 0.9, 0.9};
    uint32_t missing;
    unsigned i;
    gb_gain g;

    (void)state;
    gb_gain_begin(&g, rates);
    assert_int_equal(begins(&g, 1, 0), 0); /* before a plain pass */
    gb_gain_passed(&g, 1, 0, 1, PLAIN);
    assert_int_equal(begins(&g, 1, 0), 1);
    /* Where a few tokens are wanted, a long text is not read for them. */
    missing = 500;
    assert_int_equal(gb_gain_begins(&g, 1, &missing, 5), 0);
    assert_int_equal(gb_gain_begins(&g, 1, &missing, 0), 1);
    assert_int_equal(missing, 500);
    /* Nor all of it for some more. */
    assert_int_equal(gb_gain_begins(&g, 1, &missing, 30), 1);
    assert_int_equal(missing, GB_GAIN_SHORT);
    for (i = 0; i < 100; i++) {
        gb_gain_guessed(&g, 1, 0.2 * PLAIN);
        gb_gain_came(&g, 0, false);
        gb_gain_passed(&g, 1, 1, 1, 1.1 * PLAIN);
    }
    assert_true(gb_gain_rate(&g, 0) < 0.2);
    assert_true(gb_gain_rate(&g, 1) > 0.8);
    assert_int_equal(begins(&g, 1, 0), 0);
    /* Others may be guessed better. */
    gb_gain_renew(&g, rates);
    while (begins(&g, 1, 0) == 0)
        gb_gain_passed(&g, 1, 0, 1, PLAIN);
    assert_true(gb_gain_rate(&g, 0) > 0.8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worlds),
        cmocka_unit_test(test_settings),
    };

    return cmocka_run_group_tests_name("gain", tests, NULL, NULL);
}
