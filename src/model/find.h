/* Finding models by their names. */
#ifndef GB_MODEL_FIND_H
#define GB_MODEL_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Finds a model, a folder or a GGUF file. One that is there is taken as it is,
 * and so is anything by a path with a slash; of a file of weights that a folder
 * is found by (model.safetensors, ckpt.pt, ...) the folder is meant. A name,
 * with or without .gguf, is looked for in $XDG_DATA_HOME/gumbel/models, in the
 * source tree when the program runs where it was built, where models are
 * installed, and among the models that Hugging Face's libraries have loaded
 * (model/hub_cache.h). It may be one of the hub, with an owner
 * (model/hub_name.h). NULL means $GUMBEL_MODEL, else the model that ships.
 * Returns the path (caller frees) or NULL, with every place that was looked at
 * in the message. */
char *gb_model_find(const char *name, gb_error *err);

/* Only by its name, in the places above, whatever lies in the working folder;
 * NULL for what is no name or not there. The caller frees. */
char *gb_model_find_installed(const char *name);

/* The name by which this folder is found, where there is one; else the last
 * component of the path that it really has. The caller frees. */
char *gb_model_name(const char *folder);

/* The folders in which models lie by their names, first to last; the caller
 * frees each. */
typedef enum gb_where {
    GB_IN_DATA,    /* the user's */
    GB_IN_SOURCE,  /* the source tree */
    GB_IN_SYSTEM,  /* installed beside the program */
    GB_IN_HUB_CACHE,
} gb_where;
typedef struct gb_model_place {
    gb_where where;
    char *path;
} gb_model_place;
#define GB_PLACES 3
size_t gb_model_places(gb_model_place places[GB_PLACES]);

/* A model that is one file, by its name. */
bool gb_is_gguf(const char *path);

/* The user's folder of models; NULL where there is no home. Caller frees. */
char *gb_model_data_folder(void);

#endif
