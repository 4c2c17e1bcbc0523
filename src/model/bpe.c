#include "model/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A piece is merged where its ids stand. An id that stands for several
 * symbols has places behind it that are free now; the first and the last of
 * them hold how many symbols there are, so that both neighbours can be
 * found. A free place has this bit, which no id has. */
#define FREE 0x80000000u

/* Symbols of a piece whose candidates all have room, come what may: each is a
 * candidate once at the beginning, and each merge, of which there are fewer
 * than symbols, makes two more. */
#define SHORT 4096
#define ROOM (3 * (size_t)SHORT)

/* A longer piece has room for this share of its symbols. */
#define SHARE 8

/* A pair that may be merged: rank in the upper half, place of its left id in
 * the lower. Stale once that pair stands there no more. */
typedef uint64_t candidate;

struct gb_bpe {
    gb_merges merges;
    uint32_t *ids; /* (n) the piece */
    uint32_t n;
    candidate *heap; /* (room) smallest on top */
    size_t n_heap, room;
    uint32_t limit; /* pairs of this rank and above wait for another scan */
};

/* Short pieces share this room; long ones have their own for a while. */
static bool
make_room(gb_bpe *b, size_t room)
{
    b->heap = gb_try_alloc(room, sizeof *b->heap);
    b->room = b->heap != NULL ? room : 0;
    return b->heap != NULL;
}

static void
free_room(gb_bpe *b)
{
    free(b->heap);
    b->heap = NULL;
    b->room = 0;
}

gb_bpe *
gb_bpe_new(gb_merges *merges)
{
    gb_bpe *b = gb_alloc(sizeof *b);

    b->merges = *merges;
    memset(merges, 0, sizeof *merges);
    return b;
}

void
gb_bpe_close(gb_bpe *b)
{
    if (b == NULL)
        return;
    free_room(b);
    gb_merges_free(&b->merges);
    free(b);
}

/* --- the ids as a list -------------------------------------------------- */

/* How many symbols the id at i stands for. */
static uint32_t
length_at(const gb_bpe *b, uint32_t i)
{
    return i + 1 < b->n && (b->ids[i + 1] & FREE) ? b->ids[i + 1] & ~FREE : 1;
}

/* Where the id after the one at i stands, or n. */
static uint32_t
next_of(const gb_bpe *b, uint32_t i)
{
    return i + length_at(b, i);
}

/* Where the id before the one at i > 0 stands. */
static uint32_t
previous_of(const gb_bpe *b, uint32_t i)
{
    return i - ((b->ids[i - 1] & FREE) ? b->ids[i - 1] & ~FREE : 1);
}

/* The rank of the pair at i, GB_NO_RANK when it is none. */
static uint32_t
rank_at(const gb_bpe *b, uint32_t i)
{
    uint32_t next = next_of(b, i);

    return next < b->n ? gb_merges_rank(&b->merges, b->ids[i], b->ids[next])
                       : GB_NO_RANK;
}

static bool
stands_at(const gb_bpe *b, const gb_merge *m, uint32_t i)
{
    uint32_t next;

    if (b->ids[i] != m->left)
        return false;
    next = next_of(b, i);
    return next < b->n && b->ids[next] == m->right;
}

/* Makes one id of the two at i. */
static void
join(gb_bpe *b, const gb_merge *m, uint32_t i)
{
    uint32_t next = next_of(b, i), n = next - i + length_at(b, next);

    b->ids[i] = m->result;
    b->ids[next] = FREE;
    b->ids[i + 1] = b->ids[i + n - 1] = FREE | n;
}

/* --- candidates --------------------------------------------------------- */

static void
push(gb_bpe *b, candidate c)
{
    size_t i = b->n_heap++, parent;

    for (; i > 0 && b->heap[parent = (i - 1) / 2] > c; i = parent)
        b->heap[i] = b->heap[parent];
    b->heap[i] = c;
}

static candidate
pop(gb_bpe *b)
{
    candidate top = b->heap[0], last = b->heap[--b->n_heap];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < b->n_heap) {
        if (child + 1 < b->n_heap && b->heap[child + 1] < b->heap[child])
            child++;
        if (b->heap[child] >= last)
            break;
        b->heap[i] = b->heap[child];
        i = child;
    }
    b->heap[i] = last;
    return top;
}

