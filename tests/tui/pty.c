#include "tests/tui/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

void
pty_adopt(void)
{
#ifdef __linux__
    prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
#endif
}

static int
set_size(int fd, int rows, int columns)
{
    struct winsize size;

    memset(&size, 0, sizeof(size));
    size.ws_row = (unsigned short)rows;
    size.ws_col = (unsigned short)columns;
    return ioctl(fd, TIOCSWINSZ, &size);
}

/* The child's side; does not return. */
static void
become(int fd, const char *command, const char *folder)
{
    sigset_t none;
    int number;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    setsid();
    if (ioctl(fd, TIOCSCTTY, 0) < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 ||
        dup2(fd, 2) < 0 || chdir(folder) < 0)
        _exit(125);
    if (fd > 2)
        close(fd);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

bool
pty_start(pty *p, const char *command, const char *folder, int rows,
          int columns)
{
    char name[128];
    int slave = -1;

    memset(p, 0, sizeof(*p));
    p->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->fd < 0 || grantpt(p->fd) < 0 || unlockpt(p->fd) < 0 ||
        ptsname_r(p->fd, name, sizeof(name)) != 0 ||
        set_size(p->fd, rows, columns) < 0 ||
        (slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 ||
        tcgetattr(slave, &p->before) < 0 || (p->pid = fork()) < 0) {
        pty_end(p);
        return false;
    }
    if (p->pid == 0)
        become(slave, command, folder);
    close(slave);
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    return true;
}

bool
pty_resize(pty *p, int rows, int columns)
{
    return set_size(p->fd, rows, columns) == 0;
}

void
pty_type(pty *p, const void *bytes, size_t n)
{
    gb_str_append(&p->input, bytes, n);
}

static void
pass_on(pty *p)
{
    ssize_t n = write(p->fd, p->input.data, p->input.len);

    if (n > 0)
        gb_str_drop(&p->input, (size_t)n);
}

static void
look_for_end(pty *p)
{
    int status;

    if (!p->ended && waitpid(p->pid, &status, WNOHANG) == p->pid) {
        p->ended = true;
        p->status = status;
    }
}

size_t
pty_pump(pty *p, char *buffer, size_t n, int ms)
{
    struct pollfd poller = {p->fd, POLLIN, 0};
    ssize_t got = 0;

    look_for_end(p);
    if (p->input.len > 0 && !p->ended)
        poller.events |= POLLOUT;
    /* A terminal that nobody has open is "hung up" at once, for as long as
     * the program's last breath lasts. */
    if (poll(&poller, p->fd < 0 ? 0 : 1, ms) <= 0)
        return 0;
    if (poller.revents & POLLOUT)
        pass_on(p);
    if (poller.revents & (POLLIN | POLLHUP))
        got = read(p->fd, buffer, n);
    if (got <= 0 && (poller.revents & POLLHUP))
        poll(NULL, 0, ms < 5 ? ms : 5);
    return got > 0 ? (size_t)got : 0;
}

bool
pty_signal(pty *p, int number)
{
    return p->pid > 0 && !p->ended && kill(p->pid, number) == 0;
}

void
pty_hang_up(pty *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

bool
pty_modes_restored(const pty *p)
{
    struct termios now;

    return tcgetattr(p->fd, &now) == 0 &&
        now.c_iflag == p->before.c_iflag &&
        now.c_oflag == p->before.c_oflag &&
        now.c_cflag == p->before.c_cflag &&
        now.c_lflag == p->before.c_lflag &&
        memcmp(now.c_cc, p->before.c_cc, sizeof(now.c_cc)) == 0;
}

/* Kills every child that is left: programs that the program had started and
 * that have become ours since. True when there was one. */
static bool
kill_orphans(void)
{
    char path[64];
    FILE *file;
    long pid;
    bool any = false;

    snprintf(path, sizeof(path), "/proc/self/task/%ld/children",
             (long)getpid());
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (fscanf(file, "%ld", &pid) == 1) {
        kill((pid_t)pid, SIGKILL);
        any = true;
    }
    fclose(file);
    return any;
}

void
pty_end(pty *p)
{
    pid_t front = p->fd >= 0 ? tcgetpgrp(p->fd) : 0;

    if (p->pid > 0) {
        kill(p->pid, SIGKILL); /* it may lead no group yet */
        kill(-p->pid, SIGKILL);
        if (front > 1)
            kill(-front, SIGKILL);
        if (!p->ended)
            waitpid(p->pid, &p->status, 0);
        p->ended = true;
        while (kill_orphans())
            while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
                ;
    }
    pty_hang_up(p);
    p->pid = 0;
    gb_str_free(&p->input);
}
