/* Bytes from a terminal: which keys they are does not depend on how they
 * came. */
#include "fuzz.h"

#include <string.h>

#include "tui/keys.h"

/* Appends name and bytes of all keys that there are. */
static void
take(gb_keys *k, bool late, gb_str *out)
{
    gb_key key;

    while (gb_keys_next(k, late, &key)) {
        FUZZ_CHECK(memchr(key.name, '\0', sizeof key.name) != NULL);
        FUZZ_CHECK(key.n > 0 || strcmp(key.name, "Paste") == 0);
        gb_str_printf(out, "%s %zu ", key.name, key.n);
        gb_str_append(out, key.bytes, key.n);
    }
    if (late)
        FUZZ_CHECK(gb_keys_wait(k) < 0);
}

/* Pushes the bytes in pieces of 1 to `most`, or all at once. */
static void
read_keys(const uint8_t *data, size_t size, size_t most, gb_str *out)
{
    gb_keys *k = gb_keys_new();
    size_t at, n;

    gb_keys_define(k, "\033Ot", "F5");
    for (at = 0; at < size; at += n) {
        n = most > 0 ? 1 + (data[at] + at) % most : size;
        n = n < size - at ? n : size - at;
        gb_keys_push(k, (const char *)data + at, n);
        take(k, false, out);
    }
    take(k, true, out);
    gb_keys_free(k);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t most[] = {1, 3, 11};
    gb_str whole = GB_STR_INIT, pieces = GB_STR_INIT;
    size_t i;

    read_keys(data, size, 0, &whole);
    for (i = 0; i < sizeof most / sizeof most[0]; i++) {
        gb_str_clear(&pieces);
        read_keys(data, size, most[i], &pieces);
        FUZZ_CHECK(pieces.len == whole.len);
        FUZZ_CHECK(memcmp(gb_str_cstr(&pieces), gb_str_cstr(&whole),
                          whole.len) == 0);
    }
    gb_str_free(&whole);
    gb_str_free(&pieces);
    return 0;
}
