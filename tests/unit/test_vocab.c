/* vocab.json and merges.txt: what is refused, and in which words. */
#include "test.h"

#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/tokenizer.h"
#include "mutate.h"

/* A vocabulary of eight and its merges, which the cases below damage. */
#define VOCAB                                                   \
    "{\"a\": 0, \"b\": 1, \"\\u0120\": 2, \"ab\": 3, \"\\u0120a\": 4," \
    " \"aba\": 5, \"<|end of text|>\": 6, \"\\u010a\": 7}"
#define MERGES "#version: 0.2\na b\n\xc4\xa0 a\nab a\n"

static const struct {
    const char *vocab;
    uint32_t n_vocab;
    const char *says[3]; /* besides the path of vocab.json */
} bad_vocabs[] = {
    {"", 8, {"not valid JSON"}},
    {"{\"a\": 0", 8, {"not valid JSON"}},
    {"[\"a\", \"b\"]", 2, {"expected a JSON object"}},
    {"{}", 1, {"an object of pieces", "found no piece"}},
    {"{\"a\": 0, \"b\": 0}", 2, {"one piece for id 0", "\"a\"", "\"b\""}},
    {"{\"a\": 0, \"a\": 1}", 2, {"duplicate"}},
    {"{\"a\": 0, \"b\": -1}", 2, {"\"b\"", "below 1048576", "found -1"}},
    {"{\"a\": 0, \"b\": 1048576}", 2, {"\"b\"", "found 1048576"}},
    {"{\"a\": 0, \"b\": 4294967297}", 2, {"\"b\"", "found 4294967297"}},
    {"{\"a\": 0, \"b\": 1.5}", 2, {"\"b\"", "an integer id", "found 1.5"}},
    {"{\"a\": 0, \"b\": 1.0}", 2, {"\"b\"", "an integer id", "found 1.0"}},
    {"{\"a\": 0, \"b\": \"1\"}", 2, {"\"b\"", "found \"1\""}},
    {"{\"a\": 0, \"b\": null}", 2, {"\"b\"", "found null"}},
    {"{\"a\": 0, \"b\": [1]}", 2, {"\"b\"", "found a list"}},
    {"{\"a\": 0, \"\": 1}", 2, {"the piece of id 1", "found \"\""}},
};

static const struct {
    const char *merges, *says[3]; /* besides the path of merges.txt */
} bad_merges[] = {
    {"a b\nb zz\n", {":2: ", "pieces that the vocabulary has", "found \"zz\""}},
    {"zz b\n", {":1: ", "pieces that the vocabulary has", "found \"zz\""}},
    {"#version: 0.2\nb a\n", {":2: ", "found \"ba\""}},
    {"a b\n\nab a\n", {":2: ", "two pieces", "found \"\""}},
    {"a b\n\n\n", {":2: ", "two pieces", "found \"\""}},
    {"a\n", {":1: ", "two pieces", "found \"a\""}},
    {"a b a\n", {":1: ", "two pieces", "found \"a b a\""}},
    {"a  b\n", {":1: ", "two pieces"}},
    {" b\n", {":1: ", "two pieces"}},
    {"a \n", {":1: ", "two pieces"}},
};

static char folder[128];

static int
make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/model", test_folder());
    return 0;
}

static void
put_file(const char *name, const void *data, size_t n)
{
    gb_error err = GB_ERROR_INIT;
    char *path = gb_path_join(folder, name);

    test_ok(gb_make_folders(folder, &err), &err);
    test_ok(gb_file_replace(path, data, n, 0600, &err), &err);
    free(path);
}

static gb_tokenizer *
open_texts(const char *vocab, const char *merges, uint32_t n_vocab,
           gb_error *err)
{
    *err = (gb_error)GB_ERROR_INIT;
    put_file("vocab.json", vocab, strlen(vocab));
    put_file("merges.txt", merges, strlen(merges));
    return gb_tokenizer_open(folder, n_vocab, n_vocab - 1, err);
}

static void
check_says(const gb_error *err, const char *file, const char *const says[3])
{
    size_t i;

    test_fails_with(err, GB_FAILED, folder, file, NULL);
    for (i = 0; i < 3 && says[i] != NULL; i++)
        test_fails_with(err, GB_FAILED, says[i], NULL);
}

static void
test_bad_vocabs(void **state)
{
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(bad_vocabs); i++) {
        assert_null(open_texts(bad_vocabs[i].vocab, "", bad_vocabs[i].n_vocab,
                               &err));
        check_says(&err, "/vocab.json", bad_vocabs[i].says);
    }
}

