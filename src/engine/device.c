#include "engine/device.h"

#include <CL/cl.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/missing.h"
#include "engine/pocl.h"

#define MAX_PLATFORMS 64
#define MAX_DEVICES 256

static const struct {
    cl_int code;
    const char *name;
} error_names[] = {
#define NAME(e) {e, #e}
    NAME(CL_SUCCESS),
    NAME(CL_DEVICE_NOT_FOUND),
    NAME(CL_DEVICE_NOT_AVAILABLE),
    NAME(CL_COMPILER_NOT_AVAILABLE),
    NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE),
    NAME(CL_OUT_OF_RESOURCES),
    NAME(CL_OUT_OF_HOST_MEMORY),
    NAME(CL_MAP_FAILURE),
    NAME(CL_BUILD_PROGRAM_FAILURE),
    NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
    NAME(CL_INVALID_VALUE),
    NAME(CL_INVALID_PLATFORM),
    NAME(CL_INVALID_DEVICE),
    NAME(CL_INVALID_CONTEXT),
    NAME(CL_INVALID_COMMAND_QUEUE),
    NAME(CL_INVALID_MEM_OBJECT),
    NAME(CL_INVALID_BINARY),
    NAME(CL_INVALID_BUILD_OPTIONS),
    NAME(CL_INVALID_PROGRAM),
    NAME(CL_INVALID_PROGRAM_EXECUTABLE),
    NAME(CL_INVALID_KERNEL_NAME),
    NAME(CL_INVALID_KERNEL),
    NAME(CL_INVALID_ARG_INDEX),
    NAME(CL_INVALID_ARG_VALUE),
    NAME(CL_INVALID_ARG_SIZE),
    NAME(CL_INVALID_KERNEL_ARGS),
    NAME(CL_INVALID_WORK_DIMENSION),
    NAME(CL_INVALID_WORK_GROUP_SIZE),
    NAME(CL_INVALID_WORK_ITEM_SIZE),
    NAME(CL_INVALID_OPERATION),
    NAME(CL_INVALID_BUFFER_SIZE),
    NAME(CL_INVALID_GLOBAL_WORK_SIZE),
#undef NAME
    {-1001, "no OpenCL platform (CL_PLATFORM_NOT_FOUND_KHR)"},
};

const char *
gb_cl_error(int32_t code)
{
    static _Thread_local char unknown[32];
    size_t i;

    for (i = 0; i < GB_COUNT(error_names); i++)
        if (error_names[i].code == code)
            return error_names[i].name;
    snprintf(unknown, sizeof unknown, "OpenCL error %d", (int)code);
    return unknown;
}

const char *
gb_device_type_name(const gb_device *d)
{
    if (d->type & CL_DEVICE_TYPE_GPU)
        return "gpu";
    if (gb_device_is_cpu(d))
        return "cpu";
    return "accelerator";
}

/* Reads a text, without the spaces that some drivers put around it. */
static void
device_text(cl_device_id id, cl_device_info what, char *out, size_t n)
{
    char text[512] = "";
    char *start = text, *end;

    if (clGetDeviceInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS)
        text[0] = '\0';
    while (isspace((unsigned char)*start))
        start++;
    end = start + strlen(start);
    while (end > start && isspace((unsigned char)end[-1]))
        *--end = '\0';
    snprintf(out, n, "%s", start);
}

