/* The winners over all temperatures against sorting, adding up and taking the
 * largest at one temperature after the other; and against NumPy. */
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "sample/gumbel.h"
#include "sample/spectrum.h"

/* Borders and thresholds may be off by this share. */
#define SOFT 2e-6

/* A step, its tokens in descending order of their logits. */
typedef struct step {
    float *logits, *noise;
    size_t n;
    uint32_t *order;
    gb_filter filter;
} step;

static uint32_t
scramble(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

/* One of many numbers in [0, 1) for a seed and an index. */
static float
uniform(uint32_t seed, size_t i)
{
    return (float)(scramble(scramble(seed) + (uint32_t)i) >> 8) * 0x1p-24f;
}

static const float *sorted_by;

static int
likelier(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    if (sorted_by[a] != sorted_by[b])
        return sorted_by[a] < sorted_by[b] ? 1 : -1;
    return a < b ? -1 : a > b;
}

static step
make_step(size_t n, const gb_filter *filter)
{
    step s = {.n = n, .filter = *filter};
    size_t i;

    s.logits = gb_alloc_array(n, sizeof *s.logits);
    s.noise = gb_alloc_array(n, sizeof *s.noise);
    s.order = gb_alloc_array(n, sizeof *s.order);
    for (i = 0; i < n; i++)
        s.order[i] = (uint32_t)i;
    return s;
}

static void
free_step(step *s)
{
    free(s->logits);
    free(s->noise);
    free(s->order);
}

static void
sort_step(step *s)
{
    sorted_by = s->logits;
    qsort(s->order, s->n, sizeof *s->order, likelier);
}

typedef enum kind {
    PLAIN,   /* as a model gives them */
    TIED,    /* of 17 values */
    NARROW,  /* all alike to a hundredth */
    WIDE,    /* to a thousand */
    HOLES,   /* every third is minus infinity */
    OUTLIER, /* one is far below all the others */
    KINDS,
} kind;

static step
random_step(size_t n, const gb_filter *filter, kind k, uint32_t seed)
{
    static const float scales[KINDS] = {20, 17, 0.01f, 1000, 20, 20};
    step s = make_step(n, filter);
    size_t i;
    float u;

    for (i = 0; i < n; i++) {
        u = uniform(seed, i);
        s.logits[i] = scales[k] * u * u - 30;
        if (k == TIED)
            s.logits[i] = floorf(s.logits[i]);
        if (k == HOLES && i % 3 == 1)
            s.logits[i] = -INFINITY;
        if (k == OUTLIER && i == n / 2 && n > 1)
            s.logits[i] = -1e9f;
        u = uniform(seed + 1000, i);
        s.noise[i] = -logf(-logf(u > 0 ? u : 0.5f));
    }
    sort_step(&s);
    return s;
}

/* How many of the order take part at a temperature, by the filters' words. */
static size_t
count_kept(const step *s, double temperature)
{
    const float *l = s->logits;
    double total = 0, sum = 0, max = (double)l[s->order[0]];
    size_t n = s->n, kept, i;

    if (s->filter.top_k > 0 && s->filter.top_k < n)
        for (n = s->filter.top_k;
             n < s->n && l[s->order[n]] == l[s->order[n - 1]]; n++)
            ;
    while (n > 1 && l[s->order[n - 1]] == -INFINITY)
        n--;
    for (i = 0; i < n; i++)
        total += exp(((double)l[s->order[i]] - max) / temperature);
    for (kept = 0, i = 0; kept < n && (sum < s->filter.top_p * total ||
                                       s->filter.top_p == 1); kept = i)
        for (i = kept; i < n && l[s->order[i]] == l[s->order[kept]]; i++)
            sum += exp(((double)l[s->order[i]] - max) / temperature);
    while (s->filter.min_p > 0 && kept > 1 &&
           ((double)l[s->order[kept - 1]] - max) / temperature <
               log(s->filter.min_p))
        kept--;
    return kept;
}

static uint32_t
winner(const step *s, double temperature)
{
    const size_t kept = count_kept(s, temperature);
    const double max = (double)s->logits[s->order[0]];
    double score, best = -INFINITY;
    uint32_t id, found = 0;
    size_t i;

    for (i = 0; i < kept; i++) {
        id = s->order[i];
        score = ((double)s->logits[id] - max) / temperature +
                (double)s->noise[id];
        if (score > best || (score == best && id < found)) {
            best = score;
            found = id;
        }
    }
    return found;
}

static bool
is_soft(double temperature, double border)
{
    return fabs(temperature - border) <= SOFT * border;
}

/* The band that holds a temperature; NULL when that is too near its ends. */
static const gb_band *
band_at(const gb_band *b, size_t n, double temperature)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (temperature <= b[i].to)
            return is_soft(temperature, b[i].to) ||
                           is_soft(temperature, b[i].from)
                       ? NULL
                       : &b[i];
    fail_msg("no band holds %g", temperature);
    return NULL;
}

