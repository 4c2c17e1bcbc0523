/* The models that are found by their names. */
#ifndef GB_MODEL_INSTALLED_H
#define GB_MODEL_INSTALLED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/find.h"

typedef struct gb_installed {
    char *name, *path;
    gb_where where;
} gb_installed;

/* By name, those of one name in the order in which they are found. */
typedef struct gb_installed_list {
    gb_installed *data;
    size_t len;
} gb_installed_list;

void gb_installed_read(gb_installed_list *list);
void gb_installed_free(gb_installed_list *list);

/* Deletes a model of the user's own (GB_IN_DATA) by its name, whole or begun
 * to be loaded; others are refused with what to do, as is one that is being
 * loaded. */
bool gb_installed_remove(const char *name, gb_error *err);

/* Where a model is until it has been loaded from the hub as a whole; `local`
 * is a name of gb_hub_name. And where the older one is meanwhile, which no
 * such name leads to. The caller frees both. */
char *gb_model_partial(const char *local);
char *gb_model_older(const char *partial);

/* What is known of a model that came from the hub, in a file beside it or in
 * its folder; of a model of one file also while that is being put there. The
 * caller frees the paths. */
#define GB_RECORD ".pulled.json"
char *gb_model_record(const char *path);
char *gb_model_ready(const char *path);

/* Bytes of all files below a path, links followed. */
uint64_t gb_installed_size(const char *path);

/* Remembers that a model, by its folder, is used now; and says when that was,
 * in seconds since 1970: 0 for never. Only models with a name are. */
void gb_model_used(const char *folder);
double gb_model_last_used(const char *name);

#endif
