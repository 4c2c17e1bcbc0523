/* Model folders: found, opened, checked against config.json. */
#include "test.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <unistd.h>

#include "../tools/random_model.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/model.h"

static const char *
put(const char *folder, const char *name, const void *data, size_t n)
{
    char *path = gb_path_join(folder, name);
    const char *written = test_write(path, data, n);

    free(path);
    return written;
}

/* --- a tiny model, spelled out so that one tensor can be made wrong ------ */

typedef struct spec {
    const char *name, *dtype;
    uint64_t shape[5]; /* ends with 0 */
} spec;

/* 1 layer, 4 wide, 2 heads, 6 tokens, context 5. */
static const spec tiny[] = {
    {"wte.weight", "F32", {6, 4}},
    {"wpe.weight", "F32", {5, 4}},
    {"h.0.ln_1.weight", "F32", {4}},
    {"h.0.ln_1.bias", "F32", {4}},
    {"h.0.attn.bias", "U8", {1, 1, 5, 5}},
    {"h.0.attn.masked_bias", "F64", {0}},
    {"h.0.attn.c_attn.weight", "F16", {4, 12}},
    {"h.0.attn.c_attn.bias", "F32", {12}},
    {"h.0.attn.c_proj.weight", "BF16", {4, 4}},
    {"h.0.attn.c_proj.bias", "F32", {4}},
    {"h.0.ln_2.weight", "F32", {4}},
    {"h.0.ln_2.bias", "F32", {4}},
    {"h.0.mlp.c_fc.weight", "F32", {4, 16}},
    {"h.0.mlp.c_fc.bias", "F32", {16}},
    {"h.0.mlp.c_proj.weight", "F32", {16, 4}},
    {"h.0.mlp.c_proj.bias", "F32", {4}},
    {"ln_f.weight", "F32", {4}},
    {"ln_f.bias", "F32", {4}},
};

static unsigned
bytes_each(const char *dtype)
{
    return strcmp(dtype, "U8") == 0      ? 1
           : strstr(dtype, "16") != NULL ? 2
           : strstr(dtype, "64") != NULL ? 8
                                         : 4;
}

/* Adds a tensor whose bytes are all `fill`. */
static void
add(gb_str *header, gb_str *data, const spec *s, char fill)
{
    uint64_t n = bytes_each(s->dtype), begin = data->len;
    int i;

    gb_str_printf(header, "%c\"%s\":{\"dtype\":\"%s\",\"shape\":[",
                  header->len == 0 ? '{' : ',', s->name, s->dtype);
    for (i = 0; s->shape[i] != 0; i++) {
        gb_str_printf(header, "%s%" PRIu64, i > 0 ? "," : "", s->shape[i]);
        n *= s->shape[i];
    }
    while (data->len < begin + n)
        gb_str_putc(data, fill);
    gb_str_printf(header, "],\"data_offsets\":[%" PRIu64 ",%zu]}", begin,
                  data->len);
}

/* Writes the tiny model; the tensor of the same name as `other` is replaced
 * by it (left out when it has no dtype), one of another name is added. */
static void
put_tiny(const char *folder, const char *config, const spec *other, char fill)
{
    gb_str header = GB_STR_INIT, data = GB_STR_INIT, file = GB_STR_INIT;
    bool replaced = other == NULL, same;
    size_t i;

    for (i = 0; i < GB_COUNT(tiny); i++) {
        same = other != NULL && strcmp(tiny[i].name, other->name) == 0;
        replaced |= same;
        if (!same)
            add(&header, &data, &tiny[i], 'a');
        else if (other->dtype != NULL)
            add(&header, &data, other, 'a');
    }
    if (!replaced)
        add(&header, &data, other, fill);
    gb_str_putc(&header, '}');
    for (i = 0; i < 8; i++)
        gb_str_putc(&file, (char)(header.len >> 8 * i));
    gb_str_append(&file, header.data, header.len);
    gb_str_append(&file, data.data, data.len);
    put(folder, "model.safetensors", file.data, file.len);
    gb_str_clear(&file);
    gb_str_printf(&file, "{\"model_type\":\"gpt2\",\"n_layer\":1,"
                  "\"n_embd\":4,\"n_head\":2,\"n_positions\":5,"
                  "\"vocab_size\":6%s}", config);
    put(folder, "config.json", file.data, file.len);
    gb_str_free(&header);
    gb_str_free(&data);
    gb_str_free(&file);
}

