/* A device made ready: context, queue, the program, and how its kernels are
 * shaped for this device. */
#ifndef GB_ENGINE_COMPUTE_H
#define GB_ENGINE_COMPUTE_H

#include <CL/cl.h>

#include "base/round.h"
#include "cl/kernels.h"
#include "engine/blocks.h"
#include "engine/device.h"
#include "engine/packing.h"
#include "engine/profile.h"

/* Logits in a chunk of the heads' reductions; the kernels are compiled with
 * it, as with GB_BLOCK. */
#define GB_CHUNK 512

/* Commands after which the host waits in any case. */
#define GB_EVENTS 512

/* See cl/prelude.cl and cl/linear.cl for what each one means. */
typedef struct gb_shape {
    unsigned vw, lanes, split;
    unsigned wide, narrow; /* outputs of a panel; of GPUs the same */
    unsigned wide_tokens, narrow_tokens;
    unsigned draws;
    unsigned queries;
} gb_shape;

/* The shape for a device. $GUMBEL_SHAPE=wide|slim|gpu forces one of them (for
 * tests: all must give right results on any device; so must the kernels that
 * $GUMBEL_PORTABLE compiles without instructions of a processor). */
gb_shape gb_shape_for(const gb_device *d);

typedef struct gb_compute {
    gb_device device;
    gb_shape shape;
    unsigned packings; /* 1 << gb_packing of each that there are kernels for */
    unsigned head_size;
    gb_packing cache; /* of keys and values: GB_PACK_F32 or GB_PACK_F16 */
    cl_context context;
    cl_command_queue queue;
    cl_program program;
    bool program_cached;
    double compile_ms;
    cl_event events[GB_EVENTS]; /* of commands not waited for: queue.h */
    const char *names[GB_EVENTS]; /* of their kernels; NULL: it is none */
    unsigned n_events;          /* below GB_EVENTS between calls */
    gb_profile *profile;        /* what they took; NULL: nobody asks */
    bool failed; /* a command did; for who knows what it was to clear */
} gb_compute;

/* What the sizes of everything on a device depend on; nothing is opened. */
void gb_compute_init(gb_compute *c, const gb_device *device,
                     gb_packing cache);
/* Then context and queue; then the program, which may take long and may be
 * done on a thread of its own while buffers are made and filled. */
bool gb_compute_open(gb_compute *c, unsigned packings, unsigned head_size,
                     gb_error *err);
bool gb_compute_build(gb_compute *c, gb_error *err);
void gb_compute_close(gb_compute *c);

/* A buffer of `size` > 0 bytes; `what` is for the message when the device has
 * no room. NULL on failure. */
cl_mem gb_buffer(gb_compute *c, size_t size, const char *what, gb_error *err);
/* The same with what is in it (NULL: anything), for what is small: no command
 * is waited for. */
cl_mem gb_buffer_of(gb_compute *c, const void *data, size_t size,
                    const char *what, gb_error *err);
/* NULL: nothing. */
void gb_buffer_free(cl_mem m);

/* Buffers that are made and freed together: where each belongs, its size (0:
 * there is to be none), and `what` as above. */
typedef struct gb_buffer_entry {
    cl_mem *mem;
    size_t size;
    const char *what;
} gb_buffer_entry;

uint64_t gb_buffers_size(const gb_buffer_entry *list, size_t n);
/* Where it fails, those that were made are to be freed all the same. */
bool gb_buffers_open(gb_compute *c, const gb_buffer_entry *list, size_t n,
                     gb_error *err);
void gb_buffers_free(const gb_buffer_entry *list, size_t n);

/* A kernel with its arguments bound. It runs x groups, or (x, rows / per_y
 * rounded up, at most max_y) groups where per_y > 0. */
typedef struct gb_op {
    cl_kernel kernel;
    const char *name;
    size_t x;
    size_t per_y; /* 0: one row of groups, however many tokens */
    size_t max_y; /* 0: no limit */
    size_t local[2];
} gb_op;

/* An argument of a kernel; which one, the enums in cl/kernels.h tell. */
typedef struct gb_arg {
    size_t size;
    union {
        cl_mem mem;
        cl_int i;
        cl_uint u;
        cl_ulong ul;
        cl_float f;
        cl_ulong4 ul4;
        cl_int4 i4;
    } value;
} gb_arg;

#define GB_MEM(x) {sizeof(cl_mem), {.mem = (x)}}
#define GB_INT(x) {sizeof(cl_int), {.i = (x)}}
#define GB_UINT(x) {sizeof(cl_uint), {.u = (x)}}
#define GB_ULONG(x) {sizeof(cl_ulong), {.ul = (x)}}
#define GB_FLOAT(x) {sizeof(cl_float), {.f = (x)}}
#define GB_ULONG4(x) {sizeof(cl_ulong4), {.ul4 = (x)}}
#define GB_INT4(x) {sizeof(cl_int4), {.i4 = (x)}}
/* GB_ARGS([GB_NORM_X] = GB_MEM(x), ...) */
#define GB_ARGS(...)                                                          \
    (const gb_arg[]){__VA_ARGS__},                                            \
        sizeof((const gb_arg[]){__VA_ARGS__}) / sizeof(gb_arg)

/* What is left out has to be set before it runs. */
bool gb_op_init(gb_compute *c, gb_op *op, const char *kernel,
                const gb_arg *args, size_t n, gb_error *err);
/* The kernel of this name for a packing: name_PACKING. */
bool gb_op_init_packed(gb_compute *c, gb_op *op, const char *kernel,
                       gb_packing packing, const gb_arg *args, size_t n,
                       gb_error *err);
void gb_op_free(gb_op *op);
bool gb_op_set(gb_op *op, unsigned arg, const gb_arg *value, gb_error *err);
/* Enqueues it for `rows` tokens. */
bool gb_op_run(gb_compute *c, const gb_op *op, size_t rows, gb_error *err);

/* Fills in err from an OpenCL error code; returns false. */
bool gb_cl_fail(const gb_compute *c, cl_int code, const char *doing,
                gb_error *err);

#endif
