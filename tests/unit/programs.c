#include "programs.h"

#include <math.h>

#include "base/mem.h"
#include "test.h"

#define QUANTS (1 << GB_PACK_Q8_0 | 1 << GB_PACK_Q4_0)

static const struct {
    device_shape shape;
    unsigned packings;
    unsigned head_size;
    gb_packing cache;
} programs[] = {
    {DEVICE_SLIM, 1 << GB_PACK_F32 | QUANTS, 8, GB_PACK_F16},
    {DEVICE_GPU, 1 << GB_PACK_F16 | QUANTS, 32, GB_PACK_F16},
    {DEVICE_WIDE, 1 << GB_PACK_F16 | QUANTS, 64, GB_PACK_F32},
    {DEVICE_GPU, 1 << GB_PACK_BF16 | 1 << GB_PACK_F32, 76, GB_PACK_F32},
    {DEVICE_WIDE, 1 << GB_PACK_BF16 | 1 << GB_PACK_F32, 25, GB_PACK_F16},
};
#define SHAPES 3 /* of the first programs each has another */

static gb_compute opened[GB_COUNT(programs)];
static size_t first_program, end_program = GB_COUNT(programs);

bool
small_cases(void)
{
    return getenv("GUMBEL_TEST_SMALL") != NULL;
}

int
open_programs(void **state)
{
    const char *kind = getenv("GUMBEL_TEST_SMALL");
    size_t i;

    (void)state;
    if (kind != NULL)
        end_program = 2;
    if (kind != NULL && strcmp(kind, "scalar") == 0)
        first_program = 1;
    for (i = first_program; i < end_program; i++)
        device_open(&opened[i], programs[i].shape, programs[i].packings,
                    programs[i].head_size, programs[i].cache);
    return 0;
}

int
close_programs(void **state)
{
    size_t i;

    (void)state;
    for (i = first_program; i < end_program; i++)
        gb_compute_close(&opened[i]);
    return 0;
}

gb_compute *
program(size_t i)
{
    return i >= first_program && i < end_program ? &opened[i] : NULL;
}

void
for_each_program(void (*check)(gb_compute *c))
{
    size_t i;

    for (i = first_program; i < end_program; i++)
        check(&opened[i]);
}

void
for_each_shape(void (*check)(gb_compute *c))
{
    size_t i;

    for (i = first_program; i < SHAPES && i < end_program; i++)
        check(&opened[i]);
}

void
for_each_packing(void (*check)(gb_compute *c, gb_packing packing))
{
    size_t i;
    unsigned k;

    for (i = first_program; i < end_program; i++)
        for (k = 0; k < GB_PACKINGS; k++)
            if ((opened[i].packings & 1u << k) != 0)
                check(&opened[i], k);
}

void
assert_near(double found, double expected, double tolerance,
            const char *what, size_t i, size_t j)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("%s[%zu][%zu] is %.9g, expected %.9g", what, i, j, found,
                 expected);
}

void
assert_poison(const float *x, size_t n, const char *what)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (!is_poison(x[i]))
            fail_msg("%s: word %zu of %zu is %g, and should not be written",
                     what, i, n, (double)x[i]);
}
