#include "engine/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define NONE UINT32_MAX

/* A block whose ids are not GB_BLOCK yet has no children. */
typedef struct node {
    uint32_t parent, child, next; /* next: sibling, or of the unused ones */
    uint32_t n;                   /* ids */
    uint32_t known;               /* of them are computed */
    uint64_t used;                /* the pass that last did; 0: it is unused */
    gb_token ids[GB_BLOCK];
} node;

struct gb_blocks {
    node *nodes; /* (n), and the root, which holds no ids */
    uint32_t n;
    uint32_t unused;   /* the first one */
    uint32_t n_used;
    uint32_t *held, n_held; /* of the pass */
    uint64_t pass;
};

/* How far a text is known: to the end of a whole node, and on into part of one
 * of its children. */
typedef struct spot {
    uint32_t whole, part; /* part may be NONE */
    uint32_t length;      /* positions altogether */
} spot;

gb_blocks *
gb_blocks_new(uint32_t n)
{
    gb_blocks *b = gb_alloc(sizeof *b);
    uint32_t i;

    b->nodes = gb_alloc_array(n + (size_t)1, sizeof *b->nodes);
    b->held = gb_alloc_array(n, sizeof *b->held);
    b->n = n;
    b->pass = 1;
    for (i = 0; i < n; i++)
        b->nodes[i].next = i + 1 < n ? i + 1 : NONE;
    b->nodes[n].child = NONE;
    return b;
}

void
gb_blocks_free(gb_blocks *b)
{
    if (b == NULL)
        return;
    free(b->nodes);
    free(b->held);
    free(b);
}

uint32_t
gb_blocks_used(const gb_blocks *b)
{
    return b->n_used;
}

/* Of several children with as much in common, one that ends there and can go
 * on is best, then one that can be copied at once. */
static int
rank(const node *c, uint32_t common)
{
    return c->n == common ? 2 : c->known >= common;
}

/* The child of `whole` that has most in common with a text; NONE: no child has
 * anything. */
static uint32_t
find_child(const gb_blocks *b, uint32_t whole, const gb_token *ids,
           uint32_t n, uint32_t *common)
{
    uint32_t i, same, best = NONE;

    *common = 0;
    for (i = b->nodes[whole].child; i != NONE; i = b->nodes[i].next) {
        same = (uint32_t)gb_ids_common(b->nodes[i].ids, b->nodes[i].n, ids, n);
        if (same > *common ||
            (same > 0 && same == *common &&
             rank(&b->nodes[i], same) > rank(&b->nodes[best], same))) {
            best = i;
            *common = same;
        }
    }
    return best;
}

static void
hold(gb_blocks *b, uint32_t i)
{
    if (b->nodes[i].used != b->pass)
        b->held[b->n_held++] = i;
    b->nodes[i].used = b->pass;
}

/* Where the text goes on after `at`; false: it is known no further. */
static bool
step(const gb_blocks *b, const gb_token *ids, uint32_t n, spot *at)
{
    uint32_t common, child;

    if (at->part != NONE || at->length == n)
        return false;
    child = find_child(b, at->whole, ids + at->length, n - at->length,
                       &common);
    if (child == NONE)
        return false;
    at->length += common;
    if (common == GB_BLOCK)
        at->whole = child;
    else
        at->part = child;
    return true;
}

static uint32_t
last_of(const spot *at)
{
    return at->part != NONE ? at->part : at->whole;
}

uint32_t
gb_blocks_find(const gb_blocks *b, const gb_token *ids, uint32_t n)
{
    spot at = {b->n, NONE, 0};

    while (step(b, ids, n, &at))
        continue;
    return at.length;
}

/* A node that the pass does not hold, or that it held. */
static void
give_back(gb_blocks *b, uint32_t i)
{
    node *x = &b->nodes[i];
    uint32_t *link = &b->nodes[x->parent].child;

    while (*link != i)
        link = &b->nodes[*link].next;
    *link = x->next;
    b->n_used--;
    x->used = 0;
    x->next = b->unused;
    b->unused = i;
}

/* The one that nobody has used for the longest time, of those that nothing
 * follows. */
static uint32_t
find_oldest(const gb_blocks *b)
{
    uint32_t i, oldest = NONE;

    for (i = 0; i < b->n; i++)
        if (b->nodes[i].used != 0 && b->nodes[i].used != b->pass &&
            b->nodes[i].child == NONE &&
            (oldest == NONE || b->nodes[i].used < b->nodes[oldest].used))
            oldest = i;
    return oldest;
}

