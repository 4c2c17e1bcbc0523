/* Pickles of tensors, as torch.save writes a state_dict. Nothing is executed:
 * of the types that a pickle can name only those of tensors are known, and of
 * its operations those that build dictionaries, lists and numbers. */
#ifndef GB_MODEL_PICKLE_H
#define GB_MODEL_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "model/tensor.h"

/* How the elements of a tensor lie in its storage. */
typedef enum gb_pickled_order {
    GB_ROWS,    /* row by row, one after the other */
    GB_COLUMNS, /* of a matrix, column by column */
    GB_STRIDED, /* in another way */
} gb_pickled_order;

typedef struct gb_pickled {
    const char *name;  /* not terminated; in the pickle */
    size_t name_size;
    const char *dtype; /* "F32", as safetensors call it */
    gb_pickled_order order;
    size_t element;    /* its size in bytes */
    const char *key;   /* of its storage, like name */
    size_t key_size;
    uint64_t offset;   /* in the storage, in elements */
    size_t rank;       /* of shape only the first GB_MAX_RANK are kept */
    uint64_t shape[GB_MAX_RANK];
    uint64_t count;    /* of elements */
} gb_pickled;

/* Reads a pickle of n bytes, which holds one dictionary: `found` is called
 * for each tensor in it, or, unless `of` is NULL, in the dictionary that it has
 * under that key, and ends the reading with false. `path` is for messages. */
bool gb_pickle_read(const char *pickle, size_t n, const char *path,
                    const char *of,
                    bool (*found)(void *arg, const gb_pickled *tensor,
                                  gb_error *err),
                    void *arg, gb_error *err);

/* What the dictionary has beside tensors: integers and booleans by their names,
 * and null for all else. The caller owns it; NULL is an error. */
json_t *gb_pickle_numbers(const char *pickle, size_t n, const char *path,
                          const char *of, gb_error *err);

#endif
