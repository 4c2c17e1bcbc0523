/* pytorch_model.bin: what torch.save wrote (tests/reference/pickle_golden.py)
 * is read, and nothing of it is executed. */
#include "test.h"

#include <unistd.h>

#include "base/mem.h"
#include "model/tensors.h"
#include "mutate.h"

static const char name[] = "pytorch_model.bin";
static gb_str golden;

static int
setup(void **state)
{
    (void)state;
    golden = test_bytes("pickled.bin");
    return 0;
}

static gb_tensors *
open_bytes(const void *data, size_t n, gb_error *err)
{
    *err = (gb_error)GB_ERROR_INIT;
    test_write(name, data, n);
    return gb_tensors_open(test_folder(), err);
}

static void
check_values(const gb_tensors *t, const char *tensor, gb_dtype dtype,
             float first, float step, size_t n)
{
    gb_error err = GB_ERROR_INIT;
    gb_tensor x;
    float values[8];
    size_t i;

    test_ok(gb_tensors_get(t, tensor, &x, &err), &err);
    assert_int_equal(x.dtype, dtype);
    assert_int_equal(x.count, n);
    test_ok(gb_tensor_read(&x, 0, n, values, &err), &err);
    for (i = 0; i < n; i++)
        assert_true(values[i] == first + step * (float)i);
}

static void
test_read(void **state)
{
    gb_error err;
    gb_tensors *t = open_bytes(golden.data, golden.len, &err);
    const char *path;
    gb_tensor x;

    (void)state;
    /* One that could not be read is no error until it is asked for. */
    test_ok(t != NULL, &err);
    check_values(t, "wte.weight", GB_F32, 0, 1, 6);
    check_values(t, "lm_head.weight", GB_F32, 0, 1, 6);
    check_values(t, "row", GB_F32, 3, 1, 3);
    check_values(t, "half", GB_F16, 0, 1, 6);
    check_values(t, "brain", GB_BF16, 0, 1, 6);
    check_values(t, "double", GB_F64, 0, 0.25f, 6);
    check_values(t, "parameter", GB_F32, 1, 1, 6);
    check_values(t, "empty", GB_F32, 0, 0, 0);
    test_ok(gb_tensors_get(t, "wte.weight", &x, &err), &err);
    assert_int_equal(x.rank, 2);
    assert_int_equal(x.shape[0], 2);
    assert_int_equal(x.shape[1], 3);
    assert_false(gb_tensors_get(t, "scalar", &x, &err));
    test_fails_with(&err, GB_FAILED, "\"scalar\"", "found \"I64\"", NULL);
    assert_false(gb_tensors_get(t, "mask", &x, &err));
    check_values(t, "columns", GB_F32, 0, 1, 6);
    test_ok(gb_tensors_get(t, "columns", &x, &err), &err);
    assert_true(x.turned && x.shape[0] == 3 && x.shape[1] == 2);
    assert_false(gb_tensors_get(t, "part", &x, &err));
    test_fails_with(&err, GB_FAILED, "\"part\"",
                    "expected elements that follow each other", NULL);
    assert_int_equal(gb_tensors_files(t), 1);
    gb_tensors_file(t, 0, &path);
    assert_non_null(strstr(path, name));
    gb_tensors_close(t);
}

static uint64_t
number(const char *p, size_t n)
{
    uint64_t value = 0;

    while (n-- > 0)
        value = value << 8 | (unsigned char)p[n];
    return value;
}

static void
put(gb_str *out, uint64_t value, size_t n)
{
    for (; n > 0; n--, value >>= 8)
        gb_str_putc(out, (char)value);
}

/* An entry of the directory with its offset, and where `sizes` its sizes, in
 * ZIP64's extra field, in front of its own; returns its length. */
static size_t
put_entry64(gb_str *out, const char *p, bool sizes)
{
    const size_t length = number(p + 28, 2), extra = number(p + 30, 2);
    const size_t more = sizes ? 24 : 8;

    gb_str_append(out, p, 20);
    put(out, sizes ? UINT32_MAX : number(p + 20, 4), 4);
    put(out, sizes ? UINT32_MAX : number(p + 24, 4), 4);
    put(out, length, 2);
    put(out, extra + 4 + more, 2);
    gb_str_append(out, p + 32, 10);
    put(out, UINT32_MAX, 4);
    gb_str_append(out, p + 46, length);
    put(out, 1, 2);
    put(out, more, 2);
    if (sizes) {
        put(out, number(p + 24, 4), 8);
        put(out, number(p + 20, 4), 8);
    }
    put(out, number(p + 42, 4), 8);
    gb_str_append(out, p + 46 + length, extra + number(p + 32, 2));
    return 46 + length + extra + number(p + 32, 2);
}