static gb_model *
open_tiny(const char *config, const spec *other, char fill, gb_error *err)
{
    char *folder = gb_path_join(test_folder(), "tiny");
    gb_model *m;

    *err = (gb_error)GB_ERROR_INIT;
    put_tiny("tiny", config, other, fill);
    m = gb_model_open_weights(folder, err);
    free(folder);
    return m;
}

static void
test_tiny(void **state)
{
    gb_error err;
    gb_model *m = open_tiny("", NULL, 0, &err);

    (void)state;
    test_ok(m != NULL, &err);
    assert_string_equal(m->name, "tiny");
    assert_true(m->tied);
    assert_int_equal(m->lm_head.at, m->wte.at);
    assert_int_equal(m->wpe.count, 20);
    assert_int_equal(m->blocks[0].attn_weight.dtype, GB_F16);
    assert_int_equal(m->blocks[0].proj_weight.dtype, GB_BF16);
    assert_int_equal(m->blocks[0].fc_weight.shape[1], 16);
    assert_null(m->tokenizer);
    gb_model_close(m);
}

/* A head in the file is used, and known to be wte when it is. */
static void
test_head(void **state)
{
    static const spec head = {"lm_head.weight", "F32", {6, 4}};
    static const spec half = {"lm_head.weight", "F16", {6, 4}};
    static const struct {
        const char *config;
        const spec *head;
        char fill;
        bool tied;
    } cases[] = {
        {"", NULL, 0, true},
        {"", &head, 'a', true},
        {"", &head, 'b', false},
        {"", &half, 'a', false},
        {",\"tie_word_embeddings\":true", &head, 'b', false},
        {",\"tie_word_embeddings\":false", &head, 'b', false},
        {",\"tie_word_embeddings\":false", &head, 'a', true},
    };
    char element[4];
    gb_error err;
    gb_model *m;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        m = open_tiny(cases[i].config, cases[i].head, cases[i].fill, &err);
        test_ok(m != NULL, &err);
        assert_int_equal(m->tied, cases[i].tied);
        assert_int_equal(m->lm_head.at == m->wte.at, cases[i].tied);
        if (!cases[i].tied) {
            test_ok(gb_tensor_copy(&m->lm_head, 0, 1, element, &err), &err);
            assert_int_equal(element[0], cases[i].fill);
        }
        gb_model_close(m);
    }
    assert_null(open_tiny(",\"tie_word_embeddings\":false", NULL, 0, &err));
    test_fails_with(&err, GB_FAILED, "tensor \"lm_head.weight\": expected one",
                    NULL);
}

