#include "model/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/installed.h"

/* Beside where the model is until it is whole; no name of a model leads
 * there. */
static char *
lock_path(const char *local)
{
    char *partial = gb_model_partial(local), *path;

    path = partial != NULL ? gb_format("%s~lock", partial) : NULL;
    free(partial);
    return path;
}

/* Whoever had it before deletes the file. */
static int
lock_file(const char *path, gb_error *err)
{
    int fd;

    for (;;) {
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
            gb_fail(err, "%s: cannot create: %s", path, strerror(errno));
            return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            gb_fail(err, errno == EWOULDBLOCK
                             ? "another gumbel is loading or deleting it"
                             : "the lock cannot be had");
            close(fd);
            return -1;
        }
        if (gb_is_open_there(fd, path))
            return fd;
        close(fd);
    }
}

int
gb_model_lock(const char *local, gb_error *err)
{
    char *path = lock_path(local);
    int fd = -1;

    if (path == NULL) {
        gb_fail(err, "there is no folder of models: neither $XDG_DATA_HOME "
                "nor $HOME is set");
        return -1;
    }
    if (gb_make_folders_of(path, err))
        fd = lock_file(path, err);
    free(path);
    return fd;
}

void
gb_model_unlock(const char *local, int lock)
{
    char *path = lock >= 0 ? lock_path(local) : NULL;

    if (path != NULL) {
        unlink(path);
        *strrchr(path, '/') = '\0';
        rmdir(path); /* when nothing else is there */
    }
    if (lock >= 0)
        close(lock);
    free(path);
}
