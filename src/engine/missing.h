/* Why there is no device, for people: what was found of the drivers, and what
 * may be missing. */
#ifndef GB_ENGINE_MISSING_H
#define GB_ENGINE_MISSING_H

#include <CL/cl.h>
#include <stdbool.h>

#include "base/error.h"

/* The loader has no platform: no driver is installed, or none can be loaded.
 * Returns false. */
bool gb_fail_no_platform(gb_error *err);

/* There are n platforms, none of which offers a device; codes (n): what
 * clGetDeviceIDs returned. Returns false. */
bool gb_fail_no_device(const cl_platform_id *platforms, const cl_int *codes,
                       unsigned n, gb_error *err);

#endif
