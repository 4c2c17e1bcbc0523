#include "base/cache.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

/* Bytes of the digest in a name: enough that no two keys meet. */
#define NAME_BYTES 12

static char *
cache_folder(void)
{
    const char *folder = getenv("GUMBEL_CACHE");

    if (folder != NULL)
        return folder[0] != '\0' ? gb_strdup(folder) : NULL;
    return gb_xdg("XDG_CACHE_HOME", ".cache");
}

char *
gb_cache_path(const char *kind, const void *key, size_t n)
{
    char hex[2 * NAME_BYTES + 1], *folder = cache_folder(), *path;
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx context;
    size_t i;

    if (folder == NULL)
        return NULL;
    sha256_init(&context);
    sha256_update(&context, n, key);
    sha256_digest(&context, sizeof digest, digest);
    for (i = 0; i < NAME_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    path = gb_format("%s/%s-%s", folder, kind, hex);
    free(folder);
    return path;
}

void
gb_cache_write(const char *path, const void *data, size_t n)
{
    char *folder;

    if (path == NULL)
        return;
    folder = gb_strndup(path, (size_t)(strrchr(path, '/') - path));
    if (gb_make_folders(folder, NULL))
        gb_file_replace(path, data, n, 0600, NULL);
    free(folder);
}
