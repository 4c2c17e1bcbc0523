/* What takes long tells how far it is, and can be stopped: loading, hashing,
 * compiling, fetching, reading, whoever does it and whoever watches. */
#ifndef GB_BASE_PROGRESS_H
#define GB_BASE_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* What is being done. done and total are bytes unless said otherwise; total
 * is 0 where it is not known. */
typedef enum gb_phase {
    GB_PHASE_LOAD,    /* weights to the device */
    GB_PHASE_COMPILE, /* kernels */
    GB_PHASE_PREFILL, /* a prompt is read that takes several passes, of which
                         more are to come; tokens */
    GB_PHASE_HASH,    /* of the weights */
    GB_PHASE_SESSION, /* a session file is read */
    GB_PHASE_CONVERT, /* a file of weights is written */
    GB_PHASE_EXPORT,  /* tokens are looked at for a page; tokens */
    GB_PHASE_REPLAY,  /* a session runs again; tokens verified, no total */
} gb_phase;

/* Given to what may take long; all zero, or a NULL in place of it, is nobody
 * who wants to know. It is copied where it is kept; what it points to has to
 * stay. */
typedef struct gb_progress {
    /* Called on the thread that works; may be NULL. */
    void (*tell)(void *arg, gb_phase phase, uint64_t done, uint64_t total);
    void *arg;
    const atomic_bool *cancel; /* set from anywhere to have it stop soon; may
                                  be NULL */
} gb_progress;

void gb_progress_tell(const gb_progress *p, gb_phase phase, uint64_t done,
                      uint64_t total);
bool gb_progress_is_cancelled(const gb_progress *p);
/* Tells, and is false with GB_INTERRUPTED when it is to stop. */
bool gb_progress_on(const gb_progress *p, gb_phase phase, uint64_t done,
                    uint64_t total, gb_error *err);

#endif
