#include "session/several.h"

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

bool
gb_several_step(gb_loop *const *loops, const uint64_t *seeds,
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
    for (i = 0; i < n; i++) {
        gb_ids_push(&loops[i]->ids, picks[i].id);
        loops[i]->step++;
    }
    return true;
}
