/* Files replaced in one step, and made to last. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define MAX_LINKS 40
/* Files of a process that was killed, under a process id that is ours now. */
#define MAX_LEFTOVERS 1000

bool
gb_fd_sync(int fd, const char *name, gb_error *err)
{
    /* Some file systems have no way to do it. */
    return fsync(fd) == 0 || errno == EINVAL || errno == ENOSYS ||
           errno == ENOTSUP || errno == EROFS ||
           gb_fail(err, "%s: cannot write: %s", name, strerror(errno));
}

/* Bytes of path up to its last slash and with it; 0 when it has none. */
static int
folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? (int)(slash + 1 - path) : 0;
}

void
gb_folder_sync(const char *path)
{
    int n = folder_length(path), fd;
    char *folder = n > 0 ? gb_strndup(path, (size_t)n) : gb_strdup(".");

    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        gb_fd_sync(fd, folder, NULL);
        close(fd);
    }
    free(folder);
}

/* The descriptor that a path names, -1 when it names none. Opening such a
 * path again would lose where in its file the descriptor is. */
static int
descriptor_of(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    size_t i, n;

    if (strcmp(path, "/dev/stdout") == 0)
        return STDOUT_FILENO;
    if (strcmp(path, "/dev/stderr") == 0)
        return STDERR_FILENO;
    for (i = 0; i < GB_COUNT(folders); i++) {
        n = strlen(folders[i]);
        if (strncmp(path, folders[i], n) == 0 && path[n] != '\0' &&
            path[n + strspn(path + n, "0123456789")] == '\0')
            return atoi(path + n);
    }
    return -1;
}

static bool
write_special(const char *path, const void *data, size_t n, gb_error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok;

    if (fd < 0)
        return gb_fail(err, "%s: cannot open: %s", path, strerror(errno));
    ok = gb_fd_write(fd, path, data, n, err);
    if (close(fd) != 0 && ok)
        ok = gb_fail(err, "%s: cannot write: %s", path, strerror(errno));
    return ok;
}

/* Where the symbolic links of a path lead to, also when nothing is there. */
static char *
follow(const char *path, gb_error *err)
{
    char link[PATH_MAX], *at = gb_strdup(path), *next;
    unsigned i;
    ssize_t n;

    for (i = 0; i < MAX_LINKS; i++) {
        n = readlink(at, link, sizeof link - 1);
        if (n < 0)
            return at;
        link[n] = '\0';
        next = gb_format("%.*s%s", link[0] == '/' ? 0 : folder_length(at), at,
                         link);
        free(at);
        at = next;
    }
    free(at);
    gb_fail(err, "%s: too many symbolic links", path);
    return NULL;
}

/* Creates a file beside path; returns its descriptor and *name. */
static int
create_beside(const char *path, unsigned mode, char **name)
{
    unsigned i;
    int fd = -1;

    *name = NULL;
    for (i = 0; fd < 0 && i < MAX_LEFTOVERS; i++) {
        free(*name);
        *name = gb_format("%.*s.gumbel-%ld-%u", folder_length(path), path,
                          (long)getpid(), i);
        fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                  (mode_t)mode);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

static bool
keep_owner_and_mode(int fd, const struct stat *old)
{
    /* Only root can give files away. */
    if (old->st_uid != geteuid() || old->st_gid != getegid())
        (void)!fchown(fd, old->st_uid, old->st_gid);
    return fchmod(fd, old->st_mode & 0777) == 0;
}

/* Replaces or creates the file `to`; old is NULL when there is none. */
static bool
replace(const char *path, const char *to, const struct stat *old,
        const void *data, size_t n, unsigned how, gb_error *err)
{
    char *temp;
    int fd;
    bool ok;

    if (old != NULL && access(to, W_OK) != 0)
        return gb_fail(err, "%s: cannot write: %s", path, strerror(errno));
    fd = create_beside(to, old != NULL ? 0600 : how & 0777, &temp);
    if (fd < 0) {
        gb_fail(err, "%s: cannot create: %s", path, strerror(errno));
        free(temp);
        return false;
    }
    ok = gb_fd_write(fd, path, data, n, err) &&
         ((how & GB_FILE_SYNC) == 0 || gb_fd_sync(fd, path, err));
    if (ok && old != NULL && !keep_owner_and_mode(fd, old))
        ok = gb_fail(err, "%s: cannot set its mode: %s", path, strerror(errno));
    if (close(fd) != 0 && ok)
        ok = gb_fail(err, "%s: cannot write: %s", path, strerror(errno));
    if (ok && rename(temp, to) != 0)
        ok = gb_fail(err, "%s: cannot replace: %s", path, strerror(errno));
    if (!ok)
        unlink(temp);
    else if ((how & GB_FILE_SYNC) != 0)
        gb_folder_sync(to);
    free(temp);
    return ok;
}

bool
gb_file_replace(const char *path, const void *data, size_t n, unsigned how,
                gb_error *err)
{
    const bool anew = (how & GB_FILE_ANEW) != 0;
    int fd = descriptor_of(path);
    struct stat st;
    bool there = (anew ? lstat : stat)(path, &st) == 0, ok;
    char *to;

    if ((how & GB_FILE_SPECIAL) != 0 && fd >= 0)
        return gb_fd_write(fd, path, data, n, err);
    if (!there && errno != ENOENT)
        return gb_fail(err, "%s: cannot create: %s", path, strerror(errno));
    if (there && S_ISDIR(st.st_mode))
        return gb_fail(err, "%s: expected a file, found a folder", path);
    if (there && (how & GB_FILE_SPECIAL) != 0 && !S_ISREG(st.st_mode))
        return write_special(path, data, n, err);
    if (fd >= 0 || (there && !S_ISREG(st.st_mode) &&
                    !(anew && S_ISLNK(st.st_mode))))
        return gb_fail(err, "%s: expected a regular file", path);
    to = anew ? gb_strdup(path) : follow(path, err);
    ok = to != NULL &&
         replace(path, to, there && !anew ? &st : NULL, data, n, how, err);
    free(to);
    return ok;
}
