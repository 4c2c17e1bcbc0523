/* Safetensors files: what is read, what is refused and in which words. */
#include "test.h"

#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/tensors.h"
#include "mutate.h"

static const char single[] = "model.safetensors";
static const char index_name[] = "model.safetensors.index.json";

static void
put(const char *name, const void *data, size_t n)
{
    char *path = gb_path_join(test_folder(), name);
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_file_replace(path, data, n, 0600, &err), &err);
    free(path);
}

static void
drop(const char *name)
{
    char *path = gb_path_join(test_folder(), name);

    unlink(path);
    free(path);
}

/* A whole file: length, header, n bytes 0, 1, 2, ... */
static void
build(gb_str *out, const char *header, size_t n)
{
    size_t i, length = strlen(header);

    for (i = 0; i < 8; i++)
        gb_str_putc(out, (char)(length >> 8 * i));
    gb_str_puts(out, header);
    for (i = 0; i < n; i++)
        gb_str_putc(out, (char)i);
}

static void
put_tensors(const char *name, const char *header, size_t n)
{
    gb_str file = GB_STR_INIT;

    build(&file, header, n);
    put(name, file.data, file.len);
    gb_str_free(&file);
}

static gb_tensors *
open_bytes(const void *data, size_t n, gb_error *err)
{
    *err = (gb_error)GB_ERROR_INIT;
    drop(index_name);
    put(single, data, n);
    return gb_tensors_open(test_folder(), err);
}

static gb_tensors *
open_header(const char *header, size_t n, gb_error *err)
{
    *err = (gb_error)GB_ERROR_INIT;
    drop(index_name);
    put_tensors(single, header, n);
    return gb_tensors_open(test_folder(), err);
}

/* Byte i of a tensor's data. */
static unsigned
byte_at(const gb_tensor *t, uint64_t i)
{
    const uint64_t size = gb_dtype_size(t->dtype);
    unsigned char element[4];
    gb_error err = GB_ERROR_INIT;

    test_ok(gb_tensor_copy(t, i / size, 1, element, &err), &err);
    return element[i % size];
}

#define T(dtype, shape, begin, end)                                      \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":["    \
    #begin "," #end "]}"

static void
test_both_names(void **state)
{
    gb_error err;
    gb_tensors *t = open_header("{\"a\":" T("F32", "[1]", 0, 4)
                                ",\"transformer.a\":" T("F32", "[1]", 4, 8)
                                "}", 8, &err);
    gb_tensor x;

    (void)state;
    test_ok(t != NULL, &err);
    assert_false(gb_tensors_get(t, "a", &x, &err));
    test_fails_with(&err, GB_FAILED, "tensor \"a\": expected it once",
                    "\"transformer.\" in front and without", NULL);
    assert_false(gb_tensors_get(t, "transformer.a", &x, &err));
    gb_tensors_close(t);
}

