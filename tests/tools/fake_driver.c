/* An OpenCL driver without a device behind it, for the loader to find: what
 * it offers is said by
 *
 *   GUMBEL_FAKE='PLATFORM|DEVICE|TYPE|UNITS|VERSION[;...]'
 *
 * where neighbours of the same PLATFORM share one, an empty DEVICE means a
 * platform that has none, and TYPE is gpu, cpu, accelerator, or one of these
 * with "-off" (not available) or "-bare" (no compiler) behind. Every program
 * fails to build, with the log $GUMBEL_FAKE_LOG. */
#include <CL/cl_icd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16 };

struct _cl_platform_id {
    const cl_icd_dispatch *dispatch;
    char name[100];
};
struct _cl_device_id {
    const cl_icd_dispatch *dispatch;
    cl_platform_id platform;
    char name[100], type[30], version[60];
    cl_uint units;
};
/* Contexts, queues and programs are all the same. */
struct object {
    const cl_icd_dispatch *dispatch;
};

static cl_icd_dispatch dispatch;
static struct _cl_platform_id platforms[MOST];
static struct _cl_device_id devices[MOST];
static cl_uint n_platforms, n_devices;
static struct object object = {&dispatch};

/* Takes a field off the text, up to a separator. */
static void
take(char **text, char separator, char *out, size_t n)
{
    size_t length = strcspn(*text, separator == ';' ? ";" : "|;");

    snprintf(out, n, "%.*s", (int)length, *text);
    *text += length;
    if (**text == separator)
        ++*text;
}

static void
read_wish(void)
{
    struct _cl_platform_id *p;
    struct _cl_device_id *d;
    char *at = getenv("GUMBEL_FAKE"), name[100], units[12];

    while (at != NULL && *at != '\0' && n_devices < MOST) {
        take(&at, '|', name, sizeof name);
        p = &platforms[n_platforms];
        if (n_platforms == 0 || strcmp(p[-1].name, name) != 0) {
            p->dispatch = &dispatch;
            strcpy(p->name, name);
            n_platforms++;
        }
        d = &devices[n_devices];
        d->dispatch = &dispatch;
        d->platform = &platforms[n_platforms - 1];
        take(&at, '|', d->name, sizeof d->name);
        take(&at, '|', d->type, sizeof d->type);
        take(&at, '|', units, sizeof units);
        take(&at, ';', d->version, sizeof d->version);
        d->units = (cl_uint)strtoul(units, NULL, 10);
        n_devices += d->name[0] != '\0';
    }
}

static cl_int
give(const void *value, size_t n, size_t size, void *out, size_t *used)
{
    if (out != NULL && size < n)
        return CL_INVALID_VALUE;
    if (out != NULL)
        memcpy(out, value, n);
    if (used != NULL)
        *used = n;
    return CL_SUCCESS;
}

static cl_int
give_text(const char *text, size_t size, void *out, size_t *used)
{
    return give(text, strlen(text) + 1, size, out, used);
}

static CL_API_ENTRY cl_int CL_API_CALL
platform_info(cl_platform_id p, cl_platform_info what, size_t size, void *out,
              size_t *used)
{
    switch (what) {
    case CL_PLATFORM_NAME:
        return give_text(p->name, size, out, used);
    case CL_PLATFORM_ICD_SUFFIX_KHR:
        return give_text("FAKE", size, out, used);
    case CL_PLATFORM_EXTENSIONS:
        return give_text("cl_khr_icd", size, out, used);
    case CL_PLATFORM_VERSION:
        return give_text("OpenCL 1.2 fake", size, out, used);
    default:
        return give_text("fake", size, out, used);
    }
}

static CL_API_ENTRY cl_int CL_API_CALL
device_ids(cl_platform_id p, cl_device_type type, cl_uint room,
           cl_device_id *out, cl_uint *count)
{
    cl_uint i, n = 0;

    (void)type;
    for (i = 0; i < n_devices; i++) {
        if (devices[i].platform != p)
            continue;
        if (out != NULL && n < room)
            out[n] = &devices[i];
        n++;
    }
    if (count != NULL)
        *count = n;
    return n > 0 ? CL_SUCCESS : CL_DEVICE_NOT_FOUND;
}

static cl_device_type
type_of(const char *name)
{
    return name[0] == 'g'   ? CL_DEVICE_TYPE_GPU
           : name[0] == 'c' ? CL_DEVICE_TYPE_CPU
                            : CL_DEVICE_TYPE_ACCELERATOR;
}

