/* A pass over texts and guesses. */
#include "base/clock.h"
#include "session/draft_state.h"

/* How likely the next guess that might be checked is right, with all before
 * it, which are with the likelihood `next` of its text. */
static double
likely(const gb_draft *d, const gb_draft_side *s, const double *next)
{
    return next[s - d->sides] *
           gb_gain_rate(&d->gain, s->trusts[s->n_checked]);
}

/* The likeliest guesses, as many as pay. */
static void
choose(gb_draft *d)
{
    double sure[GB_ROWS], next[GB_ROWS];
    gb_draft_side *order[GB_ROWS], *s, *best;
    unsigned n, i;

    for (i = 0; i < d->n_sides; i++)
        next[i] = 1;
    for (n = 0; n < GB_ROWS - d->n_sides; n++) {
        best = NULL;
        for (s = d->sides; s < d->sides + d->n_sides; s++)
            if (s->n_checked < s->n_guesses &&
                (best == NULL || likely(d, s, next) > likely(d, best, next)))
                best = s;
        if (best == NULL)
            break;
        sure[n] = next[best - d->sides] = likely(d, best, next);
        best->n_checked++;
        order[n] = best;
    }
    for (i = d->always > 0 ? n : gb_gain_plan(&d->gain, d->n_sides, sure, n);
         i < n; i++)
        order[i]->n_checked--;
}

/* Each row is a guess longer, and what its own text makes of the logits. */
static unsigned
make_rows(const gb_draft *d, gb_sequence *rows)
{
    const gb_draft_side *s;
    unsigned n = 0, i;

    for (s = d->sides; s < d->sides + d->n_sides; s++)
        for (i = 0; i <= s->n_checked; i++)
            rows[n++] = (gb_sequence){
                .ids = s->picked->text.data,
                .n = (uint32_t)s->front + i,
                .seed = s->text->seed,
                .step = s->text->step + s->picked->n + i,
            };
    return n;
}

/* The guesses up to the first that is wrong, and what stands in its place; one
 * that was not worth checking is seen to be right or wrong all the same.
 * Returns how many tokens that makes. */
static unsigned
take_picks(gb_draft *d, gb_draft_side *s, const gb_pick *picks)
{
    gb_picked *p = s->picked;
    unsigned n = 0, came = 0;
    bool right = true;

    p->text.len = s->front;
    for (; right && n <= s->n_checked; n++) {
        right = n < s->n_guesses && p->text.data[s->front + n] == picks[n].id;
        if (n < s->n_guesses)
            gb_gain_came(&d->gain, s->trusts[n], right);
        right = right && n < s->n_checked;
        came += right;
        right = right && !gb_draft_ends(d, picks[n].id);
        gb_picked_push(p, &picks[n]);
    }
    p->count.drafted += s->n_checked;
    p->count.accepted += came;
    d->count.drafted += s->n_checked;
    d->count.accepted += came;
    return n;
}

static bool
check(gb_draft *d, gb_error *err)
{
    const gb_settings *s = &d->settings;
    const gb_rule rule = {s->greedy, s->temperature, &s->filter, d->ranges};
    const uint64_t before = gb_engine_computed(d->engine);
    gb_sequence rows[GB_ROWS];
    gb_pick picks[GB_ROWS];
    unsigned n = make_rows(d, rows), at = 0, tokens = 0;
    double ms = gb_now_ms();
    gb_draft_side *a;

    if (!gb_adjuster_find_rows(&d->adjuster, gb_engine_model(d->engine), s,
                               rows, n, err) ||
        !gb_engine_pick_rows(d->engine, &rule, rows, n, picks, err))
        return false;
    ms = gb_now_ms() - ms;
    for (a = d->sides; a < d->sides + d->n_sides; a++) {
        tokens += take_picks(d, a, picks + at);
        at += 1 + a->n_checked;
    }
    /* A prompt that was read is none of it. */
    gb_gain_passed(&d->gain, d->n_sides, n - d->n_sides, tokens,
                   gb_engine_computed(d->engine) - before == n ? ms : -1);
    return true;
}

/* Whether a text goes on behind what waits of it. */
static bool
goes_on(const gb_draft *d, const gb_draft_text *t)
{
    const gb_picked *p = t->picked;

    return p->n <= GB_PICKED_MOST - GB_ROWS &&
           p->text.len <= gb_engine_model(d->engine)->config.n_ctx &&
           (t->left == 0 || p->n < t->left) &&
           !gb_draft_ends(d, p->picks[p->n - 1].id);
}

static void
add_side(gb_draft *d, const gb_draft_text *t)
{
    const gb_picked_text text = {t->ids, t->n, t->seed, t->step, &d->settings,
                                 d->ranges};
    size_t most = gb_engine_model(d->engine)->config.n_ctx;
    gb_picked *p = t->picked;

    gb_picked_begin(p, &text);
    if (p->n > 0 && !goes_on(d, t))
        return;
    most -= p->text.len;
    if (t->left > 0 && t->left - p->n - 1 < most)
        most = t->left - p->n - 1;
    if (d->always > 0 && d->always < most)
        most = d->always;
    d->sides[d->n_sides++] = (gb_draft_side){
        .text = t,
        .picked = p,
        .front = p->text.len,
        .most = most < GB_DRAFT_MOST ? (unsigned)most : GB_DRAFT_MOST,
        .sure = 1,
    };
}

static void
begin_pass(gb_draft *d, const gb_draft_text *texts, unsigned n,
           const gb_draft_rule *rule)
{
    gb_settings same = *rule->settings;
    unsigned i;

    same.seed = d->settings.seed;
    same.max_new_tokens = d->settings.max_new_tokens;
    if (!gb_settings_same(&same, &d->settings))
        gb_gain_renew(&d->gain, gb_draft_first_rates(d));
    d->settings = *rule->settings;
    d->ranges = rule->ranges;
    d->n_sides = 0;
    for (i = 0; i < n; i++)
        add_side(d, &texts[i]);
}

/* Leaves so many texts, and nothing that is only guessed; false: there was
 * nothing else. */
static bool
drop_guesses(gb_draft *d, unsigned n_sides)
{
    bool any = d->n_sides > n_sides;
    gb_draft_side *s;

    for (s = d->sides; s < d->sides + d->n_sides; s++) {
        any = any || s->n_checked > 0;
        s->n_guesses = s->n_checked = 0;
        s->picked->text.len = s->front;
    }
    d->n_sides = n_sides;
    return any;
}

bool
gb_draft_pass(gb_draft *d, const gb_draft_text *texts, unsigned n,
              unsigned hungry, const gb_draft_rule *rule, gb_error *err)
{
    gb_error problem = GB_ERROR_INIT;

    begin_pass(d, texts, rule->rests ? hungry : n, rule);
    if (!rule->rests && !gb_draft_guess(d, err))
        return false;
    choose(d);
    if (check(d, &problem))
        return true;
    if (problem.status == GB_INTERRUPTED)
        return gb_fail_interrupted(err);
    /* It may be the fault of a text that never comes. */
    if (drop_guesses(d, hungry))
        return check(d, err);
    if (err != NULL)
        *err = problem;
    return false;
}
