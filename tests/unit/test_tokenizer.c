/* The tokenizer against golden files that an independent implementation made
 * (tests/reference/tokenizer_golden.py), and on any bytes at all. */
#include "test.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "model/tokenizer.h"
#include "mutate.h"

#define LONG 100000

static const struct {
    const char *golden, *folder;
    bool shared; /* folder is below ../shared/data, which may be missing */
} vocabularies[] = {
    {"tests/golden/tokenizer-stories.json", "models/stories", false},
    {"tests/golden/tokenizer-gpt2.json", "gpt2-tokenizer", true},
};

typedef struct golden {
    json_t *root;
    gb_tokenizer *tokenizer;
} golden;

/* False when the vocabulary is not there. */
static bool
open_golden(golden *g, size_t which)
{
    const char *folder = vocabularies[which].folder;
    gb_error err = GB_ERROR_INIT;
    json_int_t n;

    folder = vocabularies[which].shared ? test_shared_data(folder)
                                        : test_source(folder);
    if (folder == NULL)
        return false;
    g->root = gb_json_load(test_source(vocabularies[which].golden), 1u << 20,
                           &err);
    test_ok(g->root != NULL, &err);
    n = json_integer_value(json_object_get(g->root, "vocab_size"));
    g->tokenizer = gb_tokenizer_open(folder, (uint32_t)n, (gb_token)n - 1,
                                     &err);
    test_ok(g->tokenizer != NULL, &err);
    return true;
}

static void
close_golden(golden *g)
{
    gb_tokenizer_close(g->tokenizer);
    json_decref(g->root);
}

/* Appends the bytes of a hexadecimal string. */
static void
put_hex(gb_str *out, const json_t *value)
{
    const char *s = json_string_value(value);
    unsigned byte;

    assert_non_null(s);
    for (; sscanf(s, "%2x", &byte) == 1; s += 2)
        gb_str_putc(out, (char)byte);
}

static uint64_t
hash_value(uint64_t h, uint32_t value)
{
    int i;

    for (i = 0; i < 4; i++, value >>= 8)
        h = (h ^ (value & 0xff)) * 0x100000001b3u;
    return h;
}

/* FNV-1a of their number and the ids, as in the script. */
#define HASH_START 0xcbf29ce484222325u
static uint64_t
hash_ids(uint64_t h, const gb_ids *ids)
{
    size_t i;

    h = hash_value(h, (uint32_t)ids->len);
    for (i = 0; i < ids->len; i++)
        h = hash_value(h, ids->data[i]);
    return h;
}

/* Replaces ids with those of text; decoding them must give text again. */
static void
encode(gb_tokenizer *t, const char *text, size_t n, gb_ids *ids)
{
    gb_error err = GB_ERROR_INIT;
    gb_str back = GB_STR_INIT;

    ids->len = 0;
    test_ok(gb_tokenizer_encode(t, text, n, false, ids, &err), &err);
    test_ok(gb_tokenizer_decode(t, ids->data, ids->len, &back, &err), &err);
    assert_int_equal(back.len, n);
    if (n > 0)
        assert_memory_equal(back.data, text, n);
    gb_str_free(&back);
}

static void
check_cases(golden *g)
{
    const json_t *list = json_object_get(g->root, "cases"), *ids_given;
    gb_str text = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    json_t *one;
    size_t i, k;

    assert_in_range(json_array_size(list), 150, 10000);
    json_array_foreach(list, i, one)
    {
        gb_str_clear(&text);
        put_hex(&text, json_object_get(one, "hex"));
        encode(g->tokenizer, gb_str_cstr(&text), text.len, &ids);
        ids_given = json_object_get(one, "ids");
        if (ids.len != json_array_size(ids_given))
            fail_msg("%s: %zu ids", gb_str_cstr(&text), ids.len);
        for (k = 0; k < ids.len; k++)
            if (ids.data[k] != json_integer_value(json_array_get(ids_given, k)))
                fail_msg("%s: id %zu is %u", gb_str_cstr(&text), k,
                         ids.data[k]);
    }
    gb_str_free(&text);
    gb_ids_free(&ids);
}

