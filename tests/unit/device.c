#include "device.h"

#include <math.h>

#include "base/mem.h"
#include "engine/quantize.h"
#include "test.h"

#define GUARD 64 /* words behind the end of a buffer */

void
device_open(gb_compute *c, device_shape which, unsigned packings,
            unsigned head_size, gb_packing cache)
{
    static const char *const names[] = {"wide", "slim", "gpu"};
    gb_error err = GB_ERROR_INIT;
    gb_device device;

    test_ok(gb_device_choose(NULL, &device, &err), &err);
    setenv("GUMBEL_SHAPE", names[which], 1);
    gb_compute_init(c, &device, cache);
    unsetenv("GUMBEL_SHAPE");
    test_ok(gb_compute_open(c, packings, head_size, &err) &&
                gb_compute_build(c, &err),
            &err);
    c->device.compute_units = 1;
    c->device.shares_memory = which != DEVICE_GPU;
}

cl_mem
device_words(gb_compute *c, const void *words, size_t n)
{
    float *all = poisoned(n + GUARD);
    gb_error err = GB_ERROR_INIT;
    cl_mem m = gb_buffer(c, (n + GUARD) * sizeof *all, "a test", &err);

    test_ok(m != NULL, &err);
    if (words != NULL)
        memcpy(all, words, n * sizeof *all);
    assert_int_equal(clEnqueueWriteBuffer(c->queue, m, CL_TRUE, 0,
                                          (n + GUARD) * sizeof *all, all, 0,
                                          NULL, NULL),
                     CL_SUCCESS);
    free(all);
    return m;
}

cl_mem
device_poisoned(gb_compute *c, size_t n)
{
    return device_words(c, NULL, n);
}

void *
device_read(gb_compute *c, cl_mem m, size_t n)
{
    float *all = gb_alloc_array(n + GUARD, sizeof *all);
    size_t i;

    assert_int_equal(clEnqueueReadBuffer(c->queue, m, CL_TRUE, 0,
                                         (n + GUARD) * sizeof *all, all, 0,
                                         NULL, NULL),
                     CL_SUCCESS);
    for (i = n; i < n + GUARD; i++)
        if (!is_poison(all[i]))
            fail_msg("word %zu behind a buffer of %zu is written", i - n, n);
    return all;
}

void
device_free(cl_mem m)
{
    clReleaseMemObject(m);
}

void
device_run(gb_compute *c, gb_op *op, size_t rows)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_op_run(c, op, rows, &err), &err);
    test_ok(gb_compute_finish(c, &err), &err);
    gb_op_free(op);
}

bool
is_poison(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits == POISON_BITS;
}

float *
poisoned(size_t n)
{
    const uint32_t bits = POISON_BITS;
    float *x = gb_alloc_array(n, sizeof *x);
    size_t i;

    for (i = 0; i < n; i++)
        memcpy(&x[i], &bits, sizeof bits);
    return x;
}

float *
random_floats(uint32_t seed, size_t n, float scale)
{
    float *x = gb_alloc_array(n, sizeof *x);
    uint32_t r = seed * 2654435761u + 1;
    size_t i;

    for (i = 0; i < n; i++) {
        r = r * 1664525u + 1013904223u;
        x[i] = (float)((int32_t)r >> 7) * 0x1p-24f * scale;
    }
    return x;
}

void
round_floats(float *x, size_t n, gb_packing packing)
{
    uint32_t bits;
    size_t i;

    for (i = 0; i < n; i++) {
        if (packing == GB_PACK_F16) {
            x[i] = gb_half_to_float(gb_float_to_half(x[i]));
        } else if (packing == GB_PACK_BF16) {
            memcpy(&bits, &x[i], sizeof bits);
            bits &= 0xffff0000u;
            memcpy(&x[i], &bits, sizeof bits);
        }
    }
}

/* Weight i of a block. */
static float
dequantized(gb_packing packing, const unsigned char *block, size_t i)
{
    uint16_t half;
    int q;

    memcpy(&half, block, sizeof half);
    if (packing == GB_PACK_Q8_0)
        q = (signed char)block[2 + i];
    else
        q = (i < 16 ? block[2 + i] & 15 : block[2 + i - 16] >> 4) - 8;
    return gb_half_to_float(half) * (float)q;
}

