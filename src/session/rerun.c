#include "session/rerun.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/several.h"

static void
free_nodes(gb_rerun *r)
{
    while (r->path.len > r->n_before)
        free(r->path.data[--r->path.len].node);
}

/* A node behind the path, of which nothing but its part in the view counts. */
static void
push_node(gb_rerun *r, gb_role role, uint64_t drop_front)
{
    gb_node *n = gb_alloc(sizeof *n);

    n->role = role;
    n->drop_front = drop_front;
    n->view_len = gb_path_view_length(&r->path) - drop_front;
    gb_path_push(&r->path, n, 0);
}

/* The node that grows. */
static gb_stretch *
growing(gb_rerun *r)
{
    if (r->path.len == r->n_before ||
        r->path.data[r->path.len - 1].node->role != GB_ROLE_MODEL)
        push_node(r, GB_ROLE_MODEL, 0);
    return &r->path.data[r->path.len - 1];
}

/* As gb_session_make_room. */
static void
make_room(gb_rerun *r)
{
    const uint32_t n_ctx = r->session->model->config.n_ctx;
    gb_ids *view = &r->loop.ids;
    uint32_t drop;

    while ((drop = gb_path_excess(&r->path, r->mode, n_ctx, r->pinned)) > 0) {
        push_node(r, GB_ROLE_NOTE, drop);
        view->len -= drop;
        memmove(view->data + r->pinned, view->data + r->pinned + drop,
                (view->len - r->pinned) * sizeof *view->data);
        r->at_once = view->len;
    }
}

/* As the tree does with a token, and the session with its end; the view has it
 * already. */
static void
push(gb_rerun *r, const gb_written *token)
{
    const gb_tree *t = r->session->tree;
    gb_stretch *s = growing(r);
    bool stopped;

    s->node->n_tokens = ++s->tokens;
    s->node->view_len++;
    stopped = gb_stream_push_token(r->stream, t->tokenizer,
                                   r->settings.ignore_eos ? NULL : &t->ends,
                                   token->id, &r->text);
    if (r->n_tokens == r->capacity) {
        r->capacity = r->capacity * 2 + 64;
        r->tokens = gb_realloc_array(r->tokens, r->capacity,
                                     sizeof *r->tokens);
    }
    r->tokens[r->n_tokens] = *token;
    r->tokens[r->n_tokens].source = GB_SOURCE_WRITTEN;
    r->tokens[r->n_tokens++].end = (uint32_t)r->text.len;
    r->reason = gb_loop_end(r->session->engine, r->settings.ignore_eos,
                            token->id, stopped, r->n_tokens,
                            r->settings.max_new_tokens);
}

/* The view before the first token. */
static void
begin(gb_rerun *r)
{
    const gb_tree *t = r->session->tree;

    free_nodes(r);
    r->loop.ids.len = r->pinned;
    gb_path_view(&r->path, &r->loop.ids);
    r->at_once = r->loop.ids.len;
    gb_stream_free(r->stream);
    r->stream = gb_path_stream(t, &r->path, r->mode, &r->settings);
    gb_str_clear(&r->text);
    r->n_tokens = 0;
    r->reason = GB_REASON_NONE;
}

bool
gb_rerun_open(gb_rerun *r, gb_session *s, gb_place from,
              const gb_settings *settings, gb_error *err)
{
    uint64_t seed;

    *r = (gb_rerun){.session = s, .mode = s->tree->mode, .settings = *settings};
    gb_loop_init(&r->loop, s->engine);
    gb_loop_set_draft(&r->loop, s->loop.draft);
    if (!gb_tree_encode_pin(s->tree, settings->pin, &r->loop.ids, err)) {
        gb_rerun_close(r);
        return false;
    }
    r->pinned = r->loop.ids.len;
    gb_tree_noise(s->tree, from, &seed, &r->step);
    if (settings->seed != seed)
        r->step = 0;
    gb_tree_path(s->tree, from, &r->path);
    r->n_before = r->path.len;
    begin(r);
    return true;
}

