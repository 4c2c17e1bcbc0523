#include "session/history_state.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

static const char *const chat_stops[] = {"\nHuman:", "\nAI:"};

const char *const *
gb_history_stops(gb_mode mode, size_t *n)
{
    *n = mode == GB_MODE_CHAT ? GB_COUNT(chat_stops) : 0;
    return chat_stops;
}

gb_history *
gb_history_new(gb_tokenizer *tokenizer, uint32_t n_vocab, gb_token eos_id,
               uint32_t n_ctx, const gb_settings *settings, gb_mode mode)
{
    gb_history *h = gb_alloc(sizeof *h);

    h->tokenizer = tokenizer;
    h->n_vocab = n_vocab;
    h->eos_id = eos_id;
    h->n_ctx = n_ctx;
    h->settings = h->root_settings = *settings;
    h->mode = h->root_mode = mode;
    return h;
}

static void
free_run(gb_run_state *r)
{
    size_t i;

    for (i = 0; i < r->n_changes; i++) {
        free(r->changes[i].name);
        free(r->changes[i].value);
    }
    free(r->changes);
}

void
gb_history_free(gb_history *h)
{
    size_t i;

    if (h == NULL)
        return;
    for (i = 0; i < h->n_runs; i++)
        free_run(&h->runs[i]);
    free(h->runs);
    free(h->acts);
    gb_stream_free(h->stream);
    gb_ids_free(&h->view);
    gb_tree_free(&h->tree);
    free(h);
}

void
gb_history_set_tokenizer(gb_history *h, gb_tokenizer *tokenizer)
{
    h->tokenizer = tokenizer;
}

gb_run_state *
gb_history_run(const gb_history *h)
{
    size_t i = h->n_acts > 0 ? h->acts[h->n_acts - 1].run : GB_NO_RUN;

    return i != GB_NO_RUN ? &h->runs[i] : NULL;
}

const gb_settings *
gb_history_settings(const gb_history *h)
{
    return &h->settings;
}

gb_mode
gb_history_mode(const gb_history *h)
{
    return h->mode;
}

uint64_t
gb_history_step(const gb_history *h)
{
    return h->step;
}

bool
gb_history_is_writing(const gb_history *h)
{
    return h->writing;
}

uint64_t
gb_history_run_tokens(const gb_history *h)
{
    return h->n_runs > 0 ? h->runs[h->n_runs - 1].tokens : 0;
}

bool
gb_history_stop_hit(const gb_history *h)
{
    return h->stop_hit;
}

bool
gb_history_is_untouched(const gb_history *h)
{
    return h->tree.count == 0;
}

uint32_t
gb_history_undos(const gb_history *h)
{
    return (uint32_t)h->n_acts;
}

uint32_t
gb_history_redos(const gb_history *h)
{
    return (uint32_t)h->n_redos;
}

const gb_segment *
gb_history_tip(const gb_history *h)
{
    return h->tip != NULL && h->tip->shown != NULL ? &h->tip->shown->segment
                                                   : NULL;
}

const gb_segment **
gb_history_branch(const gb_history *h, size_t *count)
{
    const gb_segment *s, **list;
    size_t n = 0;

    for (s = gb_history_tip(h); s != NULL; s = s->parent)
        n++;
    *count = n;
    list = gb_alloc_array(n + 1, sizeof *list);
    for (s = gb_history_tip(h); s != NULL; s = s->parent)
        list[--n] = s;
    return list;
}

const gb_segment *
gb_history_last_prompt(const gb_history *h)
{
    return h->tip != NULL && h->tip->said != NULL ? &h->tip->said->segment
                                                  : NULL;
}

uint64_t
gb_history_view_length(const gb_history *h)
{
    return h->tip != NULL ? h->tip->view_len : 0;
}

uint64_t
gb_history_view_before(const gb_history *h, const gb_segment *s)
{
    const gb_node *n = h->tip;

    while (n != NULL && &n->segment != s)
        n = n->prev;
    return n != NULL && n->prev != NULL ? n->prev->view_len : 0;
}

const gb_ids *
gb_history_view(gb_history *h)
{
    if (!h->view_known)
        gb_branch_view(h->tip, &h->view);
    h->view_known = true;
    return &h->view;
}

/* Bytes of the tokens [from, to) as text. */
static size_t
text_length(const gb_history *h, const gb_ids *ids, size_t from, size_t to)
{
    gb_str bytes = GB_STR_INIT, text = GB_STR_INIT;
    const char *b;
    size_t i, n;

    for (i = from; i < to; i++) {
        b = gb_tokenizer_bytes(h->tokenizer, ids->data[i], &n);
        gb_str_append(&bytes, b, n);
    }
    gb_utf8_clean(&text, gb_str_cstr(&bytes), bytes.len, true);
    n = text.len;
    gb_str_free(&bytes);
    gb_str_free(&text);
    return n;
}

bool
gb_history_memory(gb_history *h, const gb_segment **segment, size_t *offset)
{
    gb_view_start start = gb_branch_view(h->tip, &h->view);
    const gb_segment *s;
    size_t n;

    h->view_known = true;
    if (start.node == NULL || start.all)
        return false;
    s = &start.node->segment;
    if (start.node->hidden) {
        *segment = s->parent;
        *offset = s->parent != NULL ? s->parent->text.len : 0;
        return s->parent != NULL;
    }
    *segment = s;
    if (s->role == GB_ROLE_USER) {
        n = text_length(h, &s->ids, start.index, s->ids.len);
        *offset = n < s->text.len ? s->text.len - n : 0;
    } else {
        n = text_length(h, &s->ids, 0, start.index);
        *offset = n < s->text.len ? n : s->text.len;
    }
    return true;
}

uint32_t
gb_history_excess(gb_history *h)
{
    uint64_t length = gb_history_view_length(h), keep = 0;

    if (length <= h->n_ctx)
        return 0;
    if (h->mode == GB_MODE_CHAT)
        keep = gb_branch_turns(h->tip, (uint64_t)h->n_ctx * 3 / 4);
    if (keep == 0)
        keep = h->n_ctx > 1 ? h->n_ctx / 2 : 1;
    return (uint32_t)(length - keep);
}

bool
gb_history_last_run(const gb_history *h, gb_run *run)
{
    const gb_run_state *r = gb_history_run(h);

    if (r == NULL)
        return false;
    *run = (gb_run){r->changes, r->n_changes, r->tokens, r->reason};
    return true;
}
