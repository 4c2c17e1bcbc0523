/* Names of models on the Hugging Face hub: OWNER/NAME, with @REVISION or
 * /FILE.gguf behind it, and the short names of the best known ones. */
#ifndef GB_MODEL_HUB_NAME_H
#define GB_MODEL_HUB_NAME_H

#include <stdbool.h>

#include "base/error.h"

typedef struct gb_hub_name {
    char *repo;     /* "openai-community/gpt2" */
    char *revision; /* a branch, a tag or a commit; "main" */
    char *file;     /* the one that is meant, or NULL: a whole model */
    char *local;    /* how it is called here, and its path below the folder of
                       models: "gpt2", "owner/name", "owner/name@v1",
                       "owner/name/file.gguf" */
} gb_hub_name;

/* Reads a name; nothing in it can lead out of a folder or act on a terminal.
 * Errors are GB_USAGE. Call gb_hub_name_free in any case. */
bool gb_hub_name_read(gb_hub_name *n, const char *text, gb_error *err);
void gb_hub_name_free(gb_hub_name *n);

/* Whether it is the name of one file, or of one folder, and no way out of
 * where it is: no slash, nothing hidden, no control characters. */
bool gb_hub_is_plain(const char *name);

/* The short name of a repository, or NULL. */
const char *gb_hub_short_name(const char *repo);

/* The short names; ends with NULL. */
extern const char *const gb_hub_short_names[];

#endif