static void
test_bad_merges(void **state)
{
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(bad_merges); i++) {
        assert_null(open_texts(VOCAB, bad_merges[i].merges, 8, &err));
        check_says(&err, "/merges.txt", bad_merges[i].says);
    }
}

static void
test_nul_in_merges(void **state)
{
    gb_error err = GB_ERROR_INIT;

    (void)state;
    put_file("vocab.json", VOCAB, strlen(VOCAB));
    put_file("merges.txt", "a b\0x\n", 6);
    assert_null(gb_tokenizer_open(folder, 8, 7, &err));
    test_fails_with(&err, GB_FAILED, "merges.txt:1: ", "NUL byte", NULL);
}

static void
test_missing_and_huge(void **state)
{
    static const char *const files[] = {"vocab.json", "merges.txt"};
    gb_error err;
    char *path;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(files); i++) {
        put_file("vocab.json", VOCAB, strlen(VOCAB));
        put_file("merges.txt", MERGES, strlen(MERGES));
        path = gb_path_join(folder, files[i]);
        assert_int_equal(truncate(path, 1 << 30), 0); /* takes no room */
        err = (gb_error)GB_ERROR_INIT;
        assert_null(gb_tokenizer_open(folder, 8, 7, &err));
        test_fails_with(&err, GB_FAILED, path, "more than 1", "bytes", NULL);
        assert_int_equal(unlink(path), 0);
        err = (gb_error)GB_ERROR_INIT;
        assert_null(gb_tokenizer_open(folder, 8, 7, &err));
        test_fails_with(&err, GB_FAILED, path, "No such file", NULL);
        free(path);
    }
}

static void
check_ids(gb_tokenizer *t, const char *text, bool specials, const char *ids)
{
    gb_error err = GB_ERROR_INIT;
    gb_ids found = GB_IDS_INIT;
    gb_str shown = GB_STR_INIT;
    size_t i;

    test_ok(gb_tokenizer_encode(t, text, strlen(text), specials, &found, &err),
            &err);
    for (i = 0; i < found.len; i++)
        gb_str_printf(&shown, "%s%u", i > 0 ? " " : "", found.data[i]);
    assert_string_equal(gb_str_cstr(&shown), ids);
    gb_str_free(&shown);
    gb_ids_free(&found);
}

static void
test_small_vocabulary(void **state)
{
    static const char *const good[] = {
        MERGES, MERGES "\n", "a b\n\xc4\xa0 a\nab a", "a b\n\xc4\xa0 a\nab a\n",
        "a b\r\n\xc4\xa0 a\r\nab a\r\n\r\n", "a b\n\xc4\xa0 a\nab a\r\n",
        "ab a\na b\n\xc4\xa0 a\nab a\n",
    };
    gb_tokenizer *t;
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(good); i++) {
        t = open_texts(VOCAB, good[i], 8, &err);
        test_ok(t != NULL, &err);
        check_ids(t, "", false, "");
        check_ids(t, "abab abaab", false, "3 3 2 5 3");
        check_ids(t, "a  a\n", false, "0 2 4 7");
        gb_tokenizer_close(t);
    }
    t = open_texts(VOCAB, "", 8, &err);
    test_ok(t != NULL, &err);
    check_ids(t, "abab", false, "0 1 0 1");
    gb_tokenizer_close(t);
}

/* A pair that another one makes counts at once where its rank is lower, as in
 * Hugging Face's tokenizers (tests/reference/folders_golden.py: "pairs out of
 * order"). */
static void
test_order(void **state)
{
    gb_error err;
    gb_tokenizer *t = open_texts(
        "{\"a\": 0, \"b\": 1, \"ab\": 2, \"aba\": 3, \"bab\": 4, \"x\": 5}",
        "ab a\na b\nb ab\n", 6, &err);

    (void)state;
    test_ok(t != NULL, &err);
    check_ids(t, "abab", false, "3 1");
    check_ids(t, "aba", false, "3");
    check_ids(t, "abaab", false, "3 2");
    check_ids(t, "babab", false, "1 3 1");
    gb_tokenizer_close(t);
}

