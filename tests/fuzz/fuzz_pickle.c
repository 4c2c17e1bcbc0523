/* pytorch_model.bin. What begins with PK is the whole file; all else is the
 * pickle in an archive of our own, with a storage of 64 bytes. Every tensor
 * that can be had lies within its file. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "model/meta.h"
#include "model/pt_file.h"

static void
put(gb_str *out, uint64_t value, size_t n)
{
    for (; n > 0; n--, value >>= 8)
        gb_str_putc(out, (char)value);
}

/* A header, local or of the directory, for an entry that is not compressed. */
static void
put_header(gb_str *out, const char *name, size_t size, int64_t at)
{
    gb_str_append(out, at < 0 ? "PK\3\4" : "PK\1\2", 4);
    put(out, 0, at < 0 ? 14 : 16);
    put(out, size, 4);
    put(out, size, 4);
    put(out, strlen(name), 2);
    put(out, 0, at < 0 ? 2 : 12);
    if (at >= 0)
        put(out, (uint64_t)at, 4);
    gb_str_puts(out, name);
}

static void
wrap(gb_str *out, const uint8_t *data, size_t size)
{
    static const char storage[64] = "storage";
    size_t second, directory;

    put_header(out, "x/data.pkl", size, -1);
    gb_str_append(out, data, size);
    second = out->len;
    put_header(out, "x/data/0", sizeof storage, -1);
    gb_str_append(out, storage, sizeof storage);
    directory = out->len;
    put_header(out, "x/data.pkl", size, 0);
    put_header(out, "x/data/0", sizeof storage, (int64_t)second);
    second = out->len - directory;
    gb_str_append(out, "PK\5\6", 4);
    put(out, 0, 4);
    put(out, 2, 2);
    put(out, 2, 2);
    put(out, second, 4);
    put(out, directory, 4);
    put(out, 0, 2);
}

/* The same as meta.pkl, and any text with what it makes. */
static void
read_meta(const uint8_t *data, size_t size)
{
    static char *path;
    gb_error err = GB_ERROR_INIT;
    gb_tokenizer_files files;
    gb_str back = GB_STR_INIT;
    gb_tokenizer *t = NULL;

    if (path == NULL)
        path = fuzz_path(GB_META);
    fuzz_write(path, data, size);
    if (gb_meta_read(&files, fuzz_folder(), &err))
        t = gb_tokenizer_new(&files, GB_MAX_TOKENS, GB_NO_TOKEN, &err);
    else
        FUZZ_CHECK(err.text[0] != '\0');
    gb_tokenizer_files_free(&files);
    if (t != NULL && fuzz_text(t, GB_MAX_TOKENS, "a \303\251!\n", 6, true,
                               true, &back))
        FUZZ_CHECK(back.len == 6);
    gb_str_free(&back);
    gb_tokenizer_close(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *path;
    gb_error err = GB_ERROR_INIT;
    gb_str file = GB_STR_INIT;
    const gb_tensor_entry *e;
    gb_tensor_file f;
    size_t i;

    if (path == NULL)
        path = fuzz_path("pytorch_model.bin");
    if (size >= 2 && memcmp(data, "PK", 2) == 0)
        gb_str_append(&file, data, size);
    else
        wrap(&file, data, size);
    fuzz_write(path, gb_str_cstr(&file), file.len);
    if (gb_pt_file_open(&f, fuzz_folder(), "pytorch_model.bin", &err)) {
        FUZZ_CHECK(f.n_entries > 0);
        for (i = 0; i < f.n_entries; i++) {
            e = &f.entries[i];
            FUZZ_CHECK(e->begin <= e->end && e->end <= f.source.size);
        }
    } else {
        FUZZ_CHECK(err.text[0] != '\0');
    }
    gb_tensor_file_close(&f);
    gb_str_free(&file);
    read_meta(data, size);
    return 0;
}
