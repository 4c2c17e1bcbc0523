/* Models from the hub into the user's folder. */
#ifndef GB_HUB_PULL_H
#define GB_HUB_PULL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* How far it is. Strings hold during the call. */
typedef struct gb_pull_progress {
    const char *file;     /* that comes now; NULL: the hub is asked what there
                             is */
    uint64_t done, total; /* bytes of all files */
    double speed;         /* bytes a second, smoothed; 0: not known yet */
    double left;          /* seconds; -1: not known */
    const char *waits;    /* why it waits to try again, or NULL */
} gb_pull_progress;

typedef struct gb_pulled_file {
    char *name;
    uint64_t size;  /* UINT64_MAX: not known */
    uint64_t there; /* bytes that need not come any more */
} gb_pulled_file;

typedef struct gb_pulled {
    char *name;   /* by which the model is found now */
    char *path;   /* where it is, or will be */
    char *commit; /* or NULL: the hub was not asked */
    gb_pulled_file *files; /* (n) that it is made of */
    size_t n;
    uint64_t total; /* bytes of them */
    bool was_there; /* nothing was to be done */
} gb_pulled;

typedef struct gb_pull_options {
    const char *name; /* as model/hub_name.h has them */
    bool dry_run;     /* only find out what would be loaded, and whether it
                         could be used */
    const atomic_bool *cancel; /* or NULL */
    /* Called often, on the caller's thread; or NULL. */
    void (*progress)(void *arg, const gb_pull_progress *p);
    void *arg;
} gb_pull_options;

/* Loads a model, and whatever is needed to use it, into
 * $XDG_DATA_HOME/gumbel/models; it is there under its name only when it is
 * whole and can be opened. What is there of it already is not loaded again,
 * whether this was cut off, or an older version has the same files. Small
 * files come first, so that a model that cannot be used is refused before its
 * weights. One that Hugging Face's libraries have in the same version stays
 * where it is. GB_INTERRUPTED after *cancel: what has come stays. Call
 * gb_pulled_free in any case. */
bool gb_pull(const gb_pull_options *o, gb_pulled *pulled, gb_error *err);
void gb_pulled_free(gb_pulled *p);

/* Writes "120 of 548 MB, 11.2 MB/s, 38 s left". */
void gb_pull_describe(const gb_pull_progress *p, char *out, size_t n);

#endif
