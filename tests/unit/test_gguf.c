/* GGUF: files as the gguf package writes them (tests/reference/
 * gguf_golden.py), and what is refused, in which words. */
#include "test.h"

#include <math.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/dequant.h"
#include "model/gguf.h"
#include "model/model.h"
#include "mutate.h"
#include "tests/tools/random_model.h"

static gb_str golden; /* tiny.gguf */

static int
setup(void **state)
{
    (void)state;
    golden = test_bytes("tiny.gguf");
    return 0;
}

static gb_model *
open_bytes(const void *data, size_t n, gb_error *err)
{
    *err = (gb_error)GB_ERROR_INIT;
    return gb_model_open(test_write("m.gguf", data, n), err);
}

/* --- types ---------------------------------------------------------------- */

static size_t
read_hex(const char *hex, unsigned char *out)
{
    unsigned byte;
    size_t n = 0;

    while (sscanf(hex + 2 * n, "%2x", &byte) == 1)
        out[n++] = (unsigned char)byte;
    return n;
}

/* As numpy computes them; a fused multiply-add may round otherwise. */
static void
check_close(const char *type, const float *found, const float *expected,
            size_t n)
{
    float most = 0;
    size_t i;

    for (i = 0; i < n; i++)
        most = fmaxf(most, fabsf(expected[i]));
    assert_true(most > 0);
    for (i = 0; i < n; i++)
        if (!(fabsf(found[i] - expected[i]) <= most * 1e-6f))
            fail_msg("%s: %zu: expected %g, found %g", type, i,
                     (double)expected[i], (double)found[i]);
}

static void
check_block(const char *type, const unsigned char *block, size_t size,
            const float *expected, size_t n)
{
    unsigned char as_q8_0[34];
    float found[256];
    gb_dtype dtype;

    assert_true(gb_dtype_find(type, &dtype));
    assert_int_equal(gb_dtype_size(dtype), size);
    assert_int_equal(gb_dtype_block(dtype), n);
    gb_dequantize(dtype, block, 1, found);
    check_close(type, found, expected, n);
    if (!gb_dequant_is_q8_0(dtype))
        return;
    gb_dequant_to_q8_0(dtype, block, as_q8_0);
    gb_dequantize(GB_Q8_0, as_q8_0, 1, found);
    check_close(type, found, expected, n);
}

static void
test_types(void **state)
{
    FILE *f = fopen(test_source("tests/golden/dequant.txt"), "r");
    char type[16], block[512], values[4096];
    unsigned char bytes[256];
    float expected[256];
    size_t size, lines = 0;

    (void)state;
    assert_non_null(f);
    while (fscanf(f, "%15s %511s %4095s", type, block, values) == 3) {
        size = read_hex(block, bytes);
        check_block(type, bytes, size, expected,
                    read_hex(values, (unsigned char *)expected) / 4);
        lines++;
    }
    fclose(f);
    assert_int_equal(lines, 20);
}

/* --- a whole file --------------------------------------------------------- */

/* One tensor against the same of the folder, which has (in, out). */
static void
check_tensor(const gb_model *m, const gb_model *folder, const char *key,
             gb_dtype dtype, bool turned, float most)
{
    gb_error err = GB_ERROR_INIT;
    gb_tensor x, y;
    float *a, *b;
    uint64_t i, j, rows;

    test_ok(gb_tensors_get(m->tensors, key, &x, &err), &err);
    test_ok(gb_tensors_get(folder->tensors, key, &y, &err), &err);
    assert_int_equal(x.dtype, dtype);
    assert_int_equal(x.turned, turned);
    assert_int_equal(x.rank, y.rank);
    assert_memory_equal(x.shape, y.shape, sizeof x.shape);
    a = gb_alloc_array(x.count, sizeof *a);
    b = gb_alloc_array(x.count, sizeof *b);
    test_ok(gb_tensor_read(&x, 0, x.count, a, &err), &err);
    test_ok(gb_tensor_read(&y, 0, y.count, b, &err), &err);
    rows = x.shape[0];
    for (i = 0; i < x.count; i++) {
        j = turned ? i % rows * x.shape[1] + i / rows : i;
        if (!(fabsf(a[i] - b[j]) <= most))
            fail_msg("%s: %ju: %g for %g", key, (uintmax_t)i, (double)a[i],
                     (double)b[j]);
    }
    free(a);
    free(b);
}

