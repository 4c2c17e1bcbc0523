#include "sample/threshold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A token's distance is how far its logit lies below the largest; its weight
 * at temperature 1/b is exp(-b distance). To weigh all tokens at many
 * temperatures, they are gathered into lumps of almost the same distance, each
 * of which knows how many there are, their mean, and the sums of squares and
 * cubes of how far each is from the mean: what a lump weighs is right up to
 * the fourth power of b times its width. */
typedef struct lump {
    double n, mean, square, cube;
} lump;

/* Lumps are the floats that share exponent and upper 6 bits of the mantissa,
 * from 2^-20 to 2^20; what is nearer or farther goes into the first or last
 * one. */
#define LUMP_BITS 17
#define FIRST_KEY ((uint32_t)(127 - 20) << (23 - LUMP_BITS))
#define LUMPS ((size_t)40 << (23 - LUMP_BITS))

struct gb_threshold {
    gb_filter filter;
    const float *logits;
    size_t n;
    float max, least;
    lump lumps[LUMPS];    /* those that hold any, nearest first */
    uint32_t keys[LUMPS]; /* which ones these are */
    size_t n_lumps;
};

/* The tokens in two parts: those above a logit, and the rest. */
typedef struct parts {
    const gb_threshold *t;
    size_t above;      /* so many lumps are above as a whole */
    lump upper, lower; /* the next one, taken apart */
} parts;

typedef struct weight {
    double sum, slope; /* slope: minus the derivative by b */
} weight;

gb_threshold *
gb_threshold_new(void)
{
    return gb_alloc(sizeof(gb_threshold));
}

void
gb_threshold_free(gb_threshold *t)
{
    free(t);
}

static uint32_t
lump_key(double distance)
{
    float f = (float)distance;
    uint32_t k;

    memcpy(&k, &f, sizeof k);
    k >>= LUMP_BITS;
    if (k < FIRST_KEY)
        return 0;
    return k - FIRST_KEY < LUMPS ? k - FIRST_KEY : (uint32_t)LUMPS - 1;
}

static double
lump_edge(uint32_t key)
{
    float f;

    if (key == 0)
        return 0;
    if (key >= LUMPS)
        return INFINITY;
    key = (key + FIRST_KEY) << LUMP_BITS;
    memcpy(&f, &key, sizeof f);
    return (double)f;
}

/* A lump is filled with distances from where it begins, its members being
 * plain sums, for sums of small numbers lose nothing; then finished. */
static void
lump_fill(lump *l, double beyond)
{
    l->n++;
    l->mean += beyond;
    l->square += beyond * beyond;
    l->cube += beyond * beyond * beyond;
}

static void
lump_finish(lump *l, double edge)
{
    double mean;

    if (l->n == 0)
        return;
    mean = l->mean / l->n;
    l->cube += mean * (2 * l->n * mean * mean - 3 * l->square);
    l->square -= l->mean * mean;
    l->mean = edge + mean;
}

static double
distance_of(const gb_threshold *t, float logit)
{
    return (double)t->max - (double)logit;
}

static bool
counts(const gb_threshold *t, float logit)
{
    return logit >= t->least && logit > -INFINITY;
}

static void
gather(gb_threshold *t)
{
    uint32_t key;
    double d;
    size_t i;

    memset(t->lumps, 0, sizeof t->lumps);
    for (i = 0; i < t->n; i++) {
        if (!counts(t, t->logits[i]))
            continue;
        d = distance_of(t, t->logits[i]);
        key = lump_key(d);
        lump_fill(&t->lumps[key], d - lump_edge(key));
    }
    t->n_lumps = 0;
    for (key = 0; key < LUMPS; key++) {
        if (t->lumps[key].n == 0)
            continue;
        lump_finish(&t->lumps[key], lump_edge(key));
        t->keys[t->n_lumps] = key;
        t->lumps[t->n_lumps++] = t->lumps[key];
    }
}

bool
gb_threshold_set(gb_threshold *t, const gb_filter *filter, const float *logits,
                 size_t n)
{
    const gb_filter top_k = {filter->top_k, 1.0, 0.0};
    size_t i;

    t->filter = *filter;
    t->logits = logits;
    t->n = n;
    t->max = -INFINITY;
    t->least = -INFINITY;
    for (i = 0; i < n; i++)
        if (logits[i] > t->max)
            t->max = logits[i];
    if (!isfinite(t->max))
        return false;
    t->least = gb_filter_logit_floor(&top_k, logits, n, 1.0);
    if (filter->top_p < 1.0)
        gather(t);
    return true;
}

const gb_filter *
gb_threshold_filter(const gb_threshold *t)
{
    return &t->filter;
}

float
gb_threshold_max(const gb_threshold *t)
{
    return t->max;
}

bool
gb_threshold_moves(const gb_threshold *t)
{
    return t->filter.top_p < 1.0 || t->filter.min_p > 0.0;
}