static bool
has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    const char *p;

    for (p = list; (p = strstr(p, word)) != NULL; p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

static void
read_extensions(gb_device *d)
{
    char *list;
    size_t n = 0;

    clGetDeviceInfo(d->id, CL_DEVICE_EXTENSIONS, 0, NULL, &n);
    list = gb_alloc(n + 1);
    clGetDeviceInfo(d->id, CL_DEVICE_EXTENSIONS, n, list, NULL);
    d->has_fp16 = has_word(list, "cl_khr_fp16");
    d->has_fp64 = has_word(list, "cl_khr_fp64");
    d->has_command_buffer = has_word(list, "cl_khr_command_buffer");
    free(list);
}

/* This machine's processor has the system's memory, but PoCL reports less than
 * it gives, unless it was told a limit. */
static void
read_memory(gb_device *d)
{
    cl_bool unified = CL_FALSE;
    cl_ulong all;

    clGetDeviceInfo(d->id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof d->memory,
                    &d->memory, NULL);
    clGetDeviceInfo(d->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof d->max_alloc,
                    &d->max_alloc, NULL);
    clGetDeviceInfo(d->id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified,
                    &unified, NULL);
    d->shares_memory = unified && !gb_pocl_is_remote(d);
    all = (cl_ulong)sysconf(_SC_PHYS_PAGES) *
          (cl_ulong)sysconf(_SC_PAGESIZE);
    if (gb_device_is_own_cpu(d) && d->memory < all &&
        getenv("POCL_MEMORY_LIMIT") == NULL)
        d->memory = all;
}

/* The kernels are OpenCL C 1.2, and so are the calls. */
static bool
is_new_enough(const char *version)
{
    unsigned major, minor;

    return sscanf(version, "OpenCL %u.%u", &major, &minor) == 2 &&
           (major > 1 || (major == 1 && minor >= 2));
}

static void
read_usability(gb_device *d)
{
    cl_bool available = CL_FALSE, compiler = CL_FALSE;

    clGetDeviceInfo(d->id, CL_DEVICE_AVAILABLE, sizeof available, &available,
                    NULL);
    clGetDeviceInfo(d->id, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler,
                    &compiler, NULL);
    if (!is_new_enough(d->version))
        snprintf(d->unusable, sizeof d->unusable,
                 "%.20s, expected OpenCL 1.2 or later", d->version);
    else if (!available)
        strcpy(d->unusable, "its driver says that it is not available");
    else if (!compiler)
        strcpy(d->unusable, "its driver has no compiler");
}

static void
read_device(gb_device *d, cl_platform_id platform, cl_device_id id)
{
    memset(d, 0, sizeof *d);
    d->platform = platform;
    d->id = id;
    clGetPlatformInfo(platform, CL_PLATFORM_NAME,
                      sizeof d->platform_name - 1, d->platform_name, NULL);
    device_text(id, CL_DEVICE_NAME, d->name, sizeof d->name);
    device_text(id, CL_DEVICE_VENDOR, d->vendor, sizeof d->vendor);
    device_text(id, CL_DEVICE_VERSION, d->version, sizeof d->version);
    device_text(id, CL_DRIVER_VERSION, d->driver, sizeof d->driver);
    clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof d->type, &d->type, NULL);
    clGetDeviceInfo(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof d->compute_units,
                    &d->compute_units, NULL);
    clGetDeviceInfo(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof d->max_group,
                    &d->max_group, NULL);
    clGetDeviceInfo(id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof d->local_memory,
                    &d->local_memory, NULL);
    read_extensions(d);
    read_memory(d);
    read_usability(d);
}

static bool
contains(const char *text, const char *part)
{
    size_t n = strlen(part);

    for (; *text != '\0'; text++)
        if (strncasecmp(text, part, n) == 0)
            return true;
    return false;
}

/* Adds the devices of a platform; how many there are, or an error code. */
static cl_int
list_platform(cl_platform_id platform, unsigned index, gb_device **devices,
              size_t *count)
{
    cl_device_id ids[MAX_DEVICES];
    cl_uint n = 0, i;
    cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MAX_DEVICES,
                                 ids, &n);
    gb_device *d;

    if (code != CL_SUCCESS)
        return code;
    if (n > MAX_DEVICES)
        n = MAX_DEVICES;
    *devices = gb_realloc_array(*devices, *count + n, sizeof **devices);
    for (i = 0; i < n; i++) {
        d = &(*devices)[(*count)++];
        read_device(d, platform, ids[i]);
        d->platform_index = index;
        d->device_index = i;
    }
    return n > 0 ? CL_SUCCESS : CL_DEVICE_NOT_FOUND;
}

bool
gb_devices_list(gb_device **devices, size_t *count, gb_error *err)
{
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_int codes[MAX_PLATFORMS];
    cl_uint n = 0, i;

    *devices = NULL;
    *count = 0;
    if (clGetPlatformIDs(MAX_PLATFORMS, platforms, &n) != CL_SUCCESS ||
        n == 0)
        return gb_fail_no_platform(err);
    if (n > MAX_PLATFORMS)
        n = MAX_PLATFORMS;
    for (i = 0; i < n; i++)
        codes[i] = list_platform(platforms[i], i, devices, count);
    return *count > 0 || gb_fail_no_device(platforms, codes, n, err);
}

bool
gb_device_is_software(const gb_device *d)
{
    static const char *const names[] = {"llvmpipe", "lavapipe", "softpipe",
                                        "swrast", "oclgrind"};
    size_t i;

    for (i = 0; i < GB_COUNT(names); i++)
        if (contains(d->name, names[i]))
            return true;
    return false;
}

