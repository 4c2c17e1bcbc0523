#include "sample/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS 3
#define MAX_BINS 2048
#define FEW 256

/* Which bits of a key each level looks at. */
static const unsigned level_shift[LEVELS] = {21, 10, 0};
static const unsigned level_bits[LEVELS] = {11, 11, 10};

/* Some of the items, and what each of them weighs. */
typedef struct items {
    const float *x;
    size_t n;
    float floor;   /* only those >= floor count */
    bool weighted; /* by exp((x - max) * scale); else each weighs 1 */
    float max;
    double scale;
} items;

/* Floats as integers in the same order; -0 is 0. */
static uint32_t
key(float x)
{
    float sum = x + 0.0f;
    uint32_t u;

    memcpy(&u, &sum, sizeof u);
    return u >> 31 ? ~u : u | 0x80000000u;
}

static float
key_float(uint32_t k)
{
    uint32_t u = k >> 31 ? k & 0x7fffffffu : ~k;
    float x;

    memcpy(&x, &u, sizeof x);
    return x;
}

/* Adds up the weights by the level's bits of the key, over those items whose
 * bits above them are `prefix`. */
static void
weigh(const items *it, unsigned level, uint32_t prefix, double *bins)
{
    const unsigned shift = level_shift[level], bits = level_bits[level];
    const uint32_t mask = (1u << bits) - 1;
    uint32_t k;
    size_t i;

    memset(bins, 0, MAX_BINS * sizeof *bins);
    for (i = 0; i < it->n; i++) {
        if (!(it->x[i] >= it->floor))
            continue;
        k = key(it->x[i]);
        if (level > 0 && k >> (shift + bits) != prefix)
            continue;
        bins[k >> shift & mask] +=
            it->weighted
                ? exp(((double)it->x[i] - (double)it->max) * it->scale)
                : 1.0;
    }
}

/* Goes down from the highest bin until the weight gathered in *above would
 * reach `want`. Returns that bin; should sums fall short by their rounding,
 * the lowest that holds anything. */
static uint32_t
find_bin(const double *bins, unsigned bits, double want, double *above)
{
    uint32_t b, lowest = (1u << bits) - 1;
    double before = *above;

    for (b = 1u << bits; b-- > 0;) {
        if (bins[b] <= 0)
            continue;
        lowest = b;
        before = *above;
        if (*above + bins[b] >= want)
            return b;
        *above += bins[b];
    }
    *above = before;
    return lowest;
}

static int
descending(const void *left, const void *right)
{
    const float a = *(const float *)left, b = *(const float *)right;

    return (a < b) - (a > b);
}

/* The k-th largest of x, or the smallest where there are fewer numbers;
 * 0 < k <= FEW. A buffer takes what may be among them; whenever it is full,
 * the smaller half goes. */
static float
find_kth(const float *x, size_t n, size_t k)
{
    float best[2 * FEW], floor = -INFINITY;
    size_t kept = 0, i;

    for (i = 0; i < n; i++) {
        if (!(x[i] > floor) && (kept >= k || isnan(x[i])))
            continue;
        best[kept++] = x[i];
        if (kept == 2 * k) {
            qsort(best, kept, sizeof *best, descending);
            kept = k;
            floor = best[k - 1];
        }
    }
    qsort(best, kept, sizeof *best, descending);
    if (kept == 0)
        return -INFINITY;
    return best[kept < k ? kept - 1 : k - 1];
}

/* The largest value such that the items at or above it weigh at least
 * `want`, or `want` of the whole when they are weighted. */
static float
find_floor(const items *it, double want)
{
    double bins[MAX_BINS], above = 0, total = 0;
    uint32_t prefix = 0;
    unsigned level, b;

    for (level = 0; level < LEVELS; level++) {
        weigh(it, level, prefix, bins);
        if (level == 0 && it->weighted) {
            for (b = 0; b < MAX_BINS; b++)
                total += bins[b];
            want *= total;
        }
        prefix = prefix << level_bits[level] |
                 find_bin(bins, level_bits[level], want, &above);
    }
    return key_float(prefix);
}

/* The smallest float that is not below x. */
static float
float_at_least(double x)
{
    float f = (float)x;

    return (double)f < x ? nextafterf(f, INFINITY) : f;
}

bool
gb_filter_is_off(const gb_filter *f)
{
    return f->top_k == 0 && f->top_p >= 1.0 && f->min_p <= 0.0;
}

float
gb_filter_floor(const gb_filter *f, const float *logprobs, size_t n)
{
    return gb_filter_logit_floor(f, logprobs, n, 1.0);
}

float
gb_filter_logit_floor(const gb_filter *f, const float *logits, size_t n,
                      double temperature)
{
    items it = {logits, n, -INFINITY, false, -INFINITY, 1 / temperature};
    float least;
    size_t i;

    if (gb_filter_is_off(f))
        return -INFINITY;
    for (i = 0; i < n; i++)
        if (logits[i] > it.max)
            it.max = logits[i];
    if (!isfinite(it.max))
        return -INFINITY;
    if (f->top_k > 0 && f->top_k < n)
        it.floor = f->top_k <= FEW ? find_kth(logits, n, f->top_k)
                                   : find_floor(&it, f->top_k);
    it.weighted = true;
    if (f->top_p < 1.0)
        it.floor = find_floor(&it, f->top_p);
    if (f->min_p > 0.0) {
        least = float_at_least((double)it.max + log(f->min_p) * temperature);
        if (least > it.floor)
            it.floor = least;
    }
    return it.floor;
}
