#include "session/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "session/adjuster.h"
#include "session/draft_model.h"
#include "session/gain.h"
#include "session/lookup.h"
#include "session/loop.h"

#define GUESSES (GB_ROWS - 1)

struct gb_draft {
    gb_engine *engine;
    gb_lookup *lookup;     /* who guesses: one of these */
    gb_draft_model *model;
    unsigned always;
    gb_gain gain;
    gb_draft_count count;

    /* The text that was checked last: the first `from` of these were there,
     * then the guesses. */
    gb_ids text;
    size_t from;
    unsigned n_guesses, trusts[GUESSES];
    uint64_t step;
    gb_settings settings;
    bool ranges;
    gb_pick picks[GB_ROWS];
    unsigned n_picks;      /* that wait behind it, one by one */

    gb_adjuster adjuster;
    gb_adjustments lists[GB_ROWS];
    const gb_adjustments *adjust[GB_ROWS];
};

/* How likely a guess is at first, by how much it is trusted. */
static const double lookup_rates[GB_TRUSTS] = {0.3, 0.5, 0.7, 0.95};
static const double model_rates[GB_TRUSTS] = {0.5, 0.7, 0.9, 0.98};

bool
gb_draft_open(gb_engine *engine, const gb_draft_options *o, gb_draft **d,
              gb_error *err)
{
    gb_draft_model *model = NULL;
    gb_draft *made;

    *d = NULL;
    if (strcmp(o->who, "off") == 0)
        return true;
    if (gb_loop_counts_reads(engine)) {
        gb_fail(err, "no drafts: where CLBlast reads the prompt, tokens are "
                "not the same to the bit when several are computed at once "
                "(--prefill own)");
        err->status = GB_OK;
        return true;
    }
    if (strcmp(o->who, "lookup") != 0) {
        model = gb_draft_model_open(engine, o, err);
        if (model == NULL)
            return err->status == GB_OK;
    }
    made = gb_alloc(sizeof *made);
    made->engine = engine;
    made->model = model;
    made->always = o->always < GUESSES ? o->always : GUESSES;
    if (model == NULL)
        made->lookup = gb_lookup_new();
    gb_gain_begin(&made->gain, model != NULL ? model_rates : lookup_rates);
    *d = made;
    return true;
}