static void
test_read(void **state)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"b\":" T("F16", "[3]", 8, 14) ",\"a\":" T("F32", "[2,1]", 0, 8)
        ",\"_orig_mod.transformer.h.0\":" T("BF16", "[1,1,1,2]", 14, 18)
        ",\"ids\":" T("I64", "[1]", 18, 26) ",\"none\":"
        T("F32", "[0,5]", 26, 26) ",\"one\":" T("F32", "[]", 26, 30)
        ",\"deep\":" T("F32", "[1,1,1,1,1]", 30, 34)
        ",\"odd\":" T("Q8_0", "[9]", 34, 36) "}   ";
    gb_error err;
    gb_tensors *t = open_header(header, 36, &err);
    gb_tensor x;

    (void)state;
    test_ok(t != NULL, &err);
    test_ok(gb_tensors_get(t, "a", &x, &err), &err);
    assert_string_equal(x.name, "a");
    assert_non_null(strstr(x.path, single));
    assert_int_equal(x.dtype, GB_F32);
    assert_int_equal(x.rank, 2);
    assert_int_equal(x.shape[0], 2);
    assert_int_equal(x.shape[1], 1);
    assert_int_equal(x.count, 2);
    assert_int_equal(x.size, 8);
    assert_int_equal(byte_at(&x, 0), 0);
    test_ok(gb_tensors_get(t, "b", &x, &err), &err);
    assert_int_equal(x.dtype, GB_F16);
    assert_int_equal(byte_at(&x, 0), 8);
    test_ok(gb_tensors_get(t, "h.0", &x, &err), &err);
    assert_string_equal(x.name, "_orig_mod.transformer.h.0");
    assert_int_equal(x.dtype, GB_BF16);
    assert_int_equal(byte_at(&x, 3), 17);
    test_ok(gb_tensors_get(t, "transformer.a", &x, &err), &err);
    assert_string_equal(x.name, "a");
    test_ok(gb_tensors_get(t, "none", &x, &err), &err);
    assert_int_equal(x.count, 0);
    test_ok(gb_tensors_get(t, "one", &x, &err), &err);
    assert_int_equal(x.rank, 0);
    assert_int_equal(x.count, 1);
    assert_true(gb_tensors_has(t, "ids"));
    assert_false(gb_tensors_get(t, "ids", &x, &err));
    test_fails_with(&err, GB_FAILED, "model.safetensors: tensor \"ids\": dtype",
                    "expected F32, F16, BF16 or F64, found \"I64\"", NULL);
    assert_false(gb_tensors_get(t, "odd", &x, &err));
    test_fails_with(&err, GB_FAILED, "found \"Q8_0\"", NULL);
    assert_false(gb_tensors_get(t, "deep", &x, &err));
    test_fails_with(&err, GB_FAILED, "at most 4 sizes, found 5", NULL);
    assert_false(gb_tensors_has(t, "__metadata__"));
    assert_false(gb_tensors_get(t, "c", &x, &err));
    test_fails_with(&err, GB_FAILED, "model.safetensors: tensor \"c\"",
                    "found none", NULL);
    assert_int_equal(gb_tensors_size(t), 8 + strlen(header) + 36);
    gb_tensors_close(t);
}

static void
test_refused_headers(void **state)
{
    static const struct {
        const char *header;
        size_t n; /* bytes of data */
        const char *says;
    } cases[] = {
        {"{}", 0, "expected tensors, found none"},
        {"{}", 4, "expected tensors, found none"},
        {"{\"__metadata__\":[]}", 0, "__metadata__: expected an object"},
        {"[1]", 0, "header: expected a JSON object"},
        {" {}", 0, "header: expected a JSON object"},
        {"{\"a\":", 0, "header:1:5: not valid JSON"},
        {"{\"a\":\n oops}", 0, "header:2:5: not valid JSON"},
        {"{\"a\":1}", 0, "tensor \"a\": expected an object, found 1"},
        {"{\"a\":{}}", 0, "dtype: expected a string, found nothing"},
        {"{\"a\":" T("F32", "[1]", 0, 4) ",\"a\":" T("F32", "[1]", 4, 8) "}",
         8, "duplicate"},
        {"{\"a\":" T("F32", "3", 0, 4) "}", 4,
         "shape: expected a list, found 3"},
        {"{\"a\":" T("F32", "[-1]", 0, 4) "}", 4,
         "shape: expected integers from 0, found -1"},
        {"{\"a\":" T("F32", "[1.0]", 0, 4) "}", 4,
         "shape: expected integers from 0, found 1.0"},
        {"{\"a\":" T("F32", "[4294967296,4294967296]", 0, 4) "}", 4,
         "shape: expected at most 2^60 elements"},
        {"{\"a\":" T("F32", "[9223372036854775807,0]", 0, 0) "}", 0,
         "shape: expected at most 2^60 elements"},
        {"{\"a\":" T("F32", "[18446744073709551616]", 0, 4) "}", 4,
         "too big integer"},
        {"{\"a\":" T("F32", "[1]", 0, 5) "}", 5,
         "data_offsets: expected 4 bytes for 1 elements of F32, found 5"},
        {"{\"a\":" T("F16", "[3]", 0, 12) "}", 12,
         "data_offsets: expected 6 bytes for 3 elements of F16, found 12"},
        {"{\"a\":" T("I64", "[3]", 0, 12) "}", 12,
         "data_offsets: expected 24 bytes for 3 elements of I64, found 12"},
        {"{\"a\":" T("F8_E4M3", "[3]", 0, 4) "}", 4,
         "data_offsets: expected 3 bytes for 3 elements of F8_E4M3"},
        {"{\"a\":" T("F32", "[1]", -4, 0) "}", 4,
         "0 <= begin <= end, found [-4, 0]"},
        {"{\"a\":" T("F32", "[1]", 4, 0) "}", 4,
         "0 <= begin <= end, found [4, 0]"},
        {"{\"a\":" T("F32", "[1]", 0, 1e0) "}", 4,
         "0 <= begin <= end, found [0, 1.0]"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4,
         "data_offsets: expected two numbers"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4,
         "data_offsets: expected two numbers, found nothing"},
        {"{\"a\":" T("F32", "[2]", 0, 8) "}", 7,
         "an end within the file's 7 bytes of data, found 8"},
        {"{\"a\":" T("F32", "[1]", 9223372036854775803, 9223372036854775807)
         "}", 8, "within the file's 8 bytes of data"},
        {"{\"a\":" T("F32", "[2]", 0, 8) ",\"b\":" T("F32", "[2]", 4, 12) "}",
         12, "\"b\": data_offsets: overlaps another tensor: expected begin 8, "
         "found 4"},
        {"{\"a\":" T("F32", "[1]", 0, 4) ",\"b\":" T("F32", "[1]", 0, 4) "}",
         4, "overlaps another tensor"},
        {"{\"a\":" T("F32", "[1]", 0, 4) ",\"b\":" T("F32", "[1]", 8, 12) "}",
         12, "\"b\": data_offsets: leaves a gap: expected begin 4, found 8"},
        {"{\"a\":" T("F32", "[1]", 0, 4) "}", 5,
         "expected 4 bytes of data as the header says, found 5"},
        {"{\"\\u001b[2J\":1}", 0, "tensor \"^[[2J\": expected an object"},
    };
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        if (open_header(cases[i].header, cases[i].n, &err) != NULL)
            fail_msg("%s was accepted", cases[i].header);
        test_fails_with(&err, GB_FAILED, "/model.safetensors: ",
                        cases[i].says, NULL);
    }
}

