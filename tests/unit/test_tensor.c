/* Element types: every half, rounding to half, reading at any alignment. */
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "model/tensor.h"
#include "mutate.h"

static uint32_t
bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    return u;
}

static float
from_bits(uint32_t u)
{
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

/* By the definition of IEEE 754 binary16. */
static float
half_value(uint16_t h)
{
    int exponent = h >> 10 & 31, fraction = h & 1023;
    float sign = h & 0x8000 ? -1.0f : 1.0f;

    if (exponent == 31)
        return fraction == 0 ? sign * INFINITY : NAN;
    if (exponent == 0)
        return sign * ldexpf((float)fraction, -24);
    return sign * ldexpf((float)(fraction + 1024), exponent - 25);
}

static void
test_every_half(void **state)
{
    uint32_t h;
    float f;

    (void)state;
    for (h = 0; h < 65536; h++) {
        f = gb_half_to_float((uint16_t)h);
        if (isnan(half_value((uint16_t)h))) {
            assert_true(isnan(f));
            assert_int_equal(bits(f) >> 31, h >> 15);
        } else {
            assert_int_equal(bits(f), bits(half_value((uint16_t)h)));
        }
#ifdef __FLT16_MANT_DIG__
        {
            uint16_t raw = (uint16_t)h;
            _Float16 own;

            memcpy(&own, &raw, sizeof own);
            if (!isnan(f))
                assert_int_equal(bits(f), bits((float)own));
        }
#endif
        if (!isnan(f))
            assert_int_equal(gb_float_to_half(f), h);
        else
            assert_true(isnan(gb_half_to_float(gb_float_to_half(f))));
    }
}

/* Round to nearest even in steps of one unit of the last place. */
static float
rounded(float f)
{
    int exponent;
    double unit, r;

    if (f == 0 || isinf(f))
        return f;
    frexp((double)f, &exponent);
    unit = ldexp(1, exponent < -13 ? -24 : exponent - 11);
    r = nearbyint((double)f / unit) * unit;
    return fabs(r) >= 65536 ? copysignf(INFINITY, f) : (float)r;
}

static void
check_rounding(float f)
{
    uint16_t h = gb_float_to_half(f);

    if (isnan(f)) {
        assert_true(isnan(half_value(h)));
        return;
    }
    if (bits(half_value(h)) != bits(rounded(f)))
        fail_msg("%a became %a, expected %a", (double)f,
                 (double)half_value(h), (double)rounded(f));
#ifdef __FLT16_MANT_DIG__
    {
        _Float16 own = (_Float16)f;
        uint16_t raw;

        memcpy(&raw, &own, sizeof raw);
        assert_int_equal(h, raw);
    }
#endif
}

static void
test_rounding(void **state)
{
    test_random random = {7};
    float middle;
    uint32_t h;
    int i;

    (void)state;
    for (h = 0; h < 0x7c00; h++) {
        middle = (half_value((uint16_t)h) +
                  (h == 0x7bff ? 65536.0f : half_value((uint16_t)(h + 1)))) /
                 2;
        for (i = -1; i <= 1; i++) {
            check_rounding(from_bits(bits(middle) + (uint32_t)i));
            check_rounding(-from_bits(bits(middle) + (uint32_t)i));
        }
    }
    for (i = 0; i < 1000000; i++)
        check_rounding(from_bits((uint32_t)test_random_next(&random)));
    assert_int_equal(gb_float_to_half(65519.996f), 0x7bff);
    assert_int_equal(gb_float_to_half(65520.0f), 0x7c00);
    assert_int_equal(gb_float_to_half(-INFINITY), 0xfc00);
    assert_int_equal(gb_float_to_half(-0.0f), 0x8000);
    assert_int_equal(gb_float_to_half(from_bits(1)), 0);
    /* A NaN whose payload lies in the low bits must not become infinity. */
    assert_true(isnan(half_value(gb_float_to_half(from_bits(0x7f800001)))));
}

static void
read_floats(const gb_tensor *t, uint64_t from, uint64_t n, float *out)
{
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_tensor_read(t, from, n, out, &err), &err);
}

static void
test_read(void **state)
{
    static const struct {
        gb_dtype dtype;
        const char *name;
        size_t size;
        unsigned char bytes[24];
        float values[3];
    } cases[] = {
        {GB_F32, "f32", 4,
         {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1, 0, 0, 0},
         {1, -2, 0x1p-149f}},
        {GB_F16, "f16", 2, {0, 0x3c, 0, 0xc0, 1, 0}, {1, -2, 0x1p-24f}},
        {GB_BF16, "bf16", 2,
         {0x80, 0x3f, 0, 0xc0, 1, 0}, {1, -2, 0x1p-133f}},
        {GB_F64, "f64", 8,
         {0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0,
          0, 0, 0, 0x10, 0, 0, 0xf0, 0x3f}, /* 1 + 2^-24 */
         {1, -2, 1}},
    };
    unsigned char moved[1 + 24];
    gb_tensor t = {.count = 3, .data = moved + 1};
    float out[3], one;
    size_t i;
    int j;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        memcpy(moved + 1, cases[i].bytes, 24);
        t.dtype = cases[i].dtype;
        assert_string_equal(gb_dtype_name(t.dtype), cases[i].name);
        assert_int_equal(gb_dtype_size(t.dtype), cases[i].size);
        read_floats(&t, 0, 3, out);
        for (j = 0; j < 3; j++) {
            assert_int_equal(bits(out[j]), bits(cases[i].values[j]));
            read_floats(&t, (uint64_t)j, 1, &one);
            assert_int_equal(bits(one), bits(cases[i].values[j]));
        }
        read_floats(&t, 1, 1, out);
        assert_int_equal(bits(out[0]), bits(cases[i].values[1]));
        read_floats(&t, 3, 0, out);
    }
}

/* Any piece of a long tensor equals its elements one by one. */
static void
test_pieces(void **state)
{
    unsigned char bytes[1 + 8 * 100];
    gb_tensor t = {.count = 100, .data = bytes + 1};
    test_random random = {3};
    float out[100], one;
    size_t i, from, n;
    uint16_t h;

    (void)state;
    for (i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)test_random_next(&random);
    for (from = 0; from < 40; from++) {
        n = test_random_below(&random, 61);
        for (t.dtype = GB_F32; t.dtype <= GB_F64; t.dtype++) {
            read_floats(&t, from, n, out);
            for (i = 0; i < n; i++) {
                read_floats(&t, from + i, 1, &one);
                assert_int_equal(bits(out[i]), bits(one));
            }
        }
        t.dtype = GB_F16;
        read_floats(&t, from, n, out);
        for (i = 0; i < n; i++) {
            memcpy(&h, t.data + 2 * (from + i), sizeof h);
            assert_int_equal(bits(out[i]), bits(gb_half_to_float(h)));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_half),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_pieces),
    };

    return cmocka_run_group_tests_name("tensor", tests, NULL, NULL);
}
