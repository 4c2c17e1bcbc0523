/* What is in a model's folder and not used. */
#ifndef GB_CMD_IGNORED_H
#define GB_CMD_IGNORED_H

#include "model/model.h"

typedef struct gb_ignored {
    struct {
        char *name; /* of a tensor, or a file */
        const char *why;
        bool is_file;
    } *data;
    size_t len;
} gb_ignored;

/* m has its weights open, or is NULL. Call gb_ignored_free afterwards. */
void gb_ignored_list(gb_ignored *list, const char *folder, const gb_model *m);
void gb_ignored_free(gb_ignored *list);

#endif
