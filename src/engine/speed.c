#include "engine/speed.h"

#include "base/clock.h"
#include "engine/queue.h"

#define GROUPS_PER_UNIT 16
#define MOST ((size_t)256 << 20)
#define ROUNDS 6

/* Milliseconds of the fastest of some rounds after one to warm up. */
static bool
best_run(gb_compute *c, const gb_op *op, double *best_ms, gb_error *err)
{
    double start, took;
    int i;

    *best_ms = 0;
    for (i = 0; i < ROUNDS; i++) {
        start = gb_now_ms();
        if (!gb_op_run(c, op, 1, err) || !gb_compute_finish(c, err))
            return false;
        took = gb_now_ms() - start;
        if (i > 0 && (*best_ms == 0 || took < *best_ms))
            *best_ms = took;
    }
    return true;
}

static bool
time_reads(gb_compute *c, cl_mem x, size_t part, size_t groups, cl_mem sums,
           double *best_ms, gb_error *err)
{
    gb_op op;
    bool ok;

    ok = gb_op_init(c, &op, "read_speed",
                    GB_ARGS([GB_READ_X] = GB_MEM(x),
                            [GB_READ_PART] = GB_ULONG(part),
                            [GB_READ_SUMS] = GB_MEM(sums)),
                    err);
    op.x = groups;
    ok = ok && best_run(c, &op, best_ms, err);
    gb_op_free(&op);
    return ok;
}

bool
gb_read_speed(gb_compute *c, double *bytes_per_second, gb_error *err)
{
    const cl_float one = 1.0f;
    size_t round = (size_t)c->shape.lanes * c->shape.vw * 4;
    size_t groups = (size_t)GROUPS_PER_UNIT * c->device.compute_units;
    size_t size = MOST, part;
    cl_mem x, sums;
    double ms = 0;
    bool ok;

    if (size > c->device.max_alloc)
        size = c->device.max_alloc;
    if (size > c->device.memory / 4)
        size = c->device.memory / 4;
    part = size / sizeof(float) / groups / round * round;
    size = part * groups * sizeof(float);
    x = gb_buffer(c, size, "a measurement", err);
    if (x == NULL)
        return false;
    sums = gb_buffer(c, groups * c->shape.lanes * sizeof(float),
                     "a measurement", err);
    ok = sums != NULL && gb_fill_buffer(c, x, &one, sizeof one, size, err) &&
         time_reads(c, x, part, groups, sums, &ms, err);
    if (ok)
        *bytes_per_second = (double)size / (ms * 1e-3);
    gb_buffer_free(sums);
    gb_buffer_free(x);
    return ok;
}

/* As in cl/speed.cl; some milliseconds of work for a core. */
#define MULTIPLY_ADDS 24
#define PEAK_ROUNDS (1 << 15)

bool
gb_peak(gb_compute *c, double *flops, gb_error *err)
{
    const size_t items = (size_t)c->shape.lanes * c->shape.vw;
    const size_t groups = (size_t)GROUPS_PER_UNIT * c->device.compute_units;
    cl_mem sums = gb_buffer(c, groups * c->shape.lanes * sizeof(float),
                            "a measurement", err);
    double ms = 0;
    bool ok;
    gb_op op;

    if (sums == NULL)
        return false;
    ok = gb_op_init(c, &op, "peak",
                    GB_ARGS([GB_PEAK_ROUNDS] = GB_UINT(PEAK_ROUNDS),
                            [GB_PEAK_BY] = GB_FLOAT(0.999f),
                            [GB_PEAK_ADD] = GB_FLOAT(0.001f),
                            [GB_PEAK_SUMS] = GB_MEM(sums)),
                    err);
    op.x = groups;
    ok = ok && best_run(c, &op, &ms, err);
    if (ok)
        *flops = 2.0 * MULTIPLY_ADDS * PEAK_ROUNDS * (double)(items * groups) /
                 (ms * 1e-3);
    gb_op_free(&op);
    gb_buffer_free(sums);
    return ok;
}
