/* The tree of takes, to look at and to go about in. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/app.h"
#include "tui/screen.h"
#include "tui/tree_rows.h"

typedef struct tree_page {
    gb_page page;
    gb_tree_rows rows;
    uint32_t *nodes; /* (page.n) of the rows */
    uint32_t alone;  /* the node that is shown with what follows; 0: all */
    uint32_t naming; /* the one that gets a name */
    uint32_t tags[2]; /* those to be compared; 0: none */
    uint64_t asked;  /* the request that brings the tree; 0: none */
    bool again;      /* what it brings is old already */
    uint32_t end;    /* where the text ends */
} tree_page;

static const gb_seen_branch *
branch_at(const tree_page *t, size_t i)
{
    return i < t->rows.len ? &t->rows.tree->data[t->rows.first + i] : NULL;
}

static void
ask(tree_page *t)
{
    static const gb_request request = {.what = GB_DO_TREE};

    if (t->asked != 0)
        t->again = true;
    else if (gb_page_post(&t->page, &request))
        t->asked = t->page.app->ui.mirror.posted;
}

/* Shows the tree as the mirror has it, with a node selected; 0: the one in
 * which the text ends. */
static void
show(tree_page *t, uint32_t node)
{
    const gb_seen_tree *tree = t->page.app->ui.mirror.tree;
    size_t i;

    t->rows = (gb_tree_rows){.current = GB_NONE};
    if (tree != NULL)
        gb_tree_rows_set(&t->rows, tree, t->alone);
    t->nodes = gb_realloc_array(t->nodes, t->rows.len + 1, sizeof *t->nodes);
    for (i = 0; i < t->rows.len; i++)
        t->nodes[i] = branch_at(t, i)->node;
    t->end = t->rows.current != GB_NONE ? tree->data[t->rows.current].node
                                        : 0;
    node = node == 0 ? t->end : node;
    gb_page_changed(&t->page, t->rows.len);
    gb_page_select(&t->page, gb_tree_rows_find(&t->rows, node));
}

static uint32_t
selected_node(const tree_page *t)
{
    return t->page.selected < t->page.n ? t->nodes[t->page.selected] : 0;
}

static void
news(gb_page *p, const gb_news *n)
{
    tree_page *t = (tree_page *)p;

    switch (n->type) {
    case GB_NEWS_TREE:
        /* At the end it stays there. */
        show(t, selected_node(t) == t->end ? 0 : selected_node(t));
        break;
    case GB_NEWS_CUT:
    case GB_NEWS_NODE:
        ask(t);
        break;
    case GB_NEWS_DONE:
    case GB_NEWS_ERROR:
        if (t->asked == 0 || n->command != t->asked) {
            if (n->reason != GB_REASON_NONE)
                ask(t);
            break;
        }
        t->asked = 0;
        if (t->again)
            ask(t);
        t->again = false;
        break;
    default:
        break;
    }
}

/* What stands on the screen already is gone to as it is, all else where it
 * last ended. */
static void
go(tree_page *t, const gb_seen_branch *b)
{
    gb_request request = {.what = GB_DO_EVENT,
                          .event = {.type = GB_EVENT_GO, .place = b->end}};
    gb_app *a = t->page.app;
    char *command = gb_format("/go %lu", (unsigned long)b->node);

    if (b->on_path || (b->end.node == b->node && b->end.tokens == b->tokens)
            ? gb_page_run(&t->page, command)
            : gb_page_post(&t->page, &request))
        gb_page_back(a);
    free(command);
}

static void
name(gb_page *p, const char *text)
{
    tree_page *t = (tree_page *)p;
    gb_request request = {.what = GB_DO_EVENT,
                          .event = {.type = GB_EVENT_NAME, .text = text,
                                    .n_text = strlen(text)}};
    const gb_seen_branch *b;
    size_t i = gb_tree_rows_find(&t->rows, t->naming);

    b = branch_at(t, i);
    if (b == NULL || b->node != t->naming)
        return;
    request.event.place = (gb_place){b->node, b->tokens};
    if (gb_page_post(p, &request))
        ask(t);
}

static bool
is_tagged(const gb_page *p, size_t i)
{
    const tree_page *t = (const tree_page *)p;

    return t->nodes[i] == t->tags[0] || t->nodes[i] == t->tags[1];
}

/* Tags a node, or takes its tag off; of two the older one goes. */
static void
tag(tree_page *t, uint32_t node)
{
    if (node == t->tags[0] || node == t->tags[1]) {
        t->tags[0] = node == t->tags[0] ? t->tags[1] : t->tags[0];
        t->tags[1] = 0;
    } else if (t->tags[0] == 0) {
        t->tags[0] = node;
    } else {
        t->tags[0] = t->tags[1] != 0 ? t->tags[1] : t->tags[0];
        t->tags[1] = node;
    }
    gb_page_list_act(&t->page, GB_ACT_DOWN);
}

