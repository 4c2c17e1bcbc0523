/* The hash of a model's weights, which names it in session files. */
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/model.h"

/* From this size on, in bytes, the hash takes long enough to be kept. */
#define WORTH_KEEPING ((uint64_t)32 << 20)

/* Bytes read at once, between two looks at whether it is still wanted. */
#define PIECE ((size_t)1 << 18)

/* Where the hash of these very files is kept; the caller frees. NULL for
 * nowhere. */
static char *
kept_path(const gb_tensors *t)
{
    gb_str key = GB_STR_INIT;
    const gb_source *source;
    const char *name;
    char *path;
    size_t i;

    if (gb_tensors_size(t) < WORTH_KEEPING)
        return NULL;
    for (i = 0; i < gb_tensors_files(t); i++) {
        source = gb_tensors_file(t, i, &name);
        gb_str_append(&key, source->stamp, sizeof source->stamp);
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
    bool ok = gb_cache_read(path, 64, &text) &&
              gb_is_sha256(gb_str_cstr(&text));

    if (ok)
        memcpy(hex, text.data, 65);
    gb_str_free(&text);
    return ok;
}

/* What is being hashed, and how far that is. */
typedef struct hashing {
    struct sha256_ctx context;
    const gb_progress *progress;
    uint64_t done, total;
} hashing;

static bool
add_file(hashing *h, const gb_tensors *t, size_t i, gb_error *err)
{
    const char *path;
    const gb_source *source = gb_tensors_file(t, i, &path);
    uint8_t *piece = gb_alloc(PIECE);
    uint64_t at;
    size_t n = 0;
    bool ok = true;

    for (at = 0; ok && at < source->size; at += n) {
        n = source->size - at < PIECE ? (size_t)(source->size - at) : PIECE;
        ok = gb_source_read(source, path, at, piece, n, err);
        if (!ok)
            break;
        sha256_update(&h->context, n, piece);
        h->done += n;
        ok = gb_progress_on(h->progress, GB_PHASE_HASH, h->done, h->total,
                            err);
    }
    free(piece);
    return ok;
}

/* The digest of all files, as text. */
static bool
compute(const gb_tensors *t, const gb_progress *progress, char hex[65],
        gb_error *err)
{
    hashing h = {.progress = progress, .total = gb_tensors_size(t)};
    uint8_t digest[SHA256_DIGEST_SIZE];
    size_t i;

    sha256_init(&h.context);
    for (i = 0; i < gb_tensors_files(t); i++)
        if (!add_file(&h, t, i, err))
            return false;
    sha256_digest(&h.context, sizeof digest, digest);
    for (i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return true;
}

bool
gb_model_hash(gb_model *m, const gb_progress *progress, gb_error *err)
{
    bool ok = true;
    char *path;

    if (m->tensors == NULL)
        return gb_fail(err, "%s: the weights are not open", m->path);
    if (m->sha256[0] != '\0')
        return true;
    path = kept_path(m->tensors);
    if (path == NULL || !read_kept(path, m->sha256)) {
        ok = compute(m->tensors, progress, m->sha256, err);
        if (ok)
            gb_cache_write(path, m->sha256, 64);
    }
    free(path);
    return ok;
}

bool
gb_model_sha256(gb_model *m, char hex[65], gb_error *err)
{
    if (!gb_model_hash(m, NULL, err))
        return false;
    memcpy(hex, m->sha256, sizeof m->sha256);
    return true;
}
