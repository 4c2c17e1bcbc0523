#include "sample/adjust.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
gb_adjustments_free(gb_adjustments *list)
{
    free(list->items);
    free(list->slots);
    free(list->lengths);
    *list = (gb_adjustments){.n = 0};
}

void
gb_adjust(const gb_adjustments *list, float *logits)
{
    const gb_adjustment *a;
    float *l;

    for (a = list != NULL ? list->items : NULL;
         list != NULL && a < list->items + list->n; a++) {
        l = &logits[a->id];
        *l = fmaf(*l, *l > 0 ? a->positive : a->negative, a->add);
    }
}

bool
gb_adjust_rules_are_off(const gb_adjust_rules *r)
{
    return !(r->repetition_penalty < 1) && !(r->repetition_penalty > 1) &&
           !(r->dry_multiplier > 0) && r->n_bias == 0;
}

/* The index of a token in the list; list->n when it is not there. A slot is
 * right only if the list says so, too: none has to be cleared. */
static size_t
index_of(gb_adjustments *list, uint32_t id)
{
    const size_t room = id + (size_t)1;

    if (room > list->n_slots) {
        list->slots = gb_realloc_array(list->slots, 2 * room,
                                       sizeof *list->slots);
        memset(list->slots + list->n_slots, 0,
               (2 * room - list->n_slots) * sizeof *list->slots);
        list->n_slots = 2 * room;
    }
    if (list->slots[id] < list->n && list->items[list->slots[id]].id == id)
        return list->slots[id];
    return list->n;
}

/* The token's place in the list, which it gets when it has none. */
static gb_adjustment *
place_of(gb_adjustments *list, uint32_t id)
{
    size_t i = index_of(list, id);

    if (i < list->n)
        return &list->items[i];
    if (list->n == list->capacity) {
        list->capacity = 2 * list->capacity + 64;
        list->items = gb_realloc_array(list->items, list->capacity,
                                       sizeof *list->items);
    }
    list->slots[id] = (uint32_t)list->n;
    list->items[list->n] = (gb_adjustment){id, 1, 1, 0};
    return &list->items[list->n++];
}

/* The last `last` ids. */
static const uint32_t *
end_of(const uint32_t *ids, size_t *n, size_t last)
{
    size_t skip = last > 0 && last < *n ? *n - last : 0;

    *n -= skip;
    return ids + skip;
}

/* lengths[i]: how many tokens that end with the one before the last i are
 * the same as those at the end: Z's algorithm, from the end backwards
 * (Gusfield 1997, section 1.4). */
static void
match_end(gb_adjustments *list, const uint32_t *ids, size_t n)
{
    const uint32_t *last = ids + n - 1;
    size_t from = 0, to = 0, i, z;
    uint32_t *lengths;

    if (n > list->n_lengths) {
        list->n_lengths = 2 * n;
        list->lengths = gb_realloc_array(list->lengths, list->n_lengths,
                                         sizeof *list->lengths);
    }
    lengths = list->lengths;
    for (i = 1; i < n; i++) {
        z = i < to ? lengths[i - from] : 0;
        if (z > to - i)
            z = to - i;
        if (i + z >= to) {
            while (i + z < n &&
                   last[-(ptrdiff_t)z] == last[-(ptrdiff_t)(i + z)])
                z++;
            from = i;
            to = i + z;
        }
        lengths[i] = (uint32_t)z;
    }
}

/* Makes of the longest repetition that a token would go on with what is taken
 * from its logit. */
static void
price(gb_adjustment *a, const gb_adjust_rules *r)
{
    double longer = (double)a->add - (double)r->dry_allowed_length;

    a->add = -(float)fmin(r->dry_multiplier * pow(r->dry_base, longer),
                          GB_DRY_MOST);
}

static void
find_dry(gb_adjustments *list, const gb_adjust_rules *r, const uint32_t *ids,
         size_t n)
{
    gb_adjustment *a;
    size_t i, length;
    uint32_t next;

    ids = end_of(ids, &n, r->dry_last);
    if (n < 2 || r->dry_limit < r->dry_allowed_length)
        return;
    match_end(list, ids, n);
    for (i = 1; i < n; i++) {
        length = list->lengths[i];
        if (length > r->dry_limit)
            length = r->dry_limit;
        next = ids[n - i];
        if (length < r->dry_allowed_length ||
            (r->dry_breaks != NULL && r->dry_breaks(r->dry_arg, next)))
            continue;
        a = place_of(list, next);
        a->add = fmaxf(a->add, (float)length);
    }
    for (i = 0; i < list->n; i++)
        price(&list->items[i], r);
}

static void
find_repetition(gb_adjustments *list, const gb_adjust_rules *r,
                const uint32_t *ids, size_t n)
{
    gb_adjustment *a;
    size_t i;

    ids = end_of(ids, &n, r->repetition_last);
    for (i = 0; i < n; i++) {
        a = place_of(list, ids[i]);
        a->positive = (float)(1 / r->repetition_penalty);
        a->negative = (float)r->repetition_penalty;
    }
}

void
gb_adjust_find(gb_adjustments *list, const gb_adjust_rules *r,
               const uint32_t *ids, size_t n)
{
    gb_adjustment *a;
    size_t i;

    list->n = 0;
    if (r->dry_multiplier > 0)
        find_dry(list, r, ids, n);
    if (r->repetition_penalty < 1 || r->repetition_penalty > 1)
        find_repetition(list, r, ids, n);
    for (i = 0; i < r->n_bias; i++) {
        a = place_of(list, r->bias[i].id);
        a->add += r->bias[i].add;
    }
}
