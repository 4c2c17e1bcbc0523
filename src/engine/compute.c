#include "engine/compute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/intern.h"
#include "base/mem.h"
#include "engine/program.h"
#include "engine/queue.h"

/* A work-item is a thread: 16 floats at a time, all of a panel. With 32
 * vector registers of 16 floats 24 accumulators fit; with 16 of 8, six. */
static const gb_shape cpu_wide = {16, 1, 1, 64, 32, 6, 12, 512, 4};
static const gb_shape cpu_slim = {16, 1, 1, 32, 16, 2, 4, 512, 4};
/* Neighbouring work-items read neighbouring weights, 256 of them those of a
 * panel so narrow that small matrices have many. */
static const gb_shape gpu = {1, 64, 4, 16, 16, 4, 4, 32, 4};

gb_shape
gb_shape_for(const gb_device *d)
{
    const char *forced = getenv("GUMBEL_SHAPE");
    cl_uint native = 0;
    gb_shape shape = gpu;

    if (forced != NULL && strcmp(forced, "wide") == 0)
        return cpu_wide;
    if (forced != NULL && strcmp(forced, "slim") == 0)
        return cpu_slim;
    if (gb_device_is_cpu(d) &&
        (forced == NULL || strcmp(forced, "gpu") != 0)) {
        clGetDeviceInfo(d->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT,
                        sizeof native, &native, NULL);
        return native >= 16 ? cpu_wide : cpu_slim;
    }
    while (shape.split > 1 && shape.lanes * shape.split > d->max_group)
        shape.queries = shape.split /= 2;
    /* Groups of one work-item run anywhere. */
    return shape.lanes <= d->max_group ? shape : cpu_slim;
}

bool
gb_cl_fail(const gb_compute *c, cl_int code, const char *doing, gb_error *err)
{
    return gb_fail(err, "%s: %s failed: %s", c->device.name, doing,
                   gb_cl_error(code));
}

/* The options of one self-contained source: no -I, nothing that lets the
 * compiler reorder sums. -w: on a processor whose registers are narrower than
 * the kernels' vectors, PoCL's compiler counts its warnings about the calling
 * convention on the user's terminal. */
static void
build_options(const gb_compute *c, char *out, size_t n)
{
    const gb_shape *s = &c->shape;

    snprintf(out, n,
             "-cl-std=CL1.2 -w -DGB_VW=%u -DGB_LANES=%u -DGB_SPLIT=%u "
             "-DGB_WIDE=%u -DGB_NARROW=%u -DGB_WIDE_TOKENS=%u "
             "-DGB_NARROW_TOKENS=%u -DGB_DRAWS=%u -DGB_QUERIES=%u "
             "-DGB_PACKINGS=%u -DGB_HEAD=%u -DGB_BLOCK=%d -DGB_CACHE=%s "
             "-DGB_CHUNK=%d%s%s",
             s->vw, s->lanes, s->split, s->wide / s->vw, s->narrow / s->vw,
             s->wide_tokens, s->narrow_tokens, s->draws, s->queries,
             c->packings, c->head_size, GB_BLOCK, gb_packings[c->cache].name,
             GB_CHUNK,
             (c->device.type & CL_DEVICE_TYPE_GPU) ? " -DGB_FAST_FMA" : "",
             getenv("GUMBEL_PORTABLE") != NULL ? " -DGB_PORTABLE" : "");
}

void
gb_compute_init(gb_compute *c, const gb_device *device, gb_packing cache)
{
    memset(c, 0, sizeof *c);
    c->device = *device;
    c->shape = gb_shape_for(device);
    c->cache = cache;
}

bool
gb_compute_open(gb_compute *c, unsigned packings, unsigned head_size,
                gb_error *err)
{
    const gb_device *d = &c->device;
    cl_context_properties properties[] = {
        CL_CONTEXT_PLATFORM, (cl_context_properties)d->platform, 0};
    cl_int code;

    c->packings = packings;
    c->head_size = head_size;
    c->context = clCreateContext(properties, 1, &d->id, NULL, NULL, &code);
    if (code != CL_SUCCESS)
        return gb_cl_fail(c, code, "creating a context", err);
    c->queue = clCreateCommandQueue(c->context, d->id, 0, &code);
    if (code != CL_SUCCESS) {
        gb_cl_fail(c, code, "creating a command queue", err);
        gb_compute_close(c);
        return false;
    }
    return true;
}

bool
gb_compute_build(gb_compute *c, gb_error *err)
{
    const double start = gb_now_ms();
    char options[512];

    build_options(c, options, sizeof options);
    c->program = gb_program_build(c->context, &c->device, options,
                                  &c->program_cached, err);
    c->compile_ms = gb_now_ms() - start;
    return c->program != NULL;
}

