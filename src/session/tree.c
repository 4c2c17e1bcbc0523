#include "session/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "session/bias.h"

const char *
gb_source_name(gb_token_source source)
{
    static const char *const names[] = {"typed", "written", "picked", "what"};

    return names[source];
}

gb_tree *
gb_tree_new(gb_tokenizer *tokenizer, uint32_t n_vocab, const gb_ends *ends,
            uint32_t n_ctx, const gb_settings *settings, gb_mode mode,
            gb_error *err)
{
    gb_tree *t = gb_alloc(sizeof *t);

    t->tokenizer = tokenizer;
    t->n_vocab = n_vocab;
    t->ends = *ends;
    t->n_ctx = n_ctx;
    t->settings = t->root_settings = *settings;
    t->mode = t->root_mode = mode;
    t->act = t->again = GB_NONE;
    if (gb_tree_pin(t, settings->pin, err) &&
        gb_bias_check(settings->bias, tokenizer, n_vocab, err))
        return t;
    gb_tree_free(t);
    return NULL;
}

static void
free_node(gb_node *n)
{
    gb_str_free(&n->text);
    free(n->tokens);
    free(n);
}

void
gb_tree_free(gb_tree *t)
{
    size_t i;

    if (t == NULL)
        return;
    for (i = 0; i < t->n_nodes; i++)
        free_node(t->nodes[i]);
    for (i = 0; i < t->n_names; i++)
        free(t->names[i].text);
    free(t->names);
    free(t->nodes);
    free(t->acts);
    free(t->runs);
    gb_path_free(&t->path);
    gb_stream_free(t->stream);
    gb_ids_free(&t->pin);
    gb_ids_free(&t->view);
    free(t);
}

void
gb_tree_set_tokenizer(gb_tree *t, gb_tokenizer *tokenizer)
{
    t->tokenizer = tokenizer;
}

/* Paths. */

void
gb_path_push(gb_path *path, gb_node *node, uint32_t tokens)
{
    if (path->len == path->capacity) {
        path->capacity = path->capacity > 0 ? path->capacity * 2 : 16;
        path->data = gb_realloc_array(path->data, path->capacity,
                                      sizeof *path->data);
    }
    path->data[path->len++] = (gb_stretch){node, tokens};
}

void
gb_path_free(gb_path *path)
{
    free(path->data);
    *path = (gb_path){0};
}

static gb_stretch *
path_end(const gb_path *path)
{
    return path->len > 0 ? &path->data[path->len - 1] : NULL;
}

gb_place
gb_tree_place(const gb_tree *t)
{
    const gb_stretch *s = path_end(&t->path);

    return s != NULL ? (gb_place){s->node->id, s->tokens} : (gb_place){0, 0};
}

gb_node *
gb_tree_node(const gb_tree *t, uint32_t id)
{
    return id > 0 && id <= t->n_nodes ? t->nodes[id - 1] : NULL;
}

bool
gb_tree_has(const gb_tree *t, gb_place place)
{
    const gb_node *n = gb_tree_node(t, place.node);

    if (place.node == 0)
        return place.tokens == 0;
    return n != NULL && (place.tokens == n->n_tokens ||
                         (place.tokens < n->n_tokens && !n->hidden &&
                          n->role == GB_ROLE_MODEL));
}

/* Makes the stretches from `common` on those that lead to the place. */
static void
lead_to(gb_path *path, size_t common, gb_node *n, uint32_t tokens)
{
    size_t i = n != NULL ? n->depth + (size_t)1 : 0;

    while (path->len < i)
        gb_path_push(path, NULL, 0);
    path->len = i;
    for (; i > common; tokens = n->at, n = n->prev)
        path->data[--i] = (gb_stretch){n, tokens};
    if (common > 0)
        path->data[common - 1].tokens = tokens;
}

void
gb_tree_path(const gb_tree *t, gb_place place, gb_path *path)
{
    lead_to(path, 0, gb_tree_node(t, place.node), place.tokens);
}

void
gb_tree_noise(const gb_tree *t, gb_place place, uint64_t *seed,
              uint64_t *step)
{
    const gb_node *n = gb_tree_node(t, place.node);

    *seed = n != NULL ? n->settings.seed : t->root_settings.seed;
    *step = n != NULL ? n->step : 0;
    if (place.tokens > 0 && !n->hidden &&
        n->tokens[0].source != GB_SOURCE_TYPED)
        *step += place.tokens;
}

