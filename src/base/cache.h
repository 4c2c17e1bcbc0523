/* Files for what can be computed again. Nobody is told when they cannot be
 * read or written: all that is lost is time.
 *
 * What is read is believed, and in part run. So a file counts as not there
 * when it, or its folder, belongs to another user (root aside) or may be
 * written by others. */
#ifndef GB_BASE_CACHE_H
#define GB_BASE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* The file for a key (n bytes): KIND-DIGEST in $GUMBEL_CACHE, else in
 * $XDG_CACHE_HOME/gumbel. NULL when there is no folder ($GUMBEL_CACHE
 * empty). The caller frees. */
char *gb_cache_path(const char *kind, const void *key, size_t n);

/* Reads the file, of at most `limit` bytes; appends to out. path may be
 * NULL. */
bool gb_cache_read(const char *path, size_t limit, gb_str *out);

/* Replaces the file in one step; path may be NULL. */
void gb_cache_write(const char *path, const void *data, size_t n);

#endif
