/* One open file of tensors, whatever its container: what it has, by name, and
 * where that lies. A container is one file beside this that fills it in:
 * st_file.c (safetensors), pt_file.c (PyTorch), ckpt.c (nanoGPT), gguf.c
 * (GGUF). The rest of the program sees them all through model/tensors.h. */
#ifndef GB_MODEL_TENSOR_FILE_H
#define GB_MODEL_TENSOR_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "model/tensor.h"

typedef struct gb_tensor_file gb_tensor_file;

typedef struct gb_tensor_entry {
    const gb_tensor_file *file;
    char *name;     /* as in the file */
    char *key;      /* what it is looked up by, Transformers' name for it */
    char dtype[16]; /* as the container calls it; cut when longer than any
                       known one */
    gb_dtype type;  /* GB_DTYPES where it is none that can be read */
    bool turned;    /* the elements come column by column (gb_tensor) */
    bool strided;   /* they come in no order at all, and cannot be read */
    size_t rank;    /* of shape only the first GB_MAX_RANK are kept */
    uint64_t shape[GB_MAX_RANK];
    uint64_t count;      /* of elements */
    uint64_t begin, end; /* bytes in the file's data */
} gb_tensor_entry;

struct gb_tensor_file {
    char *path;
    char *name; /* without the folder */
    /* How the container spells a key, which the caller frees; NULL: as it is,
     * or it is none of its names. */
    char *(*spell)(const char *key);
    const char *dtypes; /* that can be read of its container, for messages */
    gb_source source;
    uint64_t data; /* where it begins, after the header */
    uint64_t size; /* of data, in bytes */
    gb_tensor_entry *entries; /* as the container has them */
    size_t n_entries, capacity;
};

/* Opens folder/name and reads no more than what it begins with, with zeros
 * behind its end; what git keeps in its place for git-lfs is refused. Close
 * it in any case. */
#define GB_TENSOR_FILE_BEGIN 64
bool gb_tensor_file_begin(gb_tensor_file *f, const char *folder,
                          const char *name, char begin[GB_TENSOR_FILE_BEGIN],
                          gb_error *err);
void gb_tensor_file_close(gb_tensor_file *f);

/* A new entry of this name (n bytes), to be filled in; those before it may
 * move. Its key is the name without what torch.compile and its like put in
 * front. */
gb_tensor_entry *gb_tensor_file_add(gb_tensor_file *f, const char *name,
                                    size_t n);

/* Puts the entries, once they are all filled in, in the order in which they lie
 * in the file. */
void gb_tensor_file_sort(gb_tensor_file *f);

/* A matrix that its file has as (out, in) becomes what Transformers calls
 * (in, out). */
void gb_tensor_turn(gb_tensor_entry *e);

/* Fills in "PATH: tensor NAME: " followed by the text. Returns false. */
bool gb_tensor_refuse(const gb_tensor_entry *e, gb_error *err,
                      const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a tensor is looked up by: its name without the prefixes above. */
const char *gb_tensor_key(const char *name);

#endif
