/* Memory for small things. When the system has none left there is nothing
 * sensible to go on with, so these end the program with one sentence; what
 * grows with a model or a file is allocated with gb_try_alloc instead. */
#ifndef GB_BASE_MEM_H
#define GB_BASE_MEM_H

#include <stddef.h>

/* All return zeroed memory (gb_realloc: only what is kept), to be freed with
 * free(); sizes are checked for overflow. */
void *gb_alloc(size_t size);
void *gb_alloc_array(size_t count, size_t size);
void *gb_realloc_array(void *old, size_t count, size_t size);
char *gb_strdup(const char *s);
char *gb_strndup(const char *s, size_t n);
char *gb_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Like gb_alloc_array, but returns NULL when there is not enough. */
void *gb_try_alloc(size_t count, size_t size);

/* What to do before the program ends for want of memory (restore the
 * terminal); NULL for nothing. */
void gb_on_out_of_memory(void (*hook)(void));

#define GB_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
