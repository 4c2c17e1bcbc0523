/* The pool of cache blocks against one that never forgets: that is a hash of
 * a text's beginning, which each position holds once it is computed. */
#include "test.h"

#include "base/mem.h"
#include "engine/blocks.h"

enum { TEXTS = 24, LENGTH = 300, CONTEXT = 5 /* blocks */, MOST = 40 };

typedef struct pool {
    gb_blocks *blocks;
    uint32_t n;
    uint64_t held[MOST][GB_BLOCK]; /* what a device would have in them */
    uint64_t random;
    gb_token texts[TEXTS][LENGTH];
    uint64_t hashes[TEXTS][LENGTH];
} pool;

static uint32_t
below(pool *p, uint32_t n)
{
    p->random = p->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(p->random >> 33) % n;
}

static uint64_t
hash_on(uint64_t before, gb_token id)
{
    return (before ^ (id + 1)) * 0x9e3779b97f4a7c15u + (before >> 29);
}

/* Text k becomes text `of`, but for a token and all behind it. */
static void
branch(pool *p, unsigned k, unsigned of, uint32_t at, gb_token id)
{
    uint64_t hash = 0;
    uint32_t i;

    for (i = 0; i < LENGTH; i++) {
        p->texts[k][i] = i < at ? p->texts[of][i] : i == at ? id : below(p, 3);
        hash = hash_on(hash, p->texts[k][i]);
        p->hashes[k][i] = hash;
    }
}

static void
branch_anywhere(pool *p, unsigned k)
{
    unsigned of = below(p, TEXTS);
    uint32_t at = below(p, LENGTH);

    branch(p, k, of, at, below(p, 3));
}

static pool *
open_pool(uint32_t n, uint64_t seed)
{
    pool *p = gb_alloc(sizeof *p);
    unsigned k;

    p->n = n;
    p->random = seed;
    p->blocks = gb_blocks_new(n);
    for (k = 0; k < TEXTS; k++)
        branch_anywhere(p, k);
    return p;
}

static void
close_pool(pool *p)
{
    gb_blocks_free(p->blocks);
    free(p);
}

/* A text of a pass. */
typedef struct part {
    unsigned text;
    uint32_t n, table[CONTEXT];
    gb_extent x;
} part;

/* As much of it as `most` more positions allow. */
static bool
add_some(pool *p, part *t, unsigned text, uint32_t n, uint32_t most)
{
    uint32_t known = gb_blocks_find(p->blocks, p->texts[text], n), i;

    *t = (part){.text = text};
    if (!gb_blocks_add(p->blocks, p->texts[text], n, most, &t->x, t->table))
        return false;
    assert_int_equal(t->x.from, known);
    t->n = n - known > most ? known + most : n;
    assert_int_equal(t->x.to, t->n);
    assert_int_equal(gb_blocks_find(p->blocks, p->texts[text], n), t->n);
    n = t->n;
    for (i = 0; i * GB_BLOCK < n; i++)
        assert_in_range(t->table[i], 0, p->n - 1);
    if (t->x.copies)
        memcpy(p->held[t->x.target], p->held[t->x.source],
               sizeof p->held[0]);
    return true;
}

static bool
add(pool *p, part *t, unsigned text, uint32_t n)
{
    return add_some(p, t, text, n, UINT32_MAX - LENGTH);
}

static uint64_t *
position(pool *p, const part *t, uint32_t i)
{
    return &p->held[t->table[i / GB_BLOCK]][i % GB_BLOCK];
}

/* As a device does: all are stored, then all before are looked at. */
static void
compute(pool *p, const part *parts, unsigned n)
{
    const part *t;
    uint32_t i;

    for (t = parts; t < parts + n; t++)
        for (i = t->x.from; i < t->n; i++)
            *position(p, t, i) = p->hashes[t->text][i];
    for (t = parts; t < parts + n; t++)
        for (i = 0; i < t->n; i++)
            if (*position(p, t, i) != p->hashes[t->text][i])
                fail_msg("position %u of %u of text %u is another's", i,
                         t->n, t->text);
}

/* Some texts, as many as there is room for at a time. */
static void
run_texts(pool *p, bool fails)
{
    unsigned wanted[8], n = 1 + below(p, 8), done = 0, some, k;
    uint32_t lengths[8], before[8], most = 1 + below(p, 2 * LENGTH);
    bool whole = true;
    part parts[8];

    for (k = 0; k < n; k++) {
        wanted[k] = below(p, TEXTS);
        lengths[k] = 1 + below(p, LENGTH);
    }
    for (; done < n; done += some - !whole) {
        whole = true;
        for (some = 0; done + some < n && whole; some++) {
            if (!add_some(p, &parts[some], wanted[done + some],
                          lengths[done + some], most))
                break;
            whole = parts[some].n == lengths[done + some];
        }
        assert_true(some > 0); /* the first one never has to wait */
        assert_true(gb_blocks_used(p->blocks) <= p->n);
        if (fails) {
            for (k = 0; k < some; k++)
                before[k] = parts[k].x.from;
            gb_blocks_done(p->blocks, false);
            for (k = 0; k < some; k++)
                assert_true(gb_blocks_find(p->blocks, p->texts[wanted[k]],
                                           parts[k].n) <= before[k]);
            return;
        }
        compute(p, parts, some);
        gb_blocks_done(p->blocks, true);
        for (k = 0; k < some; k++)
            assert_int_equal(gb_blocks_find(p->blocks,
                                            p->texts[parts[k].text],
                                            parts[k].n), parts[k].n);
    }
}