void
gb_draft_close(gb_draft *d)
{
    unsigned i;

    if (d == NULL)
        return;
    gb_lookup_free(d->lookup);
    gb_draft_model_close(d->model);
    gb_ids_free(&d->text);
    gb_adjuster_free(&d->adjuster);
    for (i = 0; i < GB_ROWS; i++)
        gb_adjustments_free(&d->lists[i]);
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

bool
gb_draft_take(const gb_draft *d, const gb_draft_text *t, gb_pick *pick,
              const gb_adjustments **adjust)
{
    size_t at = t->n - d->from;

    if (t->n < d->from || at >= d->n_picks || t->step != d->step + at ||
        t->ranges > d->ranges ||
        memcmp(t->ids, d->text.data, t->n * sizeof *t->ids) != 0 ||
        !gb_settings_same(t->settings, &d->settings))
        return false;
    *pick = d->picks[at];
    *adjust = d->adjust[at];
    return true;
}

/* Guesses. They are put behind the text. */

static bool
ends_text(const gb_draft *d, const gb_draft_text *t, gb_token id)
{
    return !t->settings->ignore_eos &&
           gb_ends_has(&gb_engine_model(d->engine)->config.ends, id);
}

static void
push_guess(gb_draft *d, gb_token id, unsigned trust)
{
    gb_ids_push(&d->text, id);
    d->trusts[d->n_guesses++] = trust;
}

static unsigned
lookup_trust(unsigned match)
{
    return match < 5 ? 0 : match < 9 ? 1 : match < 17 ? 2 : 3;
}

/* All that there are cost nothing; as many as pay are left. */
static void
look_up(gb_draft *d, const gb_draft_text *t, unsigned most)
{
    gb_token ids[GUESSES];
    double rates[GUESSES];
    unsigned match, n, i;

    gb_lookup_read(d->lookup, t->ids, t->n);
    n = gb_lookup_guess(d->lookup, ids, GUESSES, &match);
    for (i = 0; i < n; i++) {
        push_guess(d, ids[i], lookup_trust(match + i));
        rates[i] = gb_gain_rate(&d->gain, d->trusts[i]);
        if (ends_text(d, t, ids[i]))
            break;
    }
    n = d->n_guesses < most ? d->n_guesses : most;
    if (d->always == 0)
        d->n_guesses = gb_gain_plan(&d->gain, rates, n);
    else
        d->n_guesses = n < d->always ? n : d->always;
}

/* A guess that wins clearly is rarely wrong. */
static unsigned
model_trust(float margin)
{
    return margin < 0.3f ? 0 : margin < 1 ? 1 : margin < 2.5f ? 2 : 3;
}

static unsigned
plan_model(gb_draft *d, unsigned most)
{
    double rates[GUESSES];
    unsigned n, i;

    if (d->always > 0)
        return d->always < most ? d->always : most;
    if (gb_gain_rests(&d->gain))
        return 0;
    for (i = 0; i < GUESSES; i++)
        rates[i] = gb_gain_mean(&d->gain);
    n = gb_gain_plan(&d->gain, rates, most);
    gb_gain_planned(&d->gain, n);
    /* Now and then a few are made all the same, to see whether it is still
     * so. */
    return n > 0 || most < 2 ? n : 2;
}

static bool
ask_model(gb_draft *d, const gb_draft_text *t, unsigned most, gb_error *err)
{
    unsigned n = plan_model(d, most);
    double sure = 1, before;
    bool at_once;
    gb_pick pick;

    while (d->n_guesses < n) {
        before = gb_now_ms();
        if (!gb_draft_model_pick(d->model, d->text.data, d->text.len,
                                 t->step + d->n_guesses, t->settings, &pick,
                                 &at_once, err))
            return err->status != GB_INTERRUPTED;
        if (at_once)
            gb_gain_guessed(&d->gain, gb_now_ms() - before);
        push_guess(d, pick.id, model_trust(pick.margin));
        sure *= gb_gain_rate(&d->gain, d->trusts[d->n_guesses - 1]);
        if (ends_text(d, t, pick.id) ||
            (d->always == 0 &&
             !gb_gain_goes_on(&d->gain, d->n_guesses, sure)))
            break;
    }
    return true;
}

/* The check. */

/* Each row is a guess longer, and what its own text makes of the logits. */
static bool
make_rows(gb_draft *d, gb_sequence *rows, gb_error *err)
{
    const gb_model *m = gb_engine_model(d->engine);
    const gb_adjustments *found;
    gb_adjustments list;
    unsigned i;

    for (i = 0; i <= d->n_guesses; i++) {
        if (!gb_adjuster_find(&d->adjuster, m, &d->settings, d->text.data,
                              d->from + i, &found, err))
            return false;
        list = d->lists[i];
        d->lists[i] = d->adjuster.list;
        d->adjuster.list = list;
        d->adjust[i] = found != NULL ? &d->lists[i] : NULL;
        rows[i] = (gb_sequence){
            .ids = d->text.data,
            .n = (uint32_t)d->from + i,
            .seed = d->settings.seed,
            .step = d->step + i,
            .adjust = d->adjust[i],
        };
    }
    return true;
}

/* The guesses up to the first that is wrong, and what stands in its place. */
static void
count_right(gb_draft *d)
{
    const gb_token *guesses = d->text.data + d->from;
    unsigned i;

    for (i = 0; i < d->n_guesses; i++) {
        gb_gain_came(&d->gain, d->trusts[i], d->picks[i].id == guesses[i]);
        if (d->picks[i].id != guesses[i])
            break;
    }
    d->n_picks = i + 1;
    d->count.drafted += d->n_guesses;
    d->count.accepted += i;
}

static bool
check_guesses(gb_draft *d, gb_error *err)
{
    const gb_settings *s = &d->settings;
    const gb_rule rule = {s->greedy, s->temperature, &s->filter, d->ranges};
    gb_sequence rows[GB_ROWS];
    gb_error problem = GB_ERROR_INIT;
    double before = gb_now_ms();
    size_t read = gb_loop_count_read(d->engine, d->text.data, d->from);

    if (!make_rows(d, rows, &problem) ||
        !gb_engine_pick_rows(d->engine, &rule, rows, d->n_guesses + 1,
                             d->picks, &problem)) {
        /* It may be the fault of a text that never comes: the plain path
         * knows. */
        if (problem.status != GB_INTERRUPTED)
            return true;
        if (err != NULL)
            *err = problem;
        return false;
    }
    if (read + 1 >= d->from)
        gb_gain_passed(&d->gain, d->n_guesses + 1, gb_now_ms() - before);
    count_right(d);
    return true;
}

bool
gb_draft_check(gb_draft *d, const gb_draft_text *t, gb_error *err)
{
    uint32_t n_ctx = gb_engine_model(d->engine)->config.n_ctx;
    size_t room = n_ctx - t->n;
    unsigned most;

    if (t->left > 0 && t->left - 1 < room)
        room = t->left - 1;
    most = room < GUESSES ? (unsigned)room : GUESSES;
    d->text.len = 0;
    gb_ids_append(&d->text, t->ids, t->n);
    d->from = t->n;
    d->n_guesses = d->n_picks = 0;
    d->step = t->step;
    d->settings = *t->settings;
    d->ranges = t->ranges;
    if (d->lookup != NULL)
        look_up(d, t, most);
    else if (!ask_model(d, t, most, err))
        return false;
    return d->n_guesses == 0 || check_guesses(d, err);
}

void
gb_draft_saw(gb_draft *d, gb_token id, double ms)
{
    if (ms >= 0)
        gb_gain_passed(&d->gain, 1, ms);
    /* A guess that was not worth checking is seen to be right or wrong all the
     * same, once: what follows may come without a guess. */
    if (d->lookup != NULL && d->n_picks == 0 && d->text.len > d->from) {
        gb_gain_came(&d->gain, d->trusts[0], d->text.data[d->from] == id);
        d->text.len = d->from;
    }
}
