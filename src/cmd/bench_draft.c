/* gumbel bench --draft: what guesses gain. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/bench.h"
#include "cmd/interrupt.h"
#include "session/loop.h"

/* Tokens of a text. */
enum { TOKENS = 128 };

/* A text of the model's own at T 0.8, from its first token on; *ms: what a
 * token took. */
static bool
write_text(gb_engine *e, gb_draft *d, uint64_t seed, uint32_t tokens,
           double *ms, gb_error *err)
{
    const gb_config *c = &gb_engine_model(e)->config;
    const gb_token first = c->start_id != GB_NO_TOKEN ? c->start_id : 0;
    const double before = gb_now_ms();
    gb_settings settings;
    bool ok = true;
    gb_loop loop;
    gb_pick pick;
    uint32_t i;

    gb_settings_init(&settings);
    settings.seed = seed;
    settings.ignore_eos = true;
    gb_engine_rewind(e, 0);
    gb_loop_init(&loop, e);
    gb_loop_append(&loop, &first, 1);
    gb_loop_set_draft(&loop, d);
    for (i = 0; i < tokens && ok; i++) {
        loop.left = tokens - i;
        ok = atomic_load(gb_interrupt_flag())
                 ? gb_fail_interrupted(err)
                 : gb_loop_step(&loop, &settings, &pick, err);
    }
    gb_loop_free(&loop);
    *ms = (gb_now_ms() - before) / tokens;
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
    if (!write_text(e, g->draft, round, g->tokens, &d->ms[round], err))
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
    return write_text(e, NULL, round, g->tokens, &g->off_ms[round], err) &&
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
    g->tokens = n_ctx < TOKENS ? n_ctx : TOKENS;
    g->off_ms = gb_alloc_array(o->rounds, sizeof *g->off_ms);
    g->text.ms = gb_alloc_array(o->rounds, sizeof *g->text.ms);
    if (gb_draft_kind_of(g->who) == GB_DRAFT_LOOKUP)
        g->again.ms = gb_alloc_array(o->rounds, sizeof *g->again.ms);
    return write_text(e, g->draft, o->rounds, g->tokens, &ms, err);
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