static void
test_wrong_tensors(void **state)
{
    static const struct {
        spec tensor;
        const char *says;
    } cases[] = {
        {{"wte.weight", "F32", {7, 4}}, "expected [6, 4], found [7, 4]"},
        {{"wte.weight", "F32", {24}}, "expected [6, 4], found [24]"},
        {{"wpe.weight", "F32", {4, 4}}, "expected [5, 4], found [4, 4]"},
        {{"ln_f.weight", "F32", {1, 4}}, "expected [4], found [1, 4]"},
        {{"ln_f.bias", "F32", {4, 1}}, "expected [4], found [4, 1]"},
        {{"ln_f.bias", "F32", {0}}, "expected [4], found []"},
        {{"h.0.attn.c_attn.weight", "F16", {12, 4}},
         "expected [4, 12], found [12, 4]"},
        {{"h.0.attn.c_proj.weight", "F32", {4, 4, 1}},
         "expected [4, 4], found [4, 4, 1]"},
        {{"h.0.mlp.c_fc.weight", "F32", {4, 17}},
         "expected [4, 16], found [4, 17]"},
        {{"h.0.mlp.c_fc.bias", "F32", {4}}, "expected [16], found [4]"},
        {{"h.0.mlp.c_proj.weight", "I64", {16, 4}},
         "dtype: expected F32, F16, BF16 or F64, found \"I64\""},
        {{"h.0.ln_2.bias", "C64", {4}}, "found \"C64\""},
        {{"wte.weight", NULL, {0}}, "expected one, found none"},
        {{"h.0.ln_1.bias", NULL, {0}}, "expected one, found none"},
        {{"h.0.attn.c_proj.bias", NULL, {0}}, "expected one, found none"},
        {{"lm_head.weight", "F32", {4, 6}}, "expected [6, 4], found [4, 6]"},
        {{"lm_head.weight", "I32", {6, 4}}, "found \"I32\""},
    };
    char tensor[64];
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        if (open_tiny("", &cases[i].tensor, 0, &err) != NULL)
            fail_msg("%s: %s: was accepted", cases[i].tensor.name,
                     cases[i].says);
        snprintf(tensor, sizeof tensor, "tensor \"%s\": ",
                 cases[i].tensor.name);
        test_fails_with(&err, GB_FAILED, "/tiny/model.safetensors: ", tensor,
                        cases[i].says, NULL);
    }
}

/* --- whole folders -------------------------------------------------------- */

static void
test_random_models(void **state)
{
    static const gb_random_model models[] = {
        {.layers = 1, .width = 32, .heads = 2, .vocab = 300, .context = 64},
        {.layers = 3, .width = 75, .heads = 3, .vocab = 401, .context = 33,
         .inner = 50, .dtype = GB_F16, .shards = 4, .prefix = "transformer.",
         .untied = true},
        {.layers = 2, .width = 50, .heads = 25, .vocab = 257, .context = 7,
         .dtype = GB_BF16, .prefix = "transformer.", .shards = 2},
    };
    char *folder = gb_path_join(test_folder(), "random");
    const gb_random_model *r;
    gb_error err = GB_ERROR_INIT;
    gb_model *m;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(models); i++) {
        r = &models[i];
        folder[strlen(folder) - 1] = (char)('0' + i);
        test_ok(gb_random_model_write(r, folder, &err), &err);
        m = gb_model_open(folder, &err);
        test_ok(m != NULL, &err);
        assert_int_equal(m->config.n_layer, r->layers);
        assert_int_equal(m->config.head_size, r->width / r->heads);
        assert_int_equal(m->wte.dtype, r->dtype);
        assert_int_equal(m->lm_head.count, (uint64_t)r->vocab * r->width);
        assert_int_equal(m->tied, !r->untied);
        assert_int_equal(gb_tensors_files(m->tensors),
                         r->shards > 1 ? r->shards : 1);
        assert_non_null(m->tokenizer);
        gb_model_close(m);
    }
    free(folder);
}

static void
test_shipped(void **state)
{
    gb_error err = GB_ERROR_INIT;
    gb_model *m = gb_model_open(test_source("models/stories"), &err);
    gb_ids ids = GB_IDS_INIT;

    (void)state;
    test_ok(m != NULL, &err);
    assert_string_equal(m->name, "stories");
    assert_int_equal(m->config.n_layer, 4);
    assert_int_equal(m->wte.dtype, GB_F16);
    assert_int_equal(m->blocks[3].fc_proj_weight.shape[0], 768);
    assert_true(m->tied);
    test_ok(gb_tokenizer_encode(m->tokenizer, "Once upon a time", 16, false,
                                &ids, &err), &err);
    assert_in_range(ids.len, 1, 16);
    gb_ids_free(&ids);
    gb_model_close(m);
    m = gb_model_open_tokenizer(test_source("models/stories/"), &err);
    test_ok(m != NULL, &err);
    assert_string_equal(m->name, "stories");
    assert_non_null(m->tokenizer);
    assert_null(m->tensors);
    assert_null(m->blocks);
    gb_model_close(m);
}