void
quantize_weights(float *w, size_t n_in, size_t n_out, bool transposed,
                 gb_packing packing)
{
    const size_t across = transposed ? n_in : 1, along = transposed ? 1 : n_out;
    unsigned char block[2 + GB_QUANT_BLOCK];
    float some[GB_QUANT_BLOCK];
    size_t o, first, i, n;

    if (!gb_packing_is_quantized(packing))
        return;
    for (o = 0; o < n_out; o++)
        for (first = 0; first < n_in; first += n) {
            float *at = w + o * across + first * along;

            n = n_in - first < GB_QUANT_BLOCK ? n_in - first : GB_QUANT_BLOCK;
            memset(some, 0, sizeof some);
            for (i = 0; i < n; i++)
                some[i] = at[i * along];
            assert_true(gb_quantize(packing, some, block));
            for (i = 0; i < n; i++)
                at[i * along] = dequantized(packing, block, i);
        }
}

void
quantize_activations(float *x, size_t rows, size_t n)
{
    size_t r, first, i, end;
    float most, scale, inverse;

    for (r = 0; r < rows; r++)
        for (first = 0; first < n; first = end) {
            end = first + GB_QUANT_BLOCK < n ? first + GB_QUANT_BLOCK : n;
            for (most = 0, i = first; i < end; i++)
                most = fmaxf(most, fabsf(x[r * n + i]));
            scale = most / 127.0f;
            inverse = scale > 0 ? 1.0f / scale : 0.0f;
            for (i = first; i < end; i++)
                x[r * n + i] = scale * rintf(x[r * n + i] * inverse);
        }
}

device_quants
quants_poisoned(gb_compute *c, gb_packing reader, size_t rows, unsigned n_in)
{
    device_quants q = {.words = gb_quants_size(&c->shape, reader, n_in) / 4};

    if ((c->packings & 1u << reader) == 0)
        q.words = 0;
    if (q.words > 0)
        q.made = (gb_quants){device_poisoned(c, rows * q.words), reader};
    return q;
}

void
quants_check(gb_compute *c, device_quants *q, cl_mem y, unsigned ld,
             unsigned n_in, size_t rows, const bool *written)
{
    cl_mem expected_m;
    float *found, *expected;
    gb_error err = GB_ERROR_INIT;
    size_t i;
    gb_op op;

    if (q->words == 0)
        return;
    expected_m = device_poisoned(c, rows * q->words);
    test_ok(gb_op_init(c, &op, "quantize",
                       GB_ARGS([GB_QUANTIZE_X] = GB_MEM(y),
                               [GB_QUANTIZE_N_IN] = GB_UINT(n_in),
                               [GB_QUANTIZE_LDX] = GB_UINT(ld),
                               [GB_QUANTIZE_QUANTS] = GB_MEM(expected_m),
                               [GB_QUANTIZE_READER] = GB_INT(q->made.reader)),
                       &err),
            &err);
    op.per_y = 1;
    device_run(c, &op, rows);
    found = device_read(c, q->made.mem, rows * q->words);
    expected = device_read(c, expected_m, rows * q->words);
    for (i = 0; i < rows * q->words; i++)
        if (written != NULL && !written[i / q->words]
                ? !is_poison(found[i])
                : memcmp(&found[i], &expected[i], sizeof *found) != 0)
            fail_msg("word %zu of row %zu as integers is not what it should "
                     "be", i % q->words, i / q->words);
    device_free(q->made.mem), device_free(expected_m);
    free(found), free(expected);
}

gb_tensor
tensor_of(const float *x, size_t rows, size_t columns)
{
    gb_tensor t = {.name = "test", .path = "", .dtype = GB_F32};

    t.rank = rows > 0 ? 2 : 1;
    t.shape[0] = rows > 0 ? rows : columns;
    t.shape[1] = rows > 0 ? columns : 0;
    t.count = (rows > 0 ? rows : 1) * columns;
    t.data = (const unsigned char *)x;
    t.size = t.count * sizeof *x;
    return t;
}

float *
padded_rows(const float *x, size_t n, size_t width, size_t ld, float fill)
{
    float *out = gb_alloc_array(n * ld, sizeof *out);
    size_t i, j;

    for (i = 0; i < n; i++)
        for (j = 0; j < ld; j++)
            out[i * ld + j] = j < width ? x[i * width + j] : fill;
    return out;
}

float
poison(void)
{
    const uint32_t bits = POISON_BITS;
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}
