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
#include "session/syncer.h"

/* How long what was written may wait to be on the disk. */
#define SYNC_MS 5000

struct gb_journal {
    char *path;     /* NULL: in memory */
    bool needed;    /* there must be a file */
    int fd;         /* -1: not there yet */
    dev_t device;   /* where the file is, */
    ino_t inode;    /* and which one */
    gb_str lines;   /* all of them */
    size_t due;     /* bytes of them that belong into the file, */
    size_t written; /* and that are there, if nobody else has changed it */
    bool troubled;  /* the last write failed, and it was said */
    char *mended;   /* what is to be said once it is whole again */
    gb_syncer *syncer; /* from the first line on that is written */
    bool fresh;     /* the file was created by us */
    size_t raise;   /* where in it the version stands that is to be raised
                       before anything is added; 0: it is this one's */
};

gb_journal *
gb_journal_new(const char *path, bool needed)
{
    gb_journal *j = gb_alloc(sizeof *j);

    j->path = path != NULL ? gb_strdup(path) : NULL;
    j->needed = needed;
    j->fd = -1;
    return j;
}

/* Where a file system has no locks, nobody else can have one. */
static bool
lock(int fd, const char *path, gb_error *err)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK ||
           gb_fail(err, "%s: another gumbel is writing to this session", path);
}

static void
take(gb_journal *j, int fd, const struct stat *st, bool fresh)
{
    j->fd = fd;
    j->device = st->st_dev;
    j->inode = st->st_ino;
    j->fresh = fresh;
    if (j->syncer != NULL)
        gb_syncer_file(j->syncer, fd, fresh ? j->path : NULL);
}

