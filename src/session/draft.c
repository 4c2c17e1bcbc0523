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

/* So often a model may fail. */
#define FAILURES 3

struct gb_draft {
    gb_engine *engine;
    gb_lookup *lookup;     /* who guesses: one of these, or none of them */
    gb_lookup_text looked;
    gb_draft_model *model;
    unsigned failures;     /* of the model, one after the other */
    gb_ids known;          /* what it was told instead */
    unsigned always;
    void (*say)(void *arg, const char *text);
    void *arg;
    gb_gain gain;
    gb_draft_count count;

    /* The text that was checked last: the first `from` of these were there,
     * then the guesses. */
    gb_ids text;
    size_t from;
    unsigned n_guesses, trusts[GB_DRAFT_MOST];
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
static const double model_rates[GB_TRUSTS] = {0.5, 0.75, 0.95, 0.99};

static const double *
first_rates(const gb_draft *d)
{
    return d->model != NULL ? model_rates : lookup_rates;
}

static gb_draft *
make_draft(gb_engine *engine, unsigned always)
{
    gb_draft *d = gb_alloc(sizeof *d);

    d->engine = engine;
    d->always = always < GB_DRAFT_MOST ? always : GB_DRAFT_MOST;
    gb_gain_begin(&d->gain, lookup_rates);
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
    gb_gain_begin(&(*d)->gain, first_rates(*d));
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
    unsigned i;

    if (d == NULL)
        return;
    gb_lookup_free(d->lookup);
    gb_lookup_text_free(&d->looked);
    gb_draft_model_close(d->model);
    gb_ids_free(&d->known);
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

/* As many of them as pay are left. */
static void
choose(gb_draft *d, unsigned most)
{
    double rates[GB_DRAFT_MOST];
    unsigned i;

    if (most < d->n_guesses)
        d->n_guesses = most;
    for (i = 0; i < d->n_guesses; i++)
        rates[i] = gb_gain_rate(&d->gain, d->trusts[i]);
    if (d->always == 0)
        d->n_guesses = gb_gain_plan(&d->gain, rates, d->n_guesses);
    else if (d->always < d->n_guesses)
        d->n_guesses = d->always;
}

/* All that there are, which cost nothing. */
static void
look_up(gb_draft *d, const gb_draft_text *t)
{
    gb_token ids[GB_DRAFT_MOST];
    unsigned match, n, i;

    gb_lookup_read(d->lookup, &d->looked, t->ids, t->n);
    n = gb_lookup_guess(d->lookup, &d->looked, ids, GB_DRAFT_MOST, &match);
    for (i = 0; i < n; i++) {
        push_guess(d, ids[i], lookup_trust(match + i));
        if (ends_text(d, t, ids[i]))
            break;
    }
}

/* A guess that wins clearly is rarely wrong. */
static unsigned
model_trust(float margin)
{
    return margin < 0.3f ? 0 : margin < 1 ? 1 : margin < 2.5f ? 2 : 3;
}

/* It may be the fault of a text that never comes, or of a setting, which ends
 * the text itself: but not again and again. */
static void
fail_model(gb_draft *d, const gb_error *why)
{
    gb_error said = *why;

    if (++d->failures < FAILURES)
        return;
    gb_draft_model_close(d->model);
    d->model = NULL;
    gb_fail_context(&said, "no more drafts");
    if (d->say != NULL)
        d->say(d->arg, said.text);
}

/* Another guess of the model; false: it cannot. */
static bool
push_model(gb_draft *d, const gb_draft_text *t, gb_error *err)
{
    uint32_t missing = gb_draft_model_missing(d->model, d->text.data,
                                              d->text.len);
    double ms = gb_now_ms();
    gb_pick pick;

    if (!gb_draft_model_pick(d->model, d->text.data, d->text.len,
                             t->step + d->n_guesses, t->settings, &pick, err))
        return false;
    d->failures = 0;
    ms = gb_now_ms() - ms;
    if (missing <= 2)
        gb_gain_guessed(&d->gain, ms);
    else
        gb_gain_read(&d->gain, missing, ms);
    push_guess(d, pick.id, model_trust(pick.margin));
    return true;
}

/* How many guesses to ask it for at least. */
static unsigned
begin_model(gb_draft *d, const gb_draft_text *t)
{
    const uint32_t all = gb_draft_model_missing(d->model, t->ids, t->n);
    uint32_t missing = all;
    unsigned least = gb_gain_begins(&d->gain, &missing, t->left);

    if (missing < all)
        gb_draft_model_skip(d->model, t->n, missing);
    return least;
}

static bool
ask_model(gb_draft *d, const gb_draft_text *t, unsigned most, gb_error *err)
{
    gb_error problem = GB_ERROR_INIT;
    unsigned least = d->always;
    double sure = 1;

    if (d->always == 0)
        least = begin_model(d, t);
    if (d->always > 0 && d->always < most)
        most = d->always;
    while (least > 0 && d->n_guesses < most) {
        if (!push_model(d, t, &problem)) {
            if (problem.status != GB_INTERRUPTED) {
                fail_model(d, &problem);
                break;
            }
            return gb_fail_interrupted(err);
        }
        sure *= gb_gain_rate(&d->gain, d->trusts[d->n_guesses - 1]);
        if (ends_text(d, t, d->text.data[d->text.len - 1]) ||
            (d->n_guesses >= least &&
             !gb_gain_goes_on(&d->gain, d->n_guesses, sure)))
            break;
    }
    return true;
}

static void
push_known(gb_draft *d)
{
    size_t i;

    for (i = 0; i < d->known.len && i < GB_DRAFT_MOST; i++)
        push_guess(d, d->known.data[i], 0);
    d->known.len = 0;
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
    size_t read = gb_loop_count_read(d->engine, d->text.data, d->from);
    double ms = gb_now_ms();

    if (!make_rows(d, rows, &problem) ||
        !gb_engine_pick_rows(d->engine, &rule, rows, d->n_guesses + 1,
                             d->picks, &problem)) {
        /* It may be the fault of a text that never comes: the plain path
         * knows. */
        return problem.status != GB_INTERRUPTED || gb_fail_interrupted(err);
    }
    ms = gb_now_ms() - ms;
    count_right(d);
    gb_gain_passed(&d->gain, d->n_guesses + 1, d->n_picks,
                   read + 1 >= d->from ? ms : -1);
    return true;
}

bool
gb_draft_check(gb_draft *d, const gb_draft_text *t, gb_error *err)
{
    uint32_t n_ctx = gb_engine_model(d->engine)->config.n_ctx;
    size_t room = n_ctx - t->n;
    gb_settings same = *t->settings;
    unsigned most;

    if (t->left > 0 && t->left - 1 < room)
        room = t->left - 1;
    most = room < GB_DRAFT_MOST ? (unsigned)room : GB_DRAFT_MOST;
    d->text.len = 0;
    gb_ids_append(&d->text, t->ids, t->n);
    same.seed = d->settings.seed;
    same.max_new_tokens = d->settings.max_new_tokens;
    if (!gb_settings_same(&same, &d->settings))
        gb_gain_renew(&d->gain, first_rates(d));
    d->from = t->n;
    d->n_guesses = d->n_picks = 0;
    d->step = t->step;
    d->settings = *t->settings;
    d->ranges = t->ranges;
    if (d->lookup != NULL)
        look_up(d, t);
    else if (d->model == NULL)
        push_known(d);
    else if (!ask_model(d, t, most, err))
        return false;
    choose(d, most);
    return d->n_guesses == 0 || check_guesses(d, err);
}

void
gb_draft_saw(gb_draft *d, gb_token id, double ms)
{
    gb_gain_passed(&d->gain, 1, 1, ms);
    /* A guess that was not worth checking is seen to be right or wrong all the
     * same, once: what follows may come without a guess. */
    if (d->n_picks == 0 && d->text.len > d->from) {
        gb_gain_came(&d->gain, d->trusts[0], d->text.data[d->from] == id);
        d->text.len = d->from;
    }
}
