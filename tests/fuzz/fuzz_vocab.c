/* vocab.json and merges.txt. The first byte is how many tokens there are to
 * be, a NUL byte parts the files. A tokenizer that opens gives back what it
 * reads. */
#include "fuzz.h"

#include <string.h>

/* Encodes and decodes; a byte that the vocabulary lacks is no finding. */
static void
check_text(gb_tokenizer *t, uint32_t n_vocab, const char *text, size_t n)
{
    gb_str back = GB_STR_INIT;

    if (fuzz_text(t, n_vocab, text, n, false, false, &back))
        FUZZ_CHECK(back.len == n &&
                   memcmp(gb_str_cstr(&back), text, n) == 0);
    gb_str_free(&back);
}

static void
check_pieces(const gb_tokenizer *t, uint32_t n_vocab)
{
    uint32_t id;
    size_t n;

    for (id = 0; id < n_vocab; id++) {
        FUZZ_CHECK(gb_tokenizer_piece(t, id) != NULL);
        gb_tokenizer_bytes(t, id, &n);
        FUZZ_CHECK(n <= strlen(gb_tokenizer_piece(t, id)));
        FUZZ_CHECK((n > 0) == gb_tokenizer_has(t, id));
    }
    gb_tokenizer_bytes(t, UINT32_MAX, &n);
    FUZZ_CHECK(n == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *vocab, *merges;
    gb_error err = GB_ERROR_INIT;
    const uint8_t *second;
    gb_tokenizer *t;
    uint32_t n_vocab;
    size_t n;

    if (vocab == NULL) {
        vocab = fuzz_path("vocab.json");
        merges = fuzz_path("merges.txt");
    }
    if (size == 0 || data[0] == 0)
        return 0;
    n_vocab = *data++;
    size--;
    second = memchr(data, 0, size);
    n = second != NULL ? (size_t)(second - data) : size;
    fuzz_write(vocab, data, n);
    fuzz_write(merges, data + n + (n < size), size - n - (n < size));
    t = gb_tokenizer_open(fuzz_folder(), n_vocab, n_vocab - 1, &err);
    if (t == NULL) {
        FUZZ_CHECK(err.text[0] != '\0');
        return 0;
    }
    check_pieces(t, n_vocab);
    check_text(t, n_vocab, (const char *)data, size);
    check_text(t, n_vocab, "abab aba", 8);
    gb_tokenizer_close(t);
    return 0;
}
