#include "hub/download.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "hub/retry.h"

#define SMALL ((uint64_t)64 << 20) /* the most of a file without a size that is
                                      no weights, bytes */
#define LARGE ((uint64_t)1 << 40)
#define PIECE ((size_t)1 << 18)

/* A file as it comes; PART.etag says of which version the bytes are. */
typedef struct coming {
    const gb_download *d;
    char *path, *part, *etag_path;
    int fd;
    uint64_t done;
    uint64_t size;   /* of the whole, or GB_SIZE_UNKNOWN */
    char sha256[65]; /* that it should have, or "" */
    char *etag;      /* of what is there, or NULL */
    bool got, resumed; /* bytes in this try; it went on with older ones */
    struct sha256_ctx sha256_ctx;
    struct sha1_ctx sha1_ctx; /* git's, when the size is known */
} coming;

static void
begin_hashes(coming *c)
{
    char head[64];
    int n = snprintf(head, sizeof head, "blob %" PRIu64, c->size) + 1;

    sha256_init(&c->sha256_ctx);
    sha1_init(&c->sha1_ctx);
    sha1_update(&c->sha1_ctx, (size_t)n, (const uint8_t *)head);
}

static void
hash(coming *c, const void *bytes, size_t n)
{
    sha256_update(&c->sha256_ctx, n, bytes);
    if (c->d->file->sha1[0] != '\0')
        sha1_update(&c->sha1_ctx, n, bytes);
}

/* --- what is there -------------------------------------------------------- */

static bool
truncate_part(coming *c, gb_error *err)
{
    c->done = 0;
    c->resumed = false;
    free(c->etag);
    c->etag = NULL;
    unlink(c->etag_path);
    begin_hashes(c);
    return (ftruncate(c->fd, 0) == 0 && lseek(c->fd, 0, SEEK_SET) == 0) ||
           gb_fail(err, "%s: cannot write: %s", c->part, strerror(errno));
}

/* Hashes the bytes of before. */
static bool
hash_part(coming *c, gb_error *err)
{
    uint8_t *piece = gb_alloc(PIECE);
    bool cancelled = false;
    ssize_t n = 1;

    c->done = 0;
    while (n > 0 && !cancelled) {
        n = read(c->fd, piece, PIECE);
        if (n > 0) {
            hash(c, piece, (size_t)n);
            c->done += (uint64_t)n;
        }
        cancelled = c->d->cancel != NULL && atomic_load(c->d->cancel);
    }
    free(piece);
    if (cancelled)
        return gb_fail_interrupted(err);
    return n == 0 || gb_fail(err, "%s: cannot read: %s", c->part,
                             strerror(errno));
}

/* Bytes of which nobody knows the version are of no use, unless a hash will
 * tell. */
