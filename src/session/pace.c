#include "session/pace.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "session/settings.h"

bool
gb_pace_parse(const char *text, double *rate, gb_error *err)
{
    double v;

    if (strcmp(text, "full") == 0) {
        *rate = 0;
        return true;
    }
    if (!gb_parse_double(text, &v) || v < 0.01 || v > GB_PACE_MAX)
        return gb_fail_usage(err, "pace: expected full or tokens a second "
                             "from 0.01 to 100000, found \"%s\"", text);
    *rate = v;
    return true;
}

bool
gb_pace_change(gb_pace *p, const char *value, gb_error *err)
{
    p->due = 0;
    if (strcmp(value, "pause") == 0) {
        p->paused = !p->paused;
    } else if (strcmp(value, "go") == 0) {
        p->paused = false;
    } else if (strcmp(value, "step") == 0) {
        p->paused = true;
        p->once++;
    } else if (strcmp(value, "rush") == 0) {
        p->paused = false;
        p->rush = true;
    } else {
        return gb_pace_parse(value, &p->rate, err);
    }
    return true;
}

void
gb_pace_begin(gb_pace *p, double now)
{
    p->rush = p->paused = false;
    p->once = 0;
    p->due = now;
    p->late = false;
}

double
gb_pace_due(const gb_pace *p)
{
    if (p->paused)
        return p->once > 0 ? 0 : (double)INFINITY;
    return p->rush || p->rate <= 0 ? 0 : p->due;
}

bool
gb_pace_holds(const gb_pace *p)
{
    return p->paused || p->once > 0 || (p->rate > 0 && !p->rush && !p->late);
}

void
gb_pace_count(gb_pace *p, double now)
{
    if (p->once > 0)
        p->once--;
    if (p->rate <= 0)
        return;
    /* From the moment it was due, so that the pace is kept; but what took too
     * long is not caught up with. */
    p->due += 1000 / p->rate;
    p->late = p->due < now;
    if (p->late)
        p->due = now;
}
