/* What the watcher of a tree hears. */
#include "session/tree.h"

/* What telling may cost when a session is run again: so many times all text
 * that there is, and this much more. A node counts as some bytes of text. */
#define GB_TELLING_SHARE 3
#define GB_TELLING_MORE ((uint64_t)64 << 10)
#define GB_NODE_COST 64

void
gb_tree_tell_settings(const gb_tree *t)
{
    if (t->watcher.settings != NULL)
        t->watcher.settings(t->watcher.arg, &t->settings, t->mode, t->step);
}

/* All behind the first `tokens` of a stretch of the path is gone; a hidden
 * node was never there. */
static void
tell_cut(const gb_tree *t, size_t stretches, uint32_t tokens)
{
    const gb_node *n = NULL;

    while (stretches > 0) {
        n = t->path.data[stretches - 1].node;
        if (!n->hidden)
            break;
        n = NULL;
        if (--stretches > 0)
            tokens = t->path.data[stretches - 1].tokens;
    }
    if (t->watcher.cut != NULL)
        t->watcher.cut(t->watcher.arg, n != NULL ? n->id : 0, tokens,
                       n != NULL ? gb_node_bytes(n, tokens) : 0);
}

static void
tell_node(const gb_tree *t, const gb_stretch *s)
{
    if (!s->node->hidden && t->watcher.node != NULL)
        t->watcher.node(t->watcher.arg, s->node, s->tokens);
}

static void
tell_growth(const gb_tree *t, const gb_stretch *s, uint32_t from)
{
    if (!s->node->hidden && s->tokens > from && t->watcher.grown != NULL)
        t->watcher.grown(t->watcher.arg, s->node, from,
                         gb_node_bytes(s->node, from), s->tokens);
}

static bool
is_on_path(const gb_tree *t, const gb_node *n)
{
    return n->depth < t->path.len && t->path.data[n->depth].node == n;
}

/* How many stretches of the path the watcher knows, and how many tokens of
 * the last of these. False when finding that out, or telling the others,
 * would cost more than `limit`. */
static bool
find_common(gb_tree *t, uint64_t limit, size_t *stretches, uint32_t *tokens)
{
    const gb_node *n = gb_tree_node(t, t->told.node);
    const gb_stretch *s;
    uint64_t cost = 0;
    size_t i;

    *tokens = t->told.tokens;
    while (n != NULL && !is_on_path(t, n) && cost <= limit) {
        cost += GB_NODE_COST;
        *tokens = n->at;
        n = n->prev;
    }
    *stretches = n != NULL ? n->depth + (size_t)1 : 0;
    for (i = *stretches; i < t->path.len && cost <= limit; i++) {
        s = &t->path.data[i];
        cost += GB_NODE_COST + gb_node_bytes(s->node, s->tokens);
    }
    t->telling += cost;
    return cost <= limit;
}

/* Tells what is new since the last time; nothing when that costs more. */
static void
catch_up(gb_tree *t, uint64_t limit)
{
    gb_place now = gb_tree_place(t);
    uint32_t known, here = 0;
    size_t common, i;

    if (!find_common(t, limit, &common, &known))
        return;
    if (common > 0)
        here = t->path.data[common - 1].tokens;
    if (here < known || common == 0 ||
        t->path.data[common - 1].node->id != t->told.node) {
        if (t->told.node != 0)
            tell_cut(t, common, here < known ? here : known);
    }
    if (common > 0)
        tell_growth(t, &t->path.data[common - 1], known);
    for (i = common; i < t->path.len; i++)
        tell_node(t, &t->path.data[i]);
    t->told = now;
    if (now.node > t->told_newest)
        t->told_newest = now.node;
}

void
gb_tree_tell_changes(gb_tree *t)
{
    catch_up(t, UINT64_MAX);
}

void
gb_tree_tell_replayed(gb_tree *t, bool jumps)
{
    uint64_t limit = GB_TELLING_SHARE * t->made + GB_TELLING_MORE;
    gb_place now = gb_tree_place(t);

    if (now.node != t->told.node && !jumps && now.node <= t->told_newest)
        return;
    if (t->telling < limit)
        catch_up(t, limit - t->telling);
}

void
gb_tree_tell(gb_tree *t)
{
    if (t->watcher.cut != NULL)
        t->watcher.cut(t->watcher.arg, 0, 0, 0);
    t->told = (gb_place){0, 0};
    gb_tree_tell_changes(t);
    gb_tree_tell_settings(t);
}
