#include "model/installed.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/ckpt.h"
#include "model/hub_cache.h"
#include "model/lock.h"

/* OWNER/NAME/FILE.gguf lies that deep. */
#define DEPTH 3

static void
add(gb_installed_list *l, gb_where where, const char *name, const char *path)
{
    size_t i;

    for (i = 0; i < l->len; i++)
        if (strcmp(l->data[i].name, name) == 0 &&
            strcmp(l->data[i].path, path) == 0)
            return;
    l->data = gb_realloc_array(l->data, l->len + 1, sizeof *l->data);
    l->data[l->len++] =
        (gb_installed){gb_strdup(name), gb_strdup(path), where};
}

static bool
has_config(const char *folder)
{
    char *path = gb_path_join(folder, "config.json");
    bool found = access(path, R_OK) == 0;

    free(path);
    return found;
}

/* The models below a folder, whose names begin with `prefix`. */
static void
list_below(gb_installed_list *l, gb_where where, const char *folder,
           const char *prefix, int depth)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    char *path, *name;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        path = gb_path_join(folder, entry->d_name);
        name = gb_format("%s%s%s", prefix, prefix[0] != '\0' ? "/" : "",
                         entry->d_name);
        if (has_config(path) || gb_ckpt_is_in(path) || gb_is_gguf(path))
            add(l, where, name, path);
        if (depth > 1 && gb_is_folder(path))
            list_below(l, where, path, name, depth - 1);
        free(name);
        free(path);
    }
    if (dir != NULL)
        closedir(dir);
}

static void
add_cached(void *list, const char *name, const char *path)
{
    add(list, GB_IN_HUB_CACHE, name, path);
}

static int
compare(const void *a, const void *b)
{
    const gb_installed *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order != 0 ? order : (int)x->where - (int)y->where;
}

void
gb_installed_read(gb_installed_list *l)
{
    gb_model_place places[GB_PLACES];
    size_t n = gb_model_places(places), i;

    *l = (gb_installed_list){NULL, 0};
    for (i = 0; i < n; i++) {
        list_below(l, places[i].where, places[i].path, "", DEPTH);
        free(places[i].path);
    }
    gb_hub_cache_list(add_cached, l);
    if (l->len > 0)
        qsort(l->data, l->len, sizeof *l->data, compare);
}

void
gb_installed_free(gb_installed_list *l)
{
    size_t i;

    for (i = 0; i < l->len; i++) {
        free(l->data[i].name);
        free(l->data[i].path);
    }
    free(l->data);
    *l = (gb_installed_list){NULL, 0};
}

uint64_t
gb_installed_size(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    uint64_t size = 0;
    struct stat st;
    char *file;

    if (dir == NULL)
        return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    while ((entry = readdir(dir)) != NULL) {
        file = gb_path_join(path, entry->d_name);
        if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
            size += (uint64_t)st.st_size;
        free(file);
    }
    closedir(dir);
    return size;
}

/* A name as the name of one file. */
static char *
flat_name(const char *name)
{
    char *flat = gb_strdup(name), *p;

    for (p = flat; *p != '\0'; p++)
        if (*p == '/')
            *p = '+';
    return flat;
}

char *
gb_model_partial(const char *local)
{
    char *data = gb_model_data_folder(), *flat = flat_name(local), *path;

    path = data != NULL ? gb_format("%s/.partial/%s", data, flat) : NULL;
    free(flat);
    free(data);
    return path;
}

char *
gb_model_record(const char *path)
{
    const char *slash = strrchr(path, '/');
    const size_t n = strlen(path);

    if (n <= 5 || strcmp(path + n - 5, ".gguf") != 0)
        return gb_path_join(path, ".pulled.json");
    return gb_format("%.*s/.%s.pulled.json", (int)(slash - path), path,
                     slash + 1);
}

/* --- when it was used ----------------------------------------------------- */

/* An empty file, of which the time counts. */
static char *
used_path(const char *name)
{
    char *state = gb_xdg("XDG_STATE_HOME", ".local/state");
    char *flat = flat_name(name), *path;

    path = state != NULL ? gb_format("%s/used/%s", state, flat) : NULL;
    free(flat);
    free(state);
    return path;
}

void
gb_model_used(const char *folder)
{
    char *name = gb_model_name(folder), *path = used_path(name), *found;
    int fd;

    found = gb_model_find_installed(name);
    if (path != NULL && found != NULL && gb_same_file(found, folder)) {
        gb_make_folders_of(path, NULL);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0) {
            futimens(fd, NULL);
            close(fd);
        }
    }
    free(found);
    free(path);
    free(name);
}

