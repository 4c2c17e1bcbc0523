/* Guesses at what follows, put behind the texts. */
#include <stdlib.h>

#include "base/clock.h"
#include "session/draft_state.h"

/* So often a model may fail. */
#define FAILURES 3

/* How likely a guess is at first, by how much it is trusted. */
static const double lookup_rates[GB_TRUSTS] = {0.3, 0.5, 0.7, 0.95};
static const double model_rates[GB_TRUSTS] = {0.5, 0.75, 0.95, 0.99};

const double *
gb_draft_first_rates(const gb_draft *d)
{
    return d->model != NULL ? model_rates : lookup_rates;
}

bool
gb_draft_ends(const gb_draft *d, gb_token id)
{
    return !d->settings.ignore_eos &&
           gb_ends_has(&gb_engine_model(d->engine)->config.ends, id);
}

static void
push_guess(gb_draft *d, gb_draft_side *s, gb_token id, unsigned trust)
{
    gb_ids_push(&s->picked->text, id);
    s->trusts[s->n_guesses++] = trust;
    s->sure *= gb_gain_rate(&d->gain, trust);
    if (gb_draft_ends(d, id))
        s->most = s->n_guesses;
}

static unsigned
lookup_trust(unsigned match)
{
    return match < 5 ? 0 : match < 9 ? 1 : match < 17 ? 2 : 3;
}

/* All that there are, which cost nothing; of one text in all others, too. */
static void
look_up(gb_draft *d)
{
    gb_token ids[GB_DRAFT_MOST];
    unsigned match, n, i;
    gb_draft_side *s;

    for (s = d->sides; s < d->sides + d->n_sides; s++)
        gb_lookup_read(d->lookup, &s->picked->looked, s->picked->text.data,
                       s->front);
    for (s = d->sides; s < d->sides + d->n_sides; s++) {
        n = gb_lookup_guess(d->lookup, &s->picked->looked, ids, s->most,
                            &match);
        for (i = 0; i < n && s->n_guesses < s->most; i++)
            push_guess(d, s, ids[i], lookup_trust(match + i));
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

static gb_draft_view
view_of(const gb_draft_side *s)
{
    return (gb_draft_view){
        .ids = s->picked->text.data,
        .n = s->picked->text.len,
        .seed = s->text->seed,
        .step = s->text->step + s->picked->n + s->n_guesses,
        .skipped = &s->picked->skipped,
    };
}

/* Another guess of the model for each of n texts; false: it cannot. */
static bool
push_model(gb_draft *d, gb_draft_side **sides, unsigned n, gb_error *err)
{
    gb_draft_view views[GB_ROWS];
    gb_pick picks[GB_ROWS];
    double ms = gb_now_ms();
    uint32_t computed;
    unsigned i;

    for (i = 0; i < n; i++)
        views[i] = view_of(sides[i]);
    if (!gb_draft_model_pick(d->model, views, n, &d->settings, picks,
                             &computed, err))
        return false;
    d->failures = 0;
    ms = gb_now_ms() - ms;
    if (computed <= 2 * n)
        gb_gain_guessed(&d->gain, n, ms);
    else
        gb_gain_read(&d->gain, computed, ms);
    for (i = 0; i < n; i++)
        push_guess(d, sides[i], picks[i].id, model_trust(picks[i].margin));
    return true;
}

/* How many guesses to ask it for at least, for each text. */
static unsigned
begin_model(gb_draft *d)
{
    gb_draft_view views[GB_ROWS] = {{.n = 0}};
    uint32_t all, missing;
    uint64_t left = 0;
    bool known = true;
    unsigned i, least;

    if (d->always > 0)
        return d->always;
    for (i = 0; i < d->n_sides; i++) {
        views[i] = view_of(&d->sides[i]);
        known = known && d->sides[i].text->left > 0;
        left += d->sides[i].text->left - d->sides[i].picked->n;
    }
    all = missing = gb_draft_model_missing(d->model, views, d->n_sides);
    least = gb_gain_begins(&d->gain, d->n_sides, &missing, known ? left : 0);
    if (missing < all)
        gb_draft_model_skip(d->model, views, d->n_sides);
    return least;
}

static int
by_sure(const void *left, const void *right)
{
    const gb_draft_side *a = *(gb_draft_side *const *)left;
    const gb_draft_side *b = *(gb_draft_side *const *)right;

    return a->sure > b->sure ? -1 : a->sure < b->sure;
}

/* Those of n texts that may have another guess, the likeliest first; returns
 * how many, as far as there are rows. */
static unsigned
sort_open(const gb_draft *d, gb_draft_side **sides, unsigned n,
          gb_gain_round *r)
{
    const unsigned room = GB_ROWS - d->n_sides - r->made;
    unsigned i;

    for (i = 0, r->n = 0; i < n; i++)
        if (sides[i]->n_guesses < sides[i]->most)
            sides[r->n++] = sides[i];
    qsort(sides, r->n, sizeof(gb_draft_side *), by_sure);
    r->n = r->n < room ? r->n : room;
    for (i = 0; i < r->n; i++)
        r->sure[i] = sides[i]->sure;
    return r->n;
}

/* In rounds, each with a guess for all texts that go on. */
static bool
ask_model(gb_draft *d, gb_error *err)
{
    gb_gain_round r = {.texts = d->n_sides};
    gb_error problem = GB_ERROR_INIT;
    unsigned least = begin_model(d), n;
    gb_draft_side *sides[GB_ROWS];

    for (n = 0; n < d->n_sides; n++)
        sides[n] = &d->sides[n];
    for (; least > 0 && (n = sort_open(d, sides, n, &r)) > 0; r.round++) {
        if (r.round >= least)
            n = gb_gain_goes_on(&d->gain, &r);
        if (n > 0 && !push_model(d, sides, n, &problem)) {
            if (problem.status == GB_INTERRUPTED)
                return gb_fail_interrupted(err);
            fail_model(d, &problem);
            break;
        }
        r.made += n;
    }
    return true;
}

static void
push_known(gb_draft *d)
{
    size_t i;

    for (i = 0; i < d->known.len && i < d->sides->most; i++)
        push_guess(d, d->sides, d->known.data[i], 0);
    d->known.len = 0;
}

bool
gb_draft_guess(gb_draft *d, gb_error *err)
{
    if (d->lookup != NULL)
        look_up(d);
    else if (d->model != NULL)
        return ask_model(d, err);
    else
        push_known(d);
    return true;
}