static void
check_order(const gb_band *b, size_t n, double from, double to)
{
    size_t i, k;

    assert_true(n > 0);
    assert_true(b[0].from == from);
    assert_true(b[n - 1].to == to);
    for (i = 0; i < n; i++) {
        assert_true(b[i].from < b[i].to);
        if (i > 0)
            assert_true(b[i].from == b[i - 1].to);
        for (k = 0; k < i; k++)
            assert_int_not_equal(b[k].id, b[i].id);
    }
}

static void
check_range(gb_spectrum *s, const gb_band *band, double temperature)
{
    const gb_band r = gb_spectrum_range(s, band->id, temperature);

    assert_true(r.from <= temperature && temperature <= r.to);
    if (!(fabs(r.from - band->from) <= SOFT * band->from) ||
        !(r.to == band->to || fabs(r.to - band->to) <= SOFT * band->to))
        fail_msg("range at %g is %.9g to %.9g, the band %.9g to %.9g",
                 temperature, r.from, r.to, band->from, band->to);
}

static void
check_winner(const step *s, const gb_band *band, double temperature)
{
    const uint32_t id = winner(s, temperature);

    if (band->id != id && (s->logits[id] != s->logits[band->id] ||
                           s->noise[id] != s->noise[band->id]))
        fail_msg("%zu tokens, filter %u %g %g: at %.9g %u wins, the band "
                 "%.9g to %.9g has %u", s->n, s->filter.top_k,
                 s->filter.top_p, s->filter.min_p, temperature, id,
                 band->from, band->to, band->id);
}

/* The bands over a grid of temperatures, and just inside of every border. */
static void
check_bands(const step *s)
{
    gb_spectrum *spectrum = gb_spectrum_new();
    gb_band b[200];
    const gb_band *found, *band;
    size_t n, i, part;
    double t;

    gb_spectrum_set(spectrum, s->logits, s->noise, s->n, &s->filter);
    n = gb_spectrum_bands(spectrum, 0, INFINITY, &found);
    assert_in_range(n, 1, 200);
    memcpy(b, found, n * sizeof *b);
    check_order(b, n, 0, INFINITY);
    assert_true(s->logits[b[0].id] == s->logits[s->order[0]]);
    for (t = 1e-3; t < 2e3; t *= 1.09) {
        band = band_at(b, n, t);
        if (band == NULL)
            continue;
        check_winner(s, band, t);
        check_range(spectrum, band, t);
    }
    for (i = 0; i + 1 < n; i++) {
        if (b[i].to > 1e5 || b[i].to < 1e-5)
            continue;
        t = b[i].to * (1 - 1.5 * SOFT);
        if (t > b[i].from)
            check_winner(s, &b[i], t);
        t = b[i].to * (1 + 1.5 * SOFT);
        if (t < b[i + 1].to)
            check_winner(s, &b[i + 1], t);
    }
    part = gb_spectrum_bands(spectrum, 0.5, 1.3, &found);
    check_order(found, part, 0.5, 1.3);
    for (t = 0.51; t < 1.3; t *= 1.03) {
        band = band_at(found, part, t);
        if (band != NULL)
            check_winner(s, band, t);
    }
    part = gb_spectrum_bands(spectrum, 0.8, 0.8, &found);
    assert_int_equal(part, 1);
    assert_true(found->from == 0.8 && found->to == 0.8);
    if (band_at(b, n, 0.8) != NULL)
        assert_int_equal(found->id, band_at(b, n, 0.8)->id);
    gb_spectrum_free(spectrum);
}

