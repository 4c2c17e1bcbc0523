/* "Did you mean": the nearest of a list of names. */
#ifndef GB_BASE_NEAREST_H
#define GB_BASE_NEAREST_H

#include <stddef.h>

/* The name that is fewest edits away from word (a letter added, left out,
 * changed, or two swapped), or one that begins like word, or NULL when none is
 * near enough to be meant. Of equally near ones the first. */
const char *gb_nearest(const char *word, const char *const *names, size_t n);

#endif
