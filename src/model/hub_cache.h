/* Models that other programs have loaded from the hub, where the libraries of
 * Hugging Face keep them:
 *   models--OWNER--NAME/refs/REVISION            the commit that it was
 *   models--OWNER--NAME/snapshots/COMMIT/FILE    links to what it has
 * They are used where they are. */
#ifndef GB_MODEL_HUB_CACHE_H
#define GB_MODEL_HUB_CACHE_H

#include "model/hub_name.h"

/* $HF_HUB_CACHE, $HF_HOME/hub, or ~/.cache/huggingface/hub; NULL for none.
 * The caller frees. */
char *gb_hub_cache_folder(void);

/* The folder of a model there, or the file that is meant; NULL where it is
 * not there, or without config.json or weights. The caller frees. */
char *gb_hub_cache_find(const gb_hub_name *n);

/* The name by which it is found, of a folder that gb_hub_cache_find would
 * give (any file or folder in a snapshot); NULL for others. The caller
 * frees. */
char *gb_hub_cache_name(const char *path);

/* Calls visit with each model that is found. */
void gb_hub_cache_list(void (*visit)(void *arg, const char *name,
                                     const char *path),
                       void *arg);

#endif