/* One random part: a word, a character of a range, or any byte. */
static void
put_part(gb_str *text, const golden *g, test_random *r, bool any_byte)
{
    const json_t *words = json_object_get(g->root, "words");
    const json_t *ranges = json_object_get(g->root, "ranges"), *range;
    size_t kind = test_random_below(r, 16);
    json_int_t low, high;
    char rune[4];

    if (kind < 8) {
        put_hex(text, json_array_get(words, test_random_below(
                                                r, json_array_size(words))));
    } else if (kind < 15 || !any_byte) {
        range = json_array_get(ranges,
                               test_random_below(r, json_array_size(ranges)));
        low = json_integer_value(json_array_get(range, 0));
        high = json_integer_value(json_array_get(range, 1));
        low += (json_int_t)test_random_below(r, (size_t)(high - low + 1));
        gb_str_append(text, rune, gb_utf8_put((uint32_t)low, rune));
    } else {
        gb_str_putc(text, (char)test_random_below(r, 256));
    }
}

static void
put_random_text(gb_str *text, const golden *g, test_random *r, bool any_byte)
{
    size_t parts = test_random_below(r, 25), start, n, times;

    while (parts-- > 0) {
        start = text->len;
        put_part(text, g, r, any_byte);
        n = text->len - start;
        times = test_random_below(r, 8) == 0 ? test_random_below(r, 5) : 0;
        gb_str_reserve(text, times * n);
        while (times-- > 0)
            gb_str_append(text, text->data + start, n);
    }
}

/* 10,000 random texts, every second one with bytes that are no characters. */
static void
check_random(golden *g)
{
    const json_t *blocks = json_object_get(g->root, "blocks");
    json_int_t size = json_integer_value(json_object_get(g->root, "block")), k;
    test_random r = {2026};
    gb_str text = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    char shown[17];
    json_t *block;
    uint64_t h;
    size_t i;

    assert_int_equal(json_array_size(blocks) * (size_t)size, 10000);
    json_array_foreach(blocks, i, block)
    {
        h = HASH_START;
        for (k = 0; k < size; k++) {
            gb_str_clear(&text);
            put_random_text(&text, g, &r, k % 2 == 1);
            encode(g->tokenizer, gb_str_cstr(&text), text.len, &ids);
            h = hash_ids(h, &ids);
        }
        snprintf(shown, sizeof shown, "%016llx", (unsigned long long)h);
        if (strcmp(shown, json_string_value(block)) != 0)
            fail_msg("random texts of block %zu differ", i);
    }
    gb_str_free(&text);
    gb_ids_free(&ids);
}

/* Runs of LONG characters: "aaa...", "ababab...", with an end or without. */
static void
check_runs(golden *g)
{
    const json_t *list = json_object_get(g->root, "runs");
    gb_str text = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    const char *unit, *end;
    char shown[17];
    json_t *run;
    size_t i, n;

    assert_in_range(json_array_size(list), 10, 100);
    json_array_foreach(list, i, run)
    {
        unit = json_string_value(json_object_get(run, "unit"));
        end = json_string_value(json_object_get(run, "end"));
        gb_str_clear(&text);
        /* characters, of which only the first byte is not 10xxxxxx */
        for (n = 0; n < LONG; n += ((unsigned char)unit[0] < 0x80
                                        ? strlen(unit) : 1))
            gb_str_puts(&text, unit);
        if (n > LONG)
            text.len -= n - LONG;
        gb_str_puts(&text, end);
        encode(g->tokenizer, text.data, text.len, &ids);
        snprintf(shown, sizeof shown, "%016llx",
                 (unsigned long long)hash_ids(HASH_START, &ids));
        if (strcmp(shown,
                   json_string_value(json_object_get(run, "hash"))) != 0)
            fail_msg("the run of \"%s\" with \"%s\" differs: %zu ids", unit,
                     end, ids.len);
    }
    gb_str_free(&text);
    gb_ids_free(&ids);
}

