/* Packings: what quantizing does to weights, and that a matrix comes out the
 * same however its file has it. */
#include "device.h"
#include "test.h"

#include <math.h>
#include <stdio.h>

#include "base/mem.h"
#include "engine/pack.h"
#include "engine/quantize.h"
#include "model/dequant.h"

static float
scale_of(const unsigned char *block)
{
    uint16_t half;

    memcpy(&half, block, sizeof half);
    return gb_half_to_float(half);
}

static int
byte_of(const unsigned char *block, size_t i)
{
    return (signed char)block[2 + i];
}

static int
half_byte_of(const unsigned char *block, size_t i)
{
    return (i < 16 ? block[2 + i] & 15 : block[2 + i - 16] >> 4) - 8;
}

/* A ramp, whose numbers are known, in the order of a file's block. */
static void
test_order(void **state)
{
    unsigned char block[34];
    float x[GB_QUANT_BLOCK];
    size_t i;

    (void)state;
    for (i = 0; i < GB_QUANT_BLOCK; i++)
        x[i] = (float)i * 0.25f - 4.0f;
    x[0] = -127 * 0.25f;
    assert_true(gb_quantize(GB_PACK_Q8_0, x, block));
    assert_true(scale_of(block) == 0.25f);
    assert_int_equal(byte_of(block, 0), -127);
    for (i = 1; i < GB_QUANT_BLOCK; i++)
        assert_int_equal(byte_of(block, i), (int)i - 16);
    for (i = 0; i < GB_QUANT_BLOCK; i++)
        x[i] = (float)((int)i % 16 - 8) * 0.5f;
    assert_true(gb_quantize(GB_PACK_Q4_0, x, block));
    assert_true(scale_of(block) == 0.5f);
    for (i = 0; i < GB_QUANT_BLOCK; i++)
        assert_int_equal(half_byte_of(block, i), (int)i % 16 - 8);
}

/* No weight is off by more than half a step; at 4 bits those near the far end
 * of the larger side by one. */
static void
test_errors_are_small(void **state)
{
    unsigned char block[34];
    float *x, scale, most;
    uint32_t seed;
    size_t i;

    (void)state;
    for (seed = 0; seed < 2000; seed++) {
        x = random_floats(seed, GB_QUANT_BLOCK,
                          ldexpf(1.0f, (int)(seed % 20) - 6));
        assert_true(gb_quantize(GB_PACK_Q8_0, x, block));
        scale = scale_of(block);
        for (i = 0; i < GB_QUANT_BLOCK; i++)
            assert_true(fabsf(x[i] - scale * (float)byte_of(block, i)) <=
                        fabsf(scale) * 0.57f + 1e-7f);
        assert_true(gb_quantize(GB_PACK_Q4_0, x, block));
        scale = scale_of(block);
        for (most = 0, i = 0; i < GB_QUANT_BLOCK; i++)
            most = fmaxf(most, fabsf(x[i]));
        assert_true(fabsf(fabsf(scale) * 8 - most) <= most * 0x1p-10f + 1e-6f);
        for (i = 0; i < GB_QUANT_BLOCK; i++)
            assert_true(fabsf(x[i] - scale * (float)half_byte_of(block, i)) <=
                        fabsf(scale) * 1.01f);
        free(x);
    }
}

static void
test_odd_weights(void **state)
{
    static const gb_packing packings[] = {GB_PACK_Q8_0, GB_PACK_Q4_0};
    unsigned char block[34];
    float x[GB_QUANT_BLOCK] = {0};
    size_t i, k;

    (void)state;
    for (k = 0; k < GB_COUNT(packings); k++) {
        memset(x, 0, sizeof x);
        assert_true(gb_quantize(packings[k], x, block));
        assert_true(scale_of(block) == 0);
        for (i = 0; i < GB_QUANT_BLOCK; i++)
            x[i] = 1e-30f;
        assert_true(gb_quantize(packings[k], x, block));
        assert_true(scale_of(block) == 0);
        x[7] = NAN;
        assert_true(gb_quantize(packings[k], x, block));
        assert_true(isnan(scale_of(block)));
        x[7] = -INFINITY;
        assert_true(gb_quantize(packings[k], x, block));
        assert_true(isnan(scale_of(block)));
        x[7] = 1e30f;
        assert_false(gb_quantize(packings[k], x, block));
    }
}

static size_t
read_hex(const char *text, void *out)
{
    unsigned char *bytes = out;
    size_t n = strlen(text) / 2, i;
    unsigned byte;

    for (i = 0; i < n; i++) {
        assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
        bytes[i] = (unsigned char)byte;
    }
    return n;
}