static bool
open_part(coming *c, gb_error *err)
{
    gb_str etag = GB_STR_INIT;
    bool known = c->sha256[0] != '\0' || c->d->file->sha1[0] != '\0';

    c->fd = open(c->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (c->fd < 0)
        return gb_fail(err, "cannot create %s: %s", c->part, strerror(errno));
    begin_hashes(c);
    if (!hash_part(c, err))
        return false;
    if (gb_file_read(c->etag_path, 1024, &etag, NULL) && etag.len > 0)
        c->etag = gb_str_take(&etag);
    gb_str_free(&etag);
    if (c->done > 0 && ((c->etag == NULL && !known) || c->done > c->size))
        return truncate_part(c, err);
    c->resumed = c->done > 0;
    return true;
}

/* --- what comes ----------------------------------------------------------- */

/* A whole file comes where a part was asked for when the version is another
 * now, or the server knows no parts. */
static bool
begin(void *arg, const gb_http_answer *a, gb_error *err)
{
    coming *c = arg;
    const gb_hub_file *f = c->d->file;

    if (c->size != GB_SIZE_UNKNOWN && a->size != GB_SIZE_UNKNOWN &&
        a->size != c->size)
        return gb_fail(err, "expected %" PRIu64 " bytes, as the hub lists "
                       "them, found %" PRIu64, c->size, a->size);
    c->resumed = a->part;
    if (!a->part && !truncate_part(c, err))
        return false;
    if (c->size == GB_SIZE_UNKNOWN)
        c->size = a->size;
    if (c->sha256[0] == '\0' && f->sha1[0] == '\0')
        memcpy(c->sha256, a->sha256, sizeof c->sha256);
    if (a->etag[0] == '\0' || a->part)
        return true;
    c->etag = gb_strdup(a->etag);
    return gb_file_replace(c->etag_path, a->etag, strlen(a->etag),
                           0666 | GB_FILE_ANEW, err);
}

static bool
take(void *arg, const void *bytes, size_t n, gb_error *err)
{
    coming *c = arg;
    uint64_t most = c->size != GB_SIZE_UNKNOWN ? c->size
                    : c->d->file->weights      ? LARGE
                                               : SMALL;

    if (n > most - c->done)
        return gb_fail(err, "expected %" PRIu64 " bytes%s, found more", most,
                       c->size != GB_SIZE_UNKNOWN ? "" : " at most");
    if (!gb_fd_write(c->fd, c->part, bytes, n, err))
        return false;
    hash(c, bytes, n);
    c->done += n;
    c->got = true;
    c->d->progress(c->d->arg, c->done);
    return true;
}

/* --- whether it is the one ------------------------------------------------ */

static bool
compare(const uint8_t *digest, size_t n, const char *expected,
        const char *kind, gb_error *err)
{
    char hex[2 * SHA256_DIGEST_SIZE + 1];
    size_t i;

    for (i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return expected[0] == '\0' || strcmp(hex, expected) == 0 ||
           gb_fail(err, "%s: expected %s, found %s; what came is deleted",
                   kind, expected, hex);
}

static bool
verify(coming *c, gb_error *err)
{
    uint8_t sha256[SHA256_DIGEST_SIZE], sha1[SHA1_DIGEST_SIZE];

    sha256_digest(&c->sha256_ctx, sizeof sha256, sha256);
    sha1_digest(&c->sha1_ctx, sizeof sha1, sha1);
    return compare(sha256, sizeof sha256, c->sha256, "SHA-256", err) &&
           (c->size != c->done ||
            compare(sha1, sizeof sha1, c->d->file->sha1, "SHA-1 of git", err));
}

static bool
finish(coming *c, gb_error *err)
{
    if (!gb_fd_sync(c->fd, c->part, err))
        return false;
    if (rename(c->part, c->path) != 0)
        return gb_fail(err, "cannot rename %s: %s", c->part, strerror(errno));
    unlink(c->etag_path);
    return true;
}

/* --- trying --------------------------------------------------------------- */

/* One request for what is missing. */
static gb_http_end
ask(coming *c, double *wait, gb_error *err)
{
    const gb_http_request request = {
        .path = c->d->path, .from = c->done, .etag = c->etag,
        .begin = begin, .take = take, .arg = c,
    };
    gb_http_end end;

    c->got = false;
    if (c->done > 0 && c->done == c->size)
        return GB_HTTP_DONE;
    end = gb_http_get(c->d->http, &request, wait, err);
    if (end == GB_HTTP_NO_RANGE)
        return request.from > 0 && truncate_part(c, err) ? GB_HTTP_AGAIN
                                                         : GB_HTTP_FAILED;
    if (end != GB_HTTP_DONE || c->size == GB_SIZE_UNKNOWN ||
        c->done == c->size)
        return end;
    gb_fail(err, "expected %" PRIu64 " bytes, found %" PRIu64, c->size,
            c->done);
    return GB_HTTP_AGAIN;
}

/* Asks, and says whether it has the file. What was begun with older bytes and
 * is wrong is tried again from its beginning. */
static gb_http_end
try_once(void *arg, double *wait, bool *got, gb_error *err)
{
    coming *c = arg;
    gb_http_end end;
    bool resumed;

    c->d->progress(c->d->arg, c->done);
    end = ask(c, wait, err);
    *got = c->got;
    resumed = c->resumed;
    if (end != GB_HTTP_DONE)
        return end;
    if (verify(c, err))
        return GB_HTTP_DONE;
    if (!truncate_part(c, NULL))
        return GB_HTTP_FAILED;
    return resumed ? GB_HTTP_AGAIN : GB_HTTP_FAILED;
}

bool
gb_download_run(const gb_download *d, gb_error *err)
{
    coming c = {.d = d, .fd = -1, .size = d->file->size};
    const gb_retry retry = {try_once, &c, d->cancel, d->wait, d->arg};
    bool ok = true;

    c.path = gb_path_join(d->folder, d->file->name);
    c.part = gb_format("%s.part", c.path);
    c.etag_path = gb_format("%s.etag", c.part);
    memcpy(c.sha256, d->file->sha256, sizeof c.sha256);
    if (!gb_is_file(c.path))
        ok = open_part(&c, err) && gb_retry_run(&retry, err) && finish(&c, err);
    if (c.fd >= 0)
        close(c.fd);
    if (!ok && err->status != GB_INTERRUPTED)
        gb_fail_context(err, "%s", d->file->name);
    free(c.path);
    free(c.part);
    free(c.etag_path);
    free(c.etag);
    return ok;
}

uint64_t
gb_download_there(const char *folder, const gb_hub_file *file)
{
    char *path = gb_path_join(folder, file->name);
    char *part = gb_format("%s.part", path);
    uint64_t size = 0;
    struct stat st;

    if (stat(path, &st) == 0 || stat(part, &st) == 0)
        size = (uint64_t)st.st_size;
    free(part);
    free(path);
    return size;
}
