#include "play.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <vterm.h>

struct play {
    int master;
    pid_t child;
    int status; /* -1: runs */
    VTerm *vt;
    VTermScreen *screen;
    int width, height, row, column;
    bool alternate, mouse;
    char text[4096];
};

static int
on_cursor(VTermPos pos, VTermPos old, int visible, void *user)
{
    play *p = user;

    (void)old, (void)visible;
    p->row = pos.row;
    p->column = pos.col;
    return 1;
}

static int
on_property(VTermProp prop, VTermValue *value, void *user)
{
    play *p = user;

    if (prop == VTERM_PROP_ALTSCREEN)
        p->alternate = value->boolean;
    if (prop == VTERM_PROP_MOUSE)
        p->mouse = value->number != VTERM_PROP_MOUSE_NONE;
    return 1;
}

static const VTermScreenCallbacks callbacks = {
    .movecursor = on_cursor,
    .settermprop = on_property,
};

/* What a shell does: the program runs in a process group of its own, so that
 * Ctrl-Z can stop it; then this process stops too, and goes on with it. Ends
 * as the program does. */
static void
be_shell(char *const *argv)
{
    pid_t child, self = getpid();
    int status;

    signal(SIGTTOU, SIG_IGN);
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        tcsetpgrp(STDIN_FILENO, getpid());
        signal(SIGTTOU, SIG_DFL);
        execvp(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    setpgid(child, child);
    while (waitpid(child, &status, WUNTRACED) == child) {
        tcsetpgrp(STDIN_FILENO, self);
        if (WIFEXITED(status))
            _exit(WEXITSTATUS(status));
        if (WIFSIGNALED(status))
            _exit(128 + WTERMSIG(status));
        raise(SIGSTOP);
        tcsetpgrp(STDIN_FILENO, child);
        kill(-child, SIGCONT);
    }
    _exit(99);
}

play *
play_start(char *const *argv, int width, int height)
{
    struct winsize size = {(unsigned short)height, (unsigned short)width, 0,
                           0};
    play *p = calloc(1, sizeof *p);

    p->width = width;
    p->height = height;
    p->status = -1;
    p->vt = vterm_new(height, width);
    vterm_set_utf8(p->vt, 1);
    p->screen = vterm_obtain_screen(p->vt);
    vterm_screen_enable_altscreen(p->screen, 1);
    vterm_screen_set_callbacks(p->screen, &callbacks, p);
    vterm_screen_reset(p->screen, 1);
    p->child = forkpty(&p->master, NULL, NULL, &size);
    if (p->child == 0)
        be_shell(argv);
    if (p->child < 0) {
        perror("forkpty");
        exit(99);
    }
    fcntl(p->master, F_SETFL, O_NONBLOCK);
    return p;
}

void
play_end(play *p)
{
    if (p->status < 0) {
        play_signal(p, SIGKILL);
        kill(p->child, SIGKILL);
        waitpid(p->child, NULL, 0);
    }
    close(p->master);
    vterm_free(p->vt);
    free(p);
}

bool
play_pump(play *p, int ms)
{
    struct pollfd fd = {p->master, POLLIN, 0};
    char buffer[65536];
    ssize_t n;

    if (poll(&fd, 1, ms) <= 0)
        return false;
    n = read(p->master, buffer, sizeof buffer);
    if (n <= 0) {
        /* EIO: nobody has the terminal open any more. */
        if (n == 0 || errno == EIO)
            usleep(1000);
        return false;
    }
    vterm_input_write(p->vt, buffer, (size_t)n);
    return true;
}

void
play_type(play *p, const char *bytes, size_t n)
{
    struct pollfd fd = {p->master, POLLOUT, 0};
    ssize_t done;

    while (n > 0) {
        done = write(p->master, bytes, n > 512 ? 512 : n);
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
        } else if (errno != EAGAIN && errno != EINTR) {
            return;
        } else {
            poll(&fd, 1, 10);
        }
        while (play_pump(p, 0))
            continue;
    }
}

