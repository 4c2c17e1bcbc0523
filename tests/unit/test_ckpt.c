/* ckpt.pt of nanoGPT (tests/reference/ckpt_golden.py): its numbers, and what is
 * said where it cannot be read. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "engine_fixture.h"
#include "model/model.h"

#define ROWS 264

static gb_str golden;

/* A tokenizer of 261 tokens is beside the checkpoint, which has more rows. */
static int
setup(void **state)
{
    static const gb_random_model beside = {
        .layers = 1, .width = 4, .heads = 2, .vocab = 261, .context = 8,
    };
    static const char *const others[] = {"config.json", "model.safetensors"};
    gb_error err = GB_ERROR_INIT;
    char *path;
    size_t i;

    (void)state;
    test_ok(gb_random_model_write(&beside, test_folder(), &err), &err);
    for (i = 0; i < GB_COUNT(others); i++) {
        path = gb_path_join(test_folder(), others[i]);
        assert_int_equal(unlink(path), 0);
        free(path);
    }
    golden = test_bytes("ckpt.pt");
    return 0;
}

/* Writes a file (name) of these bytes, in which n others stand for `from`. */
static void
write_changed(const char *name, const gb_str *bytes, const char *from,
              const char *to, size_t n)
{
    char *copy = gb_alloc(bytes->len), *at;

    memcpy(copy, bytes->data, bytes->len);
    at = memmem(copy, bytes->len, from, n);
    assert_non_null(at);
    memcpy(at, to, n);
    test_write(name, copy, bytes->len);
    free(copy);
}

static size_t
read_expected(gb_token *ids, float *logprobs)
{
    FILE *f = fopen(test_source("tests/golden/ckpt.txt"), "r");
    char line[80], *p = line, *end;
    size_t n = 0, i;

    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    for (; strtoul(p, &end, 10) > 0 && end > p; p = end)
        ids[n++] = (gb_token)strtoul(p, NULL, 10);
    for (i = 0; i < ROWS; i++)
        assert_int_equal(fscanf(f, "%f", &logprobs[i]), 1);
    fclose(f);
    return n;
}

/* As its own model computes, with GELU as it is and without biases. */
static void
test_numbers(void **state)
{
    const char *folder = test_folder();
    float expected[ROWS], *found;
    gb_token ids[8];
    size_t n = read_expected(ids, expected), i;
    fixture f;

    (void)state;
    test_write("ckpt.pt", golden.data, golden.len);
    f = fixture_open(folder, NULL);
    assert_true(n > 1);
    fixture_feed(f.engine, ids, (uint32_t)n);
    found = fixture_logprobs(f.engine);
    for (i = 0; i < ROWS; i++)
        if (!(fabsf(found[i] - expected[i]) < 1e-4f))
            fail_msg("%zu: expected %g, found %g", i, (double)expected[i],
                     (double)found[i]);
    free(found);
    fixture_close(&f);
}

static void
test_model(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_model *m;

    (void)state;
    test_write("ckpt.pt", golden.data, golden.len);
    m = gb_model_open(test_folder(), &err);
    test_ok(m != NULL, &err);
    assert_int_equal(m->config.n_layer, 1);
    assert_int_equal(m->config.n_head, 2);
    assert_int_equal(m->config.n_embd, 4);
    assert_int_equal(m->config.n_ctx, 8);
    assert_int_equal(m->config.n_vocab, ROWS);
    assert_int_equal(m->config.activation, GB_GELU);
    /* (out, in) in row order, and in column order. */
    assert_true(m->tied && m->blocks[0].proj_weight.turned);
    assert_false(m->blocks[0].fc_weight.turned);
    /* What nanoGPT's data have between texts, by its name. */
    assert_int_equal(m->config.ends.n, 1);
    assert_string_equal(gb_tokenizer_piece(m->tokenizer,
                                           m->config.ends.ids[0]),
                        "<|endoftext|>");
    assert_int_equal(m->config.start_id, m->config.ends.ids[0]);
    assert_int_equal(gb_tokenizer_missing(m->tokenizer), ROWS - 261);
    gb_model_close(m);
}

static void
test_refused(void **state)
{
    static const struct {
        const char *from, *to;
        size_t size;
        const char *says;
    } cases[] = {
        {"block_size", "block_sise", 10,
         "ckpt.pt: model_args: expected those of nanoGPT, found "
         "\"block_sise\""},
        {"block_size", "block_\x1b[m ", 10, "found \"block_^[[m \""},
        {"block_size", "block_\xff\xff\xff\xff", 10, "no UTF-8"},
        {"n_layerq", "dropoutq", 8,
         "model_args: n_layer: expected an integer from 1 to 1024"},
        {"model_args", "model_arks", 10,
         "expected a dictionary \"model_args\" in its pickle, found none"},
        {"X\5\0\0\0model", "X\5\0\0\0nodel", 10,
         "expected a dictionary \"model\" in its pickle, found none"},
        /* Strides, of which wpe's come second. */
        {"K\10K\4\206q\23K\4K\1\206",
         "K\10K\4\206q\23K\1K\10\206", 12,
         "wpe.weight\": expected its rows one after the other, found its "
         "columns"},
        {"h.0.ln_1.weight", "h.0.ln_7.weight", 15,
         "\"h.0.ln_1.weight\": expected one, found none"},
    };
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        write_changed("ckpt.pt", &golden, cases[i].from, cases[i].to,
                      cases[i].size);
        err = (gb_error)GB_ERROR_INIT;
        assert_null(gb_model_open(test_folder(), &err));
        test_fails_with(&err, GB_FAILED, "ckpt.pt", cases[i].says, NULL);
    }
}

