/* What runs a pickle: a stack of values, and what each operation does to it. Of
 * what it made pickle.c picks the tensors. */
#ifndef GB_MODEL_PICKLE_MACHINE_H
#define GB_MODEL_PICKLE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum gb_pickle_kind {
    PV_OTHER, /* what no tensor needs to know */
    PV_INTEGER,
    PV_BOOLEAN,
    PV_STRING,
    PV_TUPLE_OF,
    PV_DICTIONARY,
    PV_MAKE_DICTIONARY, /* names: */
    PV_MAKE_TENSOR,
    PV_MAKE_PARAMETER,
    PV_STORAGE_TYPE,
    PV_STORAGE,
    PV_TENSOR,
    PV_MARK_HERE,
} gb_pickle_kind;

/* Values are kept by their numbers, so that none is copied or freed alone. */
typedef struct gb_pickle_value {
    gb_pickle_kind kind;
    uint32_t n, capacity; /* of items: of a tuple, or keys and values */
    uint32_t *items;
    const char *text;     /* (size) of a string; the key of a storage */
    uint64_t number;      /* an integer or a boolean; the size of a string, of a
                             key */
    uint32_t of;          /* a tensor's storage, a storage's type */
} gb_pickle_value;

typedef struct gb_pickle_machine {
    const char *path;
    const char *data;
    size_t n, at;
    gb_pickle_value *values;
    uint32_t n_values;
    uint32_t *stack, depth;
    uint32_t *memo; /* (n + 1) value + 1; 0: nothing is there */
    uint32_t n_memo; /* that are something */
    gb_error *err;
} gb_pickle_machine;

/* Runs a pickle of n bytes, which must leave a dictionary. Close it in any
 * case. */
bool gb_pickle_run(gb_pickle_machine *m, const char *pickle, size_t n,
                   const char *path, gb_error *err);
void gb_pickle_close(gb_pickle_machine *m);

/* The value `below` others on the stack; items of a value, and one that is
 * nothing where there are not so many. */
const gb_pickle_value *gb_pickle_peek(const gb_pickle_machine *m,
                                      uint32_t below);
const gb_pickle_value *gb_pickle_item(const gb_pickle_machine *m,
                                      const gb_pickle_value *v, uint32_t i);
bool gb_pickle_is(const gb_pickle_value *v, const char *text); /* that string */

/* Of a storage's type: its elements, as safetensors call them, and the size of
 * one in bytes. */
const char *gb_pickle_dtype(uint32_t type, size_t *element);

/* An error that says what was found, and where. Returns false. */
bool gb_pickle_refuse(const gb_pickle_machine *m, const char *what);

#endif
