#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_BYTES ((size_t)65536)

/* Opens a regular file for reading; returns the descriptor or -1. */
static int
open_regular(const char *path, struct stat *st, gb_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        gb_fail(err, "%s: cannot open: %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, st) != 0)
        gb_fail(err, "%s: cannot read: %s", path, strerror(errno));
    else if (S_ISDIR(st->st_mode))
        gb_fail(err, "%s: expected a file, found a folder", path);
    else if (!S_ISREG(st->st_mode))
        gb_fail(err, "%s: expected a regular file", path);
    else
        return fd;
    close(fd);
    return -1;
}

static uint64_t
nanoseconds(const struct timespec *t)
{
    return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

bool
gb_source_open(gb_source *s, const char *path, gb_error *err)
{
    struct stat st;

    s->fd = open_regular(path, &st, err);
    if (s->fd < 0)
        return false;
    s->size = (uint64_t)st.st_size;
    s->stamp[0] = (uint64_t)st.st_dev;
    s->stamp[1] = (uint64_t)st.st_ino;
    s->stamp[2] = (uint64_t)st.st_size;
    s->stamp[3] = nanoseconds(&st.st_mtim);
    s->stamp[4] = nanoseconds(&st.st_ctim);
    return true;
}

/* Says that the file ends before `at`. */
static bool
fail_shorter(const gb_source *s, const char *path, uint64_t at, gb_error *err)
{
    struct stat st;

    if (fstat(s->fd, &st) == 0 && (uint64_t)st.st_size < at)
        at = (uint64_t)st.st_size;
    return gb_fail(err, "%s: expected %" PRIu64 " bytes as when it was "
                   "opened, found %" PRIu64 " (is it being replaced?)", path,
                   s->size, at);
}

bool
gb_source_read(const gb_source *s, const char *path, uint64_t at, void *out,
               size_t n, gb_error *err)
{
    char *p = out;
    ssize_t got;

    for (; n > 0; p += got, at += (uint64_t)got, n -= (size_t)got) {
        got = pread(s->fd, p, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            got = 0;
        else if (got < 0)
            return gb_fail(err, "%s: cannot read: %s", path, strerror(errno));
        else if (got == 0)
            return fail_shorter(s, path, at, err);
    }
    return true;
}

void
gb_source_close(gb_source *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

/* There is nothing to read yet, or no room to write. */
static bool
is_not_ready(int error)
{
    return error == EINTR || error == EAGAIN || error == EWOULDBLOCK;
}

/* For a descriptor that does not wait by itself (O_NONBLOCK). */
static void
wait_for(int fd, short events)
{
    struct pollfd p = {fd, events, 0};

    poll(&p, 1, -1);
}

bool
gb_fd_read_some(int fd, const char *name, gb_str *out, bool *end,
                gb_error *err)
{
    ssize_t n;

    *end = false;
    gb_str_reserve(out, READ_BYTES);
    n = read(fd, out->data + out->len, READ_BYTES);
    if (n < 0)
        return is_not_ready(errno) ||
               gb_fail(err, "%s: cannot read: %s", name, strerror(errno));
    *end = n == 0;
    out->data[out->len += (size_t)n] = '\0';
    return true;
}

bool
gb_fd_read(int fd, const char *name, size_t limit, gb_str *out, gb_error *err)
{
    size_t start = out->len, before;
    bool end;

    do {
        before = out->len;
        if (!gb_fd_read_some(fd, name, out, &end, err))
            return false;
        if (out->len - start > limit)
            return gb_fail(err, "%s: more than %zu bytes", name, limit);
        if (!end && out->len == before)
            wait_for(fd, POLLIN);
    } while (!end);
    return true;
}

bool
gb_file_read(const char *path, size_t limit, gb_str *out, gb_error *err)
{
    struct stat st;
    int fd = open_regular(path, &st, err);
    bool ok;

    if (fd < 0)
        return false;
    ok = gb_fd_read(fd, path, limit, out, err);
    close(fd);
    return ok;
}

bool
gb_check_lfs(const char *path, const void *begin, size_t n, gb_error *err)
{
    static const char mark[] = "version https://git-lfs.github.com/spec/";

    return n < sizeof mark - 1 || memcmp(begin, mark, sizeof mark - 1) != 0 ||
           gb_fail(err, "%s: this is a git-lfs pointer, not the file: run "
                   "\"git lfs pull\" in its folder, or load the file from its "
                   "page", path);
}

bool
gb_fd_write_some(int fd, const char *name, const void *data, size_t n,
                 size_t *written, gb_error *err)
{
    ssize_t done = write(fd, data, n);

    *written = done > 0 ? (size_t)done : 0;
    if (done >= 0 || is_not_ready(errno))
        return true;
    if (errno == EPIPE)
        return gb_fail_no_reader(err, name);
    return gb_fail(err, "%s: cannot write: %s", name, strerror(errno));
}

bool
gb_fd_write(int fd, const char *name, const void *data, size_t n, gb_error *err)
{
    const char *p = data;
    size_t written;

    for (; n > 0; p += written, n -= written) {
        if (!gb_fd_write_some(fd, name, p, n, &written, err))
            return false;
        if (written == 0)
            wait_for(fd, POLLOUT);
    }
    return true;
}

bool
gb_is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool
gb_is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool
gb_is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool
gb_same_file(const char *a, const char *b)
{
    struct stat sa, sb;

    return stat(a, &sa) == 0 && stat(b, &sb) == 0 && is_same(&sa, &sb);
}

bool
gb_is_open_there(int fd, const char *path)
{
    struct stat sa, sb;

    return fstat(fd, &sa) == 0 && stat(path, &sb) == 0 && is_same(&sa, &sb);
}

bool
gb_make_folders(const char *path, gb_error *err)
{
    char *part = gb_strdup(path), *p = part;
    bool ok = true, last = false;

    while (ok && !last) {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        last = *p == '\0';
        *p = '\0';
        if (part[0] != '\0' && mkdir(part, 0700) != 0 && errno != EEXIST &&
            !gb_is_folder(part))
            ok = gb_fail(err, "%s: cannot create this folder: %s", part,
                         strerror(errno));
        if (!last)
            *p = '/';
    }
    if (ok && !gb_is_folder(path))
        ok = gb_fail(err, "%s: expected a folder", path);
    free(part);
    return ok;
}

bool
gb_make_folders_of(const char *path, gb_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder;
    bool ok;

    if (slash == NULL || slash == path)
        return true;
    folder = gb_strndup(path, (size_t)(slash - path));
    ok = gb_make_folders(folder, err);
    free(folder);
    return ok;
}

bool
gb_remove_tree(const char *path, gb_error *err)
{
    const struct dirent *entry;
    struct stat st;
    bool ok = true;
    char *below;
    DIR *dir;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ||
               gb_fail(err, "%s: %s", path, strerror(errno));
    dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    while (dir != NULL && ok && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0)
            continue;
        below = gb_path_join(path, entry->d_name);
        ok = gb_remove_tree(below, err);
        free(below);
    }
    if (dir != NULL)
        closedir(dir);
    return ok && (remove(path) == 0 ||
                  gb_fail(err, "%s: cannot delete: %s", path,
                          strerror(errno)));
}

char *
gb_path_join(const char *folder, const char *name)
{
    size_t n = strlen(folder);

    while (n > 1 && folder[n - 1] == '/')
        n--;
    return gb_format("%.*s%s%s", (int)n, folder,
                     n > 0 && folder[n - 1] == '/' ? "" : "/", name);
}

const char *
gb_temporary_folder(void)
{
    const char *value = getenv("TMPDIR");

    return value != NULL && value[0] == '/' ? value : "/tmp";
}

char *
gb_xdg(const char *variable, const char *below_home)
{
    const char *value = getenv(variable);
    const char *home = getenv("HOME");

    if (value != NULL && value[0] == '/')
        return gb_path_join(value, "gumbel");
    if (home == NULL || home[0] != '/')
        return NULL;
    return gb_format("%s/%s/gumbel", home, below_home);
}
