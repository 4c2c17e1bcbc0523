#include "base/progress.h"

#include <stddef.h>

void
gb_progress_tell(const gb_progress *p, gb_phase phase, uint64_t done,
                 uint64_t total)
{
    if (p != NULL && p->tell != NULL)
        p->tell(p->arg, phase, done, total);
}

bool
gb_progress_is_cancelled(const gb_progress *p)
{
    return p != NULL && p->cancel != NULL && atomic_load(p->cancel);
}

bool
gb_progress_on(const gb_progress *p, gb_phase phase, uint64_t done,
               uint64_t total, gb_error *err)
{
    gb_progress_tell(p, phase, done, total);
    return !gb_progress_is_cancelled(p) || gb_fail_interrupted(err);
}
