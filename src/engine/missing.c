#include "engine/missing.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine/device.h"
#include "engine/pocl.h"

#define INSTALL "for a CPU install the package pocl-opencl-icd"

static const char *
variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Drivers with a compiler in them take hundreds of megabytes of addresses. */
static void
add_limit(gb_str *out)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        gb_str_printf(out, "; this process may have %.0f MiB of address space "
                      "(ulimit -v), which may be too little for a driver",
                      (double)limit.rlim_cur / 1048576.0);
}

/* Whether a file of the loader's folder names a driver. */
static bool
is_icd(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".icd") == 0;
}

/* Appends what comes of loading the driver that an .icd file names. */
static void
add_driver(gb_str *out, const char *folder, const char *file)
{
    char *path = gb_path_join(folder, file);
    gb_str library = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;

    gb_str_puts(out, out->len > 0 ? "; " : "");
    if (!gb_file_read(path, 4096, &library, &err)) {
        gb_str_puts(out, err.text);
    } else {
        library.data[strcspn(gb_str_cstr(&library), "\r\n")] = '\0';
        if (dlopen(library.data, RTLD_LAZY | RTLD_LOCAL) == NULL)
            gb_str_puts(out, dlerror());
        else
            gb_str_printf(out, "the driver %s offers none", library.data);
    }
    gb_str_free(&library);
    free(path);
}

/* The loader's folder of drivers, as ocl-icd and Khronos' loader find it. */
static const char *
vendors(void)
{
    const char *folder = variable("OCL_ICD_VENDORS");

    if (folder == NULL)
        folder = variable("OPENCL_VENDOR_PATH");
    return folder != NULL ? folder : "/etc/OpenCL/vendors";
}

bool
gb_fail_no_platform(gb_error *err)
{
    gb_str why = GB_STR_INIT;
    const char *folder = vendors();
    DIR *d = opendir(folder);
    struct dirent *entry;

    while (d != NULL && (entry = readdir(d)) != NULL)
        if (is_icd(entry->d_name))
            add_driver(&why, folder, entry->d_name);
    if (d != NULL)
        closedir(d);
    if (why.len == 0)
        gb_str_printf(&why, "no driver is installed (none in %s); " INSTALL,
                      folder);
    add_limit(&why);
    gb_fail(err, "no OpenCL platform found: %s", why.data);
    gb_str_free(&why);
    return false;
}

/* PoCL has devices by name, some of them on other machines, and none for who
 * cannot write its cache. */
static void
add_pocl(gb_str *out)
{
    const char *devices = variable("POCL_DEVICES");
    const char *remote = variable("POCL_REMOTE0_PARAMETERS");
    char *folder = gb_pocl_cache();

    if (folder != NULL &&
        (!gb_make_folders(folder, NULL) || access(folder, W_OK) != 0))
        gb_str_printf(out, " (it must be able to write its cache folder %s)",
                      folder);
    else if (devices != NULL)
        gb_str_printf(out, " (POCL_DEVICES is \"%s\"%s%s%s)", devices,
                      remote != NULL ? "; does the daemon pocld run at " : "",
                      remote != NULL ? remote : "",
                      remote != NULL ? "?"
                      : strstr(devices, "remote") != NULL
                          ? "; POCL_REMOTE0_PARAMETERS, where its daemon "
                            "pocld runs, is not set"
                          : "");
    free(folder);
}

static void
add_rusticl(gb_str *out)
{
    const char *drivers = variable("RUSTICL_ENABLE");

    if (drivers != NULL)
        gb_str_printf(out, " (RUSTICL_ENABLE is \"%s\")", drivers);
    else
        gb_str_puts(out, " (RUSTICL_ENABLE is not set, which names the Mesa "
                    "drivers that it may use)");
}

/* A driver of a GPU needs its device file. */
static void
add_gpu(gb_str *out)
{
    static const char *const files[] = {"/dev/dri/renderD128", "/dev/kfd"};
    size_t i;
    int fd;

    for (i = 0; i < GB_COUNT(files); i++) {
        fd = open(files[i], O_RDWR | O_CLOEXEC);
        if (fd < 0 && errno == EACCES) {
            gb_str_printf(out, " (it may not open %s: groups video, render)",
                          files[i]);
            return;
        }
        if (fd >= 0)
            close(fd);
    }
}

/* Appends a platform that offers nothing, and what it may lack. */
static void
add_platform(gb_str *out, cl_platform_id platform, cl_int code, bool *pocl)
{
    char name[128] = "a platform without a name";

    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof name - 1, name,
                      NULL);
    gb_str_printf(out, "%s%s ", out->len > 0 ? "; " : "", name);
    if (code == CL_DEVICE_NOT_FOUND)
        gb_str_puts(out, "offers none");
    else
        gb_str_printf(out, "fails with %s", gb_cl_error(code));
    *pocl |= strcmp(name, "Portable Computing Language") == 0;
    if (strcmp(name, "Portable Computing Language") == 0)
        add_pocl(out);
    else if (strcmp(name, "rusticl") == 0)
        add_rusticl(out);
    else
        add_gpu(out);
}

bool
gb_fail_no_device(const cl_platform_id *platforms, const cl_int *codes,
                  unsigned n, gb_error *err)
{
    gb_str why = GB_STR_INIT;
    bool pocl = false;
    unsigned i;

    for (i = 0; i < n; i++)
        add_platform(&why, platforms[i], codes[i], &pocl);
    if (!pocl)
        gb_str_puts(&why, "; " INSTALL);
    add_limit(&why);
    gb_fail(err, "no OpenCL device found: %s", why.data);
    gb_str_free(&why);
    return false;
}