static CL_API_ENTRY cl_int CL_API_CALL
device_info(cl_device_id d, cl_device_info what, size_t size, void *out,
            size_t *used)
{
    const cl_device_type type = type_of(d->type);
    const cl_bool available = strstr(d->type, "-off") == NULL;
    const cl_bool compiler = strstr(d->type, "-bare") == NULL;
    const cl_ulong memory = 8ull << 30;
    const size_t group = 256;

    switch (what) {
    case CL_DEVICE_NAME:
        return give_text(d->name, size, out, used);
    case CL_DEVICE_VERSION:
        return give_text(d->version, size, out, used);
    case CL_DEVICE_TYPE:
        return give(&type, sizeof type, size, out, used);
    case CL_DEVICE_AVAILABLE:
        return give(&available, sizeof available, size, out, used);
    case CL_DEVICE_COMPILER_AVAILABLE:
        return give(&compiler, sizeof compiler, size, out, used);
    case CL_DEVICE_MAX_COMPUTE_UNITS:
        return give(&d->units, sizeof d->units, size, out, used);
    case CL_DEVICE_GLOBAL_MEM_SIZE:
    case CL_DEVICE_MAX_MEM_ALLOC_SIZE:
        return give(&memory, sizeof memory, size, out, used);
    case CL_DEVICE_MAX_WORK_GROUP_SIZE:
        return give(&group, sizeof group, size, out, used);
    case CL_DEVICE_VENDOR:
    case CL_DRIVER_VERSION:
        return give_text("fake", size, out, used);
    case CL_DEVICE_EXTENSIONS:
        return give_text("", size, out, used);
    default:
        return CL_INVALID_VALUE;
    }
}

static CL_API_ENTRY cl_context CL_API_CALL
create_context(const cl_context_properties *properties, cl_uint n,
               const cl_device_id *ids,
               void(CL_CALLBACK *notify)(const char *, const void *, size_t,
                                         void *),
               void *arg, cl_int *code)
{
    (void)properties, (void)n, (void)ids, (void)notify, (void)arg;
    *code = CL_SUCCESS;
    return (cl_context)(void *)&object;
}

static CL_API_ENTRY cl_command_queue CL_API_CALL
create_queue(cl_context context, cl_device_id d,
             cl_command_queue_properties properties, cl_int *code)
{
    (void)context, (void)d, (void)properties;
    *code = CL_SUCCESS;
    return (cl_command_queue)(void *)&object;
}

static CL_API_ENTRY cl_program CL_API_CALL
create_program(cl_context context, cl_uint n, const char **sources,
               const size_t *lengths, cl_int *code)
{
    (void)context, (void)n, (void)sources, (void)lengths;
    *code = CL_SUCCESS;
    return (cl_program)(void *)&object;
}

static CL_API_ENTRY cl_int CL_API_CALL
build(cl_program program, cl_uint n, const cl_device_id *ids,
      const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
      void *arg)
{
    (void)program, (void)n, (void)ids, (void)options, (void)notify, (void)arg;
    return CL_BUILD_PROGRAM_FAILURE;
}

static CL_API_ENTRY cl_int CL_API_CALL
build_info(cl_program program, cl_device_id d, cl_program_build_info what,
           size_t size, void *out, size_t *used)
{
    const char *log = getenv("GUMBEL_FAKE_LOG");

    (void)program, (void)d, (void)what;
    return give_text(log != NULL ? log : "", size, out, used);
}

static CL_API_ENTRY cl_int CL_API_CALL
release_context(cl_context context)
{
    (void)context;
    return CL_SUCCESS;
}

static CL_API_ENTRY cl_int CL_API_CALL
release_queue(cl_command_queue queue)
{
    (void)queue;
    return CL_SUCCESS;
}

static CL_API_ENTRY cl_int CL_API_CALL
release_program(cl_program program)
{
    (void)program;
    return CL_SUCCESS;
}

static CL_API_ENTRY cl_mem CL_API_CALL
create_buffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
              cl_int *code)
{
    (void)context, (void)flags, (void)size, (void)host;
    *code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    return NULL;
}

CL_API_ENTRY cl_int CL_API_CALL
clIcdGetPlatformIDsKHR(cl_uint room, cl_platform_id *out, cl_uint *count)
{
    cl_uint i;

    if (n_platforms == 0) {
        read_wish();
        dispatch.clGetPlatformInfo = platform_info;
        dispatch.clGetDeviceIDs = device_ids;
        dispatch.clGetDeviceInfo = device_info;
        dispatch.clCreateContext = create_context;
        dispatch.clReleaseContext = release_context;
        dispatch.clCreateCommandQueue = create_queue;
        dispatch.clReleaseCommandQueue = release_queue;
        dispatch.clFinish = release_queue;
        dispatch.clCreateProgramWithSource = create_program;
        dispatch.clBuildProgram = build;
        dispatch.clGetProgramBuildInfo = build_info;
        dispatch.clReleaseProgram = release_program;
        dispatch.clCreateBuffer = create_buffer;
    }
    for (i = 0; out != NULL && i < room && i < n_platforms; i++)
        out[i] = &platforms[i];
    if (count != NULL)
        *count = n_platforms;
    return n_platforms > 0 ? CL_SUCCESS : -1001;
}

CL_API_ENTRY void *CL_API_CALL
clGetExtensionFunctionAddress(const char *name)
{
    if (strcmp(name, "clIcdGetPlatformIDsKHR") == 0)
        return (void *)clIcdGetPlatformIDsKHR;
    return NULL;
}

CL_API_ENTRY cl_int CL_API_CALL
clGetPlatformInfo(cl_platform_id p, cl_platform_info what, size_t size,
                  void *out, size_t *used)
{
    return platform_info(p, what, size, out, used);
}