static void
check_ids(gb_model *m, const char *text, const gb_token *expected, size_t n)
{
    gb_error err = GB_ERROR_INIT;
    gb_ids ids = GB_IDS_INIT;
    gb_str back = GB_STR_INIT;

    test_ok(gb_tokenizer_encode_whole(m->tokenizer, text, strlen(text), true,
                                      &ids, &err), &err);
    assert_int_equal(ids.len, n);
    assert_memory_equal(ids.data, expected, n * sizeof *expected);
    test_ok(gb_tokenizer_decode(m->tokenizer, ids.data, ids.len, &back, &err),
            &err);
    assert_string_equal(gb_str_cstr(&back), text);
    gb_str_free(&back);
    gb_ids_free(&ids);
}

static void
test_read(void **state)
{
    static const gb_random_model same = {
        .layers = 1, .width = 32, .heads = 2, .vocab = 261, .context = 16,
        .seed = 5,
    };
    static const gb_token ids[] = {256, 220, 259, 64, 258};
    gb_error err = GB_ERROR_INIT;
    char *path = gb_path_join(test_folder(), "same");
    gb_model *m, *folder;

    (void)state;
    test_ok(gb_random_model_write(&same, path, &err), &err);
    folder = gb_model_open(path, &err);
    test_ok(folder != NULL, &err);
    m = open_bytes(golden.data, golden.len, &err);
    test_ok(m != NULL, &err);
    assert_string_equal(m->name, "m.gguf");
    assert_int_equal(m->config.n_layer, 1);
    assert_int_equal(m->config.n_head, 2);
    assert_int_equal(m->config.n_embd, 32);
    assert_int_equal(m->config.n_inner, 128);
    assert_int_equal(m->config.n_ctx, 16);
    assert_int_equal(m->config.n_vocab, 261);
    assert_int_equal(m->config.ends.n, 1);
    assert_int_equal(m->config.ends.ids[0], 258);
    assert_int_equal(m->config.start_id, 258);
    assert_true(m->tied);
    check_tensor(m, folder, "wte.weight", GB_F16, false, 1e-3f);
    check_tensor(m, folder, "wpe.weight", GB_F32, false, 0);
    check_tensor(m, folder, "ln_f.bias", GB_F32, false, 0);
    check_tensor(m, folder, "h.0.ln_2.weight", GB_F32, false, 0);
    check_tensor(m, folder, "h.0.attn.c_attn.weight", GB_Q8_0, true, 3e-3f);
    check_tensor(m, folder, "h.0.attn.c_attn.bias", GB_F32, false, 0);
    check_tensor(m, folder, "h.0.attn.c_proj.weight", GB_Q4_0, true, 5e-2f);
    check_tensor(m, folder, "h.0.mlp.c_fc.weight", GB_Q5_1, true, 1.1e-2f);
    check_tensor(m, folder, "h.0.mlp.c_proj.weight", GB_BF16, true, 1e-3f);
    check_ids(m, "aa [who is it]a<|endoftext|>", ids, GB_COUNT(ids));
    assert_false(gb_tokenizer_has(m->tokenizer, 260));
    assert_non_null(m->note);
    gb_model_close(m);
    gb_model_close(folder);
    free(path);
}

/* --- what is refused ------------------------------------------------------ */

/* The value behind a key: behind its name and the type. */
static char *
value_of(char *data, size_t n, const char *key)
{
    char *at = memmem(data, n, key, strlen(key));

    assert_non_null(at);
    return at + strlen(key) + 4;
}