bool
gb_is_written(gb_role role, const gb_written *tokens, uint32_t n)
{
    return role == GB_ROLE_MODEL &&
           (n == 0 || tokens[0].source != GB_SOURCE_PICKED);
}

gb_place
gb_node_before(const gb_node *n)
{
    return n->prev != NULL ? (gb_place){n->prev->id, n->at}
                           : (gb_place){0, 0};
}

gb_place
gb_stretch_before(const gb_stretch *st)
{
    return st->tokens > 0 ? (gb_place){st->node->id, st->tokens}
                          : gb_node_before(st->node);
}

size_t
gb_node_bytes(const gb_node *n, uint32_t tokens)
{
    if (tokens >= n->n_tokens)
        return n->text.len;
    return tokens > 0 ? n->tokens[tokens - 1].end : 0;
}

gb_node *
gb_tree_last(const gb_tree *t, gb_role role)
{
    gb_node *n;
    size_t i;

    for (i = t->path.len; i-- > 0;) {
        n = t->path.data[i].node;
        if (n->role == role && !n->hidden)
            return n;
    }
    return NULL;
}

/* Nodes. */

gb_node *
gb_tree_add(gb_tree *t, gb_role role, bool hidden)
{
    gb_node *n = gb_alloc(sizeof *n), **last = &t->last;
    const gb_stretch *end = path_end(&t->path);

    if (t->n_nodes == t->nodes_capacity) {
        t->nodes_capacity = t->nodes_capacity > 0 ? t->nodes_capacity * 2 : 64;
        t->nodes = gb_realloc_array(t->nodes, t->nodes_capacity,
                                    sizeof *t->nodes);
    }
    t->nodes[t->n_nodes++] = n;
    n->id = (uint32_t)t->n_nodes;
    n->role = role;
    n->hidden = hidden;
    n->mode = t->mode;
    n->settings = t->settings;
    n->version = t->version;
    n->step = t->step;
    n->act = t->act;
    n->run = GB_NONE;
    if (end != NULL) {
        n->prev = end->node;
        n->at = end->tokens;
        n->depth = end->node->depth + 1;
        end->node->visit = n;
        last = &end->node->last;
    }
    if (*last != NULL)
        (*last)->next = n;
    else if (end != NULL)
        end->node->first = n;
    else
        t->first = n;
    *last = n;
    gb_path_push(&t->path, n, 0);
    t->view_known = false;
    return n;
}

uint64_t
gb_node_view_before(const gb_node *n)
{
    return n->prev != NULL ? n->prev->view_len - (n->prev->n_tokens - n->at)
                           : 0;
}

void
gb_tree_settle(gb_tree *t, gb_node *n)
{
    uint64_t before = n->restart ? 0 : gb_node_view_before(n);

    n->view_len = before - n->drop_front - n->drop_back + n->n_tokens;
    t->path.data[t->path.len - 1].tokens = n->stay = n->n_tokens;
    t->made += n->text.len;
}

void
gb_node_push(gb_node *n, gb_token id, gb_token_source source, const gb_why *why)
{
    if (n->n_tokens == n->capacity) {
        n->capacity = n->capacity > 0 ? n->capacity * 2 : 8;
        n->tokens = gb_realloc_array(n->tokens, n->capacity,
                                     sizeof *n->tokens);
    }
    n->tokens[n->n_tokens++] = (gb_written){
        .id = id, .source = source, .why = *why,
    };
}

static bool
is_on_path(const gb_tree *t, const gb_node *n)
{
    return n->depth < t->path.len && t->path.data[n->depth].node == n;
}

/* Costs as much as the stretches that go and come, however long the path. */
void
gb_tree_move(gb_tree *t, gb_place place)
{
    gb_node *target = gb_tree_node(t, place.node), *n = target;
    size_t common, i;
    gb_stretch *s;

    while (n != NULL && !is_on_path(t, n))
        n = n->prev;
    common = n != NULL ? n->depth + (size_t)1 : 0;
    lead_to(&t->path, common, target, place.tokens);
    t->view_known = false;
    for (i = common > 0 ? common - 1 : 0; i < t->path.len; i++) {
        s = &t->path.data[i];
        s->node->visit = i + 1 < t->path.len ? s[1].node : NULL;
        s->node->stay = s->tokens;
    }
}

/* Takes and names. */

static const gb_node *
first_behind(const gb_tree *t, const gb_node *n)
{
    return n != NULL ? n->first : t->first;
}

