/* NumPy's file format, version 1.0. */
#ifndef GB_CMD_NPY_H
#define GB_CMD_NPY_H

#include <stddef.h>

#include "base/str.h"

/* Appends a file that holds x (n) f32. */
void gb_npy_vector(gb_str *out, const float *x, size_t n);

#endif
