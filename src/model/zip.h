/* Archives as PyTorch writes them: ZIP, nothing compressed. */
#ifndef GB_MODEL_ZIP_H
#define GB_MODEL_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

typedef struct gb_zip_entry {
    const char *name;
    uint64_t header; /* where its local header is */
    uint64_t size;   /* in bytes */
    bool stored;     /* not compressed, not encrypted */
} gb_zip_entry;

typedef struct gb_zip {
    const gb_source *source;
    const char *path;
    char *directory;       /* the central directory; names point into it */
    gb_zip_entry *entries; /* (n) by name */
    size_t n;
} gb_zip;

/* Reads the central directory, with ZIP64 where it is needed. source and path
 * must live as long. Call gb_zip_close in any case. */
bool gb_zip_open(gb_zip *z, const gb_source *source, const char *path,
                 gb_error *err);
void gb_zip_close(gb_zip *z);

const gb_zip_entry *gb_zip_find(const gb_zip *z, const char *name);

/* Where an entry's bytes begin; all of them are in the file. */
bool gb_zip_locate(const gb_zip *z, const gb_zip_entry *e, uint64_t *at,
                   gb_error *err);

#endif
