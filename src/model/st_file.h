/* One safetensors file: open, its header read and checked. The model's parts
 * see it through model/safetensors.h only. */
#ifndef GB_MODEL_ST_FILE_H
#define GB_MODEL_ST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "model/tensor.h"

typedef struct gb_st_file gb_st_file;

typedef struct gb_st_entry {
    const gb_st_file *file;
    char *name;
    char dtype[16]; /* as in the file; cut when longer than any known one */
    size_t rank;    /* of shape only the first GB_MAX_RANK are kept */
    uint64_t shape[GB_MAX_RANK];
    uint64_t count;      /* of elements */
    uint64_t begin, end; /* bytes in the file's data */
} gb_st_entry;

struct gb_st_file {
    char *path;
    char *name; /* without the folder */
    gb_source source;
    uint64_t data; /* where it begins, after the header */
    uint64_t size; /* of data, in bytes */
    gb_st_entry *entries; /* by offset, covering the data; those of PyTorch
                             (model/pt_file.h) as they come */
    size_t n_entries, capacity;
};

/* Opens folder/name. Close it in any case. */
bool gb_st_file_open(gb_st_file *f, const char *folder, const char *name,
                     gb_error *err);
void gb_st_file_close(gb_st_file *f);

/* The same, but reads only what the file begins with, with zeros behind its
 * end; what git keeps in its place for git-lfs is refused. */
#define GB_ST_BEGIN 64
bool gb_st_file_begin(gb_st_file *f, const char *folder, const char *name,
                      char begin[GB_ST_BEGIN], gb_error *err);

/* A new entry, to be filled in; those before it may move. */
gb_st_entry *gb_st_file_add(gb_st_file *f);

/* Fills in "PATH: tensor NAME: " followed by the text. Returns false. */
bool gb_st_refuse(const gb_st_entry *e, gb_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
