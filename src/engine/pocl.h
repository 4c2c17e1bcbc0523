/* What only PoCL has: its cache of compiled kernels, without which it offers no
 * device, and what a binary of its is. */
#ifndef GB_ENGINE_POCL_H
#define GB_ENGINE_POCL_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/device.h"

/* Whether it is the processor of this machine by PoCL. */
bool gb_pocl_has(const gb_device *d);
/* Whether PoCL has it from another machine, whatever else it says of it. */
bool gb_pocl_is_remote(const gb_device *d);

/* The bitcode of LLVM in what PoCL hands out as the binary of a program that
 * was compiled and not linked: a part of these n bytes, itself a binary for
 * PoCL. NULL where there is none. */
const unsigned char *gb_pocl_bitcode(const unsigned char *binary, size_t n,
                                     size_t *size);

/* Its folder; NULL where PoCL finds one by itself. The caller frees. */
char *gb_pocl_cache(void);

/* Where that folder cannot be written (no home, one that is read-only), has
 * PoCL keep its kernels in the folder for temporary files. Changes the
 * environment: before there are threads. */
void gb_pocl_prepare(void);

#endif
