#include "tui/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

static const int caught[] = {SIGWINCH, SIGTERM, SIGHUP,
                             SIGINT,   SIGTSTP, SIGCONT};

/* Signal handlers have nothing else to go by. */
static int pipe_ends[2] = {-1, -1};
static struct sigaction before[GB_COUNT(caught)];

static void
note(int signal_number)
{
    unsigned char byte = (unsigned char)signal_number;
    int saved = errno;

    /* A full pipe loses nothing that matters: there is enough to read. */
    (void)!write(pipe_ends[1], &byte, 1);
    errno = saved;
}

static void
catch(int signal_number, void (*handler)(int))
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

/* By whoever started the program (nohup, a shell for what runs in the
 * background): it stays so. */
static bool
was_ignored(size_t i)
{
    return before[i].sa_handler == SIG_IGN;
}

int
gb_signals_open(gb_error *err)
{
    size_t i;

    if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        gb_fail(err, "no pipe for signals: %s", strerror(errno));
        return -1;
    }
    for (i = 0; i < GB_COUNT(caught); i++) {
        sigaction(caught[i], NULL, &before[i]);
        if (!was_ignored(i))
            catch(caught[i], note);
    }
    return pipe_ends[0];
}

void
gb_signals_close(void)
{
    size_t i;

    if (pipe_ends[0] < 0)
        return;
    for (i = 0; i < GB_COUNT(caught); i++)
        sigaction(caught[i], &before[i], NULL);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    pipe_ends[0] = pipe_ends[1] = -1;
}

int
gb_signals_take(void)
{
    unsigned char byte;

    return read(pipe_ends[0], &byte, 1) == 1 ? byte : 0;
}

void
gb_signals_suspend(void)
{
    struct sigaction stop, go_on;

    sigaction(SIGTSTP, NULL, &stop);
    sigaction(SIGCONT, NULL, &go_on);
    if (stop.sa_handler == SIG_IGN)
        return;
    catch(SIGTSTP, SIG_DFL);
    /* No news: the caller takes the terminal again. */
    catch(SIGCONT, SIG_DFL);
    /* The worker's threads block all signals, so that it has happened when
     * kill returns. */
    kill(0, SIGTSTP);
    sigaction(SIGTSTP, &stop, NULL);
    sigaction(SIGCONT, &go_on, NULL);
}
