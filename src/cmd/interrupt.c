#include "cmd/interrupt.h"

#include <signal.h>
#include <stddef.h>

static atomic_bool interrupted; /* a signal handler can reach nothing else */

void
gb_interrupt_now(void)
{
    atomic_store(&interrupted, true);
}

static void
on_interrupt(int signal_number)
{
    (void)signal_number;
    gb_interrupt_now();
}

void
gb_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    struct sigaction before;

    /* A program that a shell runs in the background ignores it; go on so. */
    if (sigaction(SIGINT, NULL, &before) == 0 &&
        before.sa_handler == SIG_IGN)
        return;
    sigemptyset(&action.sa_mask);
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigaction(SIGINT, &action, NULL);
}

const atomic_bool *
gb_interrupt_flag(void)
{
    return &interrupted;
}
