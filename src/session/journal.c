/* Writing journals; journal_read.c reads them. */
#include "session/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* What may wait in memory for a disk that is full. */
#define GB_PENDING_MAX ((size_t)256 << 20)

struct gb_journal {
    char *path;     /* NULL: in memory */
    int fd;         /* -1: not there yet */
    gb_str pending; /* lines, the first maybe in part, not in the file yet */
    bool empty;     /* no header yet */
    bool troubled;  /* the last write failed, and it was said */
    bool lost;      /* too much was pending: nothing is recorded any more */
};

gb_journal *
gb_journal_new(const char *path)
{
    gb_journal *j = gb_alloc(sizeof *j);

    j->path = path != NULL ? gb_strdup(path) : NULL;
    j->fd = -1;
    j->empty = true;
    return j;
}

bool
gb_journal_copy(gb_journal *j, const char *from, uint64_t size, gb_error *err)
{
    gb_map map;

    if (!gb_map_open(&map, from, err))
        return false;
    if (size > map.size) {
        gb_map_close(&map);
        return gb_fail(err, "%s: became shorter while it was read", from);
    }
    gb_str_append(&j->pending, map.data, (size_t)size);
    gb_map_close(&map);
    j->empty = false;
    return true;
}

gb_journal *
gb_journal_resume(const char *path, uint64_t size, gb_error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    gb_journal *j;

    if (fd < 0) {
        gb_fail(err, "%s: cannot write: %s", path, strerror(errno));
        return NULL;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        gb_fail(err, "%s: another gumbel is writing to this session", path);
        close(fd);
        return NULL;
    }
    if (ftruncate(fd, (off_t)size) != 0) {
        gb_fail(err, "%s: cannot cut off its torn last line: %s", path,
                strerror(errno));
        close(fd);
        return NULL;
    }
    j = gb_journal_new(path);
    j->fd = fd;
    j->empty = false;
    return j;
}

/* Creates the file, or takes an empty one. */
static bool
create(gb_journal *j, gb_error *err)
{
    char *folder = gb_strdup(j->path), *slash = strrchr(folder, '/');
    struct stat st;
    bool ok = true;
    int fd;

    if (slash != NULL && slash != folder) {
        *slash = '\0';
        ok = gb_make_folders(folder, err);
    }
    free(folder);
    if (!ok)
        return false;
    fd = open(j->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK,
              0600);
    if (fd < 0)
        return gb_fail(err, "%s: cannot create: %s", j->path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        ok = gb_fail(err, "%s: expected a regular file", j->path);
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0 || st.st_size > 0)
        ok = gb_fail(err, "%s: there is a session in this file already",
                     j->path);
    if (!ok) {
        close(fd);
        return false;
    }
    j->fd = fd;
    return true;
}

/* Writes what is pending. What was written in part stays in the file; the
 * rest follows when there is room again. */
static bool
flush(gb_journal *j, gb_error *err)
{
    size_t done = 0;
    ssize_t n;

    if (j->fd < 0 && !create(j, err))
        return false;
    while (done < j->pending.len) {
        n = write(j->fd, j->pending.data + done, j->pending.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        done += (size_t)n;
    }
    if (done < j->pending.len)
        gb_fail(err, "%s: cannot write the session: %s", j->path,
                strerror(errno));
    gb_str_drop(&j->pending, done);
    return j->pending.len == 0;
}

/* After a line was added to what is pending. */
static bool
written(gb_journal *j, gb_error *err)
{
    bool again = j->troubled;

    j->empty = false;
    if (j->path == NULL)
        return true;
    j->troubled = !flush(j, again ? NULL : err);
    if (j->troubled && j->pending.len > GB_PENDING_MAX) {
        gb_str_free(&j->pending);
        j->lost = true;
        return gb_fail(err, "%s: cannot write the session, which is not "
                       "recorded any more from here on", j->path);
    }
    return !j->troubled || again;
}

bool
gb_journal_close(gb_journal *j, gb_error *err)
{
    bool ok = true;

    if (j == NULL)
        return true;
    if (j->path != NULL && !j->lost && j->troubled)
        ok = flush(j, err);
    if (j->lost)
        ok = gb_fail(err, "%s: the session was not recorded to its end",
                     j->path);
    if (j->fd >= 0 && close(j->fd) != 0 && ok)
        ok = gb_fail(err, "%s: cannot write the session: %s", j->path,
                     strerror(errno));
    gb_str_free(&j->pending);
    free(j->path);
    free(j);
    return ok;
}

bool
gb_journal_is_empty(const gb_journal *j)
{
    return j->empty;
}

bool
gb_journal_header(gb_journal *j, const gb_header *header, gb_error *err)
{
    if (j->lost)
        return true;
    gb_header_format(header, &j->pending);
    return written(j, err);
}

bool
gb_journal_write(gb_journal *j, const gb_event *event, gb_error *err)
{
    if (j->lost)
        return true;
    gb_event_format(event, &j->pending);
    return written(j, err);
}

void
gb_journal_hold(gb_journal *j, const gb_event *event)
{
    if (!j->lost)
        gb_event_format(event, &j->pending);
}

const char *
gb_journal_path(const gb_journal *j)
{
    return j->fd >= 0 ? j->path : NULL;
}

bool
gb_journal_save(gb_journal *j, const char *path, gb_error *err)
{
    gb_str all = GB_STR_INIT;
    bool ok = true;

    if (j->lost)
        return gb_fail(err, "%s: not saved, since the session is not recorded "
                       "any more", path);
    if (j->empty)
        return gb_fail_usage(err, "there is nothing to save yet");
    if (j->fd >= 0)
        ok = gb_file_read(j->path, SIZE_MAX / 2, &all, err);
    if (ok) {
        gb_str_append(&all, gb_str_cstr(&j->pending), j->pending.len);
        ok = gb_file_replace(path, gb_str_cstr(&all), all.len, 0600, err);
    }
    gb_str_free(&all);
    return ok;
}

char *
gb_journal_folder(void)
{
    char *state = gb_xdg("XDG_STATE_HOME", ".local/state"), *folder;

    if (state == NULL)
        return NULL;
    folder = gb_path_join(state, "sessions");
    free(state);
    return folder;
}

char *
gb_journal_new_path(gb_error *err)
{
    char *folder = gb_journal_folder(), *path = NULL, date[32];
    time_t now = time(NULL);
    struct tm tm;
    unsigned n;

    if (folder == NULL) {
        gb_fail(err, "no place for session files: neither XDG_STATE_HOME nor "
                "HOME is set");
        return NULL;
    }
    localtime_r(&now, &tm);
    strftime(date, sizeof date, "%Y-%m-%dT%H-%M-%S", &tm);
    for (n = 0; path == NULL || access(path, F_OK) == 0; n++) {
        free(path);
        path = gb_format("%s/%s-%ld%s%.0u.jsonl", folder, date,
                         (long)getpid(), n > 0 ? "-" : "", n);
    }
    free(folder);
    return path;
}
