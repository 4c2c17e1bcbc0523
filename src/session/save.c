/* Sessions and texts written to files that the user names. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "session/export.h"

bool
gb_session_owns(const gb_session *s, const char *path)
{
    const char *own = gb_session_path(s);

    /* The name alone counts too: somebody may just have deleted it. */
    return own != NULL && (strcmp(own, path) == 0 || gb_same_file(own, path));
}

/* Another program holds a lock on it, as gumbel does on a session. */
static bool
is_locked(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool locked;

    if (fd < 0)
        return false;
    locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return locked;
}

/* Nothing is lost when path is written to; `again` is how to insist. */
static bool
may_write(const char *path, bool replace, const char *again, gb_error *err)
{
    if (is_locked(path))
        return gb_fail(err, "%s: another program is writing to this file",
                       path);
    return replace || !gb_is_file(path) ||
           gb_fail_usage(err, "%s: there is a file already; %s replaces it",
                         path, again);
}

bool
gb_session_save(gb_session *s, const char *path, bool replace, gb_error *err)
{
    if (gb_session_owns(s, path))
        return gb_journal_sync(s->journal, err);
    return may_write(path, replace, "/save!", err) &&
           gb_journal_save(s->journal, path, err);
}

static bool
ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

bool
gb_session_export_file(gb_session *s, const char *path, bool replace,
                       const gb_exporting *how, gb_error *err)
{
    gb_export format = GB_EXPORT_TEXT;
    gb_str out = GB_STR_INIT;
    bool ok = true;

    if (gb_session_owns(s, path))
        return gb_fail_usage(err, "%s: this session is kept in that file; "
                             "expected another one", path);
    if (!may_write(path, replace, "/export!", err))
        return false;
    if (ends_with(path, ".md") || ends_with(path, ".markdown"))
        format = GB_EXPORT_MARKDOWN;
    else if (ends_with(path, ".json"))
        format = GB_EXPORT_JSON;
    else if (ends_with(path, ".html") || ends_with(path, ".htm"))
        format = GB_EXPORT_HTML;
    if (format == GB_EXPORT_HTML)
        ok = gb_export_html(s, how, &out, err);
    else
        gb_session_export(s, format, &out);
    ok = ok && gb_file_replace(path, gb_str_cstr(&out), out.len,
                               0666 | GB_FILE_SYNC, err);
    gb_str_free(&out);
    return ok;
}
