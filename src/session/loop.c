#include "session/loop.h"

#include <stdlib.h>

#include "base/mem.h"
#include "session/several.h"

gb_why
gb_why_of(const gb_pick *p)
{
    return (gb_why){p->logprob, p->entropy, p->noise, p->from, p->to,
                    p->rank};
}

gb_reason
gb_loop_end(const gb_engine *engine, bool ignore_eos, gb_token id,
            bool stopped, uint64_t tokens, uint64_t limit)
{
    if (stopped)
        return GB_REASON_STOP;
    if (gb_ends_has(&gb_engine_model(engine)->config.ends, id) &&
        !ignore_eos)
        return GB_REASON_EOS;
    return tokens >= limit ? GB_REASON_LENGTH : GB_REASON_NONE;
}

bool
gb_loop_counts_reads(const gb_engine *engine)
{
    return gb_engine_get_info(engine)->counts_reads;
}

void
gb_loop_init(gb_loop *l, gb_engine *engine)
{
    *l = (gb_loop){.engine = engine, .ids = GB_IDS_INIT, .kept = SIZE_MAX};
}

void
gb_loop_free(gb_loop *l)
{
    gb_ids_free(&l->ids);
    gb_adjuster_free(&l->adjuster);
    l->adjust = NULL;
    gb_loop_set_draft(l, NULL);
}

void
gb_loop_set_draft(gb_loop *l, gb_draft *draft)
{
    if (l->picked != NULL)
        gb_picked_free(l->picked);
    free(l->picked);
    l->picked = draft != NULL ? gb_alloc(sizeof *l->picked) : NULL;
    l->draft = draft;
}

void
gb_loop_append(gb_loop *l, const gb_token *ids, size_t n)
{
    gb_ids_append(&l->ids, ids, n);
}

/* Where it counts how much is read at once: makes the engine forget what it has
 * read from position n on. The one before n is read again, also when the engine
 * was taken back to exactly n before. Elsewhere it finds out itself what it has
 * of a text. */
static void
unread(gb_loop *l, size_t n)
{
    size_t keep = n > 0 ? n - 1 : 0;

    if (gb_loop_counts_reads(l->engine) && gb_engine_length(l->engine) >= n)
        gb_engine_rewind(l->engine, (uint32_t)keep);
}

void
gb_loop_truncate(gb_loop *l, size_t n)
{
    if (n >= l->ids.len)
        return;
    l->ids.len = n;
    unread(l, n);
}

size_t
gb_loop_count_read(const gb_engine *engine, const gb_token *ids, size_t n)
{
    return gb_ids_common(gb_engine_ids(engine), gb_engine_length(engine), ids,
                        n);
}

void
gb_loop_replace(gb_loop *l, const gb_token *ids, size_t n)
{
    size_t same = gb_ids_common(ids, n, l->ids.data, l->ids.len);

    gb_loop_truncate(l, same);
    gb_loop_append(l, ids + same, n - same);
}

void
gb_loop_lend(gb_loop *l, const gb_token *ids, size_t n)
{
    size_t read = gb_loop_count_read(l->engine, ids, n);

    if (read < l->kept)
        l->kept = read;
}

void
gb_loop_rejoin(gb_loop *l)
{
    unread(l, gb_loop_count_read(l->engine, l->ids.data, l->ids.len));
}

/* What was read for others is forgotten where it counts how much is read at
 * once. */
static void
forget_lent(gb_loop *l)
{
    if (l->kept < gb_engine_length(l->engine) &&
        gb_loop_counts_reads(l->engine))
        gb_engine_rewind(l->engine, (uint32_t)l->kept);
    l->kept = SIZE_MAX;
}

void
gb_loop_follow(gb_loop *l, gb_tree *t, bool known)
{
    const gb_ids *view;

    if (!known) {
        view = gb_tree_view(t);
        gb_loop_replace(l, view->data, view->len);
    }
    forget_lent(l);
    l->step = t->step;
}

/* Feeds what the engine has not read yet. */
static bool
read_on(gb_loop *l, gb_error *err)
{
    uint32_t done = gb_engine_length(l->engine);
    uint32_t n = (uint32_t)l->ids.len - done;

    if (!gb_loop_counts_reads(l->engine))
        return gb_engine_read(l->engine, l->ids.data, (uint32_t)l->ids.len,
                              err);
    return n == 0 || gb_engine_feed(l->engine, l->ids.data + done, n, err);
}

/* Where it counts how much is read at once. */
static bool
look_alone(gb_loop *l, const gb_token *ids, size_t n, float *logits,
           gb_error *err)
{
    if (gb_loop_count_read(l->engine, ids, n) < n) {
        gb_loop_lend(l, ids, n);
        gb_loop_replace(l, ids, n);
        /* The text that goes on like this would be read from here on, too. */
        if (gb_engine_length(l->engine) < l->kept)
            l->kept = gb_engine_length(l->engine);
        if (!read_on(l, err))
            return false;
    }
    return gb_engine_logits(l->engine, (uint32_t)n - 1, logits, err);
}

bool
gb_loop_look(gb_loop *l, const gb_sequence *texts, unsigned n, float *logits,
             gb_error *err)
{
    const uint32_t n_vocab = gb_engine_model(l->engine)->config.n_vocab;
    unsigned i;

    if (!gb_loop_counts_reads(l->engine))
        return gb_engine_logit_rows(l->engine, texts, n, logits, err);
    for (i = 0; i < n; i++, logits += n_vocab)
        if (!look_alone(l, texts[i].ids, texts[i].n, logits, err))
            return false;
    return true;
}

bool
gb_loop_is_full(const gb_loop *l)
{
    return l->ids.len > gb_engine_model(l->engine)->config.n_ctx;
}

static bool
check_view(const gb_loop *l, gb_error *err)
{
    if (l->ids.len == 0)
        return gb_fail(err, "there is no token to go on from");
    return !gb_loop_is_full(l) ||
           gb_fail(err, "the context of %u tokens is full",
                   gb_engine_model(l->engine)->config.n_ctx);
}

/* A pass for this token alone. */
static bool
pick(gb_loop *l, const gb_settings *s, bool ranges, gb_pick *p, gb_error *err)
{
    const gb_rule rule = {s->greedy, s->temperature, &s->filter, ranges};
    gb_sequence row = {.ids = l->ids.data, .n = (uint32_t)l->ids.len,
                       .seed = s->seed, .step = l->step};

    if (!gb_adjuster_find(&l->adjuster, gb_engine_model(l->engine), s,
                          l->ids.data, l->ids.len, &l->adjust, err) ||
        !read_on(l, err))
        return false;
    row.adjust = l->adjust;
    return gb_engine_pick_rows(l->engine, &rule, &row, 1, p, err);
}

static bool
step(gb_loop *l, const gb_settings *s, bool ranges, gb_pick *p, gb_error *err)
{
    if (!check_view(l, err))
        return false;
    if (l->draft != NULL)
        return gb_several_step(&l, &s->seed, NULL, 1, s, ranges, p, err);
    if (!pick(l, s, ranges, p, err))
        return false;
    gb_ids_push(&l->ids, p->id);
    l->step++;
    return true;
}

bool
gb_loop_step(gb_loop *l, const gb_settings *s, gb_pick *pick, gb_error *err)
{
    return step(l, s, false, pick, err);
}

bool
gb_loop_write(gb_loop *l, const gb_settings *s, gb_pick *pick, gb_error *err)
{
    return step(l, s, !s->greedy, pick, err);
}
