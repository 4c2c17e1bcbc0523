#include "session/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/several.h"

typedef struct side {
    gb_loop loop; /* its view is as far as it was written */
    gb_pick *picks; /* (n) all of its tokens */
    size_t n, room;
    bool over; /* nothing follows that anybody would read */
} side;

struct gb_ahead {
    gb_settings settings; /* of all of them but for the seed */
    size_t begin; /* length of the view that they have in common */
    side *sides;  /* (n) */
    uint64_t *seeds;
    size_t n;
    /* Of those that go on: */
    gb_loop **loops;
    uint64_t *going;
    gb_pick *picks;
};

gb_ahead *
gb_ahead_new(const gb_loop *loop, const gb_settings *settings,
             const uint64_t *seeds, size_t n)
{
    gb_ahead *a = gb_alloc(sizeof *a);
    size_t i;

    a->settings = *settings;
    a->begin = loop->ids.len;
    a->n = n;
    a->sides = gb_alloc_array(n, sizeof *a->sides);
    a->seeds = gb_alloc_array(n, sizeof *a->seeds);
    a->loops = gb_alloc_array(n, sizeof *a->loops);
    a->going = gb_alloc_array(n, sizeof *a->going);
    a->picks = gb_alloc_array(n, sizeof *a->picks);
    for (i = 0; i < n; i++) {
        a->seeds[i] = seeds[i];
        gb_loop_init(&a->sides[i].loop, loop->engine);
        gb_loop_append(&a->sides[i].loop, loop->ids.data, loop->ids.len);
        a->sides[i].loop.step = loop->step;
    }
    gb_ahead_set_draft(a, loop->draft);
    return a;
}

void
gb_ahead_free(gb_ahead *a)
{
    size_t i;

    if (a == NULL)
        return;
    for (i = 0; i < a->n; i++) {
        gb_loop_free(&a->sides[i].loop);
        free(a->sides[i].picks);
    }
    free(a->sides);
    free(a->seeds);
    free(a->loops);
    free(a->going);
    free(a->picks);
    free(a);
}

void
gb_ahead_set_draft(gb_ahead *a, gb_draft *draft)
{
    size_t i;

    for (i = 0; i < a->n; i++)
        gb_loop_set_draft(&a->sides[i].loop, draft);
}

/* The one that a loop is at. */
static side *
find(const gb_ahead *a, const gb_loop *l, const gb_settings *s)
{
    gb_settings same = *s;
    side *d = NULL;
    size_t i;

    for (i = 0; i < a->n && d == NULL; i++)
        if (a->seeds[i] == s->seed)
            d = &a->sides[i];
    if (d == NULL || l->ids.len < a->begin || l->ids.len > d->loop.ids.len ||
        l->step + (d->loop.ids.len - l->ids.len) != d->loop.step ||
        memcmp(l->ids.data, d->loop.ids.data,
               l->ids.len * sizeof *l->ids.data) != 0)
        return NULL;
    same.seed = a->settings.seed;
    return gb_settings_same(&same, &a->settings) ? d : NULL;
}

static void
keep(gb_ahead *a, side *d, const gb_pick *pick)
{
    const gb_settings *s = &a->settings;

    if (d->n == d->room) {
        d->room = 2 * d->room + 64;
        d->picks = gb_realloc_array(d->picks, d->room, sizeof *d->picks);
    }
    d->picks[d->n++] = *pick;
    d->over = gb_loop_is_full(&d->loop) ||
              gb_loop_end(d->loop.engine, s->ignore_eos, pick->id, false,
                          d->n, s->max_new_tokens) != GB_REASON_NONE;
}

/* A token of `first`, and of those that have as many or fewer. */
static bool
write_on(gb_ahead *a, const side *first, bool rests, gb_error *err)
{
    const gb_pick *pick = a->picks;
    const size_t length = first->n;
    size_t i, n = 0;
    side *d;

    for (d = a->sides, i = 0; i < a->n; d++, i++)
        if (d == first || (!d->over && d->n <= length)) {
            d->loop.rests = rests;
            d->loop.left = a->settings.max_new_tokens - d->n;
            a->loops[n] = &d->loop;
            a->going[n++] = a->seeds[i];
        }
    if (!gb_several_step(a->loops, a->going, NULL, n, &a->settings, true,
                         a->picks, err))
        return false;
    for (d = a->sides; d < a->sides + a->n; d++)
        if (d == first || (!d->over && d->n <= length))
            keep(a, d, pick++);
    return true;
}

bool
gb_ahead_write(gb_ahead *a, gb_loop *l, const gb_settings *settings,
               gb_pick *pick, bool *found, gb_error *err)
{
    side *d = find(a, l, settings);
    size_t at = d != NULL ? l->ids.len - a->begin : 0;

    *found = d != NULL && !gb_loop_counts_reads(l->engine) &&
             (at < d->n || !gb_loop_is_full(l));
    if (!*found)
        return true;
    if (at == d->n && !write_on(a, d, l->rests, err))
        return false;
    *pick = d->picks[at];
    gb_ids_push(&l->ids, pick->id);
    l->step++;
    return true;
}

bool
gb_ahead_has(const gb_ahead *a, const gb_loop *l, const gb_settings *settings)
{
    const side *d = find(a, l, settings);

    return d != NULL && l->ids.len - a->begin < d->n;
}
