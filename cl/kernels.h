/* The OpenCL program, as text (see cl/local.mk). */
#ifndef GB_CL_KERNELS_H
#define GB_CL_KERNELS_H

extern const char gb_kernel_source[]; /* NUL-terminated */
extern const unsigned long gb_kernel_source_size; /* without the NUL */

#endif
