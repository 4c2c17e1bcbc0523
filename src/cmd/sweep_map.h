/* The texts of a sweep as a picture. */
#ifndef GB_CMD_SWEEP_MAP_H
#define GB_CMD_SWEEP_MAP_H

#include "base/str.h"
#include "model/model.h"
#include "session/sweep.h"

/* Appends an SVG file: temperatures from left to right on a logarithmic
 * axis, tokens from top to bottom, below each the tokens that its range is
 * split among. texts (n > 0) in ascending order without gaps; `title` is any
 * text. */
void gb_sweep_map(gb_str *out, const gb_model *m, const gb_sweep_text *texts,
                  size_t n, const char *title);

#endif
