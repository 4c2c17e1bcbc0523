#include "engine/queue.h"

#include <stdlib.h>

#include "base/mem.h"

cl_event *
gb_event(gb_compute *c)
{
    c->events[c->n_events] = NULL;
    c->names[c->n_events] = NULL;
    return &c->events[c->n_events];
}

/* A status below 0 is an error. Drivers may update it a moment after a wait
 * has ended. */
static cl_int
outcome(cl_event event)
{
    cl_int status = CL_SUBMITTED, code = CL_SUCCESS;
    int tries;

    for (tries = 0; tries < 2 && code == CL_SUCCESS && status > CL_COMPLETE;
         tries++) {
        if (tries > 0)
            clWaitForEvents(1, &event);
        code = clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS,
                              sizeof status, &status, NULL);
    }
    if (code != CL_SUCCESS)
        return code;
    return status > CL_COMPLETE ? CL_DEVICE_NOT_AVAILABLE : status;
}

static bool
fail(gb_compute *c, cl_int code, const char *doing, gb_error *err)
{
    c->failed = true;
    return gb_cl_fail(c, code, doing, err);
}

/* How long a command took, where the device can tell. */
static void
note(gb_compute *c, unsigned i)
{
    const char *name = c->names[i] != NULL ? c->names[i] : "(transfers)";
    cl_ulong start, end;

    if (clGetEventProfilingInfo(c->events[i], CL_PROFILING_COMMAND_START,
                                sizeof start, &start, NULL) == CL_SUCCESS &&
        clGetEventProfilingInfo(c->events[i], CL_PROFILING_COMMAND_END,
                                sizeof end, &end, NULL) == CL_SUCCESS &&
        end >= start)
        gb_profile_add(c->profile, name, 1, (double)(end - start) * 1e-6);
}

/* After a wait that returned `code`: the first failure of the commands since
 * the last one. */
static bool
settle(gb_compute *c, cl_int code, const char *doing, gb_error *err)
{
    unsigned i;

    for (i = 0; i < c->n_events; i++) {
        if (code == CL_SUCCESS)
            code = outcome(c->events[i]);
        if (code == CL_SUCCESS && c->profile != NULL)
            note(c, i);
        clReleaseEvent(c->events[i]);
    }
    c->n_events = 0;
    return code == CL_SUCCESS || fail(c, code, doing, err);
}

/* Counts the command whose event was asked for. */
static void
count(gb_compute *c)
{
    if (c->events[c->n_events] != NULL)
        c->n_events++;
}

bool
gb_enqueued(gb_compute *c, cl_int code, const char *doing, gb_error *err)
{
    if (code != CL_SUCCESS)
        return fail(c, code, doing, err);
    count(c);
    return c->n_events < GB_EVENTS || gb_compute_finish(c, err);
}

bool
gb_compute_finish(gb_compute *c, gb_error *err)
{
    return settle(c, clFinish(c->queue), "computing", err);
}

bool
gb_queue_rest(gb_compute *c, gb_error *err)
{
    return c->n_events == 0 || gb_compute_finish(c, err);
}

bool
gb_read_buffer(gb_compute *c, cl_mem m, void *out, size_t size, gb_error *err)
{
    cl_int code = clEnqueueReadBuffer(c->queue, m, CL_TRUE, 0, size, out, 0,
                                      NULL, gb_event(c));

    count(c);
    return settle(c, code, "computing", err);
}

bool
gb_write_buffer(gb_compute *c, cl_mem m, const void *data, size_t size,
                gb_error *err)
{
    cl_int code = clEnqueueWriteBuffer(c->queue, m, CL_TRUE, 0, size, data, 0,
                                       NULL, gb_event(c));

    count(c);
    return settle(c, code, "writing device memory", err);
}

bool
gb_send_buffer(gb_compute *c, cl_mem m, const void *data, size_t size,
               gb_error *err)
{
    cl_int code = clEnqueueWriteBuffer(c->queue, m, CL_FALSE, 0, size, data,
                                       0, NULL, gb_event(c));

    return gb_enqueued(c, code, "writing device memory", err);
}

bool
gb_fetch_part(gb_compute *c, cl_mem m, size_t offset, void *out, size_t size,
              gb_error *err)
{
    cl_int code = clEnqueueReadBuffer(c->queue, m, CL_FALSE, offset, size,
                                      out, 0, NULL, gb_event(c));

    return gb_enqueued(c, code, "reading device memory", err);
}

void *
gb_map_buffer(gb_compute *c, cl_mem m, size_t size, gb_error *err)
{
    cl_int code;
    void *p;

    if (!c->device.shares_memory) {
        p = gb_try_alloc(size, 1);
        if (p == NULL)
            gb_fail(err, "there is no memory for a part of the model "
                    "(%.1f MiB)", (double)size / 1048576.0);
        return p;
    }
    p = clEnqueueMapBuffer(c->queue, m, CL_TRUE,
                           CL_MAP_WRITE_INVALIDATE_REGION, 0, size, 0, NULL,
                           gb_event(c), &code);
    count(c);
    return settle(c, code, "mapping device memory", err) ? p : NULL;
}

bool
gb_unmap_buffer(gb_compute *c, cl_mem m, void *p, size_t size, gb_error *err)
{
    cl_int code;
    bool ok;

    if (!c->device.shares_memory) {
        ok = gb_write_buffer(c, m, p, size, err);
        free(p);
        return ok;
    }
    code = clEnqueueUnmapMemObject(c->queue, m, p, 0, NULL, gb_event(c));
    return gb_enqueued(c, code, "writing device memory", err);
}

bool
gb_fill_buffer(gb_compute *c, cl_mem m, const void *pattern,
               size_t pattern_size, size_t size, gb_error *err)
{
    cl_int code = clEnqueueFillBuffer(c->queue, m, pattern, pattern_size, 0,
                                      size, 0, NULL, gb_event(c));

    return gb_enqueued(c, code, "filling device memory", err);
}

bool
gb_copy_buffer(gb_compute *c, cl_mem from, size_t offset, cl_mem to,
               size_t to_offset, size_t size, gb_error *err)
{
    cl_int code = clEnqueueCopyBuffer(c->queue, from, to, offset, to_offset,
                                      size, 0, NULL, gb_event(c));

    return gb_enqueued(c, code, "copying device memory", err);
}

bool
gb_queue_profile(gb_compute *c, gb_error *err)
{
    cl_command_queue queue;
    cl_int code;

    queue = clCreateCommandQueue(c->context, c->device.id,
                                 CL_QUEUE_PROFILING_ENABLE, &code);
    if (code != CL_SUCCESS)
        return gb_cl_fail(c, code, "creating a queue that tells times", err);
    gb_queue_close(c);
    c->queue = queue;
    c->profile = gb_alloc(sizeof *c->profile);
    return true;
}

void
gb_queue_close(gb_compute *c)
{
    if (c->queue == NULL)
        return;
    gb_compute_finish(c, NULL);
    clReleaseCommandQueue(c->queue);
    c->queue = NULL;
}
