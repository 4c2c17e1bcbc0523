/* The tree as a list: what follows a node directly stands below it, only
 * forks go to the right. */
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
        .end = gb_node_end(n),
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
