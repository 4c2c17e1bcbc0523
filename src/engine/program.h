/* Building the kernels, and keeping the binaries. */
#ifndef GB_ENGINE_PROGRAM_H
#define GB_ENGINE_PROGRAM_H

#include <CL/cl.h>

#include "engine/device.h"

/* Builds the program for one device with these compiler options. A binary
 * from the cache is taken when it was made from the same source, options,
 * device and driver; a cache that cannot be read or written is passed over in
 * silence, since all it saves is time. *cached says whether it served. NULL on
 * failure, with the compiler's log in the message. */
cl_program gb_program_build(cl_context context, const gb_device *device,
                            const char *options, bool *cached, gb_error *err);

#endif