static void
check_vocabulary(size_t which)
{
    golden g;

    if (!open_golden(&g, which)) {
        print_message("# skipped: no ../shared/data/%s\n",
                      vocabularies[which].folder);
        skip();
    }
    check_cases(&g);
    check_random(&g);
    check_runs(&g);
    close_golden(&g);
}

static void
test_stories(void **state)
{
    (void)state;
    check_vocabulary(0);
}

static void
test_gpt2(void **state)
{
    (void)state;
    check_vocabulary(1);
}

static void
test_all_bytes(void **state)
{
    gb_ids ids = GB_IDS_INIT;
    char text[3];
    unsigned i;
    golden g;

    (void)state;
    open_golden(&g, 0);
    for (i = 0; i < 65536; i++) {
        text[0] = (char)(i >> 8);
        text[1] = (char)i;
        text[2] = text[0];
        encode(g.tokenizer, text, 1 + i % 3, &ids);
    }
    gb_ids_free(&ids);
    close_golden(&g);
}

static void
test_invalid_utf8(void **state)
{
    test_random r = {7};
    gb_ids ids = GB_IDS_INIT;
    char text[200];
    size_t i, k, n;
    golden g;

    (void)state;
    open_golden(&g, 0);
    for (i = 0; i < 3000; i++) {
        n = test_random_below(&r, sizeof text);
        for (k = 0; k < n; k++)
            text[k] = (char)(test_random_below(&r, 4) == 0
                                 ? 0x20 + test_random_below(&r, 64)
                                 : 0x80 + test_random_below(&r, 128));
        encode(g.tokenizer, text, n, &ids);
    }
    gb_ids_free(&ids);
    close_golden(&g);
}

static void
test_specials(void **state)
{
    static const char text[] = "a<|endoftext|> b<|endoftext|><|endoftext";
    const gb_token eos = 4095;
    gb_error err = GB_ERROR_INIT;
    gb_ids plain = GB_IDS_INIT, special = GB_IDS_INIT;
    gb_str back = GB_STR_INIT;
    size_t i, n;
    golden g;

    (void)state;
    open_golden(&g, 0);
    encode(g.tokenizer, text, sizeof text - 1, &plain);
    for (i = 0; i < plain.len; i++)
        assert_int_not_equal(plain.data[i], eos);
    test_ok(gb_tokenizer_encode(g.tokenizer, text, sizeof text - 1, true,
                                &special, &err), &err);
    assert_int_equal(special.data[1], eos);
    assert_string_equal(gb_tokenizer_piece(g.tokenizer, special.data[2]),
                        "\xc4\xa0" "b");
    assert_int_equal(special.data[3], eos);
    test_ok(gb_tokenizer_decode(g.tokenizer, special.data, special.len, &back,
                                &err), &err);
    assert_string_equal(gb_str_cstr(&back), text);
    assert_memory_equal(gb_tokenizer_bytes(g.tokenizer, eos, &n),
                        "<|endoftext|>", 13);
    assert_int_equal(n, 13);
    gb_tokenizer_bytes(g.tokenizer, 4096, &n);
    assert_int_equal(n, 0);
    gb_ids_free(&plain);
    gb_ids_free(&special);
    gb_str_free(&back);
    close_golden(&g);
}

static void
test_decode_range(void **state)
{
    const gb_token ids[] = {64, 4096};
    gb_error err = GB_ERROR_INIT;
    gb_str out = GB_STR_INIT;
    golden g;

    (void)state;
    open_golden(&g, 0);
    gb_str_puts(&out, "x");
    assert_false(gb_tokenizer_decode(g.tokenizer, ids, 2, &out, &err));
    test_fails_with(&err, GB_FAILED, "below 4096", "found 4096", NULL);
    assert_string_equal(gb_str_cstr(&out), "x");
    gb_str_free(&out);
    close_golden(&g);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_gpt2),
        cmocka_unit_test(test_all_bytes),
        cmocka_unit_test(test_invalid_utf8),
        cmocka_unit_test(test_specials),
        cmocka_unit_test(test_decode_range),
    };

    return cmocka_run_group_tests_name("tokenizer", tests, NULL, NULL);
}
