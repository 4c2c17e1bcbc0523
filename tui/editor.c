#include "tui/editor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define LIMIT ((size_t)8 << 20)

static const char *
editor(void)
{
    const char *name = getenv("VISUAL");

    if (name == NULL || name[0] == '\0')
        name = getenv("EDITOR");
    return name == NULL || name[0] == '\0' ? "vi" : name;
}

static void
be_editor(const char *path, int tty)
{
    static const int defaults[] = {SIGINT, SIGQUIT, SIGTSTP, SIGPIPE,
                                   SIGTERM, SIGHUP, SIGWINCH};
    char *command = gb_format("%s \"$1\"", editor());
    sigset_t none;
    size_t i;

    for (i = 0; i < GB_COUNT(defaults); i++)
        signal(defaults[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (i = 0; i < 3; i++)
        dup2(tty, (int)i);
    execl("/bin/sh", "sh", "-c", command, "sh", path, (char *)NULL);
    _exit(127);
}

static bool
run(const char *path, int tty, gb_error *err)
{
    pid_t child = fork(), done;
    int status;

    if (child < 0)
        return gb_fail(err, "no process for the editor: %s",
                       strerror(errno));
    if (child == 0)
        be_editor(path, tty);
    do
        done = waitpid(child, &status, 0);
    while (done < 0 && errno == EINTR);
    if (done < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return gb_fail(err, "the editor \"%s\" failed; the text is as it was",
                       editor());
    return true;
}

bool
gb_editor_run(const char *text, int tty, gb_str *out, gb_error *err)
{
    const char *folder = getenv("TMPDIR");
    char *path = gb_format("%s/gumbel-XXXXXX.txt",
                           folder != NULL && folder[0] == '/' ? folder
                                                              : "/tmp");
    int fd = mkstemps(path, 4);
    bool ok;

    if (fd < 0) {
        gb_fail(err, "%s: %s", path, strerror(errno));
        free(path);
        return false;
    }
    ok = gb_fd_write(fd, path, text, strlen(text), err) &&
         gb_fd_write(fd, path, "\n", 1, err);
    close(fd);
    ok = ok && run(path, tty, err) && gb_file_read(path, LIMIT, out, err);
    if (ok && out->len > 0 && out->data[out->len - 1] == '\n')
        out->data[--out->len] = '\0';
    unlink(path);
    free(path);
    return ok;
}