static void
test_refused(void **state)
{
    static const struct {
        const char *key; /* "" is the beginning */
        int offset;      /* from its value, or the end of a tensor's name */
        const char *to;
        size_t n;
        const char *says;
    } cases[] = {
        {"", 0, "tjgg", 4, "one of ggml's older formats"},
        {"", 0, "PK\3\4", 4, "expected a GGUF file or the folder"},
        {"", 4, "\4", 1, "expected version 2 or 3 of GGUF, found 4"},
        {"", 4, "\1", 1, "expected version 2 or 3"},
        {"", 4, "\0\0\0\3", 4, "found a big-endian one"},
        {"", 8, "\377\377\377\377", 4, "expected a list of tensors of at "
                                       "most"},
        {"", 8, "\0", 1, "expected tensors, found none"},
        {"", 16, "\377\377\377\377\377\377\377\177", 8,
         "expected metadata of at most"},
        {"general.architecture", 8, "bert", 4,
         "general.architecture: expected \"gpt2\", the one architecture"},
        {"general.architecture", -4, "\12", 1, "gpt2"},
        {"general.architecture", -4, "\15", 1, "of a type below 13, found "
                                               "type 13"},
        {"general.architecture", 4, "\1", 1, "expected a text of at most"},
        {"gpt2.block_count", 0, "\2", 1,
         "tensor \"blk.1.attn_norm.weight\": expected one, found none"},
        {"gpt2.block_count", 0, "\0", 1,
         "gpt2.block_count: expected an integer from 1 to 1024, found 0"},
        {"gpt2.block_count", -4, "\5", 1, NULL}, /* I32 is as good */
        {"gpt2.block_count", -4, "\6", 1, "gpt2.block_count: expected"},
        {"gpt2.attention.head_count", 0, "\3", 1, "expected a divisor of"},
        {"gpt2.context_length", 0, "\17", 1,
         "tensor \"position_embd.weight\": shape: expected [15, 32]"},
        {"gpt2.feed_forward_length", 0, "\1", 1,
         "tensor \"blk.0.ffn_up.weight\": shape: expected [32, 1], found "
         "[32, 128]"},
        {"tokenizer.ggml.model", 8, "bert", 4,
         "tokenizer.ggml.model: expected \"gpt2\", found \"bert\""},
        {"tokenizer.ggml.pre", 8, "bloom", 5,
         "tokenizer.ggml.pre: expected \"gpt-2\", found \"bloom\""},
        {"tokenizer.ggml.tokens", 0, "\11", 1, "found one of lists"},
        {"tokenizer.ggml.tokens", 4, "\377\377\377\377", 4,
         "expected a list of at most"},
        {"tokenizer.ggml.tokens", 20, "\"", 1, "expected each token once"},
        {"tokenizer.ggml.tokens", 20, "\0", 1, "expected the text of a token"},
        {"tokenizer.ggml.token_type", 0, "\6", 1, "a list of integers"},
        {"tokenizer.ggml.token_type", 4, "\0", 1, "expected"},
        {"tokenizer.ggml.merges", 20, " ", 1, "expected two pieces"},
        {"tokenizer.ggml.bos_token_id", -16, "e", 1, "expected each key once"},
        {"token_embd.weight", -4, "\5", 1, "at most 4 sizes, found 5"},
        {"token_embd.weight", 0, "\37", 1, "shape: expected"},
        {"token_embd.weight", 7, "\177", 1, "at most 2^60 elements"},
        {"token_embd.weight", 16, "\14", 1, "rows of whole blocks"},
        {"token_embd.weight", 16, "\143", 1, "dtype: expected F32"},
        {"token_embd.weight", 20, "\1", 1, "an offset that 32 divides"},
        {"token_embd.weight", 23, "\1", 1, "an offset within the file's"},
        {"token_embd.weight", 16, "\36", 1, NULL}, /* BF16 is as long */
        {"token_embd.weight", 16, "\0", 1, "where the tensor before it ends"},
        {"token_embd.weight", 20, "\40", 1, "where the tensor before it ends"},
        {"token_embd.weight", 16, "\34", 1, "within the file, found its end"},
        {"blk.0.attn_norm.bias", -5, "x", 1, "expected one, found none"},
        {"blk.0.attn_norm.bias", -19, "1", 1, "expected one, found none"},
    };
    char *copy = gb_alloc(golden.len);
    gb_model *m;
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        memcpy(copy, golden.data, golden.len);
        memcpy((cases[i].key[0] == '\0'
                    ? copy
                    : value_of(copy, golden.len, cases[i].key)) +
                   cases[i].offset,
               cases[i].to, cases[i].n);
        m = open_bytes(copy, golden.len, &err);
        if (cases[i].says == NULL) {
            test_ok(m != NULL, &err);
        } else {
            if (m != NULL)
                fail_msg("case %zu was accepted", i);
            test_fails_with(&err, GB_FAILED, "/m.gguf: ", cases[i].says, NULL);
        }
        gb_model_close(m);
    }
    for (i = 0; i < golden.len; i += 331) {
        assert_null(open_bytes(golden.data, i, &err));
        test_fails_with(&err, GB_FAILED, "/m.gguf", NULL);
    }
    free(copy);
}

/* Damaged files are refused by a sentence, or their weights are in the file. */
static void
test_damaged(void **state)
{
    const char *end = memmem(golden.data, golden.len, "blk.0.ffn_down.bias",
                             19);
    const size_t header = (size_t)(end - golden.data) + 128;
    char *copy = gb_alloc(golden.len);
    size_t i, n, opened = 0;
    test_random r = {23};
    gb_error err;
    gb_model *m;
    float x[32];

    (void)state;
    for (i = 0; i < 2000; i++) {
        memcpy(copy, golden.data, golden.len);
        n = test_mutate(&r, copy, header);
        memmove(copy + n, golden.data + header, golden.len - header);
        m = open_bytes(copy, n + golden.len - header, &err);
        if (m == NULL) {
            test_fails_with(&err, GB_FAILED, "/m.gguf", NULL);
            continue;
        }
        opened++;
        test_ok(gb_tensor_read(&m->wte, m->wte.count - 32, 32, x, &err), &err);
        gb_model_close(m);
    }
    assert_in_range(opened, 1, 1999);
    free(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests_name("gguf", tests, setup, NULL);
}