/* Each token takes part above its threshold and not below it. */
static void
check_thresholds(const step *s)
{
    gb_spectrum *spectrum = gb_spectrum_new();
    gb_threshold *threshold = gb_threshold_new();
    double t, below, above;
    size_t place, stride = s->n / 40 + 1;
    uint32_t id;

    gb_spectrum_set(spectrum, s->logits, s->noise, s->n, &s->filter);
    assert_true(gb_threshold_set(threshold, &s->filter, s->logits, s->n));
    for (place = 0; place < s->n; place += place < 20 ? 1 : stride) {
        id = s->order[place];
        t = gb_spectrum_threshold(spectrum, id);
        below = fmin(fmax(t, 1e-3), 1e4) * (1 - SOFT);
        above = fmin(fmax(t, 1e-3), 1e4) * (1 + SOFT);
        if (t > below && place < count_kept(s, below))
            fail_msg("place %zu of %zu takes part below %.9g", place, s->n,
                     t);
        if (t < above && s->logits[id] > -INFINITY &&
            place >= count_kept(s, above))
            fail_msg("place %zu of %zu takes no part above %.9g", place,
                     s->n, t);
        if (s->logits[id] == -INFINITY)
            assert_true(t == INFINITY);
        assert_int_equal(gb_threshold_passed(threshold, s->logits[id], above),
                         t < above);
        assert_int_equal(gb_threshold_passed(threshold, s->logits[id], below),
                         t < below);
    }
    gb_threshold_free(threshold);
    gb_spectrum_free(spectrum);
}

static const gb_filter filters[] = {
    GB_FILTER_OFF,   {1, 1, 0},        {5, 1, 0},     {40, 1, 0},
    {0, 0.1, 0},     {0, 0.5, 0},      {0, 0.95, 0},  {0, 0.999999, 0},
    {0, 1, 0.001},   {0, 1, 0.05},     {0, 1, 0.5},   {0, 1, 1},
    {40, 0.9, 0},    {0, 0.9, 0.02},   {40, 1, 0.05}, {100, 0.95, 0.01},
    {2000, 0.6, 0.3},
};

static void
test_brute_force(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 7, 60, 900};
    uint32_t seed;
    size_t f, k, z;
    step s;

    (void)state;
    for (f = 0; f < GB_COUNT(filters); f++)
        for (k = 0; k < KINDS; k++)
            for (z = 0; z < GB_COUNT(sizes); z++)
                for (seed = 0; seed < 4; seed++) {
                    s = random_step(sizes[z], &filters[f], (kind)k,
                                    seed * 7919 + (uint32_t)(k * 31 + z));
                    check_bands(&s);
                    check_thresholds(&s);
                    free_step(&s);
                }
}

/* A vocabulary of GPT-2's size, with the noise that is really drawn. */
static void
test_large(void **state)
{
    static const size_t chosen[] = {0, 3, 6, 9, 15};
    size_t f;
    step s;

    (void)state;
    for (f = 0; f < GB_COUNT(chosen); f++) {
        s = random_step(50257, &filters[chosen[f]], PLAIN, 5);
        gb_gumbel_noise(479, 0, s.noise, s.n);
        check_bands(&s);
        check_thresholds(&s);
        free_step(&s);
    }
}

