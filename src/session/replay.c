#include "session/replay.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "session/loop.h"

typedef struct player {
    gb_journal_reader *reader;
    gb_engine *engine;
    gb_model *model;
    const gb_replay_options *options;
    gb_replay_result *result;
    gb_tree *tree;
    gb_loop loop;
    size_t told; /* tokens from here on that its draft was told of */
    bool synced;
    gb_origin now, then;
    double began;
} player;

static bool
is_cancelled(const player *p)
{
    return gb_progress_is_cancelled(&p->options->progress);
}

/* Reads as many positions at once as were read then, where that counts. */
static bool
read_positions(player *p, const gb_event *e, gb_error *err)
{
    uint32_t length;

    gb_loop_follow(&p->loop, p->tree, p->synced);
    p->synced = true;
    if (!gb_loop_counts_reads(p->engine))
        return true;
    length = gb_engine_length(p->engine);
    /* Then, positions may have been read twice: somebody had looked at an
     * earlier one. */
    if (e->from < length) {
        gb_engine_rewind(p->engine, e->from);
        length = e->from;
    }
    if (e->from != length || e->to <= e->from || e->to > p->loop.ids.len)
        return true;
    return gb_engine_feed(p->engine, p->loop.ids.data + e->from,
                          e->to - e->from, err);
}

static void
diverge(player *p, const gb_event *e, const gb_pick *pick)
{
    gb_replay_result *r = p->result;

    r->divergence = (gb_divergence){
        .line = gb_journal_reader_line(p->reader),
        .token = r->tokens,
        .step = e->step,
        .seed = p->tree->settings.seed,
        .recorded = e->id,
        .computed = pick->id,
        .recorded_logprob = e->why.logprob,
        .computed_logprob = pick->logprob,
        .runner_up = pick->runner_up,
        .margin = pick->margin,
    };
}

/* What the session says comes next is verified by few passes: each gives the
 * picks behind as many tokens as it has rows, if it is those that are right. */
static void
tell_draft(player *p, gb_token id)
{
    gb_token ids[GB_DRAFT_MOST + 1] = {id};
    size_t n = 1, i;

    if (p->loop.draft == NULL)
        return;
    if (p->told == 0) {
        n += gb_journal_peek_tokens(p->reader, ids + 1, GB_DRAFT_MOST);
        for (i = 0; i < n && ids[i] < p->model->config.n_vocab;)
            i++;
        gb_draft_know(p->loop.draft, ids, i > 0 ? i - 1 : 0);
        p->told = i > 0 ? i : 1;
    }
    p->told--;
}

/* Computes the token and compares. *same tells whether to go on. */
static bool
check_token(player *p, const gb_event *e, bool *same, gb_error *err)
{
    float difference;
    gb_pick pick;

    gb_loop_follow(&p->loop, p->tree, p->synced);
    p->synced = true;
    tell_draft(p, e->id);
    if (!gb_loop_step(&p->loop, &p->tree->settings, &pick, err))
        return false;
    *same = pick.id == e->id;
    if (!*same) {
        diverge(p, e, &pick);
        return true;
    }
    p->result->tokens++;
    difference = fabsf(pick.logprob - e->why.logprob);
    if (difference > p->result->logprob_difference)
        p->result->logprob_difference = difference;
    gb_progress_tell(&p->options->progress, GB_PHASE_REPLAY,
                     p->result->tokens, 0);
    return true;
}

static bool
unusable(player *p, gb_error *err)
{
    if (err != NULL)
        err->status = GB_USAGE;
    return gb_fail_context(err, "%s", gb_journal_reader_place(p->reader));
}

static bool
play_event(player *p, const gb_event *e, bool *same, gb_error *err)
{
    if (p->options->pace)
        gb_wait_until(p->began + e->ms, p->options->progress.cancel);
    if (e->type == GB_EVENT_PREFILL && p->tree->writing)
        return read_positions(p, e, err);
    if (e->type == GB_EVENT_TOKEN) {
        if (!gb_tree_check_token(p->tree, e, err))
            return unusable(p, err);
        if (!check_token(p, e, same, err))
            return false;
        if (!*same)
            return true;
    }
    if (e->type == GB_EVENT_ENGINE && !gb_origin_read(&p->then, e->value, err))
        return unusable(p, err);
    if (!gb_tree_apply(p->tree, e, err))
        return unusable(p, err);
    gb_tree_tell_replayed(p->tree, p->options->pace);
    if (e->type != GB_EVENT_TOKEN) {
        p->synced = false;
        p->told = 0;
    }
    return true;
}

static bool
play(player *p, gb_error *err)
{
    gb_error problem = GB_ERROR_INIT;
    bool same = true;
    gb_event e;

    for (;;) {
        if (is_cancelled(p)) {
            p->result->interrupted = true;
            return true;
        }
        switch (gb_journal_next(p->reader, &e, &problem)) {
        case GB_READ_END:
            p->result->identical = true;
            return true;
        case GB_READ_ERROR:
            *err = problem;
            return false;
        case GB_READ_EVENT:
            break;
        }
        if (!play_event(p, &e, &same, &problem)) {
            p->result->interrupted = problem.status == GB_INTERRUPTED;
            *err = problem;
            return p->result->interrupted;
        }
        if (!same)
            return true;
    }
}

bool
gb_replay(gb_journal_reader *r, gb_engine *engine, gb_model *model,
          const gb_replay_options *options, gb_replay_result *result,
          gb_error *err)
{
    const gb_header *header = gb_journal_reader_header(r);
    const gb_config *c = &model->config;
    gb_error ignored = GB_ERROR_INIT;
    player p = {
        .reader = r,
        .engine = engine,
        .model = model,
        .options = options,
        .result = result,
        .began = gb_now_ms(),
    };
    bool ok;

    *result = (gb_replay_result){.identical = false};
    if (!gb_origin_of(engine, model, &p.now, err))
        return false;
    gb_origin_copy(&p.then, &header->origin);
    p.tree = gb_tree_new(model->tokenizer, c->n_vocab, &c->ends, c->n_ctx,
                         &header->settings, header->mode, err);
    if (p.tree == NULL) {
        gb_origin_free(&p.now);
        gb_origin_free(&p.then);
        return false;
    }
    result->tree = p.tree;
    p.tree->watcher = options->watcher;
    gb_loop_init(&p.loop, engine);
    if (!options->pace)
        gb_loop_set_draft(&p.loop, gb_draft_known(engine));
    gb_engine_rewind(engine, 0);
    ok = play(&p, err != NULL ? err : &ignored);
    gb_tree_tell_changes(p.tree);
    gb_draft_close(p.loop.draft);
    gb_loop_free(&p.loop);
    result->ms = gb_now_ms() - p.began;
    result->torn = gb_journal_reader_torn(r);
    result->unknown = gb_journal_reader_unknown(r);
    gb_origin_compare(&p.now, &p.then, &result->differences);
    gb_origin_free(&p.now);
    gb_origin_free(&p.then);
    return ok;
}

void
gb_replay_result_free(gb_replay_result *result)
{
    gb_str_free(&result->differences);
    gb_tree_free(result->tree);
    *result = (gb_replay_result){.identical = false};
}
