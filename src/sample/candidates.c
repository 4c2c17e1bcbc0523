#include "sample/candidates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *
gb_cut_name(gb_cut cut)
{
    static const char *const names[] = {"", "ban", "top-k", "top-p",
                                        "min-p"};

    return names[cut];
}

/* Logits below which the filters cut, one after the other. */
typedef struct floors {
    float top_k, top_p, min_p;
} floors;

static floors
find_floors(const gb_candidates_of *of)
{
    const gb_filter top_k = {of->filter.top_k, 1.0, 0.0};
    const gb_filter top_p = {of->filter.top_k, of->filter.top_p, 0.0};
    floors f = {-INFINITY, -INFINITY, -INFINITY};

    if (of->temperature == 0)
        return f;
    f.top_k = gb_filter_logit_floor(&top_k, of->logits, of->n, 1.0);
    f.top_p = gb_filter_logit_floor(&top_p, of->logits, of->n,
                                    of->temperature);
    f.min_p = gb_filter_logit_floor(&of->filter, of->logits, of->n,
                                    of->temperature);
    return f;
}

static const float *
raw_of(const gb_candidates_of *of)
{
    return of->raw != NULL ? of->raw : of->logits;
}

/* Whether the model never says it, as where an id has no token. */
static bool
is_impossible(const gb_candidates_of *of, size_t id)
{
    return raw_of(of)[id] <= -INFINITY;
}

static bool
is_banned(const gb_candidates_of *of, size_t id)
{
    return of->logits[id] <= -INFINITY && !is_impossible(of, id);
}

static gb_cut
find_cut(const gb_candidates_of *of, const floors *f, size_t id)
{
    const float logit = of->logits[id];

    if (is_banned(of, id))
        return GB_CUT_BAN;
    if (logit < f->top_k)
        return GB_CUT_TOP_K;
    if (logit < f->top_p)
        return GB_CUT_TOP_P;
    return logit < f->min_p ? GB_CUT_MIN_P : GB_CUT_NONE;
}

static bool
is_before(const gb_candidates_of *of, uint32_t a, uint32_t b)
{
    if (of->logits[a] != of->logits[b])
        return of->logits[a] > of->logits[b];
    return a < b;
}

static uint32_t
rank_of(const gb_candidates_of *of, uint32_t id)
{
    uint32_t i, rank = 0;

    for (i = 0; i < of->n; i++)
        rank += !is_impossible(of, i) && is_before(of, i, id);
    return rank;
}

