/* A line on standard error that says what takes so long. */
#ifndef GB_CMD_PROGRESS_H
#define GB_CMD_PROGRESS_H

#include "base/progress.h"

typedef struct gb_bar gb_bar;

/* Shows nothing during the first half second, and never when standard error
 * is no terminal (then it returns NULL, which the others take). */
gb_bar *gb_bar_open(void);

/* For gb_progress; its argument is the bar. */
void gb_bar_update(void *bar, gb_phase phase, uint64_t done, uint64_t total);

/* Shows this text instead, and a bar of which a share is done. */
void gb_bar_say(gb_bar *bar, double done, const char *text);

/* Wipes the line and frees the bar. */
void gb_bar_close(gb_bar *bar);

#endif
