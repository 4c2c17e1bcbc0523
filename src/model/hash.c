/* The hash of a model's weights, which names it in session files. */
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "base/file.h"
#include "model/model.h"

/* From this size on, in bytes, the hash takes long enough to be kept. */
#define WORTH_KEEPING ((uint64_t)32 << 20)

/* Bytes between two looks at whether it is still wanted. */
#define PIECE ((size_t)1 << 20)

/* Where the hash of these very files is kept; the caller frees. NULL for
 * nowhere. */
static char *
kept_path(const gb_tensors *t)
{
    gb_str key = GB_STR_INIT;
    const gb_map *map;
    char *path;
    size_t i;

    if (gb_tensors_size(t) < WORTH_KEEPING)
        return NULL;
    for (i = 0; i < gb_tensors_files(t); i++) {
        map = gb_tensors_file(t, i);
        gb_str_append(&key, map->stamp, sizeof map->stamp);
    }
    path = gb_cache_path("sha256", key.data, key.len);
    gb_str_free(&key);
    return path;
}

bool
gb_is_sha256(const char *hex)
{
    return hex != NULL && strlen(hex) == 64 &&
           strspn(hex, "0123456789abcdef") == 64;
}

static bool
read_kept(const char *path, char hex[65])
{
    gb_str text = GB_STR_INIT;
    bool ok = gb_file_read(path, 64, &text, NULL) &&
              gb_is_sha256(gb_str_cstr(&text));

    if (ok)
        memcpy(hex, text.data, 65);
    gb_str_free(&text);
    return ok;
}

/* The digest of all files; false when it was cancelled. */
static bool
compute(const gb_tensors *t, const gb_hashing *how, uint8_t *digest)
{
    uint64_t total = gb_tensors_size(t), done = 0;
    struct sha256_ctx context;
    const gb_map *map;
    size_t i, at, n;

    sha256_init(&context);
    for (i = 0; i < gb_tensors_files(t); i++) {
        map = gb_tensors_file(t, i);
        for (at = 0; at < map->size; at += n) {
            if (how->cancel != NULL && atomic_load(how->cancel))
                return false;
            n = map->size - at < PIECE ? map->size - at : PIECE;
            sha256_update(&context, n, map->data + at);
            done += n;
            if (how->progress != NULL)
                how->progress(how->arg, done, total);
        }
    }
    sha256_digest(&context, SHA256_DIGEST_SIZE, digest);
    return true;
}

bool
gb_model_hash(gb_model *m, const gb_hashing *how, gb_error *err)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    bool ok = true;
    char *path;
    size_t i;

    if (m->tensors == NULL)
        return gb_fail(err, "%s: the weights are not open", m->path);
    if (m->sha256[0] != '\0')
        return true;
    path = kept_path(m->tensors);
    if (path == NULL || !read_kept(path, m->sha256)) {
        ok = compute(m->tensors, how, digest);
        for (i = 0; ok && i < sizeof digest; i++)
            snprintf(m->sha256 + 2 * i, 3, "%02x", digest[i]);
        if (ok)
            gb_cache_write(path, m->sha256, 64);
    }
    free(path);
    return ok || gb_fail_interrupted(err);
}

bool
gb_model_sha256(gb_model *m, char hex[65], gb_error *err)
{
    const gb_hashing how = {NULL, NULL, NULL};

    if (!gb_model_hash(m, &how, err))
        return false;
    memcpy(hex, m->sha256, sizeof m->sha256);
    return true;
}
