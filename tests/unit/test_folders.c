/* Tokenizers as folders have them, against what Transformers makes of the
 * same folders (tests/reference/folders_golden.py); what is refused, and in
 * which words. */
#include "test.h"

#include <dirent.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/added.h"
#include "model/tokenizer.h"
#include "mutate.h"

static char folder[128];

/* Leaves the folder with these files alone: {"name": "text", ...}. */
static void
put_files(json_t *files)
{
    const char *name;
    gb_error err = GB_ERROR_INIT;
    struct dirent *entry;
    json_t *text;
    char *path;
    DIR *d;

    test_ok(gb_make_folders(folder, &err), &err);
    d = opendir(folder);
    assert_non_null(d);
    while ((entry = readdir(d)) != NULL)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    json_object_foreach(files, name, text) {
        path = gb_path_join(folder, name);
        test_ok(gb_file_replace(path, json_string_value(text),
                                json_string_length(text), 0600, &err), &err);
        free(path);
    }
}

static gb_tokenizer *
open_files(json_t *files, uint32_t rows, gb_error *err)
{
    *err = (gb_error)GB_ERROR_INIT;
    put_files(files);
    return gb_tokenizer_open(folder, rows, GB_NO_TOKEN, err);
}

static void
check_ids(const char *name, gb_tokenizer *t, const char *text,
          const json_t *expected, bool whole)
{
    gb_error err = GB_ERROR_INIT;
    gb_ids ids = GB_IDS_INIT;
    gb_str shown = GB_STR_INIT, other = GB_STR_INIT;
    const json_t *id;
    size_t i;

    test_ok((whole ? gb_tokenizer_encode_whole : gb_tokenizer_encode)(
                t, text, strlen(text), true, &ids, &err), &err);
    for (i = 0; i < ids.len; i++)
        gb_str_printf(&shown, " %u", ids.data[i]);
    json_array_foreach(expected, i, id)
        gb_str_printf(&other, " %d", (int)json_integer_value(id));
    if (strcmp(gb_str_cstr(&shown), gb_str_cstr(&other)) != 0)
        fail_msg("%s: \"%s\": expected%s, found%s", name, text,
                 gb_str_cstr(&other), gb_str_cstr(&shown));
    gb_str_free(&shown);
    gb_str_free(&other);
    gb_ids_free(&ids);
}

static json_t *
load_golden(void)
{
    gb_error err = GB_ERROR_INIT;
    json_t *root = gb_json_load(test_source("tests/golden/folders.json"),
                                1u << 20, &err);

    test_ok(root != NULL, &err);
    return root;
}

static void
test_golden(void **state)
{
    json_t *root = load_golden(), *one, *list;
    const json_t *texts = json_object_get(root, "texts");
    const char *name;
    gb_tokenizer *t;
    gb_error err;
    size_t i, k;

    (void)state;
    assert_in_range(json_array_size(json_object_get(root, "cases")), 20, 100);
    json_array_foreach(json_object_get(root, "cases"), i, one) {
        name = json_string_value(json_object_get(one, "name"));
        t = open_files(json_object_get(one, "files"),
                       (uint32_t)json_integer_value(
                           json_object_get(one, "rows")), &err);
        if (t == NULL)
            fail_msg("%s: %s", name, err.text);
        list = json_object_get(one, "ids");
        for (k = 0; k < json_array_size(texts); k++)
            check_ids(name, t, json_string_value(json_array_get(texts, k)),
                      json_array_get(list, k), true);
        gb_tokenizer_close(t);
    }
    json_decref(root);
}

/* What a tokenizer.json has done to a text first, as Hugging Face's tokenizers
 * do it (tests/reference/normalizer_golden.py). */
