/* PoCL's cache of compiled kernels, without which it offers no device. */
#ifndef GB_ENGINE_POCL_H
#define GB_ENGINE_POCL_H

/* Its folder; NULL where PoCL finds one by itself. The caller frees. */
char *gb_pocl_cache(void);

/* Where that folder cannot be written (no home, one that is read-only), has
 * PoCL keep its kernels in the folder for temporary files. Changes the
 * environment: before there are threads. */
void gb_pocl_prepare(void);

#endif