/* Remembers the pair at i. Where there is no room, all that are not there yet
 * wait for another scan. */
static void
suggest(gb_bpe *b, uint32_t i)
{
    uint32_t rank = rank_at(b, i);

    if (rank >= b->limit)
        return;
    if (b->n_heap < b->room)
        push(b, (candidate)rank << 32 | i);
    else
        b->limit = 0;
}

static void
suggest_all(gb_bpe *b, uint32_t limit)
{
    uint32_t i;

    b->n_heap = 0;
    b->limit = limit;
    for (i = 0; i < b->n && b->limit > 0; i = next_of(b, i))
        suggest(b, i);
}

/* Merges a pair wherever it stands, from left to right. */
static void
sweep(gb_bpe *b, const gb_merge *m)
{
    uint32_t i;

    for (i = 0; i < b->n; i = next_of(b, i))
        if (stands_at(b, m, i))
            join(b, m, i);
}

/* The ranks below which all pairs have room; *lowest is the first that there
 * is. counts (n merges) is scratch, all 0. */
static uint32_t
find_limit(const gb_bpe *b, uint32_t *counts, uint32_t *lowest)
{
    uint32_t rank, i;
    size_t sum = 0;

    for (i = 0; i < b->n; i = next_of(b, i))
        if ((rank = rank_at(b, i)) != GB_NO_RANK)
            counts[rank]++;
    for (*lowest = 0; counts[*lowest] == 0; ++*lowest)
        continue;
    for (rank = *lowest; rank < b->merges.n; rank++)
        if ((sum += counts[rank]) > b->room)
            break;
    return rank;
}

/* Fills the heap with the pairs of the lowest ranks. */
static bool
scan(gb_bpe *b)
{
    uint32_t *counts, limit, lowest;

    for (suggest_all(b, GB_NO_RANK); b->limit == 0; suggest_all(b, limit)) {
        counts = gb_try_alloc(b->merges.n, sizeof *counts);
        if (counts == NULL)
            return false;
        limit = find_limit(b, counts, &lowest);
        free(counts);
        if (limit == lowest) {
            sweep(b, &b->merges.by_rank[lowest]);
            limit = GB_NO_RANK;
        }
    }
    return true;
}

/* Merges the first of the pairs of the lowest rank, unless it is gone. */
static void
merge_next(gb_bpe *b)
{
    const candidate c = pop(b);
    const uint32_t at = (uint32_t)c;
    const gb_merge *m = &b->merges.by_rank[c >> 32];

    if (!stands_at(b, m, at))
        return;
    join(b, m, at);
    suggest(b, at);
    if (at > 0)
        suggest(b, previous_of(b, at));
}

/* Closes the gaps; returns how many ids there are. */
static uint32_t
close_up(gb_bpe *b)
{
    uint32_t i, next, left = 0;

    for (i = 0; i < b->n; i = next) {
        next = next_of(b, i);
        b->ids[left++] = b->ids[i];
    }
    return left;
}

static bool
merge_all(gb_bpe *b)
{
    do {
        if (!scan(b))
            return false;
        while (b->n_heap > 0 && b->limit > 0)
            merge_next(b);
    } while (b->limit != GB_NO_RANK);
    return true;
}

bool
gb_bpe_merge(gb_bpe *b, uint32_t *ids, size_t *n, gb_error *err)
{
    const bool is_short = *n <= SHORT;
    bool ok;

    if (*n < 2)
        return true;
    if (*n >= GB_BPE_MAX)
        return gb_fail(err, "expected words below %u bytes, found one of %zu",
                       GB_BPE_MAX, *n);
    b->ids = ids;
    b->n = (uint32_t)*n;
    if (!is_short)
        free_room(b);
    ok = (b->room > 0 ||
          make_room(b, is_short || *n / SHARE < ROOM ? ROOM : *n / SHARE)) &&
         merge_all(b);
    if (ok)
        *n = close_up(b);
    else
        gb_fail(err, "out of memory for a word of %zu bytes", *n);
    if (!is_short)
        free_room(b);
    return ok;
}