static void
test_normalizers(void **state)
{
    gb_error err = GB_ERROR_INIT;
    json_t *root = gb_json_load(test_source("tests/golden/normalizers.json"),
                                1u << 20, &err);
    json_t *json = json_object_get(root, "tokenizer"), *files, *one;
    const json_t *texts = json_object_get(root, "texts");
    gb_tokenizer *t;
    char *name, *text;
    size_t i, k;

    (void)state;
    test_ok(root != NULL, &err);
    assert_in_range(json_array_size(json_object_get(root, "cases")), 12, 100);
    json_array_foreach(json_object_get(root, "cases"), i, one) {
        name = json_dumps(json_object_get(one, "normalizer"), 0);
        json_object_set(json, "normalizer", json_object_get(one, "normalizer"));
        text = json_dumps(json, 0);
        files = json_pack("{ss}", "tokenizer.json", text);
        t = open_files(files, 1000, &err);
        if (t == NULL && strstr(err.text, "built without it") == NULL)
            fail_msg("%s: %s", name, err.text);
        for (k = 0; t != NULL && k < json_array_size(texts); k++)
            check_ids(name, t, json_string_value(json_array_get(texts, k)),
                      json_array_get(json_object_get(one, "ids"), k), true);
        gb_tokenizer_close(t);
        json_decref(files);
        free(text);
        free(name);
    }
    json_decref(root);
}

/* The files of a case, for a test to change. */
static json_t *
files_of(const json_t *root, const char *name)
{
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(root, "cases"), i, one)
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return json_deep_copy(json_object_get(one, "files"));
    fail_msg("no case %s", name);
    return NULL;
}

/* The first place of `from` in a file becomes `to`. */
static void
replace(json_t *files, const char *name, const char *from, const char *to)
{
    const char *text = json_string_value(json_object_get(files, name));
    const char *at = text != NULL ? strstr(text, from) : NULL;
    gb_str out = GB_STR_INIT;

    if (at == NULL)
        fail_msg("%s has no %s", name, from);
    gb_str_append(&out, text, (size_t)(at - text));
    gb_str_puts(&out, to);
    gb_str_puts(&out, at + strlen(from));
    json_object_set_new(files, name, json_string(gb_str_cstr(&out)));
    gb_str_free(&out);
}

