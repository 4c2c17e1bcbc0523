#include "model/ckpt.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/pt_file.h"

static bool
there(const char *folder, const char *name)
{
    char *path = gb_path_join(folder, name);
    const bool found = gb_is_there(path);

    free(path);
    return found;
}

bool
gb_ckpt_is_in(const char *folder)
{
    return there(folder, GB_CKPT) && !there(folder, "config.json");
}

static bool
is_linear(const gb_tensor_entry *e)
{
    return strstr(e->key, ".attn.c_") != NULL ||
           strstr(e->key, ".mlp.c_") != NULL;
}

bool
gb_ckpt_open(gb_tensor_file *f, const char *folder, const char *name,
             gb_error *err)
{
    size_t i;

    if (!gb_pt_file_open_in(f, folder, name, "model", err))
        return false;
    for (i = 0; i < f->n_entries; i++)
        if (is_linear(&f->entries[i]))
            gb_tensor_turn(&f->entries[i]);
    return true;
}

json_t *
gb_ckpt_args(const char *folder, gb_error *err)
{
    return gb_pt_file_numbers(folder, GB_CKPT, "model_args", err);
}