static void
keep_some(pool *p)
{
    unsigned text = below(p, TEXTS);
    uint32_t n = below(p, LENGTH + 1);
    uint32_t known = gb_blocks_find(p->blocks, p->texts[text], n);

    assert_int_equal(gb_blocks_keep(p->blocks, p->texts[text], n), known);
    assert_int_equal(gb_blocks_find(p->blocks, p->texts[text], LENGTH),
                     known);
    assert_int_equal(gb_blocks_used(p->blocks),
                     (known + GB_BLOCK - 1) / GB_BLOCK);
}

/* From a pool that holds one context to one that holds nearly all. */
static void
test_random_acts(void **state)
{
    static const uint32_t sizes[] = {CONTEXT, CONTEXT + 1, 12, MOST};
    unsigned i, k;
    pool *p;

    (void)state;
    for (k = 0; k < GB_COUNT(sizes); k++) {
        p = open_pool(sizes[k], k);
        for (i = 0; i < 2500; i++)
            switch (below(p, 50)) {
            case 0:
                keep_some(p);
                break;
            case 1:
            case 2:
                run_texts(p, true);
                break;
            case 3:
            case 4:
            case 5:
                branch_anywhere(p, below(p, TEXTS));
                break;
            default:
                run_texts(p, false);
            }
        close_pool(p);
    }
}

static void
read_text(pool *p, unsigned text, uint32_t n)
{
    part t;

    assert_true(add(p, &t, text, n));
    compute(p, &t, 1);
    gb_blocks_done(p->blocks, true);
}

/* Texts with a common beginning have its blocks once. */
static void
test_sharing(void **state)
{
    pool *p = open_pool(MOST, 1);
    part t[3];

    (void)state;
    branch(p, 1, 0, 150, 7);
    branch(p, 2, 0, LENGTH, 0);
    /* What is computed only now cannot be copied yet. */
    assert_true(add(p, &t[0], 0, 200));
    assert_false(add(p, &t[1], 1, 200));
    assert_true(add(p, &t[2], 2, 210));
    assert_int_equal(t[2].x.from, 200);
    compute(p, t, 1);
    compute(p, t + 2, 1);
    gb_blocks_done(p->blocks, true);
    assert_int_equal(gb_blocks_used(p->blocks), 4);
    assert_true(add(p, &t[1], 1, 200));
    assert_int_equal(t[1].x.from, 150);
    assert_true(t[1].x.copies && t[1].x.source == t[0].table[2] &&
                t[1].x.target == t[1].table[2]);
    assert_memory_equal(t[0].table, t[1].table, 2 * sizeof t[0].table[0]);
    compute(p, t + 1, 1);
    gb_blocks_done(p->blocks, true);
    assert_int_equal(gb_blocks_used(p->blocks), 6);
    read_text(p, 0, 210); /* both are still there */
    assert_int_equal(gb_blocks_find(p->blocks, p->texts[1], 300), 200);
    close_pool(p);
}

/* What was used least recently goes first, a text's end before its
 * beginning. */
static void
test_giving_back(void **state)
{
    pool *p = open_pool(6, 1);
    unsigned k;

    (void)state;
    for (k = 0; k < 4; k++)
        branch(p, k, k, 0, 10 + k);
    read_text(p, 0, 3 * GB_BLOCK);
    read_text(p, 1, 3 * GB_BLOCK);
    read_text(p, 0, 10);
    read_text(p, 2, 2 * GB_BLOCK);
    assert_int_equal(gb_blocks_find(p->blocks, p->texts[0], LENGTH),
                     GB_BLOCK);
    assert_int_equal(gb_blocks_find(p->blocks, p->texts[1], LENGTH),
                     3 * GB_BLOCK);
    read_text(p, 3, 2 * GB_BLOCK);
    assert_int_equal(gb_blocks_find(p->blocks, p->texts[0], LENGTH),
                     GB_BLOCK);
    assert_int_equal(gb_blocks_find(p->blocks, p->texts[1], LENGTH),
                     GB_BLOCK);
    assert_int_equal(gb_blocks_find(p->blocks, p->texts[2], LENGTH),
                     2 * GB_BLOCK);
    assert_int_equal(gb_blocks_used(p->blocks), 6);
    close_pool(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_acts),
        cmocka_unit_test(test_sharing),
        cmocka_unit_test(test_giving_back),
    };

    return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