static void
test_refused(void **state)
{
    static const struct {
        const char *name, *file, *from, *to, *says[2];
    } cases[] = {
        {"tokenizer.json alone", "tokenizer.json", "\"normalizer\": null",
         "\"normalizer\": {\"type\": \"Nmt\"}",
         {"normalizer: expected Lowercase, NFC, ", "found \"Nmt\""}},
        {"tokenizer.json alone", "tokenizer.json", "\"normalizer\": null",
         "\"normalizer\": {\"type\": \"Replace\", \"pattern\": {\"Regex\": "
         "\"a\"}, \"content\": \"b\"}",
         {"normalizer.pattern: expected a \"String\"", "found an object"}},
        {"tokenizer.json alone", "tokenizer.json", "\"normalizer\": null",
         "\"normalizer\": {\"type\": \"Replace\", \"pattern\": {\"String\": "
         "\"\"}, \"content\": \"b\"}",
         {"normalizer.pattern: expected a text, found \"\"", NULL}},
        {"tokenizer.json alone", "tokenizer.json", "\"normalizer\": null",
         "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": "
         "[{\"type\": \"Strip\"}, {\"type\": \"Precompiled\"}]}",
         {"normalizer: expected Lowercase, NFC, ", "found \"Precompiled\""}},
        {"tokenizer.json alone", "tokenizer.json",
         "\"pre_tokenizer\": {\"type\": \"ByteLevel\"",
         "\"pre_tokenizer\": {\"type\": \"Metaspace\"",
         {"pre_tokenizer: expected \"ByteLevel\"", "found \"Metaspace\""}},
        {"tokenizer.json alone", "tokenizer.json", "\"post_processor\": null",
         "\"post_processor\": {\"type\": \"BertProcessing\"}",
         {"post_processor: expected", "found \"BertProcessing\""}},
        {"a template", "tokenizer.json", "\"single\": [",
         "\"single\": [{\"Sequence\": {\"id\": \"A\"}}, ",
         {"post_processor.single: expected", "nothing behind"}},
        {"tokenizer.json alone", "tokenizer.json",
         "\"decoder\": {\"type\": \"ByteLevel\"",
         "\"decoder\": {\"type\": \"WordPiece\"",
         {"decoder: expected \"ByteLevel\"", "found \"WordPiece\""}},
        {"tokenizer.json alone", "tokenizer.json", "\"type\": \"BPE\"",
         "\"type\": \"Unigram\"",
         {"model.type: expected \"BPE\"", "found \"Unigram\""}},
        {"tokenizer.json alone", "tokenizer.json",
         "\"continuing_subword_prefix\": null",
         "\"continuing_subword_prefix\": \"##\"",
         {"continuing_subword_prefix: expected none", "found \"##\""}},
        {"tokenizer.json alone", "tokenizer.json", "\"dropout\": null",
         "\"dropout\": 0.1", {"model.dropout: expected none", "found 0.1"}},
        {"tokenizer.json alone", "tokenizer.json", "\"ignore_merges\": false",
         "\"ignore_merges\": true", {"ignore_merges: expected false", NULL}},
        {"tokenizer.json alone", "tokenizer.json", "\"merges\": [[\"t\"",
         "\"merges\": [[\"zz\"",
         {"model.merges 0: expected pieces", "found \"zz\""}},
        {"tokenizer.json alone", "tokenizer.json", "\"merges\": [[\"t\", ",
         "\"merges\": [[", {"model.merges 0: expected two pieces", NULL}},
        {"tokenizer.json alone", "tokenizer.json", "\"content\": \"<|end",
         "\"content\": \"<|other",
         {"added_tokens 0: expected id", "the next one free"}},
        {"added tokens", "tokenizer.json", "\"special\": true",
         "\"special\": 1", {"special: expected true or false", "found 1"}},
        {"added_tokens_decoder", "tokenizer_config.json",
         "\"added_tokens_decoder\": {\"", "\"added_tokens_decoder\": {\"x",
         {"tokenizer_config.json: added_tokens_decoder", "found \"x"}},
        {"added_tokens_decoder", "tokenizer_config.json", "\"[USER NAME]\"",
         "3", {"content: expected the text of a token", "found 3"}},
        {"added_tokens.json", "special_tokens_map.json", "\"[PAD]\"", "[1]",
         {"special_tokens_map.json: pad_token: expected", "found a list"}},
        {"added_tokens.json", "added_tokens.json", "\"[PAD]\": ",
         "\"[PAD]\": 9999999",
         {"expected tokens and their ids", "found 9999999"}},
        {"add_bos_token", "tokenizer_config.json", "\"add_bos_token\": true",
         "\"add_eos_token\": true",
         {"add_eos_token: expected false", "found true"}},
        {"add_bos_token", "tokenizer_config.json", "\"add_bos_token\": true",
         "\"add_bos_token\": 1",
         {"add_bos_token: expected true or false", "found 1"}},
        {"added_tokens_decoder", "tokenizer_config.json",
         "\"added_tokens_decoder\": {", "\"added_tokens_decoder\": 1, \"x\": {",
         {"added_tokens_decoder: expected an object of ids", "found 1"}},
        {"added_tokens_decoder", "tokenizer_config.json", "{",
         "{\"additional_special_tokens\": \"<x>\", ",
         {"additional_special_tokens: expected a list", "found \"<x>\""}},
        {"added_tokens.json", "added_tokens.json",
         "{\"[USER NAME]\": 115, \"[PAD]\": 114, \"<|im_end|>\": 116}", "[1]",
         {"added_tokens.json: expected a JSON object, found a list", NULL}},
        {"tokenizer.json alone", "tokenizer.json", "\"normalizer\": null",
         "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": 1}",
         {"normalizers: expected a list of steps, found 1", NULL}},
        {"tokenizer.json alone", "tokenizer.json", "\"normalizer\": null",
         "\"normalizer\": \"NFC\"",
         {"normalizer: expected an object, found \"NFC\"", NULL}},
        {"add_prefix_space of GPT2Tokenizer", "tokenizer_config.json",
         "\"add_prefix_space\": true", "\"add_prefix_space\": \"yes\"",
         {"add_prefix_space: expected true or false", "found \"yes\""}},
    };
    json_t *root = load_golden(), *files;
    gb_tokenizer *t;
    gb_error err;
    size_t i, k;
    char *token;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        files = files_of(root, cases[i].name);
        replace(files, cases[i].file, cases[i].from, cases[i].to);
        t = open_files(files, 1000, &err);
        if (t != NULL)
            fail_msg("%s was accepted", cases[i].to);
        test_fails_with(&err, GB_FAILED, folder, cases[i].file, NULL);
        for (k = 0; k < 2 && cases[i].says[k] != NULL; k++)
            test_fails_with(&err, GB_FAILED, cases[i].says[k], NULL);
        json_decref(files);
    }
    files = files_of(root, "added_tokens_decoder");
    token = gb_format("\"%0*d\"", GB_MAX_ADDED + 1, 0);
    replace(files, "tokenizer_config.json", "\"[USER NAME]\"", token);
    assert_null(open_files(files, 1000, &err));
    test_fails_with(&err, GB_FAILED, "added tokens of at most 1024 bytes, "
                    "found one of 1025", NULL);
    free(token);
    json_decref(files);
    json_decref(root);
}

