/* Whether a program with a loop around poll has done all that it was asked. */
#ifndef GB_TESTS_TUI_REST_H
#define GB_TESTS_TUI_REST_H

#include <stdbool.h>
#include <sys/types.h>

/* How often its first thread has gone to sleep; 0: this cannot be known. */
unsigned long rest_count(pid_t pid);

/* Whether all its threads sleep, the first one in a poll without an end, none
 * has a child, and since `count` it has been awake. True where this cannot be
 * known. */
bool rest_since(pid_t pid, unsigned long count);

#endif