/* Small steps that can be worked out by hand. */
static void
test_by_hand(void **state)
{
    static const struct {
        const char *what;
        gb_filter filter;
        size_t n, n_bands;
        float logits[10], noise[10];
        gb_band bands[4];
    } cases[] = {
        {"one token", GB_FILTER_OFF, 1, 1, {-3}, {7}, {{0, INFINITY, 0}}},
        {"two", GB_FILTER_OFF, 2, 2, {3, 1}, {0, 4},
         {{0, 0.5, 0}, {0.5, INFINITY, 1}}},
        {"the likelier has the noise", GB_FILTER_OFF, 2, 1, {1, 3}, {0, 4},
         {{0, INFINITY, 1}}},
        {"equal logits: more noise", GB_FILTER_OFF, 3, 1, {1, 1, 1},
         {0, 4, 2}, {{0, INFINITY, 1}}},
        {"equal in all: lowest id", GB_FILTER_OFF, 3, 1, {1, 1, 0}, {2, 2, 2},
         {{0, INFINITY, 0}}},
        {"a twin overtakes: lowest id", GB_FILTER_OFF, 3, 2, {3, 1, 1},
         {0, 4, 4}, {{0, 0.5, 0}, {0.5, INFINITY, 1}}},
        {"three meet in a point: no band", GB_FILTER_OFF, 3, 2, {4, 2, 0},
         {0, 2, 4}, {{0, 1, 0}, {1, INFINITY, 2}}},
        {"always below", GB_FILTER_OFF, 3, 2, {4, 1, 0}, {0, 1, 4},
         {{0, 1, 0}, {1, INFINITY, 2}}},
        {"no probability", GB_FILTER_OFF, 3, 2, {4, -INFINITY, 0}, {0, 9, 4},
         {{0, 1, 0}, {1, INFINITY, 2}}},
        {"top-k cuts the winner", {2, 1, 0}, 3, 2, {4, 3, 0}, {0, 0.5f, 9},
         {{0, 2, 0}, {2, INFINITY, 1}}},
        {"top-k keeps ties", {2, 1, 0}, 3, 2, {4, 3, 3}, {0, 0.5f, 0.25f},
         {{0, 2, 0}, {2, INFINITY, 1}}},
        /* 0 and 1 meet at 0.25; min-p lets 1 in at 1 / log(4) */
        {"min-p: in when it would have won", {0, 1, 0.25}, 2, 2, {4, 3},
         {0, 4}, {{0, 0.7213475204444817, 0},
                  {0.7213475204444817, INFINITY, 1}}},
        {"min-p: in before it wins", {0, 1, 0.25}, 2, 2, {4, 3}, {0, 0.5f},
         {{0, 2, 0}, {2, INFINITY, 1}}},
        {"min-p 1", {0, 1, 1}, 2, 1, {4, 3}, {0, 9}, {{0, INFINITY, 0}}},
        /* two tokens: the first has 0.8 when 1/T = log(4) */
        {"top-p", {0, 0.8, 0}, 2, 2, {4, 3}, {0, 4},
         {{0, 0.7213475204444817, 0}, {0.7213475204444817, INFINITY, 1}}},
        {"top-p: half of two never", {0, 0.5, 0}, 2, 1, {4, 3}, {0, 9},
         {{0, INFINITY, 0}}},
        {"top-p: nine of ten at most", {0, 0.9, 0}, 10, 1,
         {9, 9, 9, 9, 9, 9, 9, 9, 9, 3}, {0, 1, 0, 0, 0, 0, 0, 0, 0, 9},
         {{0, INFINITY, 1}}},
        {"top-p of what top-k left", {2, 0.8, 0}, 3, 2, {4, 3, 2}, {0, 4, 9},
         {{0, 0.7213475204444817, 0}, {0.7213475204444817, INFINITY, 1}}},
        {"minus infinity everywhere", GB_FILTER_OFF, 2, 0,
         {-INFINITY, -INFINITY}, {0, 1}, {{0, 0, 0}}},
        {"not a number beside one", {0, 0.9, 0}, 2, 1, {NAN, 1}, {9, 0},
         {{0, INFINITY, 1}}},
        {"infinite", GB_FILTER_OFF, 2, 0, {INFINITY, 1}, {0, 1}, {{0, 0, 0}}},
        {"huge", GB_FILTER_OFF, 2, 2, {3e38f, -3e38f}, {0, 1},
         {{0, 6.0000000552562e38, 0}, {6.0000000552562e38, INFINITY, 1}}},
        {"tiny", GB_FILTER_OFF, 2, 2, {1e-38f, 0}, {0, 1},
         {{0, 9.99999935e-39, 0}, {9.99999935e-39, INFINITY, 1}}},
    };
    gb_spectrum *s = gb_spectrum_new();
    const gb_band *found;
    size_t i, k;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_spectrum_set(s, cases[i].logits, cases[i].noise, cases[i].n,
                        &cases[i].filter);
        if (gb_spectrum_bands(s, 0, INFINITY, &found) != cases[i].n_bands)
            fail_msg("%s: another number of bands", cases[i].what);
        for (k = 0; k < cases[i].n_bands; k++)
            if (found[k].id != cases[i].bands[k].id ||
                (found[k].to != cases[i].bands[k].to &&
                 !is_soft(found[k].to, cases[i].bands[k].to)))
                fail_msg("%s: band %zu to %g has %u", cases[i].what, k,
                         found[k].to, found[k].id);
    }
    gb_spectrum_free(s);
}

