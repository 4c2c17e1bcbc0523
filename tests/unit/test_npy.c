/* The .npy file, byte for byte as NumPy writes it. */
#include "test.h"

#include "cmd/npy.h"

static void
test_vector(void **state)
{
    static const float x[] = {0, -1, 0.1f};
    static const unsigned char values[] = {
        0, 0, 0, 0, 0, 0, 0x80, 0xbf, 0xcd, 0xcc, 0xcc, 0x3d,
    };
    static const char start[] =
        "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, "
        "'shape': (3,), } ";
    gb_str out = GB_STR_INIT;

    (void)state;
    gb_npy_vector(&out, x, 3);
    assert_int_equal(out.len, 128 + sizeof values);
    assert_memory_equal(out.data, start, sizeof start - 1);
    assert_int_equal(out.data[126], ' ');
    assert_int_equal(out.data[127], '\n');
    assert_memory_equal(out.data + 128, values, sizeof values);
    gb_str_free(&out);
}

/* The values begin at a multiple of 64, whatever the length of the header. */
static void
test_alignment(void **state)
{
    static float x[123456];
    gb_str out = GB_STR_INIT;
    size_t n;

    (void)state;
    for (n = 1; n <= 100000; n *= 10) {
        gb_str_clear(&out);
        gb_npy_vector(&out, x, n);
        assert_int_equal((out.len - 4 * n) % 64, 0);
        assert_int_equal(out.data[out.len - 4 * n - 1], '\n');
    }
    gb_str_free(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),
        cmocka_unit_test(test_alignment),
    };

    return cmocka_run_group_tests_name("npy", tests, NULL, NULL);
}