void
gb_compute_close(gb_compute *c)
{
    gb_queue_close(c);
    free(c->profile);
    if (c->program != NULL)
        clReleaseProgram(c->program);
    if (c->context != NULL)
        clReleaseContext(c->context);
    memset(c, 0, sizeof *c);
}

cl_mem
gb_buffer_of(gb_compute *c, const void *data, size_t size, const char *what,
             gb_error *err)
{
    const cl_mem_flags copy = data != NULL ? CL_MEM_COPY_HOST_PTR : 0;
    cl_int code;
    cl_mem m;

    if (size > c->device.max_alloc) {
        gb_fail(err,
                "%s: %s needs %.1f MiB in one piece, the device gives at most "
                "%.1f MiB",
                c->device.name, what, (double)size / 1048576.0,
                (double)c->device.max_alloc / 1048576.0);
        return NULL;
    }
    m = clCreateBuffer(c->context, CL_MEM_READ_WRITE | copy, size,
                       (void *)(uintptr_t)data, &code);
    if (code != CL_SUCCESS) {
        gb_fail(err, "%s: no room for %s (%.1f MiB; the device has %.1f): %s",
                c->device.name, what, (double)size / 1048576.0,
                (double)c->device.memory / 1048576.0, gb_cl_error(code));
        return NULL;
    }
    return m;
}

cl_mem
gb_buffer(gb_compute *c, size_t size, const char *what, gb_error *err)
{
    return gb_buffer_of(c, NULL, size, what, err);
}

void
gb_buffer_free(cl_mem m)
{
    if (m != NULL)
        clReleaseMemObject(m);
}

uint64_t
gb_buffers_size(const gb_buffer_entry *list, size_t n)
{
    uint64_t size = 0;
    size_t i;

    for (i = 0; i < n; i++)
        size += list[i].size;
    return size;
}

bool
gb_buffers_open(gb_compute *c, const gb_buffer_entry *list, size_t n,
                gb_error *err)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (list[i].size == 0)
            continue;
        *list[i].mem = gb_buffer(c, list[i].size, list[i].what, err);
        if (*list[i].mem == NULL)
            return false;
    }
    return true;
}

void
gb_buffers_free(const gb_buffer_entry *list, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        gb_buffer_free(*list[i].mem);
        *list[i].mem = NULL;
    }
}

bool
gb_op_init(gb_compute *c, gb_op *op, const char *kernel, const gb_arg *args,
           size_t n, gb_error *err)
{
    cl_int code;
    cl_uint i;

    memset(op, 0, sizeof *op);
    op->name = gb_intern(kernel);
    op->x = 1;
    op->local[0] = c->shape.lanes;
    op->local[1] = 1;
    op->kernel = clCreateKernel(c->program, kernel, &code);
    for (i = 0; i < n && code == CL_SUCCESS; i++)
        if (args[i].size > 0)
            code = clSetKernelArg(op->kernel, i, args[i].size,
                                  &args[i].value);
    return code == CL_SUCCESS || gb_cl_fail(c, code, kernel, err);
}

bool
gb_op_init_packed(gb_compute *c, gb_op *op, const char *kernel,
                  gb_packing packing, const gb_arg *args, size_t n,
                  gb_error *err)
{
    char name[64];

    snprintf(name, sizeof name, "%s_%s", kernel, gb_packings[packing].name);
    return gb_op_init(c, op, name, args, n, err);
}

void
gb_op_free(gb_op *op)
{
    if (op->kernel != NULL)
        clReleaseKernel(op->kernel);
    op->kernel = NULL;
}

bool
gb_op_set(gb_op *op, unsigned arg, const gb_arg *value, gb_error *err)
{
    cl_int code = clSetKernelArg(op->kernel, arg, value->size, &value->value);

    return code == CL_SUCCESS ||
           gb_fail(err, "setting a kernel argument failed: %s",
                   gb_cl_error(code));
}

bool
gb_op_run(gb_compute *c, const gb_op *op, size_t rows, gb_error *err)
{
    size_t y = op->per_y > 0 ? gb_div_up(rows, op->per_y) : 1;
    size_t global[2];
    cl_event *event = gb_event(c);
    cl_int code;

    if (op->max_y > 0 && y > op->max_y)
        y = op->max_y;
    global[0] = op->x * op->local[0];
    global[1] = y * op->local[1];
    c->names[c->n_events] = op->name;
    code = clEnqueueNDRangeKernel(c->queue, op->kernel, 2, NULL, global,
                                  op->local, 0, NULL, event);
    return gb_enqueued(c, code, "running a kernel", err);
}