/* The hash of a folder's weight files as sha256sum computes it. */
static void
sha256sum(const char *folder, char hex[65])
{
    char *command = gb_format("cat '%s'/*.safetensors | sha256sum", folder);
    FILE *pipe = popen(command, "r");

    assert_non_null(pipe);
    assert_non_null(fgets(hex, 65, pipe));
    pclose(pipe);
    free(command);
}

static void
test_sha256(void **state)
{
    const gb_random_model shards = {.layers = 1, .width = 8, .heads = 1,
                                    .vocab = 257, .context = 4, .shards = 3};
    char *folder = gb_path_join(test_folder(), "sharded");
    char hex[65], expected[65] = "";
    gb_error err = GB_ERROR_INIT;
    gb_model *m;

    (void)state;
    sha256sum(test_source("models/stories"), expected);
    m = gb_model_open_weights(test_source("models/stories"), &err);
    test_ok(m != NULL, &err);
    test_ok(gb_model_sha256(m, hex, &err), &err);
    assert_string_equal(hex, expected);
    memset(hex, 'x', sizeof hex);
    test_ok(gb_model_sha256(m, hex, &err), &err);
    assert_string_equal(hex, expected);
    gb_model_close(m);
    test_ok(gb_random_model_write(&shards, folder, &err), &err);
    sha256sum(folder, expected);
    m = gb_model_open_weights(folder, &err);
    test_ok(m != NULL, &err);
    test_ok(gb_model_sha256(m, hex, &err), &err);
    gb_model_close(m);
    assert_string_equal(hex, expected);
    m = gb_model_open_tokenizer(folder, &err);
    test_ok(m != NULL, &err);
    assert_false(gb_model_sha256(m, hex, &err));
    gb_model_close(m);
    free(folder);
}

/* Weights that somebody makes shorter after they were opened have no hash. */
static void
test_truncated_sha256(void **state)
{
    const gb_random_model one = {.layers = 1, .width = 64, .heads = 1,
                                 .vocab = 257, .context = 4};
    char *folder = gb_path_join(test_folder(), "truncated");
    char *weights = gb_path_join(folder, "model.safetensors");
    gb_error err = GB_ERROR_INIT;
    char hex[65];
    gb_model *m;

    (void)state;
    test_ok(gb_random_model_write(&one, folder, &err), &err);
    m = gb_model_open_weights(folder, &err);
    test_ok(m != NULL, &err);
    assert_int_equal(truncate(weights, 9000), 0);
    assert_false(gb_model_sha256(m, hex, &err));
    test_fails_with(&err, GB_FAILED, weights, "found 9000", NULL);
    gb_model_close(m);
    free(weights);
    free(folder);
}

/* The hash of a model that was opened anew. */
static void
hash_again(const char *folder, char hex[65])
{
    gb_error err = GB_ERROR_INIT;
    gb_model *m = gb_model_open_weights(folder, &err);

    test_ok(m != NULL, &err);
    test_ok(gb_model_sha256(m, hex, &err), &err);
    gb_model_close(m);
}

/* Writes into the one file of a folder. */
static void
spoil_only_file(const char *folder, const char *text)
{
    gb_error err = GB_ERROR_INIT;
    struct dirent *e;
    DIR *d = opendir(folder);
    char *path = NULL;

    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        if (e->d_name[0] != '.') {
            assert_null(path);
            path = gb_path_join(folder, e->d_name);
        }
    assert_non_null(path);
    test_ok(gb_file_replace(path, text, strlen(text), 0600, &err), &err);
    free(path);
    closedir(d);
}