static int
compare(const void *left, const void *right)
{
    const gb_candidate *a = left, *b = right;

    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

/* A token that may be listed already. */
static void
list(gb_candidates *c, const gb_candidates_of *of, uint32_t id)
{
    size_t i;

    for (i = 0; i < c->n; i++)
        if (c->items[i].id == id)
            return;
    c->items[c->n++] = (gb_candidate){.id = id, .rank = rank_of(of, id),
                                      .noise = of->noise[id]};
}

/* Candidates while they are sorted by what they look like in logits. */
typedef struct entry {
    float logit;
    uint32_t id;
} entry;

static int
compare_entries(const void *left, const void *right)
{
    const entry *a = left, *b = right;

    if (a->logit != b->logit)
        return a->logit < b->logit ? 1 : -1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void
list_likeliest(gb_candidates *c, const gb_candidates_of *of)
{
    const size_t want = of->likeliest < of->n ? of->likeliest : of->n;
    const gb_filter some = {(uint32_t)want, 1.0, 0.0};
    const float floor = gb_filter_logit_floor(&some, of->logits, of->n, 1.0);
    entry *entries = gb_alloc_array(of->n, sizeof *entries);
    size_t n = 0, i;

    for (i = 0; want > 0 && i < of->n; i++)
        if (of->logits[i] >= floor && !is_impossible(of, i))
            entries[n++] = (entry){of->logits[i], (uint32_t)i};
    qsort(entries, n, sizeof *entries, compare_entries);
    for (i = 0; i < n && i < want; i++)
        c->items[c->n++] = (gb_candidate){.id = entries[i].id,
                                          .rank = (uint32_t)i,
                                          .noise = of->noise[entries[i].id]};
    free(entries);
}

static size_t
count_banned(const gb_candidates_of *of)
{
    size_t i, n = 0;

    for (i = 0; of->raw != NULL && i < of->n; i++)
        n += is_banned(of, i);
    return n;
}

static void
list_banned(gb_candidates *c, const gb_candidates_of *of)
{
    const size_t want = of->likeliest < of->n ? of->likeliest : of->n;
    const gb_filter some = {(uint32_t)want, 1.0, 0.0};
    float floor;
    uint32_t i;

    if (want == 0 || of->raw == NULL)
        return;
    floor = gb_filter_logit_floor(&some, of->raw, of->n, 1.0);
    for (i = 0; i < of->n; i++)
        if (is_banned(of, i) && of->raw[i] >= floor)
            list(c, of, i);
}

/* Lists the winners and gives every one its band. */
static void
list_winners(gb_candidates *c, const gb_candidates_of *of)
{
    const gb_band *band;
    size_t k;

    for (band = c->bands; band < c->bands + c->n_bands; band++) {
        list(c, of, band->id);
        for (k = 0; c->items[k].id != band->id; k++)
            ;
        if (!c->items[k].wins)
            c->items[k].from = band->from;
        c->items[k].wins = true;
        c->items[k].to = band->to;
    }
}

/* How many the model can say, less those that are listed. */
static size_t
count_rest(const gb_candidates *c, const gb_candidates_of *of)
{
    size_t i, n = 0;

    for (i = 0; i < of->n; i++)
        n += !is_impossible(of, i);
    for (i = 0; i < c->n; i++)
        n -= !is_impossible(of, c->items[i].id);
    return n;
}

static void
weigh(gb_candidates *c, const gb_candidates_of *of)
{
    const floors f = find_floors(of);
    const float *raw_logits = raw_of(of);
    double raw = 0, final = 0, shown_raw = 0, shown_final = 0, x;
    uint32_t best = 0, raw_best = 0;
    gb_candidate *one;
    size_t i;

    for (i = 1; i < of->n; i++)
        if (of->logits[i] > of->logits[best] || isnan(of->logits[best]))
            best = (uint32_t)i;
    for (i = 1; i < of->n; i++)
        if (raw_logits[i] > raw_logits[raw_best] ||
            isnan(raw_logits[raw_best]))
            raw_best = (uint32_t)i;
    for (i = 0; i < of->n; i++) {
        if (isnan(of->logits[i]))
            continue;
        raw += exp((double)raw_logits[i] - (double)raw_logits[raw_best]);
        x = (double)of->logits[i] - (double)of->logits[best];
        if (of->temperature > 0 &&
            find_cut(of, &f, i) == GB_CUT_NONE)
            final += exp(x / of->temperature);
    }
    for (i = 0; i < c->n; i++) {
        one = &c->items[i];
        one->cut = find_cut(of, &f, one->id);
        x = (double)raw_logits[one->id] - (double)raw_logits[raw_best] -
            log(raw);
        one->raw_logprob = (float)x;
        shown_raw += exp(x);
        x = (double)of->logits[one->id] - (double)of->logits[best];
        if (of->temperature == 0)
            x = one->id == best ? 0 : -INFINITY;
        else
            x = one->cut == GB_CUT_NONE ? x / of->temperature - log(final)
                                        : -INFINITY;
        one->final_logprob = (float)x;
        shown_final += exp(x);
    }
    c->rest = count_rest(c, of);
    c->rest_raw = c->rest > 0 ? fmax(1 - shown_raw, 0) : 0;
    c->rest_final = c->rest > 0 ? fmax(1 - shown_final, 0) : 0;
}

static void
find_bands(gb_candidates *c, const gb_candidates_of *of)
{
    gb_spectrum *s = gb_spectrum_new();
    const gb_band *bands;
    size_t n;

    gb_spectrum_set(s, of->logits, of->noise, of->n, &of->filter);
    n = gb_spectrum_bands(s, 0, INFINITY, &bands);
    if (n > 0 && of->picked)
        n = gb_spectrum_hold(s, of->id, of->temperature, &bands);
    c->bands = gb_alloc_array(n + 1, sizeof *c->bands);
    c->n_bands = n;
    if (n > 0)
        memcpy(c->bands, bands, n * sizeof *bands);
    gb_spectrum_free(s);
}

gb_candidates
gb_candidates_find(const gb_candidates_of *of)
{
    const size_t likeliest = of->likeliest < of->n ? of->likeliest : of->n;
    gb_candidates c = {.n = 0};

    find_bands(&c, of);
    if (c.n_bands == 0)
        return c;
    c.items = gb_alloc_array(likeliest + c.n_bands + 1 + count_banned(of),
                             sizeof *c.items);
    list_likeliest(&c, of);
    list_winners(&c, of);
    list_banned(&c, of);
    if (of->id < of->n)
        list(&c, of, of->id);
    qsort(c.items, c.n, sizeof *c.items, compare);
    weigh(&c, of);
    return c;
}

void
gb_candidates_free(gb_candidates *c)
{
    free(c->items);
    free(c->bands);
    *c = (gb_candidates){.n = 0};
}
