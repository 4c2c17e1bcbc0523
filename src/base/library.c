#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

/* What went wrong, without the name of the file that it may begin with. */
static const char *
reason(const char *file)
{
    const char *why = dlerror();
    const size_t n = strlen(file);

    if (why == NULL)
        return "no reason is given";
    return strncmp(why, file, n) == 0 && why[n] == ':' ? why + n + 2 : why;
}

bool
gb_library_load(const char *file, const gb_call *calls, size_t n,
                gb_error *err)
{
    void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL), *address;
    size_t i;

    for (i = 0; library != NULL && i < n; i++) {
        address = dlsym(library, calls[i].name);
        if (address == NULL)
            break;
        memcpy(calls[i].to, &address, sizeof address);
    }
    if (library != NULL && i == n)
        return true;
    return gb_fail(err, "cannot load %s: %s", file, reason(file));
}
