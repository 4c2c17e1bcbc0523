/* A model that is loaded from the hub on a thread of its own. */
#ifndef GB_HUB_PULLER_H
#define GB_HUB_PULLER_H

#include "hub/pull.h"

typedef struct gb_puller gb_puller;

/* Begins; the name is copied. NULL when there is no thread to be had. */
gb_puller *gb_puller_start(const char *name, gb_error *err);
/* Stops it, what has come stays, and waits for its end. NULL is nothing. */
void gb_puller_close(gb_puller *p);
/* Asks it to end; it does so soon. */
void gb_puller_cancel(gb_puller *p);

/* Polls readable when there is something new to be seen. Close-on-exec. */
int gb_puller_fd(const gb_puller *p);
/* Takes note of it: whether it has ended. */
bool gb_puller_look(gb_puller *p);

/* How far it is, in words: "gpt2: 120 of 548 MB, ...". */
void gb_puller_describe(gb_puller *p, char *out, size_t n);

/* Once it has ended: what came of it, held by p, or an error;
 * GB_INTERRUPTED after gb_puller_cancel. */
const gb_pulled *gb_puller_result(gb_puller *p, gb_error *err);

#endif
