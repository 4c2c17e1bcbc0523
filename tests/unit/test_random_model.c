/* The random models are the same to the byte as those of
 * tests/reference/random_model.py, on which the golden files rest. */
#include "test.h"

#include <nettle/sha2.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/random.h"
#include "../tools/random_model.h"

/* sha256 is that of all files of the folder in order of their names:
 *   tests/reference/random_model.py F ...; cd F; cat * | sha256sum */
static const struct {
    gb_random_model model;
    const char *files[10];
    const char *sha256;
} cases[] = {
    {{.layers = 1, .width = 32, .heads = 2, .vocab = 300, .context = 64},
     {"config.json", "merges.txt", "model.safetensors", "vocab.json"},
     "1ef82aa7feb9a3986a3bf1be9349f384e7361c16fe89f85e7d3b2b7db02e4072"},
    {{.layers = 2, .width = 60, .heads = 5, .vocab = 301, .context = 100,
      .dtype = GB_F16, .seed = UINT64_MAX},
     {"config.json", "merges.txt", "model.safetensors", "vocab.json"},
     "79c4a379b3f1b303ea39274c938b97e649387ffc71885cb4cbd13f9611d8734c"},
    {{.layers = 1, .width = 75, .heads = 3, .vocab = 70000, .context = 30,
      .inner = 40, .dtype = GB_BF16, .seed = 7, .shards = 5,
      .prefix = "transformer.", .untied = true},
     {"config.json", "merges.txt", "model-00001-of-00005.safetensors",
      "model-00002-of-00005.safetensors", "model-00003-of-00005.safetensors",
      "model-00004-of-00005.safetensors", "model-00005-of-00005.safetensors",
      "model.safetensors.index.json", "vocab.json"},
     "3a29409c9fc518ea5923a4144e7aa85f4687b343717210375d3ddf051bc9ea8e"},
};

static void
hash_file(struct sha256_ctx *sha, const char *folder, const char *name)
{
    char *path = gb_path_join(folder, name);
    gb_error err = GB_ERROR_INIT;
    gb_str text = GB_STR_INIT;

    test_ok(gb_file_read(path, SIZE_MAX, &text, &err), &err);
    sha256_update(sha, text.len, (const uint8_t *)gb_str_cstr(&text));
    gb_str_free(&text);
    free(path);
}

static void
hex_digest(struct sha256_ctx *sha, char hex[65])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    size_t i;

    sha256_digest(sha, sizeof digest, digest);
    for (i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void
test_same_as_python(void **state)
{
    struct sha256_ctx sha;
    gb_error err = GB_ERROR_INIT;
    char hex[65], *folder;
    size_t i, k;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        folder = gb_format("%s/%zu", test_folder(), i);
        test_ok(gb_random_model_write(&cases[i].model, folder, &err), &err);
        sha256_init(&sha);
        for (k = 0; cases[i].files[k] != NULL; k++)
            hash_file(&sha, folder, cases[i].files[k]);
        hex_digest(&sha, hex);
        assert_string_equal(hex, cases[i].sha256);
        free(folder);
    }
}

/* So are those that are made without a file. */
static void
test_same_without_file(void **state)
{
    const gb_random_model written = {.layers = 2, .width = 32, .heads = 2,
                                     .vocab = 300, .context = 40,
                                     .no_tokenizer = true};
    gb_error err = GB_ERROR_INIT;
    gb_model *a, *b;
    bool same;
    size_t i;

    (void)state;
    test_ok(gb_random_model_write(&written, test_folder(), &err), &err);
    a = gb_model_open_weights(test_folder(), &err);
    test_ok(a != NULL, &err);
    b = gb_random_open("2,32,2,300,40", &err);
    test_ok(b != NULL, &err);
    const gb_tensor *pairs[][2] = {
        {&a->wte, &b->wte},
        {&a->wpe, &b->wpe},
        {&a->ln_f_weight, &b->ln_f_weight},
        {&a->blocks[0].attn_weight, &b->blocks[0].attn_weight},
        {&a->blocks[1].fc_weight, &b->blocks[1].fc_weight},
        {&a->blocks[1].fc_proj_weight, &b->blocks[1].fc_proj_weight},
        {&a->blocks[1].ln_2_bias, &b->blocks[1].ln_2_bias},
    };
    for (i = 0; i < GB_COUNT(pairs); i++) {
        test_ok(gb_tensor_compare(pairs[i][0], pairs[i][1], &same, &err),
                &err);
        assert_true(same);
    }
    assert_int_equal(a->config.n_inner, b->config.n_inner);
    assert_int_equal(a->config.head_size, b->config.head_size);
    gb_model_close(a);
    gb_model_close(b);
}

static void
test_refused(void **state)
{
    gb_random_model m = {.layers = 1, .width = 8, .heads = 1, .vocab = 9};
    gb_error err = GB_ERROR_INIT;

    (void)state;
    assert_false(gb_random_model_write(&m, test_folder(), &err));
    test_fails_with(&err, GB_USAGE, "context", NULL);
    m.context = 4;
    m.shards = 17; /* 16 tensors */
    assert_false(gb_random_model_write(&m, test_folder(), &err));
    test_fails_with(&err, GB_USAGE, "shards", "17", "16", NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_python),
        cmocka_unit_test(test_same_without_file),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
