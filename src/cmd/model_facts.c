#include "cmd/model_facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Zeros that stand in for what the file does not have. */
static bool
is_stand_in(const gb_tensor *t)
{
    return t->data == NULL && t->source == NULL && t->noise.scale == 0 &&
           t->noise.center == 0;
}

gb_model_facts
gb_model_facts_of(const gb_model *m)
{
    gb_model_facts f = {0, 0, ""};
    const gb_tensor **tensors;
    const char *name;
    size_t n, i, used;

    tensors = gb_model_tensors(m, &n);
    for (i = 0; i < n; i++) {
        if (is_stand_in(tensors[i]))
            continue;
        f.parameters += tensors[i]->count;
        f.bytes += tensors[i]->size;
        name = gb_dtype_name(tensors[i]->dtype);
        used = strlen(f.types);
        if (strstr(f.types, name) == NULL)
            snprintf(f.types + used, sizeof f.types - used, "%s%s",
                     used > 0 ? ", " : "", name);
    }
    free(tensors);
    return f;
}

/* Three digits of a number that is below 1000 in its unit. */
static void
put_scaled(gb_str *out, double x, const char *unit)
{
    gb_str_printf(out, "%.*f%s", x < 99.95 ? 1 : 0, x, unit);
}

void
gb_put_count(gb_str *out, uint64_t n)
{
    if (n < 10000)
        gb_str_printf(out, "%" PRIu64, n);
    else if (n < 999500)
        put_scaled(out, (double)n / 1e3, "k");
    else if (n < 999500000)
        put_scaled(out, (double)n / 1e6, "M");
    else
        put_scaled(out, (double)n / 1e9, "G");
}

void
gb_put_bytes(gb_str *out, uint64_t n)
{
    if (n < 1000)
        gb_str_printf(out, "%" PRIu64 " bytes", n);
    else if (n < 999500)
        put_scaled(out, (double)n / 1e3, " kB");
    else if (n < 999500000)
        put_scaled(out, (double)n / 1e6, " MB");
    else
        put_scaled(out, (double)n / 1e9, " GB");
}
