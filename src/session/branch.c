#include "session/branch.h"

#include <stdlib.h>

#include "base/mem.h"

static void
free_node(gb_node *n)
{
    gb_str_free(&n->segment.text);
    gb_ids_free(&n->segment.ids);
    free(n->segment.logprobs);
    free(n);
}

void
gb_tree_free(gb_tree *t)
{
    size_t i;

    for (i = 0; i < t->count; i++)
        free_node(t->nodes[i]);
    free(t->nodes);
}

static bool
changes_view(const gb_node *n)
{
    return n->segment.ids.len > 0 || n->drop_back > 0 || n->restart;
}

gb_node *
gb_node_seen(gb_node *n)
{
    return n == NULL || changes_view(n) ? n : n->below;
}

gb_node *
gb_tree_add(gb_tree *t, gb_node *prev, gb_role role, bool hidden)
{
    gb_node *n = gb_alloc(sizeof *n);
    gb_node *shown = prev != NULL ? prev->shown : NULL;

    if (t->count == t->capacity) {
        t->capacity = t->capacity > 0 ? t->capacity * 2 : 64;
        t->nodes = gb_realloc_array(t->nodes, t->capacity, sizeof *t->nodes);
    }
    t->nodes[t->count++] = n;
    n->segment.role = role;
    n->segment.id = hidden ? 0 : ++t->shown;
    n->segment.parent = shown != NULL ? &shown->segment : NULL;
    n->hidden = hidden;
    n->prev = prev;
    n->run = GB_NO_RUN;
    n->below = gb_node_seen(prev);
    n->shown = hidden ? shown : n;
    n->said = prev != NULL ? prev->said : NULL;
    if (!hidden && role == GB_ROLE_USER)
        n->said = n;
    return n;
}

void
gb_node_settle(gb_node *n)
{
    uint64_t before = n->prev != NULL ? n->prev->view_len : 0;

    if (n->restart)
        before = 0;
    n->view_len = before - n->drop_front - n->drop_back + n->segment.ids.len;
}

void
gb_node_push(gb_node *n, gb_token id, float logprob)
{
    gb_segment *s = &n->segment;
    size_t old = s->ids.capacity;

    gb_ids_push(&s->ids, id);
    if (s->ids.capacity != old)
        s->logprobs = gb_realloc_array(s->logprobs, s->ids.capacity,
                                       sizeof *s->logprobs);
    s->logprobs[s->ids.len - 1] = logprob;
    n->view_len++;
}

/* From the end to the beginning: `skip` tokens that a later node took back,
 * then `need` that the view holds. */
gb_view_start
gb_branch_view(const gb_node *tip, gb_ids *ids)
{
    gb_view_start start = {.all = true};
    uint64_t need = tip != NULL ? tip->view_len : 0, skip = 0, usable, take, i;
    const gb_node *n;

    ids->len = 0;
    for (i = 0; i < need; i++)
        gb_ids_push(ids, 0);
    for (n = tip; n != NULL && need > 0; n = n->below) {
        usable = n->segment.ids.len;
        take = usable < skip ? usable : skip;
        usable -= take;
        skip -= take;
        take = usable < need ? usable : need;
        for (i = 0; i < take; i++)
            ids->data[need - take + i] = n->segment.ids.data[usable - take + i];
        need -= take;
        start.node = n;
        start.index = usable - take;
        skip += n->drop_back;
    }
    if (start.node != NULL)
        start.all = start.index == 0 && start.node->below == NULL &&
                    start.node->segment.skipped == 0;
    return start;
}

uint64_t
gb_branch_turns(const gb_node *tip, uint64_t limit)
{
    uint64_t total = tip != NULL ? tip->view_len : 0;
    uint64_t kept = 0, skip = 0, turns = 0, ids, back;
    const gb_node *n;

    for (n = tip; n != NULL && kept < total; n = n->below) {
        ids = n->segment.ids.len;
        back = ids < skip ? ids : skip;
        kept += ids - back;
        skip = skip - back + n->drop_back;
        if (kept > limit || kept > total)
            break;
        if (n->segment.role == GB_ROLE_USER && !n->hidden && skip == 0)
            turns = kept;
    }
    return turns;
}