/* The same archive as one of more than 4 GB is written. */
static void
test_zip64(void **state)
{
    const char *end = golden.data + golden.len - 22, *p;
    const uint64_t count = number(end + 10, 2), at = number(end + 16, 4);
    gb_str out = GB_STR_INIT;
    uint64_t i, where;
    gb_tensors *t;
    gb_error err;

    (void)state;
    assert_memory_equal(end, "PK\5\6", 4);
    gb_str_append(&out, golden.data, at);
    for (p = golden.data + at, i = 0; i < count; i++)
        p += put_entry64(&out, p, i % 2 == 0);
    where = out.len;
    gb_str_append(&out, "PK\6\6", 4);
    put(&out, 44, 8);
    put(&out, 0, 12); /* versions, disks */
    put(&out, count, 8);
    put(&out, count, 8);
    put(&out, where - at, 8);
    put(&out, at, 8);
    gb_str_append(&out, "PK\6\7", 4);
    put(&out, 0, 4);
    put(&out, where, 8);
    put(&out, 1, 4);
    gb_str_append(&out, end, 8);
    put(&out, UINT64_MAX, 8); /* counts, and the size that follows */
    put(&out, UINT64_MAX, 4);
    put(&out, 0, 2);
    t = open_bytes(out.data, out.len, &err);
    test_ok(t != NULL, &err);
    check_values(t, "row", GB_F32, 3, 1, 3);
    check_values(t, "double", GB_F64, 0, 0.25f, 6);
    gb_tensors_close(t);
    gb_str_free(&out);
}

/* Replaces one text by another of the same length. */
static bool
replace(char *data, size_t n, const char *from, size_t size, const char *to)
{
    char *at = memmem(data, n, from, size);

    if (at != NULL)
        memcpy(at, to, size);
    return at != NULL;
}

static void
test_refused(void **state)
{
    static const struct {
        const char *from, *to;
        size_t size;
        const char *says;
    } cases[] = {
        {"collections\nOrderedDict", "posix\nsystem\n   edDict.", 23,
         "expected tensors alone, found the name \"posix.system\""},
        {"FloatStorage", "FloatStorafe", 12, "the name \"torch.FloatStorafe\""},
        {"_rebuild_tensor_v2", "_rebuild_tensor_v9", 18,
         "the name \"torch._utils._rebuild_tensor_v9\""},
        {"X\7\0\0\0storage", "X\377\377\377\177storage", 12, "its end"},
        {"X\7\0\0\0storage", "i\7\0\0\0storage", 12,
         "an operation of another kind"},
        {"X\3\0\0\0row", "X\3\0\0\0r\0w", 8, "a name with a NUL byte"},
        {"\x80\2", "\2\2", 2, "an operation of another kind"},
        {"PK\5\6", "PK\5\5", 4, "no directory"},
        {"PK\1\2", "PK\1\1", 4, "a directory that is damaged"},
        {"PK\3\4", "\x80K\3\4", 4, "since PyTorch 1.6"},
        {"data/0", "data/x", 6, "PK"},
        {"/data.pkl", "/data.pkx", 9, "PK"},
    };
    char *copy;
    gb_tensors *t;
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        copy = gb_alloc(golden.len + 1);
        memcpy(copy, golden.data, golden.len);
        assert_true(replace(copy, golden.len, cases[i].from, cases[i].size,
                            cases[i].to));
        t = open_bytes(copy, golden.len, &err);
        if (strcmp(cases[i].says, "PK") == 0) {
            gb_tensors_close(t); /* names in local headers do not count */
        } else {
            if (t != NULL)
                fail_msg("case %zu was accepted", i);
            test_fails_with(&err, GB_FAILED, name, cases[i].says, NULL);
        }
        free(copy);
    }
    for (i = 0; i < golden.len; i += 97) {
        assert_null(open_bytes(golden.data, i, &err));
        test_fails_with(&err, GB_FAILED, name, NULL);
    }
}

/* Damaged files are refused by a sentence, or have tensors in the file. */
static void
test_damaged(void **state)
{
    char *copy = gb_alloc(golden.len);
    test_random r = {17};
    const char *path;
    size_t i, n, opened = 0;
    gb_tensors *t;
    gb_error err;
    gb_tensor x;

    (void)state;
    for (i = 0; i < 3000; i++) {
        memcpy(copy, golden.data, golden.len);
        n = test_mutate(&r, copy, golden.len);
        t = open_bytes(copy, n, &err);
        if (t == NULL) {
            test_fails_with(&err, GB_FAILED, name, NULL);
            continue;
        }
        opened++;
        if (gb_tensors_get(t, "row", &x, &err))
            assert_true(x.at + x.size <= gb_tensors_file(t, 0, &path)->size);
        gb_tensors_close(t);
    }
    assert_in_range(opened, 1, 2999);
    free(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_zip64),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests_name("pickle", tests, setup, NULL);
}
