/* What a session that is kept has led to: its takes, and the text that it
 * ends with. */
#include "session/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "session/journal.h"
#include "session/tree.h"

/* Of its text. */
#define GB_LIST_STORY 4000
/* Between two looks at whether to end. */
#define GB_EVENTS_AT_ONCE 256

/* Applies a journal's events, as far as they can be. False: cancelled. */
static bool
apply_all(gb_tree *t, gb_journal_reader *r, const atomic_bool *cancel)
{
    unsigned count = 0;
    gb_event e;

    while (gb_journal_next(r, &e, NULL) == GB_READ_EVENT &&
           gb_tree_apply(t, &e, NULL))
        if (++count % GB_EVENTS_AT_ONCE == 0 && cancel != NULL &&
            atomic_load(cancel))
            return false;
    return true;
}

static void
add_part(gb_listed *l, bool typed, const char *text, size_t n)
{
    gb_listed_part *part;

    l->story = gb_realloc_array(l->story, l->n_story + 1, sizeof *l->story);
    part = &l->story[l->n_story++];
    *part = (gb_listed_part){typed, GB_STR_INIT};
    gb_utf8_clean(&part->text, text, n, false);
}

static void
tell_story(gb_listed *l, const gb_tree *t)
{
    size_t left = GB_LIST_STORY, n, i;
    const gb_stretch *s;

    for (i = 0; i < t->path.len && left > 0; i++) {
        s = &t->path.data[i];
        if (s->node->hidden || s->node->role == GB_ROLE_NOTE)
            continue;
        n = gb_node_bytes(s->node, s->tokens);
        n = n < left ? n : left;
        left -= n;
        if (s->node->mode == GB_MODE_CHAT && l->n_story > 0)
            gb_str_putc(&l->story[l->n_story - 1].text, '\n');
        add_part(l, s->node->role == GB_ROLE_USER,
                 gb_str_cstr(&s->node->text), n);
    }
    l->takes = gb_tree_leaves(t);
}

/* The model that wrote a session, or one with its tokenizer; NULL: it is not
 * there any more. */
static const gb_model *
writer_of(const gb_origin *o, const gb_model *model, gb_model **other)
{
    if (model->sha256[0] != '\0' &&
        strcmp(o->model_sha256, model->sha256) == 0)
        return model;
    if (o->model_path == NULL)
        return NULL;
    if (*other == NULL || strcmp((*other)->path, o->model_path) != 0) {
        gb_model_close(*other);
        *other = gb_model_open_tokenizer(o->model_path, NULL);
    }
    return *other;
}

static bool
read_story(gb_listed *l, gb_journal_reader *r, const gb_model *model,
           gb_model **other, const atomic_bool *cancel)
{
    const gb_header *h = gb_journal_reader_header(r);
    const gb_config *c;
    gb_tree *t;
    bool ok;

    model = writer_of(&h->origin, model, other);
    if (model == NULL)
        return true;
    c = &model->config;
    t = gb_tree_new(model->tokenizer, c->n_vocab, &c->ends, c->n_ctx,
                    &h->settings, h->mode, NULL);
    if (t == NULL)
        return true;
    ok = apply_all(t, r, cancel);
    if (ok)
        tell_story(l, t);
    gb_tree_free(t);
    return ok;
}

bool
gb_listed_read_story(gb_listed *l, const gb_model *model, gb_model **other,
                     const atomic_bool *cancel)
{
    gb_journal_reader *r = NULL;
    gb_str text = GB_STR_INIT;
    bool ok = true;

    if (l->read)
        return true;
    if (gb_file_read(l->path, GB_LIST_FILE, &text, NULL))
        r = gb_journal_open_text(gb_str_cstr(&text), text.len, l->path, NULL);
    if (r != NULL)
        ok = read_story(l, r, model, other, cancel);
    l->read = ok;
    gb_journal_reader_free(r);
    gb_str_free(&text);
    return ok;
}

/* Lists. */

static char *
copy_text(const char *text)
{
    return text != NULL ? gb_strdup(text) : NULL;
}

void
gb_list_copy(gb_list *to, const gb_list *from)
{
    gb_listed *l;
    size_t i, k;

    *to = (gb_list){gb_alloc_array(from->len + 1, sizeof *to->data), from->len};
    for (i = 0; i < from->len; i++) {
        l = &to->data[i];
        *l = from->data[i];
        l->path = copy_text(l->path);
        l->date = copy_text(l->date);
        l->model = copy_text(l->model);
        l->words = copy_text(l->words);
        l->text = copy_text(l->text);
        l->story = NULL;
        l->n_story = 0;
        for (k = 0; k < from->data[i].n_story; k++)
            add_part(l, from->data[i].story[k].typed,
                     gb_str_cstr(&from->data[i].story[k].text),
                     from->data[i].story[k].text.len);
    }
}

void
gb_list_take_over(gb_list *list, gb_list *old)
{
    gb_listed swap;
    size_t i, k = 0;

    /* Both are in the order of their changes. */
    for (i = 0; i < list->len; i++) {
        while (k < old->len && old->data[k].changed > list->data[i].changed)
            k++;
        if (k < old->len && old->data[k].changed == list->data[i].changed &&
            strcmp(old->data[k].path, list->data[i].path) == 0) {
            swap = list->data[i];
            list->data[i] = old->data[k];
            old->data[k] = swap;
        }
    }
}
