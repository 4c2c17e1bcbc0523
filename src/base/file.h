/* Files: reading, writing without ever leaving half a file, and where things
 * live. */
#ifndef GB_BASE_FILE_H
#define GB_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

/* A regular file, open to be read at any place. */
typedef struct gb_source {
    int fd; /* -1: closed */
    uint64_t size;
    /* Device, inode, size, and when it was last written and changed, in
     * nanoseconds: while these stay, so do the contents. */
    uint64_t stamp[5];
} gb_source;

/* Errors name the path and say what is wrong (missing, a folder, ...). */
bool gb_source_open(gb_source *s, const char *path, gb_error *err);
/* Reads n bytes at `at`, from any thread; path is for the message. An error
 * also where the file has become shorter. */
bool gb_source_read(const gb_source *s, const char *path, uint64_t at,
                    void *out, size_t n, gb_error *err);
void gb_source_close(gb_source *s);

/* Reads a whole regular file of at most `limit` bytes; appends to out. */
bool gb_file_read(const char *path, size_t limit, gb_str *out, gb_error *err);

/* False, with an error that says what to do, where what begins so (n bytes) is
 * not the file itself but what git keeps in its place for git-lfs. */
bool gb_check_lfs(const char *path, const void *begin, size_t n,
                  gb_error *err);

/* Reads a descriptor (standard input) to its end, at most `limit` bytes;
 * `name` is for the message. Waits where there is nothing yet, also for a
 * descriptor that does not wait by itself. */
bool gb_fd_read(int fd, const char *name, size_t limit, gb_str *out,
                gb_error *err);
/* One read: appends what is there, which may be nothing; *end: it was the
 * end. For a caller that polls fd together with others. */
bool gb_fd_read_some(int fd, const char *name, gb_str *out, bool *end,
                     gb_error *err);

/* Writes all of it, going on after EINTR and short writes, and waiting where
 * there is no room. Where nobody reads the other end the status is
 * GB_NO_READER. */
bool gb_fd_write(int fd, const char *name, const void *data, size_t n,
                 gb_error *err);
/* One write; *written may be less than n, or 0. When fd polls writable, one
 * of at most PIPE_BUF bytes does not wait. */
bool gb_fd_write_some(int fd, const char *name, const void *data, size_t n,
                      size_t *written, gb_error *err);

/* Waits until what was written to a descriptor is on the disk. */
bool gb_fd_sync(int fd, const char *name, gb_error *err);
/* The same for what was created, renamed or removed beside path. */
void gb_folder_sync(const char *path);

/* How a file is replaced; added to the mode that a new one gets. */
enum {
    GB_FILE_SYNC = 1 << 16,    /* it is on the disk when this returns */
    GB_FILE_SPECIAL = 1 << 17, /* a device, a pipe or an open descriptor by
                                  its name is written to, not refused */
    GB_FILE_ANEW = 1 << 18,    /* what is there gives neither mode nor owner,
                                  and a link is itself replaced */
};
/* Replaces a file in one step, so that nobody ever sees half of it. A new one
 * gets its mode from `how`, less the umask; one that is there keeps its own.
 * Where path is a symbolic link the file that it leads to is replaced. */
bool gb_file_replace(const char *path, const void *data, size_t n,
                     unsigned how, gb_error *err);

bool gb_is_folder(const char *path);
bool gb_is_file(const char *path);
/* Anything at all, be it a broken link. */
bool gb_is_there(const char *path);
/* Both are there, and one and the same, maybe by a link. */
bool gb_same_file(const char *a, const char *b);
/* Whether a path leads to this open file: another program may have deleted or
 * replaced it since. */
bool gb_is_open_there(int fd, const char *path);
/* mkdir -p with mode 0700. */
bool gb_make_folders(const char *path, gb_error *err);
/* Likewise those that a file at this path is to stand in. */
bool gb_make_folders_of(const char *path, gb_error *err);

/* Deletes a path with all that is below it, of a symbolic link the link alone.
 * What is not there is no error. */
bool gb_remove_tree(const char *path, gb_error *err);

/* The folder for temporary files: $TMPDIR where that is absolute, or /tmp. */
const char *gb_temporary_folder(void);

/* "a/b" with exactly one slash between; the caller frees. */
char *gb_path_join(const char *folder, const char *name);

/* A folder of the XDG base directory specification with /gumbel appended,
 * e.g. gb_xdg("XDG_CACHE_HOME", ".cache"). NULL when neither the variable
 * (absolute, as the specification demands) nor HOME is set. Caller frees. */
char *gb_xdg(const char *variable, const char *below_home);

#endif
