/* Libraries that are loaded when somebody needs them, as what takes long to
 * load would slow down each start. */
#ifndef GB_BASE_LIBRARY_H
#define GB_BASE_LIBRARY_H

#include <stddef.h>

#include "base/error.h"

/* A function by its name, and where its address goes: a pointer to it. */
typedef struct gb_call {
    const char *name;
    void *to;
} gb_call;

/* Loads a library (its file name, as in "libm.so.6") and finds n functions. It
 * stays until the program ends. */
bool gb_library_load(const char *file, const gb_call *calls, size_t n,
                     gb_error *err);

#endif