/* A large model's hash is kept, but not beyond a change of its file. */
static void
test_kept_sha256(void **state)
{
    static const gb_random_model shape = {
        .layers = 1, .width = 256, .heads = 4, .vocab = 33000, .context = 8,
        .no_tokenizer = true};
    char *folder = gb_path_join(test_folder(), "large");
    char *weights = gb_path_join(folder, "model.safetensors");
    char *cache = gb_path_join(test_folder(), "hashes");
    char first[65], again[65];
    gb_error err = GB_ERROR_INIT;
    FILE *f;
    size_t i;

    (void)state;
    test_ok(gb_random_model_write(&shape, folder, &err), &err);
    setenv("GUMBEL_CACHE", cache, 1);
    hash_again(folder, first);
    assert_true(gb_is_folder(cache));
    hash_again(folder, again);
    assert_string_equal(again, first);

    /* What a session file could not hold is none. */
    for (i = 0; i < 64; i++)
        again[i] = (char)toupper((unsigned char)again[i]);
    spoil_only_file(cache, again);
    hash_again(folder, again);
    assert_string_equal(again, first);

    f = fopen(weights, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, -1, SEEK_END), 0);
    fputc(0x3f, f);
    fclose(f);
    hash_again(folder, again);
    assert_string_not_equal(again, first);
    setenv("GUMBEL_CACHE", "", 1);
    hash_again(folder, first);
    assert_string_equal(again, first);
    unsetenv("GUMBEL_CACHE");
    free(cache);
    free(weights);
    free(folder);
}

/* Who waits for a hash, and changes their mind. */
typedef struct waiting {
    atomic_bool cancel;
    uint64_t done, total, stop_at;
} waiting;

static void
on_hashed(void *arg, gb_phase phase, uint64_t done, uint64_t total)
{
    waiting *w = arg;

    assert_int_equal(phase, GB_PHASE_HASH);
    assert_true(done > w->done && done <= total);
    assert_true(w->total == 0 || w->total == total);
    w->done = done;
    w->total = total;
    if (done >= w->stop_at)
        atomic_store(&w->cancel, true);
}

/* The hash tells how far it is and ends when told to; nothing is kept then. */
static void
test_hash_cancelled(void **state)
{
    waiting w = {.stop_at = 1};
    const gb_progress how = {on_hashed, &w, &w.cancel};
    char hex[65];
    gb_error err = GB_ERROR_INIT;
    gb_model *m = gb_model_open_weights(test_source("models/stories"), &err);

    (void)state;
    test_ok(m != NULL, &err);
    assert_false(gb_model_hash(m, &how, &err));
    test_fails_with(&err, GB_INTERRUPTED, "interrupted", NULL);
    assert_true(w.done < w.total);
    assert_string_equal(m->sha256, "");
    w = (waiting){.stop_at = UINT64_MAX};
    test_ok(gb_model_hash(m, &how, &err), &err);
    assert_true(w.done == w.total && w.total > 0);
    test_ok(gb_model_sha256(m, hex, &err), &err);
    assert_string_equal(hex, m->sha256);
    /* Once known it is at hand, also for those who would not wait. */
    atomic_store(&w.cancel, true);
    test_ok(gb_model_hash(m, &how, &err), &err);
    gb_model_close(m);
}

