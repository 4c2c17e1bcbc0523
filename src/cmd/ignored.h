/* What a model's folder has, or says, and is not used. */
#ifndef GB_CMD_IGNORED_H
#define GB_CMD_IGNORED_H

#include "model/model.h"

typedef struct gb_ignored {
    struct {
        const char *what; /* "tensor", "file" or "field" */
        char *name;       /* its own */
        const char *why;
    } *data;
    size_t len;
} gb_ignored;

/* m has its weights open, or is NULL. Call gb_ignored_free afterwards. */
void gb_ignored_list(gb_ignored *list, const char *folder, const gb_model *m);
void gb_ignored_free(gb_ignored *list);

#endif
