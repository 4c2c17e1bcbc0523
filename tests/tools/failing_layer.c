/* An OpenCL layer (OPENCL_LAYERS) in which a device dies: a command fails
 * the way PoCL-Remote's do when the other machine is gone. It is never run,
 * its event ends with an error, and the call itself, blocking or not, returns
 * CL_SUCCESS, as clFinish does after it.
 *
 * $GUMBEL_FAIL is KIND:N for the Nth command of a kind (from 1) and all
 * commands after it, KIND:N! for that one alone; with KIND:N? even its event
 * says that all is well. Kinds: read, write, fill,
 * map, unmap, kernel. When the layer is loaded it makes the file
 * $GUMBEL_FAIL_LOADED, so that a test can tell whether the loader has
 * layers. */
#include <CL/cl_layer.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cl_icd_dispatch *next;
static cl_icd_dispatch layer;
static char kind[16];
static unsigned at;
static bool alone, lying;
static atomic_uint seen;
static atomic_bool dead;

/* Whether a command of this kind fails now. */
static bool
fails(const char *what)
{
    if (atomic_load(&dead) && !alone)
        return true;
    if (strcmp(what, kind) != 0 || atomic_fetch_add(&seen, 1) + 1 != at)
        return false;
    atomic_store(&dead, true);
    return true;
}

/* The event of a command that failed after it was enqueued. */
static cl_int
failed(cl_command_queue queue, cl_event *event)
{
    cl_context context;
    cl_int code;

    if (event == NULL)
        return CL_SUCCESS;
    code = next->clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT,
                                       sizeof context, &context, NULL);
    if (code == CL_SUCCESS)
        *event = next->clCreateUserEvent(context, &code);
    if (code == CL_SUCCESS)
        code = next->clSetUserEventStatus(
            *event, lying ? CL_COMPLETE : CL_DEVICE_NOT_AVAILABLE);
    return code;
}

static CL_API_ENTRY cl_int CL_API_CALL
read_buffer(cl_command_queue queue, cl_mem m, cl_bool blocking, size_t offset,
            size_t size, void *out, cl_uint n, const cl_event *wait,
            cl_event *event)
{
    if (fails("read"))
        return failed(queue, event);
    return next->clEnqueueReadBuffer(queue, m, blocking, offset, size, out, n,
                                     wait, event);
}

static CL_API_ENTRY cl_int CL_API_CALL
write_buffer(cl_command_queue queue, cl_mem m, cl_bool blocking,
             size_t offset, size_t size, const void *data, cl_uint n,
             const cl_event *wait, cl_event *event)
{
    if (fails("write"))
        return failed(queue, event);
    return next->clEnqueueWriteBuffer(queue, m, blocking, offset, size, data,
                                      n, wait, event);
}

static CL_API_ENTRY cl_int CL_API_CALL
fill_buffer(cl_command_queue queue, cl_mem m, const void *pattern,
            size_t pattern_size, size_t offset, size_t size, cl_uint n,
            const cl_event *wait, cl_event *event)
{
    if (fails("fill"))
        return failed(queue, event);
    return next->clEnqueueFillBuffer(queue, m, pattern, pattern_size, offset,
                                     size, n, wait, event);
}

/* What is mapped can be written to all the same. */
static CL_API_ENTRY void *CL_API_CALL
map_buffer(cl_command_queue queue, cl_mem m, cl_bool blocking,
           cl_map_flags flags, size_t offset, size_t size, cl_uint n,
           const cl_event *wait, cl_event *event, cl_int *code)
{
    bool broken = fails("map");
    void *p = next->clEnqueueMapBuffer(queue, m, blocking, flags, offset,
                                       size, n, wait, broken ? NULL : event,
                                       code);

    if (broken && p != NULL)
        failed(queue, event);
    return p;
}

static CL_API_ENTRY cl_int CL_API_CALL
unmap_buffer(cl_command_queue queue, cl_mem m, void *p, cl_uint n,
             const cl_event *wait, cl_event *event)
{
    cl_int code;

    if (!fails("unmap"))
        return next->clEnqueueUnmapMemObject(queue, m, p, n, wait, event);
    code = next->clEnqueueUnmapMemObject(queue, m, p, n, wait, NULL);
    return code == CL_SUCCESS ? failed(queue, event) : code;
}

static CL_API_ENTRY cl_int CL_API_CALL
run_kernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
           const size_t *offset, const size_t *global, const size_t *local,
           cl_uint n, const cl_event *wait, cl_event *event)
{
    if (fails("kernel"))
        return failed(queue, event);
    return next->clEnqueueNDRangeKernel(queue, kernel, dimensions, offset,
                                        global, local, n, wait, event);
}

static void
read_wish(void)
{
    const char *wish = getenv("GUMBEL_FAIL");
    const char *loaded = getenv("GUMBEL_FAIL_LOADED");
    FILE *f;
    char mark = 0;

    if (wish != NULL && sscanf(wish, "%15[a-z]:%u%c", kind, &at, &mark) < 2) {
        fprintf(stderr, "failing_layer: expected KIND:N, found %s\n", wish);
        abort();
    }
    lying = mark == '?';
    alone = mark == '!' || lying;
    if (loaded != NULL && (f = fopen(loaded, "w")) != NULL)
        fclose(f);
}

CL_API_ENTRY cl_int CL_API_CALL
clGetLayerInfo(cl_layer_info what, size_t size, void *out, size_t *used)
{
    static const cl_layer_api_version version = CL_LAYER_API_VERSION_100;

    if (what != CL_LAYER_API_VERSION || size < sizeof version)
        return CL_INVALID_VALUE;
    if (out != NULL)
        memcpy(out, &version, sizeof version);
    if (used != NULL)
        *used = sizeof version;
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL
clInitLayer(cl_uint n, const cl_icd_dispatch *target, cl_uint *n_layer,
            const cl_icd_dispatch **out)
{
    const cl_uint known = sizeof layer / sizeof layer.clGetPlatformIDs;

    read_wish();
    next = target;
    memcpy(&layer, target,
           (n < known ? n : known) * sizeof layer.clGetPlatformIDs);
    layer.clEnqueueReadBuffer = read_buffer;
    layer.clEnqueueWriteBuffer = write_buffer;
    layer.clEnqueueFillBuffer = fill_buffer;
    layer.clEnqueueMapBuffer = map_buffer;
    layer.clEnqueueUnmapMemObject = unmap_buffer;
    layer.clEnqueueNDRangeKernel = run_kernel;
    *n_layer = n < known ? n : known;
    *out = &layer;
    return CL_SUCCESS;
}