static void
test_refused_lengths(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *says;
    } cases[] = {
        {"", 0, "expected a safetensors file, found 0 bytes"},
        {"\x02\0\0\0\0\0\0", 7, "expected a safetensors file, found 7 bytes"},
        {"\0\0\0\0\0\0\0\0", 8, "header: expected a JSON object"},
        {"\x02\0\0\0\0\0\0\0", 8,
         "expected at most the 0 bytes that follow in the file, found 2"},
        {"\x05\0\0\0\0\0\0\0{}  ", 12,
         "expected at most the 4 bytes that follow in the file, found 5"},
        {"\x01\xe1\xf5\x05\0\0\0\0{}", 10,
         "expected at most 100000000 bytes, found 100000001"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff{}", 10,
         "found 18446744073709551615"},
        {"PK\x03\x04\0\0\0\x08 zip", 12, "is it a safetensors file?"},
    };
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        assert_null(open_bytes(cases[i].bytes, cases[i].n, &err));
        test_fails_with(&err, GB_FAILED, "/model.safetensors: ",
                        cases[i].says, NULL);
    }
}

/* A header of n bytes that consists of one piece again and again. */
static void
refuse_huge(const char *piece, size_t n, const char *says)
{
    gb_str file = GB_STR_INIT;
    gb_error err;
    size_t i;

    for (i = 0; i < 8; i++)
        gb_str_putc(&file, (char)(n >> 8 * i));
    gb_str_puts(&file, "{\"a\":[");
    while (file.len < n + 8)
        gb_str_puts(&file, piece);
    assert_null(open_bytes(file.data, file.len, &err));
    test_fails_with(&err, GB_FAILED, says, NULL);
    gb_str_free(&file);
}

static void
test_huge_headers(void **state)
{
    (void)state;
    refuse_huge("                ", 20000000, "not valid JSON");
    refuse_huge("{},", 20000000, "at most 1048576 JSON values");
    refuse_huge("[", 20000000, "at most 1048576 JSON values");
    refuse_huge("[", 1000000, "maximum parsing depth");
}

static void
test_missing(void **state)
{
    gb_error err = GB_ERROR_INIT;

    (void)state;
    drop(single);
    drop(index_name);
    assert_null(gb_tensors_open(test_folder(), &err));
    test_fails_with(&err, GB_FAILED, test_folder(), "found none", NULL);
    put("pytorch_model.bin", "x", 1);
    assert_null(gb_tensors_open(test_folder(), &err));
    test_fails_with(&err, GB_FAILED, "pytorch_model.bin: expected a ZIP archive",
                    NULL);
    drop("pytorch_model.bin");
}

#define ONE T("F32", "[1]", 0, 4)

