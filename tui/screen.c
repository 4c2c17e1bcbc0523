#include "tui/screen.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "base/cells.h"
#include "base/locale.h"
#include "base/mem.h"
#include "base/str.h"

/* The terminal is the one global thing. */
static struct {
    bool open, ascii;
    SCREEN *screen;
    FILE *out;
    int nowhere; /* /dev/null */
    bool no_mouse;
    struct termios before;
    char restore[256]; /* what puts the terminal's modes back */
    size_t restore_length;
} term;

#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define MOUSE_ON "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"

static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static const char *
capability(const char *name)
{
    char copy[16];
    const char *value;

    snprintf(copy, sizeof copy, "%s", name);
    value = tigetstr(copy);
    return value == (const char *)-1 ? NULL : value;
}

bool
gb_screen_is_possible(void)
{
    int status;

    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
           setupterm(NULL, STDOUT_FILENO, &status) == OK &&
           capability("cup") != NULL;
}

/* May be called in a signal handler, so that it waits no longer than a second
 * for a terminal that takes nothing. */
static void
write_all(int to, const char *s, size_t n)
{
    struct pollfd fd = {to, POLLOUT, 0};
    ssize_t done;

    while (n > 0) {
        done = write(fd.fd, s, n);
        if (done < 0 && errno == EAGAIN && poll(&fd, 1, 1000) <= 0)
            return;
        if (done < 0 && errno != EAGAIN && errno != EINTR)
            return;
        s += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
}

static void
write_text(const char *s)
{
    write_all(fileno(term.out), s, strlen(s));
}

/* Puts the terminal back; safe in a signal handler. */
static void
restore(void)
{
    int out;

    if (!term.open)
        return;
    term.open = false;
    /* Another thread may be drawing: that goes nowhere from here on, and what
     * is said last shall be seen. */
    out = dup2(fileno(term.out), STDERR_FILENO);
    if (out < 0 || dup2(term.nowhere, fileno(term.out)) < 0)
        out = fileno(term.out);
    write_all(out, term.restore, term.restore_length);
    tcsetattr(out, TCSANOW, &term.before);
}

static void
crash(int signal_number)
{
    static atomic_flag crashing = ATOMIC_FLAG_INIT;

    /* Another thread that crashes too must not end the program before the
     * first one is done. */
    while (atomic_flag_test_and_set(&crashing))
        pause();
    restore();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void
add_restore(const char *text)
{
    size_t n = text != NULL ? strlen(text) : 0;

    if (n >= sizeof term.restore - term.restore_length)
        return;
    if (n > 0)
        memcpy(term.restore + term.restore_length, text, n);
    term.restore_length += n;
}

static void
catch_crashes(bool on)
{
    struct sigaction action;
    size_t i;

    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = on ? crash : SIG_DFL;
    for (i = 0; i < GB_COUNT(crashes); i++)
        sigaction(crashes[i], &action, NULL);
    gb_on_out_of_memory(on ? restore : NULL);
}

static void
set_modes(bool on)
{
    write_text(on ? PASTE_ON : PASTE_OFF);
    write_text(on && !term.no_mouse ? MOUSE_ON : MOUSE_OFF);
}

void
gb_screen_mouse(bool ours)
{
    term.no_mouse = !ours;
    write_text(ours ? MOUSE_ON : MOUSE_OFF);
}

bool
gb_screen_open(gb_color_choice color, gb_error *err)
{
    int fd = dup(STDOUT_FILENO);

    term.out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (term.out == NULL)
        return gb_fail(err, "the terminal cannot be opened");
    term.nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    tcgetattr(STDIN_FILENO, &term.before);
    term.ascii = !gb_locale_is_utf8();
    term.screen = newterm(NULL, term.out, stdin);
    if (term.screen == NULL) {
        fclose(term.out);
        close(term.nowhere);
        return gb_fail(err, "the terminal \"%s\" is not known",
                       getenv("TERM") != NULL ? getenv("TERM") : "");
    }
    set_term(term.screen);
    term.restore_length = 0;
    add_restore(PASTE_OFF MOUSE_OFF);
    add_restore(capability("sgr0"));
    add_restore(capability("cnorm"));
    add_restore(capability("rmcup"));
    term.open = true;
    catch_crashes(true);
    raw();
    noecho();
    nonl();
    typeahead(-1);
    leaveok(stdscr, FALSE);
    gb_theme_init(color);
    refresh();
    set_modes(true);
    return true;
}

/* Gives the terminal back. One that has no second screen keeps what was
 * shown, and the shell writes over the last line: that is cleared for it. */
static void
leave(void)
{
    set_modes(false);
    if (exit_ca_mode == NULL) {
        move(LINES - 1, 0);
        clrtoeol();
        refresh();
    }
    endwin();
    /* Some terminals bring back with their first screen what the cursor was
     * like when it was last saved, also within a frame. */
    if (cursor_normal != NULL)
        fputs(cursor_normal, term.out);
    fflush(term.out);
}

void
gb_screen_close(void)
{
    if (!term.open)
        return;
    leave();
    term.open = false;
    catch_crashes(false);
    delscreen(term.screen);
    fclose(term.out);
    close(term.nowhere);
}

void
gb_screen_suspend(void)
{
    leave();
}

void
gb_screen_resume(void)
{
    reset_prog_mode();
    gb_screen_resized();
    refresh();
    set_modes(true);
}

bool
gb_screen_is_ascii(void)
{
    return term.ascii;
}

void
gb_screen_size(unsigned *width, unsigned *height)
{
    *width = COLS > 0 ? (unsigned)COLS : 1;
    *height = LINES > 0 ? (unsigned)LINES : 1;
}

void
gb_screen_resized(void)
{
    struct winsize size;

    if (ioctl(fileno(term.out), TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
        size.ws_col > 0 &&
        (size.ws_row != LINES || size.ws_col != COLS))
        resizeterm(size.ws_row, size.ws_col);
    /* Also when it is as it was: the terminal may have had another size in
     * between, and cut off or moved what stood on it. */
    gb_screen_redraw();
}

void
gb_screen_redraw(void)
{
    /* Outside the region that scrolls no lines are moved, and where that was
     * cut off with the screen, some terminals leave it so. */
    if (change_scroll_region != NULL)
        write_text(tiparm(change_scroll_region, 0, LINES - 1));
    clearok(curscr, TRUE);
}

void
gb_screen_bell(void)
{
    beep();
}

void
gb_screen_define_keys(gb_keys *keys)
{
    static const struct {
        const char *capability, *name;
    } others[] = {
        {"kpp", "PageUp"}, {"knp", "PageDown"}, {"khome", "Home"},
        {"kend", "End"},   {"kHOM5", "C-Home"}, {"kEND5", "C-End"},
        {"kcuu1", "Up"},   {"kcud1", "Down"},   {"kcub1", "Left"},
        {"kcuf1", "Right"},
    };
    const char *bytes;
    char name[16];
    size_t i;

    for (i = 1; i <= 24; i++) {
        snprintf(name, sizeof name, "kf%zu", i);
        bytes = capability(name);
        snprintf(name, sizeof name, "%sF%zu", i > 12 ? "S-" : "",
                 i > 12 ? i - 12 : i);
        if (bytes != NULL)
            gb_keys_define(keys, bytes, name);
    }
    for (i = 0; i < GB_COUNT(others); i++) {
        bytes = capability(others[i].capability);
        if (bytes != NULL)
            gb_keys_define(keys, bytes, others[i].name);
    }
}

void
gb_screen_clear(void)
{
    erase();
}

void
gb_screen_put_raw(unsigned row, unsigned column, gb_style style,
                  const char *text, size_t n)
{
    gb_theme_use(style);
    mvaddnstr((int)row, (int)column, text, (int)n);
}

unsigned
gb_screen_put(unsigned row, unsigned column, unsigned max, gb_style style,
              const char *text)
{
    gb_str shown = GB_STR_INIT;
    unsigned used;

    used = gb_cells_put(&shown, text, strlen(text), 0, max, term.ascii);
    gb_screen_put_raw(row, column, style, gb_str_cstr(&shown), shown.len);
    gb_str_free(&shown);
    return used;
}

void
gb_screen_blank(unsigned row)
{
    gb_theme_use(GB_STYLE_PLAIN);
    move((int)row, 0);
    clrtoeol();
}

void
gb_screen_line(unsigned row, unsigned column, unsigned length)
{
    gb_theme_use(GB_STYLE_RULE);
    if (term.ascii)
        mvhline((int)row, (int)column, '-', (int)length);
    else
        mvhline_set((int)row, (int)column, WACS_HLINE, (int)length);
}

void
gb_screen_line_down(unsigned row, unsigned column, unsigned length)
{
    for (; length > 0; length--)
        gb_screen_put(row++, column, 1, GB_STYLE_RULE,
                      term.ascii ? "|" : "│");
}

void
gb_screen_show(unsigned row, unsigned column)
{
    curs_set(1);
    move((int)row, (int)column);
    refresh();
}

void
gb_screen_show_without_cursor(void)
{
    curs_set(0);
    refresh();
}