static gb_packing
packing_named(const char *name)
{
    return strcmp(name, "q8_0") == 0 ? GB_PACK_Q8_0 : GB_PACK_Q4_0;
}

/* The golden file's matrix in panels. */
static void
check_golden_panels(float *w, uint32_t n_in, uint32_t n_out, const char *name,
                    uint32_t width, uint32_t unit, const char *hex)
{
    const gb_panels p = {packing_named(name), n_in, n_out, width, unit};
    const gb_tensor source = tensor_of(w, n_in, n_out);
    const size_t size = gb_panels_size(&p);
    unsigned char *expected = gb_alloc(size), *found = gb_alloc(size);
    gb_error err = GB_ERROR_INIT;

    assert_int_equal(strlen(hex), 2 * size);
    read_hex(hex, expected);
    test_ok(gb_pack(&p, &source, false, found, &err), &err);
    assert_memory_equal(expected, found, size);
    free(expected), free(found);
}

/* What NumPy makes of blocks and of a matrix (quantize_golden.py), to the
 * byte. */
static void
test_golden(void **state)
{
    FILE *f = fopen(test_source("tests/golden/quantize.txt"), "r");
    static char name[16], first[8192], hex[8192];
    unsigned char expected[64], found[64];
    float x[GB_QUANT_BLOCK], w[1024];
    unsigned n_in = 0, n_out = 0, width, unit, blocks = 0, refused = 0;
    size_t size;

    (void)state;
    assert_non_null(f);
    while (fscanf(f, "%15s %8191s", name, first) == 2 && name[0] == 'q') {
        assert_int_equal(read_hex(first, x), sizeof x);
        assert_int_equal(fscanf(f, "%8191s", hex), 1);
        blocks++;
        if (hex[0] == '-') {
            refused++;
            assert_false(gb_quantize(packing_named(name), x, found));
            continue;
        }
        size = read_hex(hex, expected);
        assert_int_equal(size, gb_packings[packing_named(name)].bytes);
        assert_true(gb_quantize(packing_named(name), x, found));
        if (memcmp(expected, found, size) != 0)
            fail_msg("block %u, %s of %s", blocks, name, first);
    }
    assert_int_equal(blocks, 56);
    assert_in_range(refused, 2, 8);
    assert_string_equal(name, "matrix");
    n_in = (unsigned)strtoul(first, NULL, 10);
    assert_int_equal(fscanf(f, "%u %8191s", &n_out, first), 2);
    assert_int_equal(read_hex(first, w), n_in * n_out * sizeof *w);
    for (blocks = 0; fscanf(f, " panels %15s %u %u %8191s", name, &width,
                            &unit, hex) == 4; blocks++)
        check_golden_panels(w, n_in, n_out, name, width, unit, hex);
    assert_int_equal(blocks, 3);
    fclose(f);
}

/* Rows of inputs or of outputs, in small parts or by several threads: the
 * same bytes. */
static void
check_both_ways(gb_packing packing, uint32_t n_in, uint32_t n_out,
                uint32_t width)
{
    const gb_panels p = {packing, n_in, n_out, width,
                         packing == GB_PACK_Q8_0 ? 2 : 4};
    float *w = random_floats(n_in, (size_t)n_in * n_out, 1.0f);
    float *turned = gb_alloc_array((size_t)n_in * n_out, sizeof *turned);
    const gb_tensor plain = tensor_of(w, n_in, n_out);
    const gb_tensor transposed = tensor_of(turned, n_out, n_in);
    const size_t size = gb_panels_size(&p);
    unsigned char *a = gb_alloc(size), *b = gb_alloc(size);
    gb_error err = GB_ERROR_INIT;
    size_t i, o;

    for (i = 0; i < n_in; i++)
        for (o = 0; o < n_out; o++)
            turned[o * n_in + i] = w[i * n_out + o];
    memset(a, 1, size);
    memset(b, 2, size);
    test_ok(gb_pack(&p, &plain, false, a, &err), &err);
    test_ok(gb_pack(&p, &transposed, true, b, &err), &err);
    assert_memory_equal(a, b, size);
    free(w), free(turned), free(a), free(b);
}

static void
test_both_ways(void **state)
{
    gb_packing packing;

    (void)state;
    for (packing = 0; packing < GB_PACKINGS; packing++) {
        check_both_ways(packing, 1, 1, 16);
        check_both_ways(packing, 75, 50, 32);
        check_both_ways(packing, 64, 128, 64);
        check_both_ways(packing, 1100, 2100, 32);
    }
}