static size_t
find_lump(const gb_threshold *t, uint32_t key)
{
    size_t low = 0, high = t->n_lumps - 1, middle;

    while (low < high) {
        middle = (low + high) / 2;
        if (t->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static parts
split(const gb_threshold *t, float logit)
{
    const uint32_t key = lump_key(distance_of(t, logit));
    const double edge = lump_edge(key);
    /* A little more than the lump: distances are rounded for the key. */
    const float near = nextafterf(t->max - (float)(edge * 0.999999), INFINITY);
    const float far = nextafterf(
        t->max - (float)(lump_edge(key + 1) * 1.000001), -INFINITY);
    parts p = {.t = t, .above = find_lump(t, key)};
    double d;
    size_t i;

    if (t->lumps[p.above].n == 1) {
        p.lower = t->lumps[p.above];
        return p;
    }
    for (i = 0; i < t->n; i++) {
        if (!(t->logits[i] <= near) || t->logits[i] < far)
            continue;
        d = distance_of(t, t->logits[i]);
        if (lump_key(d) != key || !counts(t, t->logits[i]))
            continue;
        lump_fill(t->logits[i] > logit ? &p.upper : &p.lower, d - edge);
    }
    lump_finish(&p.upper, edge);
    lump_finish(&p.lower, edge);
    return p;
}

static void
add(weight *w, const lump *l, double b)
{
    double each = exp(-b * l->mean), part;

    if (l->n == 0 || each == 0)
        return;
    part = each * (l->n + b * b * (l->square / 2 - b * l->cube / 6));
    part = fmin(fmax(part, 0), l->n); /* where b is far too large for it */
    w->sum += part;
    w->slope += part * l->mean;
}

static void
weigh(const parts *p, double b, weight *above, weight *rest)
{
    size_t i;

    *above = *rest = (weight){0, 0};
    for (i = 0; i < p->above; i++)
        add(above, &p->t->lumps[i], b);
    add(above, &p->upper, b);
    add(rest, &p->lower, b);
    for (i = p->above + 1; i < p->t->n_lumps; i++)
        add(rest, &p->t->lumps[i], b);
}

/* A token stays in top-p when those above it weigh less than the share. */
static bool
stays(const gb_threshold *t, const weight *above, const weight *rest)
{
    return above->sum < t->filter.top_p * (above->sum + rest->sum);
}

/* The b below which the token stays; 0 when it never does. The logarithm of
 * above / rest rises with b, and Newton's steps are kept between two b of
 * which one is known to be too low and the other not. */
static double
solve(const gb_threshold *t, const parts *p, double guess)
{
    const double odds = log(t->filter.top_p / (1 - t->filter.top_p));
    double low = 0, high = INFINITY, b = guess, f, slope, next;
    weight above, rest;
    int i;

    weigh(p, 0, &above, &rest);
    if (!stays(t, &above, &rest))
        return 0;
    for (i = 0; i < 200; i++) {
        weigh(p, b, &above, &rest);
        if (stays(t, &above, &rest))
            low = b;
        else
            high = b;
        f = log(above.sum / rest.sum) - odds;
        slope = rest.slope / rest.sum - above.slope / above.sum;
        next = b - f / slope;
        if (!(next > low && next < high))
            next = high == INFINITY ? b * 4 : (low + high) / 2;
        if (fabs(next - b) <= 1e-12 * b || high == low)
            return next;
        b = next;
    }
    return b;
}

/* From which temperature on min-p lets it through. */
static double
min_p_threshold(const gb_threshold *t, double distance)
{
    if (t->filter.min_p <= 0.0 || distance == 0)
        return 0;
    return distance / fabs(log(t->filter.min_p));
}

double
gb_threshold_of(const gb_threshold *t, float logit, double guess)
{
    const double distance = distance_of(t, logit);
    double b, least = min_p_threshold(t, distance);
    parts p;

    if (!counts(t, logit))
        return INFINITY;
    if (t->filter.top_p >= 1.0 || distance == 0)
        return least;
    p = split(t, logit);
    b = solve(t, &p, guess > 1e-3 && guess < 1e3 ? 1 / guess : 1);
    return fmax(least, 1 / b);
}

bool
gb_threshold_passed(const gb_threshold *t, float logit, double temperature)
{
    const double distance = distance_of(t, logit);
    weight above, rest, above_all, rest_all;
    parts p = {.t = t};
    const lump *own;

    if (!counts(t, logit) || min_p_threshold(t, distance) > temperature)
        return false;
    if (t->filter.top_p >= 1.0 || distance == 0)
        return true;
    /* Mostly it does not matter which of its lump are above the token. */
    p.above = find_lump(t, lump_key(distance));
    own = &t->lumps[p.above];
    weigh(&p, 1 / temperature, &above, &rest);
    above_all = above, rest_all = rest;
    add(&above_all, own, 1 / temperature);
    add(&rest_all, own, 1 / temperature);
    if (stays(t, &above_all, &rest))
        return true;
    if (!stays(t, &above, &rest_all))
        return false;
    p = split(t, logit);
    weigh(&p, 1 / temperature, &above, &rest);
    return stays(t, &above, &rest);
}
