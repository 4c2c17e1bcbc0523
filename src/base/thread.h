/* Threads beside the one that the user talks to. */
#ifndef GB_BASE_THREAD_H
#define GB_BASE_THREAD_H

#include <pthread.h>

/* pthread_create for a thread that gets none of the signals that others send;
 * nor do those that it makes, a device's driver for instance. Its own faults
 * end the program as ever. Returns 0 or an errno. */
int gb_thread_start(pthread_t *thread, void *(*work)(void *arg), void *arg);

#endif
