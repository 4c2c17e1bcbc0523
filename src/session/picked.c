#include "session/picked.h"

#include <string.h>

void
gb_picked_free(gb_picked *p)
{
    gb_ids_free(&p->text);
    gb_lookup_text_free(&p->looked);
}

const gb_pick *
gb_picked_find(const gb_picked *p, const gb_picked_text *t)
{
    const size_t at = t->n - p->from;
    gb_settings settings = *t->settings;

    settings.seed = t->seed;
    if (t->n < p->from || at >= p->n || t->step != p->step + at ||
        t->ranges > p->ranges ||
        memcmp(t->ids, p->text.data, t->n * sizeof *t->ids) != 0 ||
        !gb_settings_same(&settings, &p->settings))
        return NULL;
    return &p->picks[at];
}

void
gb_picked_begin(gb_picked *p, const gb_picked_text *t)
{
    const gb_pick *waits = gb_picked_find(p, t);

    if (waits != NULL) {
        p->text.len = p->from + p->n;
        p->n -= (unsigned)(waits - p->picks);
        memmove(p->picks, waits, p->n * sizeof *p->picks);
    } else {
        p->n = 0;
        p->text.len = 0;
        gb_ids_append(&p->text, t->ids, t->n);
    }
    p->ranges = t->ranges;
    p->from = t->n;
    p->step = t->step;
    p->settings = *t->settings;
    p->settings.seed = t->seed;
}

void
gb_picked_push(gb_picked *p, const gb_pick *pick)
{
    p->picks[p->n++] = *pick;
    gb_ids_push(&p->text, pick->id);
}
