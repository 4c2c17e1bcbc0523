#include "session/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Places that are compared, and tokens at each. */
enum { PLACES = 16, FAR = 64 };
/* Tokens of a text that stand before the part of it that is new. */
enum { BEFORE = 16 };
/* The place before all texts; as a link: none. */
enum { ROOT = 0 };

/* A token that was read, in all texts that are the same up to it. */
typedef struct place {
    gb_token id;
    uint32_t up;     /* the token before it */
    uint32_t down;   /* the newest of those that followed, */
    uint32_t beside; /* and of two that followed the same, the older one */
    uint32_t before; /* the place with the same hash before this one */
} place;

struct gb_lookup {
    place *places; /* (n), oldest first */
    size_t n, capacity;
    uint32_t *heads; /* (n_heads) the newest place with a hash */
    size_t n_heads;  /* a power of two */
    unsigned age;    /* so often places were given other numbers */
};

static void
clear_heads(gb_lookup *l, size_t n)
{
    free(l->heads);
    l->n_heads = n;
    l->heads = gb_alloc_array(n, sizeof *l->heads);
}

static place *
new_place(gb_lookup *l)
{
    if (l->n == l->capacity) {
        l->capacity = 2 * l->capacity + 1024;
        l->places = gb_realloc_array(l->places, l->capacity,
                                     sizeof *l->places);
    }
    return &l->places[l->n++];
}

gb_lookup *
gb_lookup_new(void)
{
    gb_lookup *l = gb_alloc(sizeof *l);

    clear_heads(l, 1024);
    *new_place(l) = (place){.id = GB_NO_TOKEN};
    return l;
}

void
gb_lookup_free(gb_lookup *l)
{
    if (l == NULL)
        return;
    free(l->places);
    free(l->heads);
    free(l);
}

void
gb_lookup_text_free(gb_lookup_text *t)
{
    gb_ids_free(&t->ids);
}

/* Where the run of tokens that ends at a place begins its chain; NULL: it is
 * not a whole one. */
static uint32_t *
find_head(const gb_lookup *l, uint32_t at)
{
    uint64_t hash = 0;
    unsigned i;

    for (i = 0; i < GB_LOOKUP_GRAM; i++, at = l->places[at].up) {
        if (at == ROOT)
            return NULL;
        hash = (hash ^ l->places[at].id) * 0x9e3779b97f4a7c15u;
    }
    return &l->heads[(hash >> 32) & (l->n_heads - 1)];
}

static void
enter(gb_lookup *l, uint32_t at)
{
    uint32_t *head = find_head(l, at);

    l->places[at].before = ROOT;
    if (head != NULL) {
        l->places[at].before = *head;
        *head = at;
    }
}

static void
enter_all(gb_lookup *l, size_t n_heads)
{
    uint32_t i;

    clear_heads(l, n_heads);
    for (i = 1; i < l->n; i++)
        enter(l, i);
}

/* Below the one before it, as the newest. */
static void
hang(gb_lookup *l, uint32_t at)
{
    place *up = &l->places[l->places[at].up];

    l->places[at].beside = up->down;
    up->down = at;
}

/* What followed a forgotten token begins a text. */
static void
forget_half(gb_lookup *l)
{
    const uint32_t gone = (uint32_t)l->n / 2;
    uint32_t i, up;

    l->n -= gone;
    memmove(l->places + 1, l->places + 1 + gone,
            (l->n - 1) * sizeof *l->places);
    l->places[ROOT].down = ROOT;
    for (i = 1; i < l->n; i++) {
        up = l->places[i].up;
        l->places[i].up = up > gone ? up - gone : ROOT;
        l->places[i].down = ROOT;
        hang(l, i);
    }
    enter_all(l, l->n_heads);
    l->age++;
}

