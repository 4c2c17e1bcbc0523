#include "session/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/draft_state.h"
#include "session/loop.h"

static gb_draft *
make_draft(gb_engine *engine, unsigned always)
{
    gb_draft *d = gb_alloc(sizeof *d);

    d->engine = engine;
    d->always = always < GB_DRAFT_MOST ? always : GB_DRAFT_MOST;
    gb_gain_begin(&d->gain, gb_draft_first_rates(d));
    return d;
}

gb_draft_kind
gb_draft_kind_of(const char *who)
{
    static const char *const names[] = {
        [GB_DRAFT_OFF] = "off",
        [GB_DRAFT_LOOKUP] = "lookup",
        [GB_DRAFT_SELF] = "self",
    };
    unsigned kind = GB_DRAFT_OFF;

    while (kind < GB_COUNT(names) && strcmp(names[kind], who) != 0)
        kind++;
    return (gb_draft_kind)kind;
}

bool
gb_draft_open(gb_engine *engine, const gb_draft_options *o, gb_draft **d,
              gb_error *err)
{
    const gb_draft_kind kind = gb_draft_kind_of(o->who);
    gb_draft_model *model = NULL;

    *d = NULL;
    if (kind == GB_DRAFT_OFF)
        return true;
    if (gb_loop_counts_reads(engine)) {
        gb_fail(err, "no drafts: where CLBlast reads the prompt, tokens are "
                "not the same to the bit when several are computed at once "
                "(--prefill own)");
        err->status = GB_OK;
        return true;
    }
    if (kind != GB_DRAFT_LOOKUP) {
        model = gb_draft_model_open(engine, o, err);
        if (model == NULL)
            return err->status == GB_OK;
    }
    *d = make_draft(engine, o->always);
    (*d)->model = model;
    (*d)->say = o->say;
    (*d)->arg = o->arg;
    if (model == NULL)
        (*d)->lookup = gb_lookup_new();
    gb_gain_begin(&(*d)->gain, gb_draft_first_rates(*d));
    return true;
}

gb_draft *
gb_draft_known(gb_engine *engine)
{
    return gb_loop_counts_reads(engine) ? NULL
                                        : make_draft(engine, GB_DRAFT_MOST);
}

void
gb_draft_know(gb_draft *d, const gb_token *ids, size_t n)
{
    d->known.len = 0;
    gb_ids_append(&d->known, ids, n);
}

void
gb_draft_close(gb_draft *d)
{
    if (d == NULL)
        return;
    gb_lookup_free(d->lookup);
    gb_draft_model_close(d->model);
    gb_ids_free(&d->known);
    gb_adjuster_free_rows(&d->adjuster);
    free(d);
}

void
gb_draft_learn(gb_draft *d, const gb_token *ids, size_t n, size_t from)
{
    if (d->lookup != NULL)
        gb_lookup_learn(d->lookup, ids, n, from);
}

/* What the node adds to the text, and some of what it follows. */
static void
learn_node(gb_draft *d, const gb_node *node)
{
    gb_token ids[64];
    const gb_node *n = node->prev;
    uint32_t at = node->at, i;
    gb_ids text = GB_IDS_INIT;
    size_t first = GB_COUNT(ids);

    while (n != NULL && first > 0) {
        for (; at > 0 && first > 0; at--)
            ids[--first] = n->tokens[at - 1].id;
        at = n->at;
        n = n->prev;
    }
    gb_ids_append(&text, ids + first, GB_COUNT(ids) - first);
    for (i = 0; i < node->n_tokens; i++)
        gb_ids_push(&text, node->tokens[i].id);
    gb_draft_learn(d, text.data, text.len, GB_COUNT(ids) - first);
    gb_ids_free(&text);
}

void
gb_draft_learn_tree(gb_draft *d, const gb_tree *tree)
{
    size_t i;

    for (i = 0; i < tree->n_nodes && d->lookup != NULL; i++)
        if (tree->nodes[i]->n_tokens > 0)
            learn_node(d, tree->nodes[i]);
}

gb_draft_count
gb_draft_counted(const gb_draft *d)
{
    return d->count;
}
