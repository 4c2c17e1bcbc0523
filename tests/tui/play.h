/* A terminal for tests: a pty, and behind it libvterm as the screen. */
#ifndef GB_TESTS_PLAY_H
#define GB_TESTS_PLAY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct play play;

/* Starts argv on a terminal of that size. */
play *play_start(char *const *argv, int width, int height);
/* Kills what still runs. */
void play_end(play *p);

/* Takes in what the program writes for at most ms milliseconds, or until
 * something came. False when nothing did. */
bool play_pump(play *p, int ms);
void play_type(play *p, const char *bytes, size_t n);
void play_resize(play *p, int width, int height);
void play_signal(play *p, int number);
/* The exit status, 128 + the signal that ended it; -1 while it runs. */
int play_status(play *p);
/* Stopped by Ctrl-Z. */
bool play_is_stopped(play *p);

/* A row as text, spaces at its end removed; valid until the next call. */
const char *play_row(play *p, int row);
int play_height(const play *p);
void play_cursor(const play *p, int *row, int *column);
/* How the terminal was left: the settings of the line, and the modes that
 * the program has switched on. */
bool play_is_cooked(const play *p);
bool play_is_alternate(const play *p);
bool play_has_mouse(const play *p);
/* The attributes of a cell, as letters: b(old) u(nderline) r(everse)
 * c(oloured). */
const char *play_attributes(play *p, int row, int column);

#endif
