#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

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
    return gb_fail(err, "cannot load %s: %s", file, dlerror());
}
