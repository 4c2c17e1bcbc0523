/* Deletes models that are the user's own (model/installed.h). */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/hub_name.h"
#include "model/installed.h"
#include "model/lock.h"

/* What there is of a name. */
typedef struct found {
    gb_installed_list all;
    char *path;    /* where a model of this name lies that is the user's own */
    bool is_model; /* there is one */
    char *left[3]; /* (n_left) what a pull may have left: its folder, where it
                      puts an older model, and the record of one that it is
                      about to put there */
    size_t n_left;
    bool is_begun; /* one of them is there */
} found;

static bool
has_own(const gb_installed_list *l, const char *name, gb_error *err)
{
    const gb_installed *other = NULL;
    size_t i;

    for (i = 0; i < l->len; i++) {
        if (strcmp(l->data[i].name, name) != 0)
            continue;
        if (l->data[i].where == GB_IN_DATA)
            return true;
        other = &l->data[i];
    }
    if (other == NULL)
        return gb_fail(err, "no model \"%s\" is installed; gumbel models "
                       "lists them", name);
    if (other->where == GB_IN_HUB_CACHE)
        return gb_fail(err, "%s is not gumbel's own: it lies in the cache of "
                       "Hugging Face's libraries, %s; \"hf cache\" deletes "
                       "from there", name, other->path);
    return gb_fail(err, "%s ships with gumbel; it lies in %s", name,
                   other->path);
}

/* An error where there is nothing to delete. Call free_found in any case. */
static bool
look(found *f, const char *name, bool is_hub, gb_error *err)
{
    char *data = gb_model_data_folder();
    size_t i;

    gb_installed_read(&f->all);
    if (data != NULL)
        f->path = gb_path_join(data, name);
    if (data != NULL && is_hub) {
        f->left[0] = gb_model_partial(name);
        f->left[1] = gb_model_older(f->left[0]);
        f->left[2] = gb_model_ready(f->path);
        f->n_left = 3;
    }
    for (i = 0; i < f->n_left; i++)
        f->is_begun = f->is_begun || gb_is_there(f->left[i]);
    f->is_model = has_own(&f->all, name, f->is_begun ? NULL : err);
    free(data);
    return f->is_model || f->is_begun;
}

static void
free_found(found *f)
{
    gb_installed_free(&f->all);
    free(f->path);
    while (f->n_left > 0)
        free(f->left[--f->n_left]);
}

/* Whether a path is a model, or has one below it. */
static bool
has_model(const gb_installed_list *l, const char *path)
{
    const size_t n = strlen(path);
    const char *other;
    size_t i;

    for (i = 0; i < l->len; i++) {
        other = l->data[i].path;
        if (strncmp(other, path, n) == 0 &&
            (other[n] == '\0' || other[n] == '/'))
            return true;
    }
    return false;
}

/* Of where a model of one file came from. */
static bool
is_file_record(const char *name)
{
    return name[0] == '.' && strstr(name, ".gguf" GB_RECORD) != NULL;
}

/* Deletes what lies in a folder; models there are models of their own, and
 * stay with their records. */
static bool
empty_folder(DIR *dir, const found *f, gb_error *err)
{
    const struct dirent *entry;
    bool ok = true;
    char *file;

    while (ok && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0 ||
            is_file_record(entry->d_name))
            continue;
        file = gb_path_join(f->path, entry->d_name);
        if (!has_model(&f->all, file))
            ok = gb_remove_tree(file, err);
        free(file);
    }
    return ok;
}

/* Of a link the link alone. */
static bool
remove_model(const found *f, gb_error *err)
{
    struct stat st;
    DIR *dir;
    bool ok;

    if (lstat(f->path, &st) != 0 || !S_ISDIR(st.st_mode))
        return gb_remove_tree(f->path, err);
    dir = opendir(f->path);
    if (dir == NULL)
        return gb_fail(err, "%s: cannot open: %s", f->path, strerror(errno));
    ok = empty_folder(dir, f, err);
    closedir(dir);
    return ok;
}

/* Folders that have nothing any more: the model's, its owner's. */
static void
remove_empty(const char *path)
{
    char *data = gb_model_data_folder(), *folder = gb_strdup(path);

    while (data != NULL && strcmp(folder, data) != 0 &&
           (rmdir(folder) == 0 || errno == ENOENT))
        *strrchr(folder, '/') = '\0';
    free(folder);
    free(data);
}

static bool
remove_found(const found *f, gb_error *err)
{
    char *record = gb_model_record(f->path);
    bool ok = !f->is_model ||
              (remove_model(f, err) && gb_remove_tree(record, err));
    size_t i;

    for (i = 0; ok && i < f->n_left; i++)
        ok = gb_remove_tree(f->left[i], err);
    if (ok)
        remove_empty(f->path);
    free(record);
    return ok;
}

/* Of a name of the hub nobody loads the model meanwhile; only once that is so,
 * what there is stays as it is. */
static bool
remove_locked(const char *local, gb_error *err)
{
    const int lock = gb_model_lock(local, err);
    found f = {.path = NULL};
    bool ok = lock >= 0 || gb_fail_context(err, "%s", local);

    ok = ok && look(&f, local, true, err) && remove_found(&f, err);
    free_found(&f);
    gb_model_unlock(local, lock);
    return ok;
}

bool
gb_installed_remove(const char *name, gb_error *err)
{
    gb_hub_name hub;
    const bool is_hub = gb_hub_name_read(&hub, name, NULL);
    found f = {.path = NULL};
    bool ok = look(&f, is_hub ? hub.local : name, is_hub, err);

    if (ok)
        ok = is_hub ? remove_locked(hub.local, err) : remove_found(&f, err);
    free_found(&f);
    gb_hub_name_free(&hub);
    return ok;
}
