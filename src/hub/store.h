/* Where a model from the hub lies: what has come of it, and the whole. */
#ifndef GB_HUB_STORE_H
#define GB_HUB_STORE_H

#include "hub/repo.h"

typedef struct gb_store {
    const gb_hub_name *name;
    char *target;  /* the folder, or file, that it becomes */
    char *partial; /* the folder of what has come */
    int lock;      /* -1: not locked */
} gb_store;

bool gb_store_open(gb_store *s, const gb_hub_name *name, gb_error *err);
void gb_store_close(gb_store *s);

/* Nobody else loads or deletes this model until gb_store_close; an error when
 * somebody does. What was cut off at its very end is brought to it. */
bool gb_store_lock(gb_store *s, gb_error *err);

/* Whether it is there, whole, in this version; an error where something is in
 * its place that did not come from the hub. */
bool gb_store_is_current(const gb_store *s, const char *commit);
bool gb_store_check(const gb_store *s, gb_error *err);

/* Makes the partial folder ready for these files: what it has of other
 * versions goes, what an older model has of these is taken over. */
bool gb_store_prepare(gb_store *s, const char *commit,
                      gb_hub_file *const *files, size_t n, gb_error *err);

/* What came becomes the model, in one step where the file system can exchange
 * two folders. */
bool gb_store_finish(gb_store *s, gb_error *err);
/* What came is deleted. */
void gb_store_drop(gb_store *s);

#endif