size_t
gb_tree_ways(const gb_tree *t, gb_place place)
{
    const gb_node *n = gb_tree_node(t, place.node), *c;
    size_t count = n != NULL && place.tokens < n->n_tokens ? 1 : 0;

    for (c = first_behind(t, n); c != NULL; c = c->next)
        count += c->at == place.tokens ? 1 : 0;
    return count;
}

uint32_t
gb_tree_leaves(const gb_tree *t)
{
    uint32_t count = 0;
    const gb_node *c;
    size_t i;

    for (i = 0; i < t->n_nodes; i++) {
        for (c = t->nodes[i]->first; c != NULL; c = c->next)
            if (c->at == t->nodes[i]->n_tokens)
                break;
        count += c == NULL ? 1 : 0;
    }
    return count;
}

/* The last place before the end of the path from which more than one way
 * leads on. */
static bool
last_fork(const gb_tree *t, gb_place *place)
{
    const gb_stretch *s;
    const gb_node *c;
    uint32_t end;
    size_t i;
    bool found;

    for (i = t->path.len; i-- > 0;) {
        s = &t->path.data[i];
        end = s->tokens + (i + 1 < t->path.len ? 1 : 0);
        found = false;
        for (c = s->node->first; c != NULL; c = c->next) {
            if (c->at >= end || (found && c->at <= place->tokens) ||
                gb_tree_ways(t, (gb_place){s->node->id, c->at}) < 2)
                continue;
            *place = (gb_place){s->node->id, c->at};
            found = true;
        }
        if (found)
            return true;
    }
    *place = (gb_place){0, 0};
    return gb_tree_ways(t, *place) > 1;
}

gb_place
gb_node_rest(const gb_node *n, uint32_t from)
{
    const gb_node *c, *newest = NULL;

    for (c = n->first; c != NULL; c = c->next)
        if (c->at > from)
            newest = c;
    return newest != NULL ? gb_node_end(newest)
                          : (gb_place){n->id, n->n_tokens};
}

size_t
gb_tree_takes(const gb_tree *t, gb_take **takes, size_t *current)
{
    const gb_node *n, *c;
    size_t count, k = 0, depth;
    gb_take *list;
    gb_place place;

    if (!last_fork(t, &place))
        return 0;
    n = gb_tree_node(t, place.node);
    count = gb_tree_ways(t, place);
    list = gb_alloc_array(count, sizeof *list);
    *current = 0;
    if (n != NULL && place.tokens < n->n_tokens)
        list[k++] = (gb_take){n, place.tokens, gb_node_rest(n, place.tokens)};
    depth = n != NULL ? n->depth + (size_t)1 : 0;
    for (c = first_behind(t, n); c != NULL; c = c->next) {
        if (c->at != place.tokens)
            continue;
        if (depth < t->path.len && t->path.data[depth].node == c)
            *current = k;
        list[k++] = (gb_take){c, 0, gb_node_end(c)};
    }
    if (takes != NULL)
        *takes = list;
    else
        free(list);
    return count;
}

gb_place
gb_node_end(const gb_node *n)
{
    while (n->visit != NULL)
        n = n->visit;
    return (gb_place){n->id, n->stay};
}

static bool
same_place(gb_place a, gb_place b)
{
    return a.node == b.node && a.tokens == b.tokens;
}

bool
gb_tree_named(const gb_tree *t, const char *name, gb_place *place)
{
    size_t i;

    for (i = 0; i < t->n_names; i++)
        if (strcmp(t->names[i].text, name) == 0) {
            *place = t->names[i].place;
            return true;
        }
    return false;
}

const char *
gb_tree_name(const gb_tree *t, gb_place place)
{
    size_t i;

    for (i = 0; i < t->n_names; i++)
        if (same_place(t->names[i].place, place))
            return t->names[i].text;
    return NULL;
}

/* Acts and runs. */

bool
gb_tree_can_undo(const gb_tree *t)
{
    return t->act != GB_NONE;
}

bool
gb_tree_can_redo(const gb_tree *t)
{
    return (t->act != GB_NONE ? t->acts[t->act].again : t->again) != GB_NONE;
}

const gb_run *
gb_tree_last_run(const gb_tree *t)
{
    size_t i;

    if (t->act != GB_NONE && t->acts[t->act].run != GB_NONE)
        return &t->runs[t->acts[t->act].run];
    for (i = t->path.len; i-- > 0;)
        if (t->path.data[i].node->run != GB_NONE)
            return &t->runs[t->path.data[i].node->run];
    return NULL;
}

uint64_t
gb_tree_run_tokens(const gb_tree *t)
{
    return t->n_runs > 0 ? t->runs[t->n_runs - 1].tokens : 0;
}