void
play_resize(play *p, int width, int height)
{
    struct winsize size = {(unsigned short)height, (unsigned short)width, 0,
                           0};

    p->width = width;
    p->height = height;
    vterm_set_size(p->vt, height, width);
    ioctl(p->master, TIOCSWINSZ, &size);
}

void
play_signal(play *p, int number)
{
    pid_t group = tcgetpgrp(p->master);

    if (number == SIGCONT)
        kill(p->child, number);
    else if (group > 0)
        kill(-group, number);
}

static void
look(play *p, int flags, bool *stopped)
{
    int status;

    *stopped = false;
    if (p->status >= 0 || waitpid(p->child, &status, WNOHANG | flags) <= 0)
        return;
    if (WIFEXITED(status))
        p->status = WEXITSTATUS(status);
    else if (WIFSIGNALED(status))
        p->status = 128 + WTERMSIG(status);
    else
        *stopped = WIFSTOPPED(status);
}

int
play_status(play *p)
{
    bool stopped;

    look(p, 0, &stopped);
    return p->status;
}

bool
play_is_stopped(play *p)
{
    bool stopped;

    look(p, WUNTRACED, &stopped);
    return stopped;
}

static size_t
put(char *out, uint32_t r)
{
    if (r < 0x80) {
        out[0] = (char)r;
        return 1;
    }
    if (r < 0x800) {
        out[0] = (char)(0xc0 | r >> 6);
        out[1] = (char)(0x80 | (r & 0x3f));
        return 2;
    }
    if (r < 0x10000) {
        out[0] = (char)(0xe0 | r >> 12);
        out[1] = (char)(0x80 | (r >> 6 & 0x3f));
        out[2] = (char)(0x80 | (r & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | r >> 18);
    out[1] = (char)(0x80 | (r >> 12 & 0x3f));
    out[2] = (char)(0x80 | (r >> 6 & 0x3f));
    out[3] = (char)(0x80 | (r & 0x3f));
    return 4;
}

const char *
play_row(play *p, int row)
{
    VTermPos pos = {row, 0};
    VTermScreenCell cell;
    size_t n = 0;
    int i;

    while (pos.col < p->width && n + 32 < sizeof p->text) {
        if (!vterm_screen_get_cell(p->screen, pos, &cell))
            break;
        if (cell.chars[0] == 0)
            p->text[n++] = ' ';
        for (i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++)
            n += put(p->text + n, cell.chars[i]);
        pos.col += cell.width > 0 ? cell.width : 1;
    }
    while (n > 0 && p->text[n - 1] == ' ')
        n--;
    p->text[n] = '\0';
    return p->text;
}

int
play_height(const play *p)
{
    return p->height;
}

void
play_cursor(const play *p, int *row, int *column)
{
    *row = p->row;
    *column = p->column;
}

bool
play_is_cooked(const play *p)
{
    struct termios t;

    return tcgetattr(p->master, &t) == 0 && (t.c_lflag & ICANON) != 0 &&
           (t.c_lflag & ECHO) != 0 && (t.c_lflag & ISIG) != 0;
}

bool
play_is_alternate(const play *p)
{
    return p->alternate;
}

bool
play_has_mouse(const play *p)
{
    return p->mouse;
}

const char *
play_attributes(play *p, int row, int column)
{
    VTermPos pos = {row, column};
    VTermScreenCell cell;
    size_t n = 0;

    if (vterm_screen_get_cell(p->screen, pos, &cell)) {
        if (cell.attrs.bold)
            p->text[n++] = 'b';
        if (cell.attrs.underline)
            p->text[n++] = 'u';
        if (cell.attrs.reverse)
            p->text[n++] = 'r';
        if (!VTERM_COLOR_IS_DEFAULT_FG(&cell.fg))
            p->text[n++] = 'c';
    }
    p->text[n] = '\0';
    return p->text;
}
