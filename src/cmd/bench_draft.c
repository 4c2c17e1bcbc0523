/* gumbel bench --draft: what guesses gain. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/bench.h"
#include "cmd/interrupt.h"
#include "sample/rng.h"
#include "session/several.h"

/* Tokens of a text. */
enum { TOKENS = 128 };

/* Texts side by side (n), the first of them with this seed. */
typedef struct texts {
    gb_loop *loops, **all;
    uint64_t *seeds;
    gb_pick *picks;
} texts;

static texts
begin_texts(gb_engine *e, const gb_drafting *g, gb_draft *d, uint64_t seed)
{
    const gb_config *c = &gb_engine_model(e)->config;
    const gb_token first = c->start_id != GB_NO_TOKEN ? c->start_id : 0;
    texts t = {
        .loops = gb_alloc_array(g->takes, sizeof *t.loops),
        .all = gb_alloc_array(g->takes, sizeof *t.all),
        .seeds = gb_alloc_array(g->takes, sizeof *t.seeds),
        .picks = gb_alloc_array(g->takes, sizeof *t.picks),
    };
    unsigned i;

    for (i = 0; i < g->takes; i++) {
        gb_loop_init(&t.loops[i], e);
        gb_loop_append(&t.loops[i], &first, 1);
        gb_loop_set_draft(&t.loops[i], d);
        t.all[i] = &t.loops[i];
        t.seeds[i] = gb_seed_jump(seed, i);
    }
    return t;
}

static void
free_texts(texts *t, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++)
        gb_loop_free(&t->loops[i]);
    free(t->loops);
    free(t->all);
    free(t->seeds);
    free(t->picks);
}

/* Of the model's own at T 0.8, from their first token on; *ms: what a token
 * took. */
static bool
write_texts(gb_engine *e, const gb_drafting *g, gb_draft *d, uint64_t seed,
            double *ms, gb_error *err)
{
    texts t = begin_texts(e, g, d, seed);
    gb_settings settings;
    bool ok = true;
    uint32_t i, k;

    gb_settings_init(&settings);
    settings.ignore_eos = true;
    gb_engine_rewind(e, 0);
    *ms = gb_now_ms();
    for (i = 0; i < g->tokens && ok; i++) {
        for (k = 0; k < g->takes; k++)
            t.loops[k].left = g->tokens - i;
        ok = atomic_load(gb_interrupt_flag())
                 ? gb_fail_interrupted(err)
                 : gb_several_step(t.all, t.seeds, NULL, g->takes, &settings,
                                   false, t.picks, err);
    }
    *ms = (gb_now_ms() - *ms) / g->tokens / g->takes;
    free_texts(&t, g->takes);
    return ok;
}

static bool
measure(gb_engine *e, gb_drafting *g, gb_drafted *d, unsigned round,
        gb_error *err)
{
    const gb_draft_count before = gb_draft_counted(g->draft);
    gb_draft_count now;

    if (d->ms == NULL)
        return true;
    if (!write_texts(e, g, g->draft, round, &d->ms[round], err))
        return false;
    now = gb_draft_counted(g->draft);
    d->count.drafted += now.drafted - before.drafted;
    d->count.accepted += now.accepted - before.accepted;
    return true;
}

bool
gb_drafting_round(gb_engine *e, gb_drafting *g, unsigned round, gb_error *err)
{
    if (g->draft == NULL)
        return true;
    g->n = round + 1;
    return write_texts(e, g, NULL, round, &g->off_ms[round], err) &&
           measure(e, g, &g->text, round, err) &&
           measure(e, g, &g->again, round, err);
}

/* Before the rounds a text that counts for nothing: in it drivers compile, and
 * it is learned what guesses cost. */
bool
gb_drafting_open(gb_drafting *g, const gb_options *o, gb_engine *e,
                 gb_opened *opened, gb_error *err)
{
    const uint32_t n_ctx = gb_engine_model(e)->config.n_ctx;
    double ms;
    bool ok;

    if (!o->drafts)
        return true;
    opened->engine = e;
    ok = gb_open_draft(o, opened, err);
    opened->engine = NULL;
    g->draft = opened->draft;
    opened->draft = NULL;
    if (g->draft == NULL)
        return ok;
    g->who = o->draft;
    g->takes = (unsigned)o->takes;
    g->tokens = n_ctx < TOKENS ? n_ctx : TOKENS;
    g->off_ms = gb_alloc_array(o->rounds, sizeof *g->off_ms);
    g->text.ms = gb_alloc_array(o->rounds, sizeof *g->text.ms);
    if (gb_draft_kind_of(g->who) == GB_DRAFT_LOOKUP)
        g->again.ms = gb_alloc_array(o->rounds, sizeof *g->again.ms);
    return write_texts(e, g, g->draft, o->rounds, &ms, err);
}

void
gb_drafting_close(gb_drafting *g)
{
    gb_draft_close(g->draft);
    free(g->off_ms);
    free(g->text.ms);
    free(g->again.ms);
}

bool
gb_drafting_reads(const gb_options *o)
{
    return o->drafts && gb_draft_kind_of(o->draft) == GB_DRAFT_MODEL;
}
