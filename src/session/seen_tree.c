/* Where takes part, and the tree as a list: what follows a node directly
 * stands below it, only forks go to the right. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "session/seen.h"

/* A node that is still to be listed. */
typedef struct branch {
    const gb_node *node;
    unsigned depth;
    bool forks;
} branch;

typedef struct branches {
    branch *data;
    size_t len, capacity;
} branches;

static int
compare_branches(const void *a, const void *b)
{
    const gb_node *x = ((const branch *)a)->node;
    const gb_node *y = ((const branch *)b)->node;

    /* Backwards: the last is taken first. */
    if (x->at != y->at)
        return x->at > y->at ? -1 : 1;
    return x->id > y->id ? -1 : 1;
}

/* Adds the nodes that follow one, so that the first comes off first. */
static void
push_branches(branches *stack, const gb_node *first, uint32_t end,
              unsigned depth)
{
    size_t from = stack->len, i;
    const gb_node *n;
    branch *b;

    for (n = first; n != NULL; n = n->next) {
        if (stack->len == stack->capacity) {
            stack->capacity = stack->capacity > 0 ? stack->capacity * 2 : 64;
            stack->data = gb_realloc_array(stack->data, stack->capacity,
                                           sizeof *stack->data);
        }
        stack->data[stack->len++] = (branch){n, depth, n->at < end};
    }
    if (stack->len - from < 2)
        return;
    qsort(stack->data + from, stack->len - from, sizeof *stack->data,
          compare_branches);
    for (i = from; i < stack->len; i++) {
        b = &stack->data[i];
        if ((i > from && b[-1].node->at == b->node->at) ||
            (i + 1 < stack->len && b[1].node->at == b->node->at))
            b->forks = true;
    }
}

static gb_token_source
first_source(const gb_node *n)
{
    if (n->n_tokens > 0)
        return n->tokens[0].source;
    return n->role == GB_ROLE_MODEL ? GB_SOURCE_WRITTEN : GB_SOURCE_TYPED;
}

/* The ways that leave a text early are branches of their own. */
static gb_place
end_of_all(const gb_node *n)
{
    return n->visit != NULL && n->visit->at < n->n_tokens
               ? gb_node_rest(n, n->n_tokens - 1)
               : gb_node_end(n);
}

static gb_seen_branch
make_branch(const gb_tree *t, const branch *b)
{
    const gb_node *n = b->node;
    const char *name = gb_tree_name(t, (gb_place){n->id, n->n_tokens});
    gb_seen_branch seen = {
        .node = n->id,
        .depth = b->depth,
        .forks = b->forks,
        .at = n->at,
        .early = n->prev != NULL && n->at < n->prev->n_tokens,
        .on_path = n->depth < t->path.len && t->path.data[n->depth].node == n,
        .end = end_of_all(n),
        .role = n->role,
        .source = first_source(n),
        .settings = n->settings,
        .step = n->step,
        .tokens = n->n_tokens,
        .name = name != NULL ? gb_strdup(name) : NULL,
    };

    gb_utf8_clean(&seen.text, gb_str_cstr(&n->text),
                  n->text.len < GB_SEEN_TEXT ? n->text.len : GB_SEEN_TEXT,
                  false);
    return seen;
}

gb_seen_tree *
gb_seen_tree_of(const gb_tree *t)
{
    gb_seen_tree *seen = gb_alloc(sizeof *seen);
    branches stack = {0};
    branch b;

    seen->data = gb_alloc_array(t->n_nodes, sizeof *seen->data);
    push_branches(&stack, t->first, 0, 0);
    while (stack.len > 0) {
        b = stack.data[--stack.len];
        if (b.forks)
            b.depth++;
        if (!b.node->hidden)
            seen->data[seen->len++] = make_branch(t, &b);
        push_branches(&stack, b.node->first, b.node->n_tokens, b.depth);
    }
    free(stack.data);
    return seen;
}

/* Forks. */

typedef struct forks {
    gb_seen_fork *data;
    size_t len, capacity;
} forks;

static void
push_fork(forks *f, gb_place place, uint32_t ways)
{
    if (ways < 2)
        return;
    if (f->len == f->capacity) {
        f->capacity = f->capacity > 0 ? f->capacity * 2 : 16;
        f->data = gb_realloc_array(f->data, f->capacity, sizeof *f->data);
    }
    f->data[f->len++] = (gb_seen_fork){place, ways};
}

static int
compare_places(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* Those within a stretch of the path, and at its end unless it is the last.
 * Sorting by where they leave it counts the ways of each place. */
static void
find_forks(const gb_stretch *s, bool last, forks *f)
{
    const uint32_t end = s->tokens + (last ? 0 : 1);
    const gb_node *c;
    uint32_t *at, ways;
    size_t n = 0, i;

    for (c = s->node->first; c != NULL; c = c->next)
        n += c->at < end ? 1 : 0;
    at = gb_alloc_array(n + 1, sizeof *at);
    for (c = s->node->first, n = 0; c != NULL; c = c->next)
        if (c->at < end)
            at[n++] = c->at;
    qsort(at, n, sizeof *at, compare_places);
    for (i = 0, ways = 0; i < n; i++) {
        ways++;
        if (i + 1 < n && at[i + 1] == at[i])
            continue;
        push_fork(f, (gb_place){s->node->id, at[i]},
                  ways + (at[i] < s->node->n_tokens ? 1 : 0));
        ways = 0;
    }
    free(at);
}

size_t
gb_seen_forks_of(const gb_tree *t, gb_seen_fork **list)
{
    const gb_place start = {0, 0};
    forks f = {0};
    size_t i;

    if (t->path.len > 0)
        push_fork(&f, start, (uint32_t)gb_tree_ways(t, start));
    for (i = 0; i < t->path.len; i++)
        find_forks(&t->path.data[i], i + 1 == t->path.len, &f);
    *list = f.data;
    return f.len;
}