void
gb_rerun_close(gb_rerun *r)
{
    gb_rerun_pause(r);
    free_nodes(r);
    gb_path_free(&r->path);
    gb_stream_free(r->stream);
    gb_loop_free(&r->loop);
    gb_str_free(&r->text);
    free(r->tokens);
    *r = (gb_rerun){.session = NULL};
}

void
gb_rerun_restart(gb_rerun *r, const gb_written *tokens, uint32_t n)
{
    gb_written *known = gb_alloc_array(n + (size_t)1, sizeof *known);
    uint32_t i;

    if (n > 0) /* they may be its own */
        memcpy(known, tokens, n * sizeof *known);
    begin(r);
    for (i = 0; i < n && r->reason == GB_REASON_NONE; i++) {
        make_room(r);
        gb_loop_append(&r->loop, &known[i].id, 1);
        push(r, &known[i]);
    }
    if (r->borrowed)
        gb_loop_rejoin(&r->loop);
    free(known);
}

static void
borrow(gb_rerun *r)
{
    if (r->borrowed)
        return;
    gb_loop_lend(&r->session->loop, r->loop.ids.data, r->at_once);
    gb_loop_rejoin(&r->loop);
    r->borrowed = true;
}

void
gb_rerun_pause(gb_rerun *r)
{
    if (r->borrowed)
        gb_loop_rejoin(&r->session->loop);
    r->borrowed = false;
}

/* Where it counts how much is read at once, the model's text is read as it was
 * when it was written. */
static bool
read_apart(gb_rerun *r, gb_error *err)
{
    const gb_ids *view = &r->loop.ids;
    gb_engine *e = r->session->engine;
    uint32_t done;

    if (!gb_loop_counts_reads(e))
        return true;
    done = gb_engine_length(e);
    if (done < r->at_once && done + 1 < view->len &&
        !gb_engine_feed(e, view->data + done, (uint32_t)r->at_once - done,
                        err))
        return false;
    for (done = gb_engine_length(e); done + 1 < view->len; done++)
        if (!gb_engine_feed(e, view->data + done, 1, err))
            return false;
    return true;
}

/* A token that is in the view. */
static void
take(gb_rerun *r, const gb_pick *pick)
{
    push(r, &(gb_written){.id = pick->id, .why = gb_why_of(pick),
                          .source = GB_SOURCE_WRITTEN});
}

bool
gb_rerun_step(gb_rerun *r, gb_error *err)
{
    size_t n = r->loop.ids.len;
    gb_pick pick;

    if (r->reason != GB_REASON_NONE)
        return true;
    make_room(r);
    if (r->borrowed && r->loop.ids.len < n)
        gb_loop_rejoin(&r->loop);
    borrow(r);
    r->loop.step = r->step + r->n_tokens;
    r->loop.left = r->settings.max_new_tokens - r->n_tokens;
    if (!read_apart(r, err) ||
        !gb_loop_write(&r->loop, &r->settings, &pick, err))
        return false;
    take(r, &pick);
    return true;
}

bool
gb_rerun_step_several(gb_rerun *const *reruns, unsigned n, gb_error *err)
{
    gb_loop *loops[GB_ROWS] = {NULL};
    uint64_t seeds[GB_ROWS] = {0};
    float temperatures[GB_ROWS] = {0};
    gb_pick picks[GB_ROWS];
    unsigned i;
    gb_rerun *r;

    for (i = 0; i < n; i++) {
        r = reruns[i];
        make_room(r);
        r->loop.step = r->step + r->n_tokens;
        loops[i] = &r->loop;
        seeds[i] = r->settings.seed;
        temperatures[i] = r->settings.temperature;
    }
    if (!gb_several_step(loops, seeds, temperatures, n, &reruns[0]->settings,
                         true, picks, err))
        return false;
    for (i = 0; i < n; i++)
        take(reruns[i], &picks[i]);
    return true;
}