double
gb_model_last_used(const char *name)
{
    char *path = used_path(name);
    double when = 0;
    struct stat st;

    if (path != NULL && stat(path, &st) == 0)
        when = (double)st.st_mtim.tv_sec + (double)st.st_mtim.tv_nsec / 1e9;
    free(path);
    return when;
}

/* --- deleting ------------------------------------------------------------- */

/* The model of this name that is the user's own, or NULL with an error. */
static const gb_installed *
own_model(const gb_installed_list *l, const char *name, gb_error *err)
{
    const gb_installed *other = NULL;
    size_t i;

    for (i = 0; i < l->len; i++) {
        if (strcmp(l->data[i].name, name) != 0)
            continue;
        if (l->data[i].where == GB_IN_DATA)
            return &l->data[i];
        other = &l->data[i];
    }
    if (other == NULL)
        gb_fail(err, "no model \"%s\" is installed; gumbel models lists "
                "them", name);
    else if (other->where == GB_IN_HUB_CACHE)
        gb_fail(err, "%s is not gumbel's own: it lies in the cache of Hugging "
                "Face's libraries, %s; \"hf cache\" deletes from there", name,
                other->path);
    else
        gb_fail(err, "%s ships with gumbel; it lies in %s", name,
                other->path);
    return NULL;
}

/* Of where a model of one file came from. */
static bool
is_file_record(const char *name)
{
    static const char end[] = ".gguf.pulled.json";
    const size_t n = strlen(name), m = sizeof end - 1;

    return n > m && strcmp(name + n - m, end) == 0;
}

/* A folder but for the models of one file in it, which are models of their
 * own, with their records; of a link the link alone. */
static bool
remove_model(const char *path, gb_error *err)
{
    struct stat st;
    bool is_folder = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
    DIR *dir = is_folder ? opendir(path) : NULL;
    const struct dirent *entry;
    bool ok = true, empty = true;
    char *file;

    while (dir != NULL && ok && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0)
            continue;
        file = gb_path_join(path, entry->d_name);
        if (gb_is_gguf(file))
            empty = false;
        else if (!is_file_record(entry->d_name))
            ok = gb_remove_tree(file, err);
        free(file);
    }
    if (dir != NULL)
        closedir(dir);
    return ok && (!empty || gb_remove_tree(path, err));
}

/* Folders of owners that have nothing any more. */
static void
remove_empty_above(const char *path)
{
    char *data = gb_model_data_folder(), *folder = gb_strdup(path), *slash;

    while ((slash = strrchr(folder, '/')) != NULL) {
        *slash = '\0';
        if (data == NULL || strcmp(folder, data) == 0 || rmdir(folder) != 0)
            break;
    }
    free(folder);
    free(data);
}

/* A model, if there is one, and what is there of one that was not loaded to
 * its end. */
static bool
remove_both(const gb_installed *own, const char *partial, gb_error *err)
{
    char *record;

    if (own != NULL) {
        if (!remove_model(own->path, err))
            return false;
        record = gb_model_record(own->path);
        unlink(record);
        free(record);
        remove_empty_above(own->path);
    }
    return partial == NULL || gb_remove_tree(partial, err);
}

/* Of a name of the hub nobody loads the model meanwhile. */
static bool
remove_named(const gb_installed_list *l, const char *local, bool is_hub,
             gb_error *err)
{
    char *partial = is_hub ? gb_model_partial(local) : NULL;
    const bool begun = partial != NULL && gb_is_folder(partial);
    const gb_installed *own = own_model(l, local, begun ? NULL : err);
    int lock = -1;
    bool ok = own != NULL || begun;

    if (ok && is_hub) {
        lock = gb_model_lock(local, err);
        ok = lock >= 0 || gb_fail_context(err, "%s", local);
    }
    ok = ok && remove_both(own, partial, err);
    gb_model_unlock(local, lock);
    free(partial);
    return ok;
}

bool
gb_installed_remove(const char *name, gb_error *err)
{
    gb_hub_name hub;
    const bool is_hub = gb_hub_name_read(&hub, name, NULL);
    gb_installed_list list;
    bool ok;

    gb_installed_read(&list);
    ok = remove_named(&list, is_hub ? hub.local : name, is_hub, err);
    gb_installed_free(&list);
    gb_hub_name_free(&hub);
    return ok;
}