/* A new child for some ids; there is one to be had. */
static uint32_t
take(gb_blocks *b, uint32_t parent, const gb_token *ids, uint32_t n)
{
    uint32_t i;
    node *x;

    if (b->unused == NONE)
        give_back(b, find_oldest(b));
    i = b->unused;
    x = &b->nodes[i];
    b->unused = x->next;
    b->n_used++;
    *x = (node){.parent = parent, .child = NONE,
                .next = b->nodes[parent].child, .n = n};
    b->nodes[parent].child = i;
    memcpy(x->ids, ids, n * sizeof *ids);
    hold(b, i);
    return i;
}

static uint32_t
block_count(uint32_t n)
{
    return n / GB_BLOCK + (n % GB_BLOCK != 0);
}

static uint32_t
least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Forgets a node's ids from n on and all that follows it, none of which is
 * held. */
static void
cut(gb_blocks *b, uint32_t i, uint32_t n)
{
    node *x = &b->nodes[i];

    while (x->child != NONE) {
        cut(b, x->child, 0);
        give_back(b, x->child);
    }
    x->n = n;
    x->known = least(x->known, n);
}

/* The block in which a text goes on that parts from a node after its first
 * `common` ids: a copy, or the node itself where there is room for no copy and
 * nobody else holds it. NONE: it has to wait. */
static uint32_t
part_from(gb_blocks *b, const spot *at, bool held, uint32_t wanted,
          gb_extent *x)
{
    const uint32_t common = at->length % GB_BLOCK;

    if (b->nodes[at->part].known < common)
        return NONE;
    if (wanted <= b->n - b->n_held) {
        x->copies = true;
        x->source = at->part;
        x->target = take(b, at->whole, b->nodes[at->part].ids, common);
        return x->target;
    }
    if (held || wanted - 1 > b->n - b->n_held)
        return NONE;
    cut(b, at->part, common);
    return at->part;
}

bool
gb_blocks_add(gb_blocks *b, const gb_token *ids, uint32_t n, uint32_t most,
              gb_extent *extent, uint32_t *table)
{
    spot at = {b->n, NONE, 0};
    uint32_t wanted, last, some;
    bool held = false;

    while (step(b, ids, n, &at)) {
        held = b->nodes[last_of(&at)].used == b->pass;
        hold(b, last_of(&at));
        *table++ = last_of(&at);
    }
    n = least(n, at.length + most);
    *extent = (gb_extent){.from = at.length, .to = n};
    wanted = block_count(n) - at.length / GB_BLOCK;
    last = last_of(&at);
    if (at.length == n)
        return true;
    if (at.part != NONE && b->nodes[at.part].n > at.length % GB_BLOCK) {
        last = part_from(b, &at, held, wanted, extent);
        if (last == NONE)
            return false;
        table[-1] = last;
    } else if (wanted - (at.part != NONE) > b->n - b->n_held) {
        return false;
    }
    if (at.part != NONE) { /* which is `last`, or its copy */
        some = least(GB_BLOCK - at.length % GB_BLOCK, n - at.length);
        memcpy(b->nodes[last].ids + b->nodes[last].n, ids + at.length,
               some * sizeof *ids);
        b->nodes[last].n += some;
        at.length += some;
    }
    for (; at.length < n; at.length += some) {
        some = least(GB_BLOCK, n - at.length);
        last = take(b, last, ids + at.length, some);
        *table++ = last;
    }
    return true;
}

void
gb_blocks_done(gb_blocks *b, bool computed)
{
    uint32_t i;
    node *x;

    for (i = 0; i < b->n_held; i++) {
        x = &b->nodes[b->held[i]];
        if (computed)
            x->known = x->n;
        x->n = x->known;
    }
    /* What follows something forgotten is forgotten as a whole. */
    for (i = 0; i < b->n_held; i++)
        if (b->nodes[b->held[i]].n == 0)
            give_back(b, b->held[i]);
    b->pass++;
    b->n_held = 0;
}

uint32_t
gb_blocks_keep(gb_blocks *b, const gb_token *ids, uint32_t n)
{
    spot at = {b->n, NONE, 0};
    uint32_t i;

    while (step(b, ids, n, &at))
        hold(b, last_of(&at));
    for (i = 0; i < b->n; i++)
        if (b->nodes[i].used != 0 && b->nodes[i].used != b->pass)
            give_back(b, i);
    if (at.part != NONE)
        cut(b, at.part, at.length % GB_BLOCK);
    gb_blocks_done(b, true);
    return at.length;
}
