#include "engine/pocl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

bool
gb_pocl_has(const gb_device *d)
{
    return gb_device_is_own_cpu(d) &&
           strcmp(d->platform_name, "Portable Computing Language") == 0;
}

bool
gb_pocl_is_remote(const gb_device *d)
{
    return strstr(d->version, "HSTR: pocl-remote: ") != NULL;
}

/* Its binaries hold files, each behind its length (32 bits). */
const unsigned char *
gb_pocl_bitcode(const unsigned char *binary, size_t n, size_t *size)
{
    static const char head[] = "poclbin";
    static const unsigned char magic[] = {'B', 'C', 0xc0, 0xde};
    const unsigned char *at;
    uint32_t length;

    if (n < sizeof head || memcmp(binary, head, sizeof head - 1) != 0)
        return NULL;
    at = memmem(binary, n, magic, sizeof magic);
    if (at == NULL || (size_t)(at - binary) < sizeof head + sizeof length)
        return NULL;
    memcpy(&length, at - sizeof length, sizeof length);
    *size = length;
    return length <= n - (size_t)(at - binary) ? at : NULL;
}

char *
gb_pocl_cache(void)
{
    const char *own = getenv("POCL_CACHE_DIR");
    const char *all = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (own != NULL && own[0] != '\0')
        return gb_strdup(own);
    if (all != NULL && all[0] != '\0')
        return gb_path_join(all, "pocl");
    return home != NULL ? gb_format("%s/.cache/pocl", home) : NULL;
}

/* Whether a folder can be made and written to; tried above it where it is not
 * there, so that none appears for who has another driver. */
static bool
is_possible(const char *folder)
{
    char *at = gb_strdup(folder), *slash, *probe;
    bool ok;

    while (access(at, F_OK) != 0 && (slash = strrchr(at, '/')) != NULL &&
           slash != at)
        *slash = '\0';
    probe = gb_path_join(at, ".gumbel-XXXXXX");
    ok = mkdtemp(probe) != NULL;
    if (ok)
        rmdir(probe);
    free(probe);
    free(at);
    return ok;
}

/* Makes a folder that nobody else can write to, or takes one. */
static bool
make_own(const char *folder)
{
    struct stat st;

    (void)!mkdir(folder, 0700);
    return lstat(folder, &st) == 0 && S_ISDIR(st.st_mode) &&
           st.st_uid == geteuid() && (st.st_mode & 077) == 0;
}

void
gb_pocl_prepare(void)
{
    char *folder = gb_pocl_cache(), *own;

    if (folder != NULL && !is_possible(folder)) {
        own = gb_format("%s/gumbel-%ld", gb_temporary_folder(),
                        (long)geteuid());
        if (make_own(own))
            setenv("POCL_CACHE_DIR", own, 1);
        free(own);
    }
    free(folder);
}