static void
test_no_model(void **state)
{
    const char *file = test_write("empty/file", "x", 1);
    char *folder = gb_path_join(test_folder(), "empty");
    gb_error err = GB_ERROR_INIT;

    (void)state;
    assert_null(gb_model_open("/nowhere/model", &err));
    test_fails_with(&err, GB_FAILED,
                    "/nowhere/model: expected a model: No such file",
                    NULL);
    assert_null(gb_model_open(file, &err));
    test_fails_with(&err, GB_FAILED, file, "found another file", NULL);
    assert_null(gb_model_open(folder, &err));
    test_fails_with(&err, GB_FAILED, folder, "no config.json", NULL);
    assert_null(gb_model_open_tokenizer(folder, &err));
    put_tiny("empty", "", NULL, 0);
    assert_null(gb_model_open(folder, &err));
    test_fails_with(&err, GB_FAILED, folder, "vocab.json and merges.txt", NULL);
    unlink(put("empty", "model.safetensors", "", 0));
    assert_null(gb_model_open_weights(folder, &err));
    test_fails_with(&err, GB_FAILED, folder, "expected model.safetensors",
                    NULL);
    free(folder);
}

/* --- names ---------------------------------------------------------------- */

static void
check_found(const char *name, const char *expected)
{
    gb_error err = GB_ERROR_INIT;
    char *found = gb_model_find(name, &err);

    test_ok(found != NULL, &err);
    assert_string_equal(found, expected);
    free(found);
}

static void
test_find(void **state)
{
    char *in_data = gb_path_join(test_folder(), "gumbel/models/mine");
    char *shipped = realpath(test_source("models/stories"), NULL), *path;
    const char *const names[] = {
        "near", "./near", in_data, "../models/mine", ".", "..", "", "none",
        NULL,
    };
    gb_error err = GB_ERROR_INIT;
    const char *file;
    size_t i;

    (void)state;
    put("gumbel/models/mine", "config.json", "{}", 2);
    put("work/stories", "notes", "x", 1);
    put("work/near", "config.json", "{}", 2);
    setenv("XDG_DATA_HOME", test_folder(), 1);
    unsetenv("GUMBEL_MODEL");
    assert_int_equal(chdir(test_folder()), 0);
    assert_int_equal(chdir("work"), 0);
    check_found("mine", in_data);
    check_found("near", "near");
    check_found("./near", "./near");
    check_found(in_data, in_data);
    file = put("gumbel/models", "one.gguf", "GGUF", 4);
    check_found("one.gguf", file);
    check_found("one", file);
    check_found(shipped, shipped);
    /* This test runs where it was built, so the source's models count; a
     * folder of the same name here is meant only when it is asked for. */
    check_found(NULL, shipped);
    check_found("stories", "stories");
    setenv("GUMBEL_MODEL", "mine", 1);
    check_found(NULL, in_data);
    setenv("GUMBEL_MODEL", "", 1);
    check_found(NULL, shipped);
    assert_null(gb_model_find("no such\033", &err));
    test_fails_with(&err, GB_FAILED, "no model \"no such^[\" found",
                    "/gumbel/models/no such", "/models/no such", GB_MODELDIR,
                    NULL);
    assert_null(gb_model_find("./none", &err));
    test_fails_with(&err, GB_FAILED, "\"./none\"", NULL);
    assert_null(strstr(err.text, "gumbel/models"));
    assert_null(gb_model_find("", &err));
    test_fails_with(&err, GB_USAGE, "expected a folder, a file or a name", NULL);
    setenv("GUMBEL_MODEL", "gone", 1);
    assert_null(gb_model_find(NULL, &err));
    test_fails_with(&err, GB_FAILED, "\"gone\"", NULL);

    /* A name from elsewhere finds what is installed, and nothing besides. */
    path = gb_model_find_installed("mine");
    assert_string_equal(path, in_data);
    free(path);
    for (i = 0; i < GB_COUNT(names); i++)
        assert_null(gb_model_find_installed(names[i]));
    free(in_data);
    free(shipped);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_wrong_tensors),
        cmocka_unit_test(test_random_models),
        cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_truncated_sha256),
        cmocka_unit_test(test_kept_sha256),
        cmocka_unit_test(test_hash_cancelled),
        cmocka_unit_test(test_no_model),
        cmocka_unit_test(test_find),
    };

    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