bool
gb_device_is_cpu(const gb_device *d)
{
    return (d->type & CL_DEVICE_TYPE_CPU) != 0;
}

bool
gb_device_is_own_cpu(const gb_device *d)
{
    return gb_device_is_cpu(d) && !gb_pocl_is_remote(d);
}

/* Bytes of memory that can be had at the least; a guess is enough. */
static uint64_t
available_memory(void)
{
    FILE *f = fopen("/proc/meminfo", "re");
    unsigned long long kib = UINT64_MAX >> 10;
    char line[128];

    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            break;
    if (f != NULL)
        fclose(f);
    return (uint64_t)kib << 10;
}

bool
gb_device_has_room(const gb_device *d, uint64_t held, uint64_t more)
{
    if (gb_device_is_own_cpu(d) && more > available_memory())
        return false;
    return more <= d->memory && held <= d->memory - more;
}

/* All CPUs that drivers offer of this machine are its processor. */
bool
gb_device_is_twin(const gb_device *a, const gb_device *b)
{
    if (a->platform_index == b->platform_index || a->type != b->type ||
        gb_device_is_software(a) || gb_device_is_software(b) ||
        gb_pocl_is_remote(a) || gb_pocl_is_remote(b))
        return false;
    return gb_device_is_cpu(a) || strcasecmp(a->name, b->name) == 0;
}

/* What a device is, the best first. */
static int
kind_of(const gb_device *d)
{
    if (gb_device_is_software(d))
        return 3;
    if (d->type & CL_DEVICE_TYPE_GPU)
        return 0;
    return gb_device_is_cpu(d) ? 2 : 1;
}

static bool
is_better(const gb_device *a, const gb_device *b)
{
    int kind_a = kind_of(a), kind_b = kind_of(b);

    if (kind_a != kind_b)
        return kind_a < kind_b;
    if (a->compute_units != b->compute_units)
        return a->compute_units > b->compute_units;
    return a->memory > b->memory;
}

static bool
fits(const gb_device *d, const char *spec)
{
    unsigned platform, device;
    char rest;

    if (strcasecmp(spec, "gpu") == 0)
        return (d->type & CL_DEVICE_TYPE_GPU) != 0;
    if (strcasecmp(spec, "cpu") == 0)
        return gb_device_is_cpu(d);
    if (sscanf(spec, "%u:%u%c", &platform, &device, &rest) == 2)
        return d->platform_index == platform && d->device_index == device;
    return contains(d->name, spec) || contains(d->platform_name, spec);
}

/* Appends those that can be used, or those that cannot and why. */
static void
put_list(gb_str *out, const gb_device *list, size_t n, bool usable)
{
    const gb_device *d;

    for (d = list; d < list + n; d++)
        if ((d->unusable[0] == '\0') == usable)
            gb_str_printf(out, "%s%u:%u %s (%s)", out->len > 0 ? ", " : "",
                          d->platform_index, d->device_index, d->name,
                          usable ? gb_device_type_name(d) : d->unusable);
}

static bool
nothing_fits(const char *spec, const gb_device *list, size_t n, gb_error *err)
{
    gb_str s = GB_STR_INIT;
    size_t i;

    for (i = 0; i < n; i++)
        if (spec != NULL && fits(&list[i], spec))
            return gb_fail(err, "%u:%u %s cannot be used: %s",
                           list[i].platform_index, list[i].device_index,
                           list[i].name, list[i].unusable);
    put_list(&s, list, n, true);
    if (s.len > 0) {
        gb_fail(err, "no OpenCL device fits \"%s\"; there is %s", spec,
                s.data);
    } else {
        put_list(&s, list, n, false);
        gb_fail(err, "no OpenCL device can be used: %s", s.data);
    }
    gb_str_free(&s);
    return false;
}

bool
gb_device_choose(const char *spec, gb_device *device, gb_error *err)
{
    gb_device *list;
    const gb_device *best = NULL;
    size_t n, i;

    if (spec == NULL)
        spec = getenv("GUMBEL_DEVICE");
    if (spec != NULL && spec[0] == '\0')
        spec = NULL;
    if (!gb_devices_list(&list, &n, err))
        return false;
    for (i = 0; i < n; i++)
        if (list[i].unusable[0] == '\0' &&
            (spec == NULL || fits(&list[i], spec)) &&
            (best == NULL || is_better(&list[i], best)))
            best = &list[i];
    if (best != NULL)
        *device = *best;
    else
        nothing_fits(spec, list, n, err);
    free(list);
    return best != NULL;
}
