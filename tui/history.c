#include "tui/history.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define FILE_LIMIT ((size_t)32 << 20)

static void
escape(gb_str *out, const char *entry)
{
    for (; *entry != '\0'; entry++) {
        if (*entry == '\n')
            gb_str_puts(out, "\\n");
        else if (*entry == '\\')
            gb_str_puts(out, "\\\\");
        else
            gb_str_putc(out, *entry);
    }
    gb_str_putc(out, '\n');
}

static void
unescape(gb_str *out, const char *line, size_t n)
{
    size_t i;

    gb_str_clear(out);
    for (i = 0; i < n; i++) {
        if (line[i] != '\\' || i + 1 == n)
            gb_str_putc(out, line[i]);
        else if (line[++i] == 'n')
            gb_str_putc(out, '\n');
        else
            gb_str_putc(out, line[i]);
    }
}

/* The byte at which the newest GB_HISTORY_ENTRIES lines begin. */
static size_t
newest(const gb_str *text, size_t *lines)
{
    size_t at = text->len, start = 0;

    *lines = 0;
    while (at > 0) {
        at--;
        if (text->data[at] == '\n' && at + 1 < text->len) {
            if (++*lines == GB_HISTORY_ENTRIES)
                start = at + 1;
        }
    }
    return start;
}

/* -1 on failure. Never waits: what is there may be a pipe. */
static int
open_history(const char *path, int flags, gb_error *err)
{
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    struct stat st;

    if (fd < 0) {
        gb_fail(err, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    gb_fail(err, "%s: expected a regular file", path);
    close(fd);
    return -1;
}

/* The lock is held for moments only; whoever holds it for longer (a program
 * that was stopped) must not make us wait. */
static bool
lock(int fd, int how)
{
    int tries;

    for (tries = 0; flock(fd, how | LOCK_NB) != 0; tries++) {
        if (tries == 10)
            return false;
        poll(NULL, 0, 2);
    }
    return true;
}

static void
add_lines(const char *text, size_t n, void (*add)(const char *entry))
{
    gb_str entry = GB_STR_INIT;
    const char *end;
    size_t length;

    while (n > 0) {
        end = memchr(text, '\n', n);
        length = end != NULL ? (size_t)(end - text) : n;
        unescape(&entry, text, length);
        if (entry.len > 0)
            add(gb_str_cstr(&entry));
        length += end != NULL ? 1 : 0;
        text += length;
        n -= length;
    }
    gb_str_free(&entry);
}

/* Keeps the newest lines only. Not now if another program is at it, or if the
 * file cannot be written: it will be tried again. */
static void
shorten(int fd, const char *path)
{
    gb_str text = GB_STR_INIT;
    size_t start, lines;

    if (lock(fd, LOCK_EX) && gb_is_open_there(fd, path) &&
        lseek(fd, 0, SEEK_SET) == 0 &&
        gb_fd_read(fd, path, FILE_LIMIT, &text, NULL) && text.len > 0) {
        start = newest(&text, &lines);
        gb_file_replace(path, text.data + start, text.len - start, 0600,
                        NULL);
    }
    gb_str_free(&text);
}

bool
gb_history_load(const char *path, void (*add)(const char *entry),
                gb_error *err)
{
    gb_str text = GB_STR_INIT;
    size_t start, lines = 0;
    bool ok;
    int fd;

    if (access(path, F_OK) != 0)
        return true;
    fd = open_history(path, O_RDONLY, err);
    if (fd < 0)
        return false;
    ok = gb_fd_read(fd, path, FILE_LIMIT, &text, err);
    if (ok && text.len > 0) {
        start = newest(&text, &lines);
        add_lines(text.data + start, text.len - start, add);
    }
    if (lines >= 2 * GB_HISTORY_ENTRIES)
        shorten(fd, path);
    gb_str_free(&text);
    close(fd);
    return ok;
}

/* Adds a line; *again when it went into a file that has been replaced. */
static bool
append(const char *path, const gb_str *line, bool *again, gb_error *err)
{
    int fd = open_history(path, O_WRONLY | O_APPEND | O_CREAT, err);
    bool ok;

    if (fd < 0)
        return false;
    lock(fd, LOCK_SH);
    ok = gb_fd_write(fd, path, line->data, line->len, err);
    *again = ok && !gb_is_open_there(fd, path);
    close(fd);
    return ok;
}

bool
gb_history_save(const char *path, const char *entry, gb_error *err)
{
    gb_str line = GB_STR_INIT;
    bool ok, again = true;
    int tries;

    if (strlen(entry) > GB_HISTORY_ENTRY_BYTES)
        return true;
    ok = gb_make_folders_of(path, err);
    escape(&line, entry);
    for (tries = 0; ok && again && tries < 10; tries++)
        ok = append(path, &line, &again, err);
    gb_str_free(&line);
    return ok;
}
