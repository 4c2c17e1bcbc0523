#include "sample/spectrum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A token that would overtake the winner at temperature x, if it takes part
 * by then. */
typedef struct rival {
    float logit;
    double x;
    uint32_t id;
} rival;

struct gb_spectrum {
    const float *logits, *noise;
    size_t n;
    gb_threshold *threshold;
    bool empty;
    gb_band *bands;
    rival *rivals;
    size_t n_bands, n_rivals, bands_room, rivals_room;
};

gb_spectrum *
gb_spectrum_new(void)
{
    gb_spectrum *s = gb_alloc(sizeof *s);

    s->threshold = gb_threshold_new();
    return s;
}

void
gb_spectrum_free(gb_spectrum *s)
{
    if (s == NULL)
        return;
    gb_threshold_free(s->threshold);
    free(s->bands);
    free(s->rivals);
    free(s);
}

void
gb_spectrum_set(gb_spectrum *s, const float *logits, const float *noise,
                size_t n, const gb_filter *filter)
{
    s->logits = logits;
    s->noise = noise;
    s->n = n;
    s->empty = !gb_threshold_set(s->threshold, filter, logits, n);
}

/* Keeps the rivals that may come first, the likeliest first: those for which
 * no likelier one would overtake sooner. */
static void
consider(gb_spectrum *s, rival r)
{
    size_t at = s->n_rivals, end;

    while (at > 0 && s->rivals[at - 1].logit < r.logit)
        at--;
    if (at > 0 && s->rivals[at - 1].x <= r.x)
        return;
    if (at > 0 && s->rivals[at - 1].logit == r.logit)
        at--;
    for (end = at; end < s->n_rivals && s->rivals[end].x >= r.x; end++)
        ;
    if (s->n_rivals == s->rivals_room) {
        s->rivals_room = 2 * s->rivals_room + 16;
        s->rivals = gb_realloc_array(s->rivals, s->rivals_room,
                                     sizeof *s->rivals);
    }
    memmove(&s->rivals[at + 1], &s->rivals[end],
            (s->n_rivals - end) * sizeof *s->rivals);
    s->rivals[at] = r;
    s->n_rivals += at + 1 - end;
}

/* All that would overtake the winner before temperature `to`: less likely
 * tokens with more noise. */
static void
find_rivals(gb_spectrum *s, uint32_t winner, double to)
{
    const float l = s->logits[winner], g = s->noise[winner];
    const float least = gb_threshold_least(s->threshold);
    const bool moves = gb_threshold_moves(s->threshold);
    double x, soonest = to;
    size_t i;

    s->n_rivals = 0;
    for (i = 0; i < s->n; i++) {
        if (!(s->noise[i] > g) || !(s->logits[i] < l) ||
            !(s->logits[i] >= least))
            continue;
        x = ((double)l - (double)s->logits[i]) /
            ((double)s->noise[i] - (double)g);
        if (!(x < soonest))
            continue;
        /* Where no threshold moves, only the first counts. */
        if (!moves) {
            soonest = x;
            s->n_rivals = 0;
        }
        consider(s, (rival){s->logits[i], x, (uint32_t)i});
    }
}

/* The end of the winner's band: when a rival overtakes, or begins to take part
 * when it would have overtaken before. The likelier of two rivals takes part
 * sooner but overtakes later, so that the first event is found by bisection.
 * Returns whether there is one before temperature `to`. */
static bool
next(gb_spectrum *s, uint32_t winner, double now, double to, gb_band *band)
{
    const gb_threshold *t = s->threshold;
    size_t low = 0, high, middle;
    const rival *r;
    double starts;

    find_rivals(s, winner, to);
    r = s->rivals;
    for (high = s->n_rivals; low < high;) {
        middle = (low + high) / 2;
        if (r[middle].x > now &&
            gb_threshold_passed(t, r[middle].logit, r[middle].x))
            low = middle + 1;
        else
            high = middle;
    }
    *band = (gb_band){to, to, 0};
    if (low > 0)
        *band = (gb_band){r[low - 1].x, to, r[low - 1].id};
    if (low < s->n_rivals) {
        starts = gb_threshold_of(t, r[low].logit);
        if (starts < band->from)
            *band = (gb_band){starts, to, r[low].id};
    }
    return band->from < to;
}

