/* Kernels one by one: a device made ready for a shape, and buffers in which
 * every word that was not written can be told.
 *
 * Everything here fails the test when OpenCL reports an error. */
#ifndef GB_TESTS_DEVICE_H
#define GB_TESTS_DEVICE_H

#include "engine/forward.h"
#include "engine/queue.h"

/* A not-a-number that no computation makes. It stands wherever a kernel has
 * nothing to read or write, and behind the end of every buffer. */
#define POISON_BITS 0x7fc5a5a5u

typedef enum device_shape { /* as in $GUMBEL_SHAPE */
    DEVICE_WIDE,
    DEVICE_SLIM,
    DEVICE_GPU,
} device_shape;

/* Opens the default device. It counts as having one compute unit, so that
 * wide panels and the loop over token tiles come with small matrices, and as a
 * GPU as having memory of its own. */
void device_open(gb_compute *c, device_shape shape, unsigned packings,
                 unsigned head_size, gb_packing cache);

/* Buffers of n words (4 bytes), poisoned or with these contents. */
cl_mem device_poisoned(gb_compute *c, size_t n);
cl_mem device_words(gb_compute *c, const void *words, size_t n);

/* The n words of a buffer made by the two above; fails when any behind them
 * has been written. The caller frees. */
void *device_read(gb_compute *c, cl_mem m, size_t n);

void device_free(cl_mem m);

/* Runs it for `rows` tokens, waits and frees it. */
void device_run(gb_compute *c, gb_op *op, size_t rows);

bool is_poison(float x);
/* n poisoned floats; the caller frees. */
float *poisoned(size_t n);

/* One of them. */
float poison(void);

/* Rows (n, width), with `fill` behind each up to ld; the caller frees. */
float *padded_rows(const float *x, size_t n, size_t width, size_t ld,
                   float fill);

/* n numbers in [-scale, scale), the same each time for a seed; the caller
 * frees. */
float *random_floats(uint32_t seed, size_t n, float scale);

/* Rounds to what a packing of floats can hold (the weights of a test, so that
 * its oracle has the same ones as the device). */
void round_floats(float *x, size_t n, gb_packing packing);

/* Weights (n_in, n_out), or (n_out, n_in) when transposed, become what a
 * quantized packing makes of them; others stay. */
void quantize_weights(float *w, size_t n_in, size_t n_out, bool transposed,
                      gb_packing packing);
/* Rows (rows, n) of activations become what the device multiplies. */
void quantize_activations(float *x, size_t rows, size_t n);

/* What a kernel that makes activations also makes of them as integers. */
typedef struct device_quants {
    gb_quants made; /* its arguments */
    size_t words;   /* of a row */
} device_quants;

/* For rows of n_in; reader: a packing of floats where c has no other. */
device_quants quants_poisoned(gb_compute *c, gb_packing reader, size_t rows,
                              unsigned n_in);
/* Row i of them is, bit for bit, what the kernel `quantize` makes of the same
 * row of y (rows, ld); or it is not written, where i is not in `written` (NULL:
 * all are). Frees them. */
void quants_check(gb_compute *c, device_quants *q, cl_mem y, unsigned ld,
                  unsigned n_in, size_t rows, const bool *written);

/* A view of x as a float32 tensor (rows, columns), or (columns) when rows is
 * 0. */
gb_tensor tensor_of(const float *x, size_t rows, size_t columns);

#endif