static void
test_shards(void **state)
{
    static const char map[] =
        "{\"metadata\":{\"total_size\":10},\"weight_map\":{"
        "\"a\":\"z.safetensors\",\"c\":\"m.safetensors\","
        "\"b\":\"m.safetensors\"}}";
    gb_error err = GB_ERROR_INIT;
    const char *path;
    uint64_t size[2];
    gb_tensors *t;
    gb_tensor x;

    (void)state;
    drop(single);
    put_tensors("z.safetensors", "{\"a\":" ONE "}", 4);
    put_tensors("m.safetensors", "{\"b\":" ONE ",\"c\":" T("F16", "[1]", 4, 6)
                "}", 6);
    put(index_name, map, strlen(map));
    t = gb_tensors_open(test_folder(), &err);
    test_ok(t != NULL, &err);
    assert_int_equal(gb_tensors_files(t), 2);
    /* In order of their names: m is the larger one. */
    size[0] = gb_tensors_file(t, 0, &path)->size;
    assert_non_null(strstr(path, "/m.safetensors"));
    size[1] = gb_tensors_file(t, 1, &path)->size;
    assert_non_null(strstr(path, "/z.safetensors"));
    assert_true(size[0] > size[1]);
    assert_int_equal(gb_tensors_size(t), size[0] + size[1]);
    test_ok(gb_tensors_get(t, "c", &x, &err), &err);
    assert_int_equal(byte_at(&x, 0), 4);
    assert_non_null(strstr(x.path, "/m.safetensors"));
    assert_false(gb_tensors_get(t, "d", &x, &err));
    test_fails_with(&err, GB_FAILED, index_name, "\"d\"", NULL);
    gb_tensors_close(t);
}

static void
test_refused_indices(void **state)
{
    static const struct {
        const char *index, *says;
    } cases[] = {
        {"", "not valid JSON"},
        {"{}", "weight_map: expected an object"},
        {"{\"weight_map\":[]}", "weight_map: expected an object"},
        {"{\"weight_map\":{}}", "weight_map: expected an object"},
        {"{\"weight_map\":{\"a\":1}}", "a file in the same folder, found 1"},
        {"{\"weight_map\":{\"a\":\"\"}}", "same folder, found \"\""},
        {"{\"weight_map\":{\"a\":\"..\"}}", "same folder, found \"..\""},
        {"{\"weight_map\":{\"a\":\"../a.safetensors\"}}",
         "same folder, found \"../a.safetensors\""},
        {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}",
         "same folder, found \"/etc/passwd\""},
        {"{\"weight_map\":{\"a\":\"x/y\"}}", "same folder, found \"x/y\""},
        {"{\"weight_map\":{\"a\":\"\\u001b[2J\"}}", "found \"^[[2J\""},
        {"{\"weight_map\":{\"a\":\"gone.safetensors\"}}",
         "/gone.safetensors: cannot open: No such file"},
        {"{\"weight_map\":{\"a\":\"one\",\"x\":\"one\"}}",
         "tensor \"x\": expected in one, found nowhere"},
        {"{\"weight_map\":{\"a\":\"one\",\"b\":\"one\",\"c\":\"two\"}}",
         "tensor \"b\": expected in one, found in two"},
        {"{\"weight_map\":{\"a\":\"one\",\"b\":\"same\"}}",
         "tensor \"a\": expected once, found in "},
        {"{\"weight_map\":{\"a\":\"one\",\"b\":\"bad\"}}",
         "/bad: expected a safetensors file, found 1 bytes"},
    };
    gb_error err;
    size_t i;

    (void)state;
    drop(single);
    put_tensors("one", "{\"a\":" ONE "}", 4);
    put_tensors("same", "{\"a\":" ONE "}", 4);
    put_tensors("two", "{\"b\":" ONE ",\"c\":" T("F32", "[1]", 4, 8) "}", 8);
    put("bad", "x", 1);
    for (i = 0; i < GB_COUNT(cases); i++) {
        err = (gb_error)GB_ERROR_INIT;
        put(index_name, cases[i].index, strlen(cases[i].index));
        if (gb_tensors_open(test_folder(), &err) != NULL)
            fail_msg("%s was accepted", cases[i].index);
        test_fails_with(&err, GB_FAILED, test_folder(), cases[i].says, NULL);
    }
}

