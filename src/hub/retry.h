/* Asking again for what did not come. */
#ifndef GB_HUB_RETRY_H
#define GB_HUB_RETRY_H

#include "hub/http.h"

typedef struct gb_retry {
    /* Asks once. *got: something came, so that patience begins anew. */
    gb_http_end (*ask)(void *arg, double *wait, bool *got, gb_error *err);
    void *arg;
    const atomic_bool *cancel;
    /* It waits for some seconds, for this reason. */
    void (*wait)(void *arg, double seconds, const char *why);
    void *wait_arg;
} gb_retry;

/* Until it is done, cannot be done, was tried often enough or is cancelled. */
bool gb_retry_run(const gb_retry *r, gb_error *err);

/* Appends the whole of an answer, of at most `limit` bytes. `path` is of
 * gb_http_request; r->ask and r->arg are not looked at. */
bool gb_retry_text(gb_http *h, const char *path, size_t limit,
                   const gb_retry *r, gb_str *out, gb_error *err);

#endif
