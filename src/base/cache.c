#include "base/cache.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Whether nobody else can have put there what it holds. Root could in any
 * case. */
static bool
is_ours(int fd, mode_t type)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type &&
           (st.st_uid == geteuid() || st.st_uid == 0) &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The folder of a cache file, or -1 where it is not ours alone. */
static int
open_folder(const char *path, bool make)
{
    char *folder = gb_strndup(path, (size_t)(strrchr(path, '/') - path));
    int fd = -1;

    if (!make || gb_make_folders(folder, NULL))
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd >= 0 && !is_ours(fd, S_IFDIR)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool
gb_cache_read(const char *path, size_t limit, gb_str *out)
{
    int folder = path != NULL ? open_folder(path, false) : -1, fd;
    bool ok;

    if (folder < 0)
        return false;
    fd = openat(folder, strrchr(path, '/') + 1,
                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    close(folder);
    if (fd < 0)
        return false;
    ok = is_ours(fd, S_IFREG) && gb_fd_read(fd, path, limit, out, NULL);
    close(fd);
    return ok;
}

void
gb_cache_write(const char *path, const void *data, size_t n)
{
    int folder = path != NULL ? open_folder(path, true) : -1;

    if (folder < 0)
        return;
    gb_file_replace(path, data, n, 0600 | GB_FILE_ANEW, NULL);
    close(folder);
}
