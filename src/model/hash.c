/* The hash of a model's weights, which names it in session files. */
#include <ctype.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/model.h"

/* From this size on, in bytes, the hash takes long enough to be kept. */
#define WORTH_KEEPING ((uint64_t)32 << 20)

static void
to_hex(struct sha256_ctx *context, char hex[65])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    size_t i;

    sha256_digest(context, sizeof digest, digest);
    for (i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* Where the hash of these very files is kept; the caller frees. NULL for
 * nowhere. */
static char *
kept_path(const gb_tensors *t, char **folder)
{
    struct sha256_ctx context;
    char hex[65], name[32];
    const gb_map *map;
    size_t i;

    *folder = gb_tensors_size(t) < WORTH_KEEPING ? NULL : gb_cache_folder();
    if (*folder == NULL)
        return NULL;
    sha256_init(&context);
    for (i = 0; i < gb_tensors_files(t); i++) {
        map = gb_tensors_file(t, i);
        sha256_update(&context, sizeof map->stamp,
                      (const uint8_t *)map->stamp);
    }
    to_hex(&context, hex);
    snprintf(name, sizeof name, "sha256-%.16s", hex);
    return gb_path_join(*folder, name);
}

static bool
read_kept(const char *path, char hex[65])
{
    gb_str text = GB_STR_INIT;
    size_t i;
    bool ok = gb_file_read(path, 64, &text, NULL) && text.len == 64;

    for (i = 0; ok && i < text.len; i++)
        ok = isxdigit((unsigned char)text.data[i]);
    if (ok)
        memcpy(hex, text.data, 65);
    gb_str_free(&text);
    return ok;
}

static void
compute(const gb_tensors *t, char hex[65])
{
    struct sha256_ctx context;
    const gb_map *map;
    size_t i;

    sha256_init(&context);
    for (i = 0; i < gb_tensors_files(t); i++) {
        map = gb_tensors_file(t, i);
        sha256_update(&context, map->size, map->data);
    }
    to_hex(&context, hex);
}

bool
gb_model_sha256(gb_model *m, char hex[65], gb_error *err)
{
    char *folder, *path;

    if (m->tensors == NULL)
        return gb_fail(err, "%s: the weights are not open", m->path);
    if (m->sha256[0] == '\0') {
        path = kept_path(m->tensors, &folder);
        if (path == NULL || !read_kept(path, m->sha256)) {
            compute(m->tensors, m->sha256);
            if (path != NULL && gb_make_folders(folder, NULL))
                gb_file_replace(path, m->sha256, 64, 0600, NULL);
        }
        free(path);
        free(folder);
    }
    memcpy(hex, m->sha256, sizeof m->sha256);
    return true;
}
