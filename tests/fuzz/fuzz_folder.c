/* The files of a tokenizer as tokenizer.json has them, and those beside it. The
 * first byte is how many rows the model has, in fours; a NUL byte parts the
 * files: tokenizer.json (none where it is empty: then vocab.json and
 * merges.txt of our own), tokenizer_config.json, special_tokens_map.json,
 * added_tokens.json. A tokenizer that opens encodes, or says why not. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json",
};

static void
write_files(const uint8_t *data, size_t size)
{
    const uint8_t *end;
    char *path;
    size_t i, n;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        end = size > 0 ? memchr(data, 0, size) : NULL;
        n = end != NULL ? (size_t)(end - data) : size;
        path = fuzz_path(names[i]);
        if (n > 0)
            fuzz_write(path, data, n);
        else
            unlink(path);
        free(path);
        data += n + (n < size);
        size -= n + (n < size);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char vocab[] = "{\"a\":0,\"b\":1,\"\\u0120\":2,\"ab\":3,"
                                "\"<|endoftext|>\":4,\"d e\":5}";
    static char *pair[2];
    gb_error err = GB_ERROR_INIT;
    gb_tokenizer *t;
    uint32_t rows, id, missing = 0;
    gb_str back = GB_STR_INIT;
    int specials;

    if (pair[0] == NULL) {
        pair[0] = fuzz_path("vocab.json");
        pair[1] = fuzz_path("merges.txt");
        fuzz_write(pair[0], vocab, sizeof vocab - 1);
        fuzz_write(pair[1], "a b\r\n", 5);
    }
    if (size == 0)
        return 0;
    rows = 1 + 4 * data[0];
    write_files(data + 1, size - 1);
    t = gb_tokenizer_open(fuzz_folder(), rows, GB_NO_TOKEN, &err);
    if (t == NULL) {
        FUZZ_CHECK(err.text[0] != '\0');
        return 0;
    }
    for (id = 0; id < rows; id++)
        missing += !gb_tokenizer_has(t, id);
    FUZZ_CHECK(missing == gb_tokenizer_missing(t));
    for (specials = 0; specials < 2; specials++) {
        fuzz_text(t, rows, "ab  <s> [PAD]<|endoftext|> b", 28, true, specials,
                  &back);
        fuzz_text(t, rows, (const char *)data, size, true, specials, &back);
    }
    gb_str_free(&back);
    gb_tokenizer_close(t);
    return 0;
}
