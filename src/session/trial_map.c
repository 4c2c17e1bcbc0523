#include "session/trial_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Of a temperature: the ends of two texts that differ by no more are one. */
#define GB_TRIAL_NEAR 2e-6
#define GB_TRIAL_REACH (4 * GB_TRIAL_NEAR)

void
gb_trial_map_clear(gb_trial_map *m)
{
    while (m->n > 0) {
        free(m->texts[--m->n].tokens);
        gb_str_free(&m->texts[m->n].text);
    }
}

void
gb_trial_map_free(gb_trial_map *m)
{
    gb_trial_map_clear(m);
    free(m->texts);
    *m = (gb_trial_map){.n = 0};
}

size_t
gb_trial_map_find(const gb_trial_map *m, double temperature)
{
    size_t i;

    for (i = 0; i < m->n; i++)
        if (m->texts[i].from <= temperature && temperature <= m->texts[i].to)
            return i;
    return SIZE_MAX;
}

void
gb_trial_interval(gb_trial_text *k)
{
    uint32_t i;

    k->from = 0;
    k->to = (double)INFINITY;
    k->reach = GB_TRIAL_REACH;
    for (i = 0; i < k->n; i++) {
        k->from = fmax(k->from, (double)k->tokens[i].why.from);
        k->to = fmin(k->to, (double)k->tokens[i].why.to);
    }
    k->from = fmin(k->from, k->at);
    k->to = fmax(k->to, k->at);
}

static bool
is_near(double below, double above)
{
    return above - below <= GB_TRIAL_NEAR * above;
}

static bool
is_same(const gb_trial_text *a, const gb_trial_text *b)
{
    uint32_t i;

    for (i = 0; i < a->n && i < b->n; i++)
        if (a->tokens[i].id != b->tokens[i].id)
            return false;
    return a->n == b->n;
}

static void
insert(gb_trial_map *m, size_t i, const gb_trial_text *text)
{
    gb_trial_text k = *text;

    k.tokens = gb_alloc_array(k.n + (size_t)1, sizeof *k.tokens);
    if (k.n > 0)
        memcpy(k.tokens, text->tokens, k.n * sizeof *k.tokens);
    k.text = (gb_str)GB_STR_INIT;
    gb_str_append(&k.text, gb_str_cstr(&text->text), text->text.len);
    if (m->n == m->room) {
        m->room = 2 * m->room + 16;
        m->texts = gb_realloc_array(m->texts, m->room, sizeof *m->texts);
    }
    memmove(&m->texts[i + 1], &m->texts[i], (m->n++ - i) * sizeof *m->texts);
    m->texts[i] = k;
}

/* Between its neighbours; rounding may have moved an end into one of them, or
 * apart from it. */
void
gb_trial_map_add(gb_trial_map *m, const gb_trial_text *text)
{
    gb_trial_text k = *text, *below, *above;
    bool down, up;
    size_t i = 0;

    /* So near a border that two came out as one. */
    if (gb_trial_map_find(m, k.at) != SIZE_MAX)
        return;
    gb_trial_interval(&k);
    while (i < m->n && m->texts[i].to < k.at)
        i++;
    below = i > 0 ? &m->texts[i - 1] : NULL;
    above = i < m->n ? &m->texts[i] : NULL;
    /* So near a border that a neighbour has come once more. */
    down = below != NULL && k.from <= below->to && is_same(below, &k);
    up = above != NULL && k.to >= above->from && is_same(above, &k);
    if (below != NULL && (k.from < below->to || is_near(below->to, k.from)))
        k.from = below->to;
    if (above != NULL && (k.to > above->from || is_near(k.to, above->from)))
        k.to = above->from;
    if (down) {
        below->to = k.to;
        below->reach *= 4;
    }
    if (up) {
        above->from = k.from;
        above->reach *= 4;
    }
    if (!down && !up)
        insert(m, i, &k);
}

/* A temperature in a gap, near the end that is known. False: no number lies
 * there, and the gap is none. */
static bool
aim(double below, double above, double reach, bool upwards, float *at)
{
    double middle = below + (above - below) / 2;
    double x = upwards ? below * (1 + reach) : above * (1 - reach);

    x = upwards ? fmin(x, middle) : fmax(x, middle);
    *at = (float)x;
    if ((double)*at <= below)
        *at = nextafterf(*at, INFINITY);
    else if ((double)*at >= above)
        *at = nextafterf(*at, 0);
    return (double)*at > below && (double)*at < above;
}

/* What is being written between two temperatures; NULL: nothing. */
static const gb_trial_text *
find_busy(const gb_trial_search *s, double below, double above)
{
    size_t i;

    for (i = 0; i < s->n_busy; i++)
        if (below < s->busy[i].at && s->busy[i].at < above)
            return &s->busy[i];
    return NULL;
}

/* The next border of a text beyond one: where the range of the token ends that
 * is the next to hold no more; `end` if that comes before. */
static double
next_border(const gb_trial_text *k, double here, double end, bool upwards)
{
    double next = end, limit = upwards ? (double)INFINITY : 0;
    uint32_t i;

    for (i = 0; i < k->n; i++) {
        limit = upwards ? fmin(limit, (double)k->tokens[i].why.to)
                        : fmax(limit, (double)k->tokens[i].why.from);
        if (upwards ? limit <= here : limit >= here)
            break;
        next = upwards ? fmin(end, limit) : fmax(end, limit);
    }
    return next;
}

/* What lies behind a text, or before it, up to `end`, is known in part: as the
 * temperature leaves the range of one token after the other, from the last one
 * to the first, other texts must come, which part from this one there. So one
 * between any two borders can be written without knowing the others; and where
 * one is being written, there are borders around that as far as it goes. */
static bool
search_beside(const gb_trial_text *k, const gb_trial_search *s, double end,
              bool upwards, float *at)
{
    double here = upwards ? k->to : k->from, next, below, above;
    const gb_trial_text *busy;

    for (; upwards ? here < end : here > end; here = next) {
        next = next_border(k, here, end, upwards);
        below = upwards ? here : next;
        above = upwards ? next : here;
        if (is_near(below, above))
            continue;
        busy = find_busy(s, below, above);
        if (busy != NULL ? search_beside(busy, s, here, !upwards, at) ||
                               search_beside(busy, s, next, upwards, at)
                         : aim(below, above, k->reach, upwards, at))
            return true;
    }
    return false;
}

/* In one direction, and how far it is. */
static bool
search(const gb_trial_map *m, const gb_trial_search *s, bool upwards,
       float *at, double *far)
{
    const gb_trial_text *k;
    double end;
    size_t i;

    for (i = s->around; i < m->n; i += upwards ? 1 : SIZE_MAX) {
        k = &m->texts[i];
        if (upwards)
            end = i + 1 < m->n ? fmin(k[1].from, s->to) : s->to;
        else
            end = i > 0 ? fmax(k[-1].to, s->from) : s->from;
        if (!search_beside(k, s, end, upwards, at))
            continue;
        *far = upwards ? (double)*at / s->temperature
                       : s->temperature / (double)*at;
        return true;
    }
    return false;
}

bool
gb_trial_map_next(const gb_trial_map *m, const gb_trial_search *s, float *at)
{
    double up = 0, down = 0;
    float lower;
    bool has_up = search(m, s, true, at, &up);
    bool has_down = search(m, s, false, &lower, &down);

    if (has_down && (!has_up || down < up))
        *at = lower;
    return has_up || has_down;
}
