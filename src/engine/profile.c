#include "engine/profile.h"

#include <string.h>

void
gb_profile_add(gb_profile *p, const char *name, uint64_t runs, double ms)
{
    unsigned i = 0;

    while (i < p->n && strcmp(p->rows[i].name, name) != 0)
        i++;
    if (i == GB_PROFILE_ROWS)
        i--;
    else if (i == p->n)
        p->rows[p->n++] = (gb_profile_row){.name = name};
    p->rows[i].runs += runs;
    p->rows[i].ms += ms;
}

void
gb_profile_merge(gb_profile *p, const gb_profile *other)
{
    const gb_profile_row *r;

    for (r = other->rows; r < other->rows + other->n; r++)
        gb_profile_add(p, r->name, r->runs, r->ms);
}

double
gb_profile_ms(const gb_profile *p)
{
    double ms = 0;
    unsigned i;

    for (i = 0; i < p->n; i++)
        ms += p->rows[i].ms;
    return ms;
}