/* Doubles that are floats become the same bytes, whichever the packing. */
static void
test_doubles(void **state)
{
    enum { INPUTS = 75, OUTPUTS = 50 };
    float *w = random_floats(1, INPUTS * OUTPUTS, 1.0f);
    double *wide = gb_alloc_array(INPUTS * OUTPUTS, sizeof *wide);
    gb_panels p = {GB_PACK_F32, INPUTS, OUTPUTS, 32, 4};
    gb_error err = GB_ERROR_INIT;
    unsigned char *a, *b;
    gb_tensor t, doubles;
    unsigned i;
    size_t size;

    (void)state;
    for (i = 0; i < INPUTS * OUTPUTS; i++)
        wide[i] = (double)w[i];
    for (i = 0; i < 2 * GB_PACKINGS; i++) {
        p.packing = i / 2;
        t = i % 2 ? tensor_of(w, OUTPUTS, INPUTS)
                  : tensor_of(w, INPUTS, OUTPUTS);
        doubles = t;
        doubles.dtype = GB_F64;
        doubles.data = (const unsigned char *)wide;
        doubles.size = t.count * sizeof *wide;
        size = gb_panels_size(&p);
        a = gb_alloc(size);
        b = gb_alloc(size);
        test_ok(gb_pack(&p, &t, i % 2, a, &err), &err);
        test_ok(gb_pack(&p, &doubles, i % 2, b, &err), &err);
        assert_memory_equal(a, b, size);
        free(a), free(b);
    }
    free(w), free(wide);
}

/* A matrix of a file's blocks, which are two by turns: the same panels as of
 * the numbers that they stand for. */
static void
check_blocks(gb_dtype dtype, const unsigned char *two, gb_packing packing)
{
    enum { INPUTS = 512, OUTPUTS = 50 };
    const size_t block = gb_dtype_block(dtype), size = gb_dtype_size(dtype);
    const size_t n = INPUTS * OUTPUTS / block;
    unsigned char *raw = gb_alloc_array(n, size), *a, *b;
    float *w = gb_alloc_array(INPUTS * OUTPUTS, sizeof *w);
    const gb_panels p = {packing, INPUTS, OUTPUTS, 32,
                         packing == GB_PACK_Q8_0 ? 2 : 4};
    gb_error err = GB_ERROR_INIT;
    gb_tensor numbers, blocks;
    size_t i;

    for (i = 0; i < n; i++)
        memcpy(raw + i * size, two + i * 7 / 4 % 2 * size, size);
    gb_dequantize(dtype, raw, n, w);
    numbers = blocks = tensor_of(w, OUTPUTS, INPUTS);
    blocks.dtype = dtype;
    blocks.data = raw;
    blocks.size = n * size;
    a = gb_alloc(gb_panels_size(&p));
    b = gb_alloc(gb_panels_size(&p));
    test_ok(gb_pack(&p, &numbers, true, a, &err), &err);
    test_ok(gb_pack(&p, &blocks, true, b, &err), &err);
    assert_memory_equal(a, b, gb_panels_size(&p));
    free(raw), free(w), free(a), free(b);
}

/* Those that do not go to the device as they are. */
static void
test_blocks(void **state)
{
    FILE *f = fopen(test_source("tests/golden/dequant.txt"), "r");
    char type[2][16], hex[512];
    unsigned char two[2 * 256];
    unsigned packing, types = 0, i = 0;
    gb_dtype dtype;

    (void)state;
    assert_non_null(f);
    while (fscanf(f, "%15s %511s %*s", type[i], hex) == 2) {
        assert_true(gb_dtype_find(type[i], &dtype));
        read_hex(hex, two + i * gb_dtype_size(dtype));
        i = 1 - i;
        if (i == 1 || dtype == GB_Q4_0 || gb_dequant_is_q8_0(dtype))
            continue;
        assert_string_equal(type[0], type[1]);
        types++;
        for (packing = 0; packing < GB_PACKINGS; packing++)
            check_blocks(dtype, two, (gb_packing)packing);
    }
    fclose(f);
    assert_int_equal(types, 7);
}

static void
test_names(void **state)
{
    gb_dtype_choice choice, found;

    (void)state;
    for (choice = 0; gb_dtype_choice_name(choice) != NULL; choice++) {
        assert_true(gb_dtype_choice_parse(gb_dtype_choice_name(choice),
                                          &found));
        assert_int_equal(found, choice);
    }
    assert_int_equal(choice, GB_DTYPE_Q4_0 + 1);
    assert_false(gb_dtype_choice_parse("mixed", &found));
    assert_false(gb_dtype_choice_parse("", &found));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_errors_are_small),
        cmocka_unit_test(test_odd_weights),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