/* What makes too much of a text; and inside of one nothing is put in front of
 * it or taken away there. */
static void
test_growth(void **state)
{
    static const char step[] =
        "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, "
        "\"content\": \"aaaaaaaaaaaaaaaa\"}";
    json_t *root = load_golden();
    json_t *files = files_of(root, "tokenizer.json alone");
    json_t *ids = json_pack("[ii]", 108, 1);
    char *normalizer = gb_format(
        "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": "
        "[%s, %s, %s, %s, %s, %s]}", step, step, step, step, step, step);
    gb_ids made = GB_IDS_INIT;
    gb_tokenizer *t;
    gb_error err;

    (void)state;
    replace(files, "tokenizer.json", "\"normalizer\": null", normalizer);
    t = open_files(files, 1000, &err);
    test_ok(t != NULL, &err);
    assert_false(gb_tokenizer_encode(t, "a", 1, false, &made, &err));
    test_fails_with(&err, GB_FAILED, "the tokenizer's normalizer (Replace, ",
                    "makes more than 32 times as much of a text", NULL);
    gb_tokenizer_close(t);
    json_decref(files);
    files = files_of(root, "tokenizer.json alone");
    replace(files, "tokenizer.json", "\"normalizer\": null",
            "\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": ["
            "{\"type\": \"Strip\", \"strip_left\": true}, "
            "{\"type\": \"Prepend\", \"prepend\": \"b\"}]}");
    t = open_files(files, 1000, &err);
    test_ok(t != NULL, &err);
    check_ids("inside", t, " a\n", ids, false);
    gb_tokenizer_close(t);
    gb_ids_free(&made);
    free(normalizer);
    json_decref(ids);
    json_decref(files);
    json_decref(root);
}

/* Inside of a text nothing is put in front of it, but behind an added token a
 * space is, as Transformers does there. */
static void
test_inside(void **state)
{
    static const char *const names[] = {"add_prefix_space of GPT2Tokenizer",
                                        "a template"};
    json_t *root = load_golden(), *files, *ids = json_pack("[i]", 66);
    gb_tokenizer *t;
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(names); i++) {
        files = files_of(root, names[i]);
        t = open_files(files, 1000, &err);
        test_ok(t != NULL, &err);
        check_ids(names[i], t, "a", ids, false);
        gb_tokenizer_close(t);
        json_decref(files);
    }
    json_decref(ids);
    json_decref(root);
}

/* Without `specials` a special token is text, and other added ones are not. */
static void
test_specials(void **state)
{
    static const char text[] = "[USER NAME]<|im_end|>";
    json_t *root = load_golden(), *files = files_of(root, "added tokens");
    gb_ids ids = GB_IDS_INIT;
    gb_tokenizer *t;
    gb_error err;
    const char *bytes;
    size_t n;

    (void)state;
    t = open_files(files, 1000, &err);
    test_ok(t != NULL, &err);
    assert_true(gb_tokenizer_has_special(t, text, strlen(text)));
    assert_false(gb_tokenizer_has_special(t, text, 13));
    test_ok(gb_tokenizer_encode(t, text, strlen(text), false, &ids, &err),
            &err);
    assert_in_range(ids.len, 5, 20);
    bytes = gb_tokenizer_bytes(t, ids.data[0], &n);
    assert_int_equal(n, 11);
    assert_memory_equal(bytes, text, n);
    gb_ids_free(&ids);
    gb_tokenizer_close(t);
    json_decref(files);
    json_decref(root);
}

