/* A program on a pseudo-terminal of its own. It is the leader of a session;
 * whatever it starts ends with it. */
#ifndef GB_TESTS_TUI_PTY_H
#define GB_TESTS_TUI_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "base/str.h"

typedef struct pty {
    int fd;      /* the terminal's side; -1 when closed */
    pid_t pid;   /* 0 when there is no program */
    bool ended;  /* and status is as waitpid gave it */
    int status;
    struct termios before; /* the modes that the program found */
    gb_str input;          /* typed, but not taken yet */
} pty;

/* Once, before the first program: what loses its parent becomes ours, so
 * that pty_end finds it. */
void pty_adopt(void);

/* Starts /bin/sh -c COMMAND in a folder, on a terminal of this size. False
 * with errno set when that fails. */
bool pty_start(pty *p, const char *command, const char *folder, int rows,
               int columns);

bool pty_resize(pty *p, int rows, int columns);

/* Queues bytes as typed at the terminal. */
void pty_type(pty *p, const void *bytes, size_t n);

/* Passes on what is typed and reads what is printed, waiting at most ms.
 * Returns how many bytes were read into buffer; 0 for none; sets p->ended
 * when the program has ended (there may be more to read). */
size_t pty_pump(pty *p, char *buffer, size_t n, int ms);

/* Sends a signal to the program; a stopped one is only woken by SIGCONT. */
bool pty_signal(pty *p, int number);

/* Closes the terminal, as its window being closed does. */
void pty_hang_up(pty *p);

/* Whether the modes are those that the program found. */
bool pty_modes_restored(const pty *p);

/* Kills what is left of it all. May be called more than once. */
void pty_end(pty *p);

#endif
