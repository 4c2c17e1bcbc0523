/* What the model sees of a path: a window of its tokens that ends at its end.
 */
#include "session/tree.h"

#include "base/utf8.h"

static const gb_stretch *
last_stretch(const gb_path *path)
{
    return path->len > 0 ? &path->data[path->len - 1] : NULL;
}

uint64_t
gb_path_view_length(const gb_path *path)
{
    const gb_stretch *s = last_stretch(path);

    return s != NULL ? s->node->view_len - (s->node->n_tokens - s->tokens)
                     : 0;
}

uint64_t
gb_tree_view_length(const gb_tree *t)
{
    return gb_path_view_length(&t->path);
}

/* The place of a path in which its view begins. */
typedef struct view_start {
    size_t stretch;
    uint32_t token;
    bool all; /* nothing was before it */
} view_start;

/* From the end to the beginning: `skip` tokens that a later node took back,
 * then `need` that the view holds; they go to ids + need, downwards. */
static view_start
collect_view(const gb_path *path, gb_token *ids)
{
    uint64_t need = gb_path_view_length(path), skip = 0, usable, take, i;
    view_start start = {.all = true};
    const gb_stretch *s;
    size_t k;

    for (k = path->len; k-- > 0 && need > 0;) {
        s = &path->data[k];
        usable = s->tokens;
        take = usable < skip ? usable : skip;
        usable -= take;
        skip -= take;
        take = usable < need ? usable : need;
        for (i = 0; i < take && ids != NULL; i++)
            ids[need - take + i] = s->node->tokens[usable - take + i].id;
        need -= take;
        if (take > 0)
            start = (view_start){k, (uint32_t)(usable - take), false};
        skip += s->node->drop_back;
    }
    if (start.all)
        return start;
    start.all = start.token == 0 &&
                path->data[start.stretch].node->skipped == 0;
    for (k = start.stretch; k-- > 0 && start.all;)
        start.all = path->data[k].tokens == 0;
    return start;
}

void
gb_path_view(const gb_path *path, gb_ids *ids)
{
    uint64_t n = gb_path_view_length(path), i;

    for (i = 0; i < n; i++)
        gb_ids_push(ids, 0);
    collect_view(path, n > 0 ? ids->data + ids->len - n : NULL);
}

const gb_ids *
gb_tree_view(gb_tree *t)
{
    if (!t->view_known) {
        t->view.len = 0;
        gb_ids_append(&t->view, t->pin.data, t->pin.len);
        gb_path_view(&t->path, &t->view);
    }
    t->view_known = true;
    return &t->view;
}

/* Bytes of the tokens [from, to) as text. */
static size_t
text_length(const gb_tree *t, const gb_node *node, uint32_t from, uint32_t to)
{
    gb_str bytes = GB_STR_INIT, text = GB_STR_INIT;
    const char *b;
    uint32_t i;
    size_t n;

    for (i = from; i < to; i++) {
        b = gb_tokenizer_bytes(t->tokenizer, node->tokens[i].id, &n);
        gb_str_append(&bytes, b, n);
    }
    gb_utf8_clean(&text, gb_str_cstr(&bytes), bytes.len, true);
    n = text.len;
    gb_str_free(&bytes);
    gb_str_free(&text);
    return n;
}

bool
gb_tree_memory(gb_tree *t, const gb_node **node, size_t *offset)
{
    view_start start = collect_view(&t->path, NULL);
    const gb_stretch *s;
    size_t n, k;

    if (start.all)
        return false;
    s = &t->path.data[start.stretch];
    if (s->node->hidden) {
        for (k = start.stretch; k > 0 && t->path.data[k].node->hidden; k--)
            ;
        s = &t->path.data[k];
        *node = s->node;
        *offset = gb_node_bytes(s->node, s->tokens);
        return !s->node->hidden;
    }
    *node = s->node;
    if (s->node->role == GB_ROLE_USER) {
        n = text_length(t, s->node, start.token, s->tokens);
        *offset = n < s->node->text.len ? s->node->text.len - n : 0;
    } else {
        *offset = gb_node_bytes(s->node, start.token);
    }
    return true;
}

/* How many of the view's newest tokens make whole turns (each begins with a
 * text of the user) and are at most `limit`; 0 when not even the last is. */
static uint64_t
whole_turns(const gb_path *path, uint64_t limit)
{
    uint64_t total = gb_path_view_length(path), kept = 0, skip = 0, turns = 0;
    uint64_t back;
    const gb_stretch *s;
    size_t k;

    for (k = path->len; k-- > 0 && kept < total;) {
        s = &path->data[k];
        back = s->tokens < skip ? s->tokens : skip;
        kept += s->tokens - back;
        skip = skip - back + s->node->drop_back;
        if (kept > limit || kept > total)
            break;
        if (s->node->role == GB_ROLE_USER && !s->node->hidden && skip == 0)
            turns = kept;
    }
    return turns;
}

uint32_t
gb_path_excess(const gb_path *path, gb_mode mode, uint32_t n_ctx,
               size_t pinned)
{
    const uint64_t room = n_ctx > pinned ? n_ctx - pinned : 1;
    uint64_t length = gb_path_view_length(path), keep = 0;

    if (length <= room)
        return 0;
    if (mode == GB_MODE_CHAT)
        keep = whole_turns(path, room * 3 / 4);
    if (keep == 0)
        keep = room > 1 ? room / 2 : 1;
    return (uint32_t)(length - keep);
}

uint32_t
gb_tree_excess(gb_tree *t)
{
    return gb_path_excess(&t->path, t->mode, t->n_ctx, t->pin.len);
}