/* Where rounding has put a border on the wrong side of the temperature. */
static void
test_hold(void **state)
{
    static const float logits[] = {4, 2, -1, -9};
    static const float noise[] = {0, 1, 2, -5};
    static const struct {
        uint32_t id;
        double temperature;
        size_t n;
        gb_band bands[6];
    } cases[] = {
        {1, 2.5, 3, {{0, 2, 0}, {2, 3, 1}, {3, INFINITY, 2}}},
        {1, 2, 3, {{0, 2, 0}, {2, 3, 1}, {3, INFINITY, 2}}},
        {0, 2, 3, {{0, 2, 0}, {2, 3, 1}, {3, INFINITY, 2}}},
        {1, 1.9, 3, {{0, 1.9, 0}, {1.9, 3, 1}, {3, INFINITY, 2}}},
        {0, 2.1, 3, {{0, 2.1, 0}, {2.1, 3, 1}, {3, INFINITY, 2}}},
        {1, 3.1, 3, {{0, 2, 0}, {2, 3.1, 1}, {3.1, INFINITY, 2}}},
        {2, 2, 2, {{0, 2, 0}, {2, INFINITY, 2}}},
        {2, 1.5, 2, {{0, 1.5, 0}, {1.5, INFINITY, 2}}},
        {0, 3, 2, {{0, 3, 0}, {3, INFINITY, 2}}},
        {3, 2.5, 5, {{0, 2, 0}, {2, 2.5, 1}, {2.5, 2.5, 3}, {2.5, 3, 1},
                     {3, INFINITY, 2}}},
        {3, 9, 5, {{0, 2, 0}, {2, 3, 1}, {3, 9, 2}, {9, 9, 3},
                   {9, INFINITY, 2}}},
    };
    const gb_filter off = GB_FILTER_OFF;
    gb_spectrum *s = gb_spectrum_new();
    const gb_band *found;
    size_t i, k;

    (void)state;
    gb_spectrum_set(s, logits, noise, GB_COUNT(logits), &off);
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_spectrum_bands(s, 0, INFINITY, &found);
        assert_int_equal(gb_spectrum_hold(s, cases[i].id,
                                          cases[i].temperature, &found),
                         cases[i].n);
        for (k = 0; k < cases[i].n; k++) {
            assert_true(found[k].from == cases[i].bands[k].from);
            assert_true(found[k].to == cases[i].bands[k].to);
            assert_int_equal(found[k].id, cases[i].bands[k].id);
        }
    }
    gb_spectrum_free(s);
}

/* The range holds the temperature even of a token that should not have won. */
static void
test_range_holds(void **state)
{
    uint32_t id, seed;
    size_t f;
    gb_spectrum *spectrum = gb_spectrum_new();
    gb_band r;
    double t;
    step s;

    (void)state;
    for (f = 0; f < GB_COUNT(filters); f++)
        for (seed = 0; seed < 3; seed++) {
            s = random_step(50, &filters[f], HOLES, seed);
            gb_spectrum_set(spectrum, s.logits, s.noise, s.n, &s.filter);
            for (id = 0; id < 50; id++)
                for (t = 0.01; t < 100; t *= 3) {
                    r = gb_spectrum_range(spectrum, id, t);
                    assert_int_equal(r.id, id);
                    assert_true(r.from <= t && t <= r.to);
                    if (winner(&s, t) != id)
                        assert_true(r.from == t || r.to == t);
                }
            free_step(&s);
        }
    gb_spectrum_free(spectrum);
}

/* See tests/reference/spectrum_golden.py. */
static float
golden_logit(unsigned which, size_t n, size_t i)
{
    return which == 0 ? -(float)(i * 7919 % 1009) / 64
                      : -20 * (float)(i * 40503 % 65537) / 65537 +
                            (float)(i % n) / 1024;
}

static void
check_golden(FILE *f, unsigned which, size_t n)
{
    gb_spectrum *spectrum = gb_spectrum_new();
    const gb_band *found;
    unsigned long long seed;
    size_t n_bands, i;
    unsigned count, id;
    double to;
    step s;

    s = make_step(n, &filters[0]);
    assert_int_equal(fscanf(f, "%llu %u %lf %lf %u", &seed, &s.filter.top_k,
                            &s.filter.top_p, &s.filter.min_p, &count), 5);
    for (i = 0; i < n; i++)
        s.logits[i] = golden_logit(which, n, i);
    gb_gumbel_noise(seed, 0, s.noise, n);
    gb_spectrum_set(spectrum, s.logits, s.noise, n, &s.filter);
    n_bands = gb_spectrum_bands(spectrum, 0, INFINITY, &found);
    assert_int_equal(n_bands, count);
    for (i = 0; i < count; i++) {
        assert_int_equal(fscanf(f, "%u %lf", &id, &to), 2);
        assert_int_equal(found[i].id, id);
        if (found[i].to != to && !(fabs(found[i].to - to) <= 1e-5 * to))
            fail_msg("seed %llu: band of %u to %.9g, expected %.9g", seed, id,
                     found[i].to, to);
    }
    gb_spectrum_free(spectrum);
    free_step(&s);
}

static void
test_golden(void **state)
{
    FILE *f = fopen(test_source("tests/golden/spectrum.txt"), "r");
    unsigned which, n, cases = 0;

    (void)state;
    assert_non_null(f);
    for (; fscanf(f, "%u %u", &which, &n) == 2; cases++)
        check_golden(f, which, n);
    fclose(f);
    assert_in_range(cases, 100, 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_brute_force),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_range_holds),
        cmocka_unit_test(test_golden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