gb_journal *
gb_journal_resume(const char *path, gb_error *err)
{
    int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    gb_journal *j;

    if (fd < 0 || fstat(fd, &st) != 0) {
        gb_fail(err, "%s: cannot write: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!lock(fd, path, err)) {
        close(fd);
        return NULL;
    }
    j = gb_journal_new(path, true);
    take(j, fd, &st, false);
    return j;
}

gb_journal_reader *
gb_journal_read(const gb_journal *j, gb_error *err)
{
    const char *name = j->path != NULL ? j->path : "this session";
    int fd;

    if (j->lines.len > 0)
        return gb_journal_open_text(j->lines.data, j->lines.len, name, err);
    fd = j->fd >= 0 ? fcntl(j->fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (fd >= 0)
        return gb_journal_open_fd(fd, name, NULL, err);
    gb_fail_usage(err, "there is nothing to replay yet");
    return NULL;
}

/* What an older program began is gone on with in this version: its header
 * says so from here on, so that the older one does not misread the rest. */
static void
raise_version(gb_journal *j)
{
    static const char name[] = "\"version\"";
    size_t line = strcspn(j->lines.data, "\n");
    const char *at = memmem(j->lines.data, line, name, strlen(name));

    if (at == NULL)
        return;
    at += strlen(name);
    at += strspn(at, " \t:");
    if (*at != '1' || (at[1] >= '0' && at[1] <= '9'))
        return;
    j->raise = (size_t)(at - j->lines.data);
    j->lines.data[j->raise] = '0' + GB_JOURNAL_VERSION;
}

/* The same in the file. The journal's own descriptor can but append. */
static bool
raise_in_file(gb_journal *j, gb_error *err)
{
    int fd = open(j->path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = fd >= 0 &&
              pwrite(fd, j->lines.data + j->raise, 1, (off_t)j->raise) == 1;

    if (!ok)
        gb_fail(err, "%s: cannot write the session: %s", j->path,
                strerror(errno));
    if (fd >= 0)
        close(fd);
    if (ok)
        j->raise = 0;
    return ok;
}

bool
gb_journal_begin(gb_journal *j, const gb_journal_reader *r, gb_error *err)
{
    const char *lines;
    struct stat st;
    size_t n;

    lines = gb_journal_reader_lines(r, &n);
    gb_str_append(&j->lines, lines, n);
    raise_version(j);
    if (j->fd < 0)
        return true;
    j->due = j->written = n;
    if (fstat(j->fd, &st) != 0 || (uint64_t)st.st_size <= n)
        return true;
    return ftruncate(j->fd, (off_t)n) == 0 ||
           gb_fail(err, "%s: cannot cut off its torn last line: %s", j->path,
                   strerror(errno));
}

/* Creates the file, or takes an empty one. */
static bool
create(gb_journal *j, gb_error *err)
{
    struct stat st;
    bool ok = true;
    int fd;

    if (!gb_make_folders_of(j->path, err))
        return false;
    fd = open(j->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK,
              0600);
    if (fd < 0)
        return gb_fail(err, "%s: cannot create: %s", j->path, strerror(errno));
    if (!lock(fd, j->path, err))
        ok = false;
    else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        ok = gb_fail(err, "%s: expected a regular file", j->path);
    else if (st.st_size > 0)
        ok = gb_fail(err, "%s: there is a session in this file already",
                     j->path);
    if (!ok) {
        close(fd);
        return false;
    }
    take(j, fd, &st, true);
    return true;
}

/* Takes a path or, where there is a file, makes another one of it. */
static char *
unused_path(char *path)
{
    static const char ending[] = ".jsonl";
    char *other = NULL;
    size_t n = strlen(path);
    unsigned i;

    if (access(path, F_OK) != 0)
        return path;
    if (n > strlen(ending) && strcmp(path + n - strlen(ending), ending) == 0)
        n -= strlen(ending);
    for (i = 1; other == NULL || access(other, F_OK) == 0; i++) {
        free(other);
        other = gb_format("%.*s-%u%s", (int)n, path, i, path + n);
    }
    free(path);
    return other;
}

/* Sees to it that the file is as it was left. Where it is not, all lines are
 * due again: in that file or, when it is gone, in a new one, which does not
 * take the place of a file that is there by now. */
static bool
check(gb_journal *j, gb_error *err)
{
    bool there, gone;
    struct stat st;
    char *was;

    if (j->fd < 0)
        return true;
    there = stat(j->path, &st) == 0;
    if (!there && errno != ENOENT && errno != ENOTDIR)
        return true; /* it cannot be told */
    gone = !there || st.st_dev != j->device || st.st_ino != j->inode;
    if (!gone && (uint64_t)st.st_size == j->written)
        return true;
    was = gb_strdup(j->path);
    if (gone) {
        if (j->syncer != NULL)
            gb_syncer_file(j->syncer, -1, NULL);
        close(j->fd);
        j->fd = -1;
        j->path = unused_path(j->path);
    } else if (ftruncate(j->fd, 0) != 0) {
        free(was);
        return gb_fail(err, "%s: cannot write the session: %s", j->path,
                       strerror(errno));
    }
    j->written = 0;
    free(j->mended);
    j->mended = gb_format("%s: somebody else has %s this file; the session "
                          "was written anew to %s", was,
                          gone ? "moved, replaced or deleted" : "changed",
                          j->path);
    free(was);
    return true;
}

/* Sees to it that what was written will be on the disk soon. Tells what went
 * wrong there. */
static bool
sync_later(gb_journal *j, gb_error *err)
{
    int error;

    if (j->syncer == NULL) {
        j->syncer = gb_syncer_start(SYNC_MS);
        if (j->syncer == NULL)
            return true; /* then at the close */
        gb_syncer_file(j->syncer, j->fd, j->fresh ? j->path : NULL);
    }
    gb_syncer_written(j->syncer);
    error = gb_syncer_error(j->syncer);
    return error == 0 || gb_fail(err, "%s: cannot write the session: %s",
                                 j->path, strerror(error));
}

/* Writes what is due. What was written in part stays in the file; the rest
 * follows when there is room again. */
static bool
flush(gb_journal *j, gb_error *err)
{
    ssize_t n = 1;

    if (!check(j, err) || (j->fd < 0 && !create(j, err)))
        return false;
    if (j->written == j->due)
        return true;
    if (j->raise > 0 && j->written > j->raise && !raise_in_file(j, err))
        return false;
    while (j->written < j->due && (n > 0 || (n < 0 && errno == EINTR))) {
        n = write(j->fd, j->lines.data + j->written, j->due - j->written);
        j->written += n > 0 ? (size_t)n : 0;
    }
    if (j->written < j->due)
        return gb_fail(err, "%s: cannot write the session: %s", j->path,
                       strerror(errno));
    return sync_later(j, err);
}

/* The same; trouble is said once, unless `again`. */
static bool
settle(gb_journal *j, bool again, gb_error *err)
{
    bool quiet = j->troubled && !again;

    j->troubled = !flush(j, quiet ? NULL : err);
    if (j->troubled)
        return quiet;
    if (j->mended == NULL || err == NULL)
        return true;
    gb_fail(err, "%s", j->mended);
    free(j->mended);
    j->mended = NULL;
    return false;
}

/* Where a file that nobody has named cannot be, there is none. */
static bool
try_file(gb_journal *j, gb_error *err)
{
    if (!create(j, err)) {
        gb_fail_context(err, "this session is not kept");
        if (err != NULL)
            err->status = GB_OK;
        free(j->path);
        j->path = NULL;
    }
    j->needed = true;
    return j->path != NULL;
}

/* After a line was added. */
static bool
added(gb_journal *j, gb_error *err)
{
    j->due = j->lines.len;
    if (j->path == NULL)
        return true;
    return (j->needed || try_file(j, err)) && settle(j, false, err);
}

/* Waits until all that was written is on the disk. */
static bool
sync_now(gb_journal *j, gb_error *err)
{
    bool ok = gb_fd_sync(j->fd, j->path, err);

    if (j->fresh)
        gb_folder_sync(j->path);
    return ok;
}

bool
gb_journal_close(gb_journal *j, gb_error *err)
{
    bool ok = true;

    if (j == NULL)
        return true;
    if (j->path != NULL && j->due > 0)
        ok = settle(j, true, err);
    gb_syncer_stop(j->syncer);
    if (j->fd >= 0 && j->due > 0)
        ok = sync_now(j, ok ? err : NULL) && ok;
    if (j->fd >= 0 && close(j->fd) != 0 && ok)
        ok = gb_fail(err, "%s: cannot write the session: %s", j->path,
                     strerror(errno));
    gb_str_free(&j->lines);
    free(j->mended);
    free(j->path);
    free(j);
    return ok;
}

bool
gb_journal_is_empty(const gb_journal *j)
{
    return j->lines.len == 0;
}

bool
gb_journal_header(gb_journal *j, const gb_header *header, gb_error *err)
{
    gb_header_format(header, &j->lines);
    return added(j, err);
}

bool
gb_journal_write(gb_journal *j, const gb_event *event, gb_error *err)
{
    gb_event_format(event, &j->lines);
    return added(j, err);
}

void
gb_journal_hold(gb_journal *j, const gb_event *event)
{
    gb_event_format(event, &j->lines);
}

const char *
gb_journal_path(const gb_journal *j)
{
    return j->fd >= 0 ? j->path : NULL;
}

bool
gb_journal_sync(gb_journal *j, gb_error *err)
{
    return settle(j, true, err) && sync_now(j, err);
}

bool
gb_journal_save(gb_journal *j, const char *path, gb_error *err)
{
    if (gb_journal_is_empty(j))
        return gb_fail_usage(err, "there is nothing to save yet");
    return gb_file_replace(path, j->lines.data, j->lines.len,
                           0666 | GB_FILE_SYNC, err);
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
    char *folder = gb_journal_folder(), *path, date[32];
    time_t now = time(NULL);
    struct tm tm;

    if (folder == NULL) {
        gb_fail(err, "neither XDG_STATE_HOME nor HOME is set");
        return NULL;
    }
    localtime_r(&now, &tm);
    strftime(date, sizeof date, "%Y-%m-%dT%H-%M-%S", &tm);
    path = gb_format("%s/%s-%ld.jsonl", folder, date, (long)getpid());
    free(folder);
    return unused_path(path);
}