static void
test_many_shards(void **state)
{
    gb_str text = GB_STR_INIT;
    gb_error err = GB_ERROR_INIT;
    int i;

    (void)state;
    gb_str_puts(&text, "{\"weight_map\":{");
    for (i = 0; i < 257; i++)
        gb_str_printf(&text, "%s\"%d\":\"%d\"", i > 0 ? "," : "", i, i);
    gb_str_puts(&text, "}}");
    drop(single);
    put(index_name, text.data, text.len);
    assert_null(gb_tensors_open(test_folder(), &err));
    test_fails_with(&err, GB_FAILED, "at most 256 files, found 257", NULL);
    gb_str_free(&text);
}

/* Reads the first and the last byte of every tensor that can be had. */
static unsigned
touch(const gb_tensors *t)
{
    static const char *const names[] = {"a", "b", "c", "d", "h.0.x"};
    gb_tensor x;
    unsigned sum = 0;
    size_t i;

    for (i = 0; i < GB_COUNT(names); i++) {
        if (!gb_tensors_get(t, names[i], &x, NULL) || x.size == 0)
            continue;
        assert_int_equal(x.size, x.count * gb_dtype_size(x.dtype));
        sum += byte_at(&x, 0) + byte_at(&x, x.size - 1);
    }
    return sum;
}

/* Ten thousand damaged files: each is read or refused with a sentence. */
static void
test_mutated(void **state)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"},\"a\":" T("F32", "[2,3]", 0, 24)
        ",\"b\":" T("F16", "[4]", 24, 32) ",\"c\":" T("BF16", "[1]", 32, 34)
        ",\"d\":" T("I8", "[2,2]", 34, 38) ",\"transformer.h.0.x\":"
        T("F32", "[1]", 38, 42) "}";
    gb_str file = GB_STR_INIT, copy = GB_STR_INIT;
    test_random random = {2};
    unsigned accepted = 0, i;
    gb_error err;
    gb_tensors *t;
    size_t n;

    (void)state;
    build(&file, header, 42);
    for (i = 0; i < 10000; i++) {
        gb_str_clear(&copy);
        gb_str_append(&copy, file.data, file.len);
        /* Damage to the header alone gets further than to the length. */
        n = i % 4 == 0 ? test_mutate(&random, copy.data, copy.len)
                       : copy.len;
        if (i % 4 != 0)
            test_mutate(&random, copy.data + 8, sizeof header - 1);
        t = open_bytes(copy.data, n, &err);
        if (t != NULL) {
            touch(t);
            accepted++;
        } else {
            assert_string_not_equal(err.text, "");
        }
        gb_tensors_close(t);
    }
    assert_in_range(accepted, 100, 9000);
    gb_str_free(&file);
    gb_str_free(&copy);
}

/* Files that somebody makes shorter while they are open. */
static void
test_truncated(void **state)
{
    static const char header[] =
        "{\"a\":" T("F32", "[8]", 0, 32) ",\"b\":" T("F16", "[2]", 32, 36) "}";
    char *path = gb_path_join(test_folder(), single);
    gb_error err = GB_ERROR_INIT;
    gb_tensors *t = open_header(header, 36, &err);
    gb_tensor a, b, other;
    float x[8];
    bool same;

    (void)state;
    test_ok(t != NULL, &err);
    test_ok(gb_tensors_get(t, "a", &a, &err), &err);
    test_ok(gb_tensors_get(t, "b", &b, &err), &err);
    other = a;
    assert_int_equal(truncate(path, 8 + sizeof header - 1 + 20), 0);
    test_ok(gb_tensor_read(&a, 0, 5, x, &err), &err);
    assert_false(gb_tensor_read(&a, 0, 8, x, &err));
    test_fails_with(&err, GB_FAILED, path, "when it was opened", NULL);
    assert_false(gb_tensor_read(&b, 0, 2, x, &err));
    assert_false(gb_tensor_copy(&b, 0, 1, x, &err));
    assert_false(gb_tensor_compare(&a, &other, &same, &err));
    test_fails_with(&err, GB_FAILED, path, NULL);
    gb_tensors_close(t);
    free(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_names),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused_headers),
        cmocka_unit_test(test_refused_lengths),
        cmocka_unit_test(test_huge_headers),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_refused_indices),
        cmocka_unit_test(test_many_shards),
        cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_truncated),
    };

    return cmocka_run_group_tests_name("safetensors", tests, NULL, NULL);
}