/* The node in which a branch last ended, if it did so at its end. */
static uint32_t
end_of(const tree_page *t, uint32_t node)
{
    const gb_seen_tree *tree = t->rows.tree;
    const gb_seen_branch *b, *end = tree->data + tree->len;
    gb_place place = {node, 0};

    for (b = tree->data; b < end; b++)
        if (b->node == node)
            place = b->end;
    for (b = tree->data; b < end; b++)
        if (b->node == place.node && b->tokens == place.tokens)
            return b->node;
    return node;
}

static void
compare(tree_page *t, uint32_t node)
{
    uint32_t other = t->tags[1] != 0 ? t->tags[1] : node;
    char *command;

    if (t->tags[0] == 0 || t->tags[0] == other) {
        gb_app_notice(t->page.app, "Space tags a text, = compares it with "
                      "another");
        return;
    }
    command = gb_format("/compare %lu %lu",
                        (unsigned long)end_of(t, t->tags[0]),
                        (unsigned long)end_of(t, other));
    gb_page_run(&t->page, command);
    free(command);
}

static bool
act(gb_page *p, gb_page_act what)
{
    tree_page *t = (tree_page *)p;
    const gb_seen_branch *b = branch_at(t, p->selected);

    switch (what) {
    case GB_ACT_OPEN:
        if (b != NULL)
            go(t, b);
        return true;
    case GB_ACT_NAME:
        if (b != NULL) {
            t->naming = b->node;
            gb_page_ask(p, GB_ASKS_TEXT, "name", name);
        }
        return true;
    case GB_ACT_ALONE:
        if (b != NULL) {
            t->alone = t->alone == 0 ? b->node : 0;
            show(t, b->node);
        }
        return true;
    case GB_ACT_TAG:
        if (b != NULL)
            tag(t, b->node);
        return true;
    case GB_ACT_COMPARE:
        if (b != NULL)
            compare(t, b->node);
        return true;
    case GB_ACT_RELOAD:
        ask(t);
        return true;
    default:
        return false;
    }
}

static void
put_count(gb_str *out, uint64_t count, const char *what)
{
    gb_str_printf(out, " %s %llu %s%s", gb_screen_is_ascii() ? "|" : "·",
                  (unsigned long long)count, what, count == 1 ? "" : "s");
}

static void
title(gb_page *p, gb_str *left, gb_str *right)
{
    const tree_page *t = (const tree_page *)p;
    const char *file = p->app->ui.mirror.file, *slash;

    gb_str_puts(left, "tree");
    if (t->rows.len > 0) {
        put_count(left, t->rows.takes, "take");
        if (t->rows.places > 0)
            put_count(left, t->rows.places, "fork");
    }
    if (t->alone != 0 && t->rows.len < t->rows.tree->len)
        gb_str_printf(left, " %s node %lu alone",
                      gb_screen_is_ascii() ? "|" : "·",
                      (unsigned long)t->alone);
    slash = file != NULL ? strrchr(file, '/') : NULL;
    if (file != NULL)
        gb_str_puts(right, slash != NULL ? slash + 1 : file);
}

static void
row(gb_page *p, size_t i, gb_row *out)
{
    gb_tree_rows_put(&((tree_page *)p)->rows, i, out);
}

/* The branch, and what follows it in one line. */
static void
preview(gb_page *p, size_t i, gb_view *v)
{
    const tree_page *t = (const tree_page *)p;
    const gb_seen_branch *first = &t->rows.tree->data[t->rows.first + i], *b;
    const gb_seen_branch *end = t->rows.tree->data + t->rows.tree->len;
    const char *text = gb_str_cstr(&first->text);
    size_t spaces = strspn(text, " ");

    for (b = first; b < end; b++) {
        if (b > first && (b->depth < first->depth ||
                          (b->depth == first->depth && b->forks)))
            break;
        if (b->depth > first->depth || b->role == GB_ROLE_NOTE)
            continue;
        gb_view_append(v, b->role == GB_ROLE_USER ? GB_TEXT_USER
                                                  : GB_TEXT_MODEL,
                       gb_str_cstr(&b->text) + spaces, b->text.len - spaces);
        spaces = 0;
    }
}

static void
free_page(gb_page *p)
{
    free(((tree_page *)p)->nodes);
}

static const gb_page_kind kind = {
    .mode = GB_PAGE_TREE,
    .act = act,
    .news = news,
    .free = free_page,
    .title = title,
    .row = row,
    .tagged = is_tagged,
    .preview = preview,
    .empty = "nothing has been written yet",
};

void
gb_page_tree(gb_app *a)
{
    tree_page *t = gb_alloc(sizeof *t);

    gb_page_open(a, &t->page, &kind);
    show(t, 0);
    ask(t);
}