static uint32_t
add(gb_lookup *l, uint32_t up, gb_token id)
{
    const uint32_t at = (uint32_t)l->n;

    *new_place(l) = (place){.id = id, .up = up};
    hang(l, at);
    if (l->n > l->n_heads)
        enter_all(l, l->n_heads * 2);
    else
        enter(l, at);
    return at;
}

static void
make_room(gb_lookup *l, size_t n)
{
    if (l->n + n > GB_LOOKUP_MOST)
        forget_half(l);
}

void
gb_lookup_learn(gb_lookup *l, const gb_token *ids, size_t n, size_t from)
{
    size_t i = from > BEFORE ? from - BEFORE : 0;
    uint32_t at = ROOT;

    make_room(l, n);
    for (; i < n; i++)
        at = add(l, at, ids[i]);
}

/* Where a token stands behind a place; ROOT: it does not. */
static uint32_t
find_below(const gb_lookup *l, uint32_t up, gb_token id)
{
    uint32_t at = l->places[up].down;

    while (at != ROOT && l->places[at].id != id)
        at = l->places[at].beside;
    return at;
}

static void
push(gb_lookup *l, gb_lookup_text *t, gb_token id)
{
    const bool expected = t->next != ROOT && l->places[t->next].id == id;
    const uint32_t below = find_below(l, t->at, id);

    t->at = below != ROOT ? below : add(l, t->at, id);
    t->next = expected ? l->places[t->next].down : ROOT;
    t->match += expected;
    gb_ids_push(&t->ids, id);
}

void
gb_lookup_read(gb_lookup *l, gb_lookup_text *t, const gb_token *ids, size_t n)
{
    size_t same;

    make_room(l, n);
    if (t->age != l->age) {
        t->age = l->age;
        t->ids.len = 0;
        t->at = t->next = ROOT;
    }
    same = gb_ids_common(ids, n, t->ids.data, t->ids.len);
    if (same < t->ids.len)
        t->next = ROOT;
    for (; t->ids.len > same; t->ids.len--)
        t->at = l->places[t->at].up;
    while (same < n)
        push(l, t, ids[same++]);
}

/* How many tokens up to two places are the same. */
static unsigned
count_same(const gb_lookup *l, uint32_t a, uint32_t b)
{
    unsigned n = 0;

    while (n < FAR && a != ROOT && b != ROOT &&
           l->places[a].id == l->places[b].id) {
        a = l->places[a].up;
        b = l->places[b].up;
        n++;
    }
    return n;
}

/* Behind the place whose tokens are the text's last ones for the longest
 * stretch. */
static void
find_next(const gb_lookup *l, gb_lookup_text *t)
{
    const uint32_t *head = find_head(l, t->at);
    uint32_t at = head != NULL ? *head : ROOT;
    unsigned same, i;

    for (i = 0; i < PLACES && at != ROOT; i++, at = l->places[at].before) {
        same = at != t->at ? count_same(l, at, t->at) : 0;
        if (same >= GB_LOOKUP_GRAM && (t->next == ROOT || same > t->match) &&
            l->places[at].down != ROOT) {
            t->next = l->places[at].down;
            t->match = same;
        }
    }
}

unsigned
gb_lookup_guess(gb_lookup *l, gb_lookup_text *t, gb_token *guesses,
                unsigned most, unsigned *match)
{
    uint32_t at;
    unsigned n = 0, k;

    if (t->at != ROOT && l->places[t->at].down != ROOT) {
        t->next = l->places[t->at].down;
        t->match = t->ids.len < FAR ? (unsigned)t->ids.len : FAR;
    } else if (t->next == ROOT || t->match < FAR) {
        find_next(l, t);
    }
    *match = t->next != ROOT ? t->match : 0;
    for (at = t->next; n < most && at != ROOT; at = l->places[at].down) {
        guesses[n++] = l->places[at].id;
        /* What goes round goes on behind the text's end. */
        for (k = 0; at == t->at && n < most; k++)
            guesses[n++] = guesses[k];
    }
    return n;
}