/* Who wins at this temperature; at 0, in the limit. */
static uint32_t
winner_at(const gb_spectrum *s, double temperature)
{
    const float max = gb_threshold_max(s->threshold);
    double score, best = -INFINITY;
    uint32_t id = 0;
    float floor = max;
    size_t i;

    if (temperature > 0)
        floor = gb_filter_logit_floor(gb_threshold_filter(s->threshold),
                                      s->logits, s->n, temperature);
    for (i = 0; i < s->n; i++) {
        if (!(s->logits[i] >= floor))
            continue;
        score = (double)s->noise[i];
        if (temperature > 0)
            score += ((double)s->logits[i] - (double)max) / temperature;
        if (score > best) {
            best = score;
            id = (uint32_t)i;
        }
    }
    return id;
}

static void
add_band(gb_spectrum *s, gb_band band)
{
    if (s->n_bands == s->bands_room) {
        s->bands_room = 2 * s->bands_room + 16;
        s->bands = gb_realloc_array(s->bands, s->bands_room,
                                    sizeof *s->bands);
    }
    s->bands[s->n_bands++] = band;
}

size_t
gb_spectrum_bands(gb_spectrum *s, double from, double to,
                  const gb_band **bands)
{
    gb_band now, then;
    bool more;

    s->n_bands = 0;
    if (!s->empty) {
        now = (gb_band){from, to, winner_at(s, from)};
        do {
            more = next(s, now.id, now.from, to, &then);
            then.from = fmax(then.from, now.from);
            now.to = more ? then.from : to;
            /* Of several that overtake at once the last stays. */
            if (now.to > now.from || !more)
                add_band(s, now);
            now = then;
        } while (more);
    }
    *bands = s->bands;
    return s->n_bands;
}

gb_band
gb_spectrum_range(gb_spectrum *s, uint32_t id, double temperature)
{
    const float l = s->logits[id], g = s->noise[id];
    gb_band band = {0, INFINITY, id}, then;
    double x;
    size_t i;

    for (i = 0; i < s->n; i++) {
        if (!(s->logits[i] > l))
            continue;
        x = ((double)s->logits[i] - (double)l) /
            fmax((double)g - (double)s->noise[i], 0);
        if (x > band.from)
            band.from = x;
    }
    if (band.from == 0 ||
        !gb_threshold_passed(s->threshold, l, band.from))
        band.from = fmax(band.from, gb_threshold_of(s->threshold, l));
    if (next(s, id, temperature, INFINITY, &then))
        band.to = then.from;
    band.from = fmin(band.from, temperature);
    band.to = fmax(band.to, temperature);
    return band;
}

/* Removes the bands from one index up to another. */
static void
remove_bands(gb_spectrum *s, size_t from, size_t to)
{
    memmove(&s->bands[from], &s->bands[to],
            (s->n_bands - to) * sizeof *s->bands);
    s->n_bands -= to - from;
}

/* Cuts a band in two at a temperature, with the token's between. */
static void
insert_band(gb_spectrum *s, uint32_t id, double temperature)
{
    size_t i = 0;

    while (i < s->n_bands && s->bands[i].to < temperature)
        i++;
    if (i == s->n_bands || s->bands[i].from > temperature)
        return;
    add_band(s, s->bands[0]);
    add_band(s, s->bands[0]);
    memmove(&s->bands[i + 2], &s->bands[i],
            (s->n_bands - 2 - i) * sizeof *s->bands);
    s->bands[i].to = s->bands[i + 2].from = temperature;
    s->bands[i + 1] = (gb_band){temperature, temperature, id};
}

size_t
gb_spectrum_hold(gb_spectrum *s, uint32_t id, double temperature,
                 const gb_band **bands)
{
    size_t own = 0, i;

    while (own < s->n_bands && s->bands[own].id != id)
        own++;
    i = own;
    if (own == s->n_bands) {
        insert_band(s, id, temperature);
    } else if (s->bands[own].from > temperature) {
        while (i > 0 && s->bands[i - 1].from >= temperature)
            i--;
        s->bands[own].from = temperature;
        if (i > 0)
            s->bands[i - 1].to = temperature;
        remove_bands(s, i, own);
    } else if (s->bands[own].to < temperature) {
        while (i + 1 < s->n_bands && s->bands[i + 1].to <= temperature)
            i++;
        s->bands[own].to = temperature;
        if (i + 1 < s->n_bands)
            s->bands[i + 1].from = temperature;
        remove_bands(s, own + 1, i + 1);
    }
    *bands = s->bands;
    return s->n_bands;
}

double
gb_spectrum_threshold(const gb_spectrum *s, uint32_t id)
{
    return s->empty ? INFINITY
                    : gb_threshold_of(s->threshold, s->logits[id]);
}
