#include "session/several.h"

#include <stdlib.h>

#include "base/mem.h"

/* As many as go through the layers together. */
static bool
step_some(gb_loop *const *loops, const uint64_t *seeds,
          const float *temperatures, unsigned n, const gb_settings *s,
          bool ranges, gb_pick *picks, gb_error *err)
{
    const gb_rule rule = {s->greedy, s->temperature, &s->filter, ranges};
    gb_engine *e = loops[0]->engine;
    gb_sequence rows[GB_ROWS];
    unsigned i;
    gb_loop *l;

    for (i = 0; i < n; i++) {
        l = loops[i];
        if (!gb_adjuster_find(&l->adjuster, gb_engine_model(e), s,
                              l->ids.data, l->ids.len, &l->adjust, err))
            return false;
        rows[i] = (gb_sequence){l->ids.data, (uint32_t)l->ids.len, seeds[i],
                                l->step, l->adjust,
                                temperatures != NULL ? temperatures[i] : 0};
    }
    return gb_engine_pick_rows(e, &rule, rows, n, picks, err);
}

static bool
step_all(gb_loop *const *loops, const uint64_t *seeds,
         const float *temperatures, size_t n, const gb_settings *s,
         bool ranges, gb_pick *picks, gb_error *err)
{
    size_t i, some;

    for (i = 0; i < n; i += some) {
        some = n - i < GB_ROWS ? n - i : GB_ROWS;
        if (!step_some(loops + i, seeds + i,
                       temperatures != NULL ? temperatures + i : NULL,
                       (unsigned)some, s, ranges, picks + i, err))
            return false;
    }
    return true;
}

/* With guesses. */

static const gb_pick *
find_waiting(const gb_loop *l, uint64_t seed, const gb_draft_rule *rule)
{
    const gb_picked_text text = {l->ids.data, l->ids.len, seed, l->step,
                                 rule->settings, rule->ranges};

    return gb_picked_find(l->picked, &text);
}

/* Those for which nothing waits, then the others; returns how many are the
 * first ones. */
static size_t
sort_texts(gb_loop *const *loops, const uint64_t *seeds, size_t n,
           const gb_draft_rule *rule, gb_draft_text *texts)
{
    size_t i, first = 0, last = n;
    gb_draft_text text;
    gb_loop *l;

    for (i = 0; i < n; i++) {
        l = loops[i];
        text = (gb_draft_text){l->ids.data, l->ids.len, seeds[i], l->step,
                               l->left, l->picked};
        if (find_waiting(l, seeds[i], rule) == NULL)
            texts[first++] = text;
        else
            texts[--last] = text;
    }
    return first;
}

/* A pass gives something to wait for all of its texts; one that has rows left
 * takes others along. */
static bool
draft_all(gb_draft *d, const gb_draft_text *texts, size_t n, size_t hungry,
          const gb_draft_rule *rule, gb_error *err)
{
    size_t i, some;

    for (i = 0; i < hungry; i += some) {
        some = n - i < GB_ROWS ? n - i : GB_ROWS;
        if (!gb_draft_pass(d, texts + i, (unsigned)some,
                           (unsigned)(some < hungry - i ? some : hungry - i),
                           rule, err))
            return false;
    }
    return true;
}

static bool
step_drafted(gb_loop *const *loops, const uint64_t *seeds, size_t n,
             const gb_draft_rule *rule, gb_pick *picks, gb_error *err)
{
    gb_draft_text *texts = gb_alloc_array(n, sizeof *texts);
    size_t hungry = sort_texts(loops, seeds, n, rule, texts), i;
    bool ok = draft_all(loops[0]->draft, texts, n, hungry, rule, err);

    for (i = 0; i < n && ok; i++)
        picks[i] = *find_waiting(loops[i], seeds[i], rule);
    free(texts);
    return ok;
}

bool
gb_several_step(gb_loop *const *loops, const uint64_t *seeds,
                const float *temperatures, size_t n, const gb_settings *s,
                bool ranges, gb_pick *picks, gb_error *err)
{
    const gb_draft_rule rule = {s, ranges, loops[0]->rests};
    size_t i;

    if (!(loops[0]->draft != NULL && temperatures == NULL
              ? step_drafted(loops, seeds, n, &rule, picks, err)
              : step_all(loops, seeds, temperatures, n, s, ranges, picks,
                         err)))
        return false;
    for (i = 0; i < n; i++) {
        gb_ids_push(&loops[i]->ids, picks[i].id);
        loops[i]->step++;
    }
    return true;
}