/* Rows without a token, and tokens without a row. */
static void
test_rows(void **state)
{
    static const char text[] = "the [PAD]";
    json_t *root = load_golden();
    json_t *files = files_of(root, "added_tokens_decoder");
    gb_ids ids = GB_IDS_INIT;
    gb_str back = GB_STR_INIT;
    gb_tokenizer *t;
    gb_error err;
    uint32_t rows;
    size_t n;

    (void)state;
    t = open_files(files, 1000, &err);
    test_ok(t != NULL, &err);
    test_ok(gb_tokenizer_encode(t, text, strlen(text), true, &ids, &err),
            &err);
    rows = ids.data[ids.len - 1] + 2; /* [USER NAME] is the last one */
    assert_int_equal(gb_tokenizer_missing(t), 1000 - rows);
    assert_true(gb_tokenizer_has(t, rows - 1));
    assert_false(gb_tokenizer_has(t, rows));
    assert_string_equal(gb_tokenizer_piece(t, rows), "");
    gb_tokenizer_bytes(t, rows, &n);
    assert_int_equal(n, 0);
    ids.len = 0;
    gb_ids_push(&ids, rows);
    test_ok(gb_tokenizer_decode(t, ids.data, 1, &back, &err), &err);
    assert_int_equal(back.len, 0);
    gb_tokenizer_close(t);

    t = gb_tokenizer_open(folder, rows - 2, GB_NO_TOKEN, &err);
    test_ok(t != NULL, &err);
    assert_int_equal(gb_tokenizer_missing(t), 0);
    assert_false(gb_tokenizer_encode(t, text, strlen(text), true, &ids, &err));
    test_fails_with(&err, GB_FAILED, "the token \"[PAD]\"", "vocab_size",
                    NULL);
    assert_int_equal(ids.len, 1);
    gb_tokenizer_close(t);
    gb_str_free(&back);
    gb_ids_free(&ids);
    json_decref(files);
    json_decref(root);
}

/* Damaged files are refused with a sentence that names the folder, or make a
 * tokenizer that encodes, or says why it cannot. */
static void
test_damaged(void **state)
{
    static const char *const names[] = {
        "added tokens", "added_tokens_decoder", "added_tokens.json",
        "a template",
    };
    json_t *root = load_golden(), *files, *copy, *text;
    gb_ids ids = GB_IDS_INIT;
    test_random r = {11};
    gb_tokenizer *t;
    const char *name;
    gb_error err;
    size_t i, n, opened = 0;
    char *damaged;

    (void)state;
    for (i = 0; i < 1000; i++) {
        files = files_of(root, names[i % GB_COUNT(names)]);
        copy = json_object();
        json_object_foreach(files, name, text) {
            damaged = gb_strdup(json_string_value(text));
            n = json_string_length(text);
            if (test_random_below(&r, 2) == 0)
                n = test_mutate(&r, damaged, n);
            if (json_object_set_new(copy, name,
                                    json_stringn(damaged, n)) != 0)
                json_object_set_new(copy, name, json_string("{"));
            free(damaged);
        }
        t = open_files(copy, 1000, &err);
        if (t != NULL) {
            opened++;
            ids.len = 0;
            if (!gb_tokenizer_encode_whole(t, "the <s> [PAD]", 13, true, &ids,
                                           &err))
                assert_true(err.text[0] != '\0');
        } else {
            test_fails_with(&err, GB_FAILED, "", NULL);
        }
        gb_tokenizer_close(t);
        json_decref(copy);
        json_decref(files);
    }
    assert_in_range(opened, 1, 999);
    gb_ids_free(&ids);
    json_decref(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_normalizers),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_specials),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_damaged),
    };

    snprintf(folder, sizeof folder, "%s/model", test_folder());
    return cmocka_run_group_tests_name("folders", tests, NULL, NULL);
}
