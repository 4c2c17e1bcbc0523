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
    size_t index;
} rival;

struct gb_spectrum {
    /* The tokens that top-k leaves; known by their index among them. */
    const float *logits, *noise; /* (n) */
    const uint32_t *ids;         /* (n) rising; NULL: the index is the id */
    size_t n;
    /* Of them, when they are not all. */
    float *own_logits, *own_noise;
    uint32_t *own_ids;
    size_t own_room;
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
    free(s->own_logits);
    free(s->own_noise);
    free(s->own_ids);
    free(s->bands);
    free(s->rivals);
    free(s);
}

static void
take_own(gb_spectrum *s, float logit, float noise, uint32_t id)
{
    if (s->n == s->own_room) {
        s->own_room = 2 * s->own_room + 64;
        s->own_logits = gb_realloc_array(s->own_logits, s->own_room,
                                         sizeof *s->own_logits);
        s->own_noise = gb_realloc_array(s->own_noise, s->own_room,
                                        sizeof *s->own_noise);
        s->own_ids = gb_realloc_array(s->own_ids, s->own_room,
                                      sizeof *s->own_ids);
    }
    s->own_logits[s->n] = logit;
    s->own_noise[s->n] = noise;
    s->own_ids[s->n++] = id;
}

void
gb_spectrum_set(gb_spectrum *s, const float *logits, const float *noise,
                size_t n, const gb_filter *filter)
{
    const gb_filter top_k = {filter->top_k, 1.0, 0.0};
    const gb_filter others = {0, filter->top_p, filter->min_p};
    float least;
    size_t i;

    s->logits = logits;
    s->noise = noise;
    s->ids = NULL;
    s->n = n;
    if (filter->top_k > 0 && filter->top_k < n) {
        least = gb_filter_logit_floor(&top_k, logits, n, 1.0);
        for (s->n = 0, i = 0; i < n; i++)
            if (logits[i] >= least)
                take_own(s, logits[i], noise[i], (uint32_t)i);
        s->logits = s->own_logits;
        s->noise = s->own_noise;
        s->ids = s->own_ids;
    }
    s->empty = !gb_threshold_set(s->threshold, &others, s->logits, s->n);
}

/* The index of a token, n when top-k has cut it. */
static size_t
index_of(const gb_spectrum *s, uint32_t id)
{
    size_t low = 0, high = s->n, middle;

    if (s->ids == NULL)
        return id;
    while (low < high) {
        middle = (low + high) / 2;
        if (s->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n && s->ids[low] == id ? low : s->n;
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

/* Finds what would overtake the winner before temperature `to`: less likely
 * tokens with more noise. Returns where the last of the likelier ones gives
 * way to it. */
static double
find_rivals(gb_spectrum *s, size_t winner, double to)
{
    const float l = s->logits[winner], g = s->noise[winner];
    const bool moves = gb_threshold_moves(s->threshold);
    /* A token that is less likely than this must overtake sooner than that. */
    float least = INFINITY;
    double soonest = to, latest = 0, less, more;
    const rival *last;
    size_t i;

    s->n_rivals = 0;
    for (i = 0; i < s->n; i++) {
        less = (double)l - (double)s->logits[i];
        more = (double)s->noise[i] - (double)g;
        if (less < latest * more && less < 0) /* INFINITY: it never does */
            latest = more < 0 ? less / more : INFINITY;
        /* Comparisons that are nearly always false are cheap. */
        if (!(less < (s->logits[i] > least ? to : soonest) * more) ||
            !(less > 0))
            continue;
        /* Where no threshold moves, only the first counts. */
        if (!moves)
            s->n_rivals = 0;
        consider(s, (rival){s->logits[i], less / more, i});
        last = &s->rivals[s->n_rivals - 1];
        soonest = last->x;
        if (moves)
            least = last->logit;
    }
    return latest;
}

/* The end of the band whose rivals were found: when one overtakes, or begins
 * to take part when it would have overtaken before. The likelier of two takes
 * part sooner but overtakes later, so that the first event is found by
 * bisection. Returns whether there is one before temperature `to`. */
static bool
next(gb_spectrum *s, double now, double to, double *then, size_t *winner)
{
    const gb_threshold *t = s->threshold;
    const rival *r = s->rivals;
    size_t low = 0, high, middle;
    double starts;

    for (high = s->n_rivals; low < high;) {
        middle = (low + high) / 2;
        if (r[middle].x > now &&
            gb_threshold_passed(t, r[middle].logit, r[middle].x))
            low = middle + 1;
        else
            high = middle;
    }
    *then = to;
    if (low > 0) {
        *then = r[low - 1].x;
        *winner = r[low - 1].index;
    }
    if (low < s->n_rivals) {
        starts = gb_threshold_of(t, r[low].logit, now);
        if (starts < *then) {
            *then = starts;
            *winner = r[low].index;
        }
    }
    return *then < to;
}

/* Who wins at this temperature; at 0, in the limit. */
static size_t
winner_at(const gb_spectrum *s, double temperature)
{
    const float max = gb_threshold_max(s->threshold);
    double score, best = -INFINITY;
    size_t winner = 0, i;
    float floor = max;

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
            winner = i;
        }
    }
    return winner;
}

static void
add_band(gb_spectrum *s, double from, double to, uint32_t id)
{
    if (s->n_bands == s->bands_room) {
        s->bands_room = 2 * s->bands_room + 16;
        s->bands = gb_realloc_array(s->bands, s->bands_room,
                                    sizeof *s->bands);
    }
    s->bands[s->n_bands++] = (gb_band){from, to, id};
}

size_t
gb_spectrum_bands(gb_spectrum *s, double from, double to,
                  const gb_band **bands)
{
    size_t winner, after = 0;
    double then;
    bool more;

    s->n_bands = 0;
    if (!s->empty) {
        winner = winner_at(s, from);
        do {
            find_rivals(s, winner, to);
            more = next(s, from, to, &then, &after);
            then = fmax(then, from);
            /* Of several that overtake at once the last stays. */
            if (then > from || !more)
                add_band(s, from, then,
                         s->ids != NULL ? s->ids[winner] : (uint32_t)winner);
            winner = after;
            from = then;
        } while (more);
    }
    *bands = s->bands;
    return s->n_bands;
}

gb_band
gb_spectrum_range(gb_spectrum *s, uint32_t id, double temperature)
{
    const size_t index = index_of(s, id);
    gb_band band = {temperature, temperature, id};
    size_t after;

    if (s->empty || index == s->n)
        return band;
    band.from = find_rivals(s, index, INFINITY);
    next(s, temperature, INFINITY, &band.to, &after);
    if (band.from == 0 ||
        !gb_threshold_passed(s->threshold, s->logits[index], band.from))
        band.from = fmax(band.from,
                         gb_threshold_of(s->threshold, s->logits[index],
                                         temperature));
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
    add_band(s, 0, 0, id);
    add_band(s, 0, 0, id);
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
    const size_t index = index_of(s, id);

    return s->empty || index == s->n
               ? INFINITY
               : gb_threshold_of(s->threshold, s->logits[index], 1);
}