/* A piece with a character that spells no byte stands for its own letters. */
static void
test_outside_alphabet(void **state)
{
    static const struct {
        const char *vocab, *text;
    } cases[] = {
        {"{\"a\": 0, \"b c\": 1}", "b c"},
        {"{\"a\": 0, \"\\u4e2d\": 1}", "\xe4\xb8\xad"},
        {"{\"a\": 0, \"\\u0144\": 1}", "\xc5\x84"},
        {"{\"a\": 0, \"\\u00ad\": 1}", "\xc2\xad"},
        {"{\"a\": 0, \"\\u001b[2J\": 1}", "\033[2J"},
        {"{\"a\": 0, \"<|>\\u4e2d\": 1}", "<|>\xe4\xb8\xad"},
    };
    gb_tokenizer *t;
    const char *bytes;
    gb_error err;
    size_t i, n;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        t = open_texts(cases[i].vocab, "", 2, &err);
        test_ok(t != NULL, &err);
        bytes = gb_tokenizer_bytes(t, 1, &n);
        assert_int_equal(n, strlen(cases[i].text));
        assert_memory_equal(bytes, cases[i].text, n);
        gb_tokenizer_close(t);
    }
}

static void
test_special_spelling(void **state)
{
    gb_error err;
    gb_tokenizer *t = open_texts(VOCAB, MERGES, 8, &err);
    const char *bytes;
    size_t n;

    (void)state;
    test_ok(t != NULL, &err);
    bytes = gb_tokenizer_bytes(t, 6, &n);
    assert_int_equal(n, 15);
    assert_memory_equal(bytes, "<|end of text|>", n);
    gb_tokenizer_close(t);
    t = gb_tokenizer_open(folder, 8, 6, &err);
    test_ok(t != NULL, &err);
    check_ids(t, "ab<|end of text|>a", true, "3 6 0");
    gb_tokenizer_close(t);
}

/* A byte that the vocabulary lacks is named; nothing is appended. */
static void
test_missing_byte(void **state)
{
    gb_error err;
    gb_tokenizer *t = open_texts(VOCAB, MERGES, 8, &err);
    gb_ids ids = GB_IDS_INIT;

    (void)state;
    test_ok(t != NULL, &err);
    gb_ids_push(&ids, 5);
    assert_false(gb_tokenizer_encode(t, "ab \xc3", 4, false, &ids, &err));
    test_fails_with(&err, GB_FAILED, "vocabulary", "byte 0xc3", NULL);
    assert_int_equal(ids.len, 1);
    gb_ids_free(&ids);
    gb_tokenizer_close(t);
}

/* Damaged files are refused with a sentence that names one of them, or else
 * make a tokenizer that gives texts back. */
static void
check_damaged(size_t *opened)
{
    gb_error err = GB_ERROR_INIT;
    gb_tokenizer *t = gb_tokenizer_open(folder, 8, 7, &err);
    gb_ids ids = GB_IDS_INIT;
    gb_str back = GB_STR_INIT;

    if (t == NULL) {
        test_fails_with(&err, GB_FAILED, folder, NULL);
        assert_true(strstr(err.text, "/vocab.json") != NULL ||
                    strstr(err.text, "/merges.txt") != NULL);
        return;
    }
    ++*opened;
    if (gb_tokenizer_encode(t, "abab aba", 8, true, &ids, &err)) {
        test_ok(gb_tokenizer_decode(t, ids.data, ids.len, &back, &err), &err);
        assert_string_equal(gb_str_cstr(&back), "abab aba");
    } else {
        assert_true(strstr(err.text, "no piece for the byte 0x") != NULL ||
                    strstr(err.text, "rows for 8 tokens") != NULL);
    }
    gb_ids_free(&ids);
    gb_str_free(&back);
    gb_tokenizer_close(t);
}

static void
test_damaged(void **state)
{
    char vocab[] = VOCAB, merges[] = MERGES;
    size_t n, i, opened = 0;
    test_random r = {5};

    (void)state;
    for (i = 0; i < 4000; i++) {
        memcpy(vocab, VOCAB, sizeof vocab);
        memcpy(merges, MERGES, sizeof merges);
        n = sizeof vocab - 1;
        if (i % 2 == 0)
            n = test_mutate(&r, vocab, n);
        put_file("vocab.json", vocab, n);
        n = sizeof merges - 1;
        if (i % 2 == 1)
            n = test_mutate(&r, merges, n);
        put_file("merges.txt", merges, n);
        check_damaged(&opened);
    }
    assert_in_range(opened, 1, 3999);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_vocabs),
        cmocka_unit_test(test_bad_merges),
        cmocka_unit_test(test_nul_in_merges),
        cmocka_unit_test(test_missing_and_huge),
        cmocka_unit_test(test_small_vocabulary),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_outside_alphabet),
        cmocka_unit_test(test_special_spelling),
        cmocka_unit_test(test_missing_byte),
        cmocka_unit_test(test_damaged),
    };

    return cmocka_run_group_tests_name("vocabulary", tests, make_folder, NULL);
}