/* Where there are to be biases each must be there. */
static void
test_biases(void **state)
{
    gb_error err = GB_ERROR_INIT;

    (void)state;
    write_changed("ckpt.pt", &golden, "biasq}\211", "biasq}\210", 7);
    assert_null(gb_model_open(test_folder(), &err));
    test_fails_with(&err, GB_FAILED, "ckpt.pt", "ln_f.bias\": expected one",
                    NULL);
}

/* Before there were biases to be left out GELU was the one with tanh. */
static void
test_older(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_config config;

    (void)state;
    /* One that is false is ignored. */
    write_changed("ckpt.pt", &golden, "biasq}\211", "baseq}\211", 7);
    test_ok(gb_config_load(test_folder(), &config, &err), &err);
    assert_int_equal(config.activation, GB_GELU_TANH);
    assert_false(config.no_bias);
}

/* A model of characters: bytes, others, and what no text is. */
static void
test_characters(void **state)
{
    static const struct {
        const char *from, *to;
        const char *says;
    } cases[] = {
        {"stoi", "stoj", "meta.pkl: expected a dictionary \"stoi\""},
        {"K\3", "K\2", "meta.pkl: expected one piece for id 2"},
        {"\214\1a\224K\3", "\214\1a\224\210\224",
         "stoi: expected characters and their ids, found \"a\" and true"},
        {"\214\2\303\251", "\214\2\303(", "a name that is no UTF-8"},
        {"\214\2\303\251", "\214\2\0(", "a name with a NUL byte"},
    };
    static const char text[] = "a \303\251\344\270\226!\n<a";
    static const gb_token expected[] = {3, 1, 6, 7, 2, 0};
    char *folder = gb_path_join(test_folder(), "characters");
    const gb_str meta = test_bytes("meta.pkl");
    gb_error err = GB_ERROR_INIT;
    gb_str back = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    gb_model *m;
    size_t i;

    (void)state;
    test_write("characters/ckpt.pt", golden.data, golden.len);
    test_write("characters/meta.pkl", meta.data, meta.len);
    m = gb_model_open(folder, &err);
    test_ok(m != NULL, &err);
    assert_int_equal(m->config.ends.n, 0);
    assert_int_equal(m->config.start_id, 0);
    test_ok(gb_tokenizer_encode(m->tokenizer, text, 9, true, &ids, &err),
            &err);
    assert_int_equal(ids.len, GB_COUNT(expected));
    assert_memory_equal(ids.data, expected, sizeof expected);
    test_ok(gb_tokenizer_decode(m->tokenizer, ids.data, ids.len, &back, &err),
            &err);
    assert_int_equal(back.len, 9);
    assert_memory_equal(back.data, text, 9);
    assert_false(gb_tokenizer_encode(m->tokenizer, text, sizeof text - 1, true,
                                     &ids, &err));
    test_fails_with(&err, GB_FAILED, "no piece for the byte 0x3c", NULL);
    gb_model_close(m);
    for (i = 0; i < GB_COUNT(cases); i++) {
        write_changed("characters/meta.pkl", &meta, cases[i].from, cases[i].to,
                      strlen(cases[i].from));
        err = (gb_error)GB_ERROR_INIT;
        assert_null(gb_model_open(folder, &err));
        test_fails_with(&err, GB_FAILED, "meta.pkl", cases[i].says, NULL);
    }
    gb_ids_free(&ids);
    gb_str_free(&back);
    free(folder);
}

static void
test_no_tokenizer(void **state)
{
    gb_error err = GB_ERROR_INIT;
    char *folder = gb_path_join(test_folder(), "alone");
    gb_model *m;

    (void)state;
    test_write("alone/ckpt.pt", golden.data, golden.len);
    assert_null(gb_model_open(folder, &err));
    test_fails_with(&err, GB_FAILED, folder, "expected the tokenizer",
                    "beside ckpt.pt", "vocab.json and merges.txt", NULL);
    err = (gb_error)GB_ERROR_INIT;
    m = gb_model_open_weights(folder, &err);
    test_ok(m != NULL, &err);
    gb_model_close(m);
    /* A folder of Transformers does not become one of nanoGPT by it. */
    test_write("alone/config.json", "{}", 2);
    assert_null(gb_model_open_weights(folder, &err));
    test_fails_with(&err, GB_FAILED, "config.json", "model_type", NULL);
    free(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_model),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_biases),
        cmocka_unit_test(test_older), cmocka_unit_test(test_characters),
        cmocka_unit_test(test_no_tokenizer),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
