#include "tui/editor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "session/journal.h"
#include "tui/signals.h"

static const char *
editor(void)
{
    const char *name = getenv("VISUAL");

    if (name == NULL || name[0] == '\0')
        name = getenv("EDITOR");
    return name == NULL || name[0] == '\0' ? "vi" : name;
}

/* Takes the terminal, which whoever does not have it may only do with SIGTTOU
 * blocked. */
static void
take(int tty)
{
    sigset_t block, before;

    sigemptyset(&block);
    sigaddset(&block, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &block, &before);
    tcsetpgrp(tty, getpgrp());
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* In the child, and so nothing but what a signal handler may do too: another
 * thread may hold any lock. */
static void
be_editor(char *const *argv, int tty, bool own_group)
{
    sigset_t none;
    int fd;

    gb_signals_close();
    if (own_group) {
        setpgid(0, 0);
        take(tty);
    }
    signal(SIGPIPE, SIG_DFL); /* which we ignore, */
    signal(SIGXFSZ, SIG_DFL); /* and this */
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    for (fd = 0; fd < 3; fd++)
        dup2(tty, fd);
    execv("/bin/sh", argv);
    _exit(127);
}

/* In the terminal, with a process group of its own when the terminal is ours
 * to give; -1 on failure. */
static pid_t
start(char *path, int tty, bool own_group, gb_error *err)
{
    char *command = gb_format("%s \"$1\"", editor());
    char shell[] = "sh", option[] = "-c";
    char *argv[] = {shell, option, command, shell, path, NULL};
    pid_t child = fork();

    if (child == 0)
        be_editor(argv, tty, own_group);
    if (child < 0)
        gb_fail(err, "no process for the editor: %s", strerror(errno));
    free(command);
    return child;
}

/* Until it ends. When it stops we do too, so that the shell comes back, and
 * both go on together. (Giving the terminal away in the background, after bg,
 * stops us once more.) */
static bool
wait_for(pid_t child, int tty, bool own_group, int *status)
{
    pid_t done;

    for (;;) {
        do
            done = waitpid(child, status, WUNTRACED);
        while (done < 0 && errno == EINTR);
        if (own_group)
            take(tty);
        if (done < 0 || !WIFSTOPPED(*status))
            return done == child;
        gb_signals_suspend();
        if (own_group)
            tcsetpgrp(tty, child);
        kill(own_group ? -child : child, SIGCONT);
    }
}

static bool
run(char *path, int tty, gb_error *err)
{
    bool own_group = tcgetpgrp(tty) == getpgrp(), ok;
    struct termios modes;
    bool known = tcgetattr(tty, &modes) == 0;
    pid_t child = start(path, tty, own_group, err);
    int status;

    if (child < 0)
        return false;
    ok = wait_for(child, tty, own_group, &status) && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
    if (known)
        tcsetattr(tty, TCSADRAIN, &modes); /* it may have crashed */
    return ok || gb_fail(err, "the editor \"%s\" failed; the text is as it "
                         "was", editor());
}

/* What it has left. */
static bool
take_text(const char *path, gb_str *out, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    bool ok = gb_text_read(path, GB_TEXT_MAX, &text, err);

    if (ok && memchr(gb_str_cstr(&text), '\0', text.len) != NULL)
        ok = gb_fail(err, "what the editor \"%s\" has saved holds a NUL byte; "
                     "the text is as it was", editor());
    if (ok && text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    if (ok)
        gb_str_append(out, gb_str_cstr(&text), text.len);
    gb_str_free(&text);
    return ok;
}

bool
gb_editor_run(const char *text, int tty, gb_str *out, gb_error *err)
{
    char *path = gb_path_join(gb_temporary_folder(), "gumbel-XXXXXX.txt");
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
    ok = ok && run(path, tty, err) && take_text(path, out, err);
    unlink(path);
    free(path);
    return ok;
}
