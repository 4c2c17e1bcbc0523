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
gb_model_older(const char *partial)
{
    return gb_format("%s~old", partial);
}

char *
gb_model_record(const char *path)
{
    const char *slash = strrchr(path, '/');
    const size_t n = strlen(path);

    if (n <= 5 || strcmp(path + n - 5, ".gguf") != 0)
        return gb_path_join(path, GB_RECORD);
    return gb_format("%.*s/.%s" GB_RECORD, (int)(slash - path), path,
                     slash + 1);
}

char *
gb_model_ready(const char *path)
{
    char *record = gb_model_record(path), *ready;

    ready = gb_format("%s.ready", record);
    free(record);
    return ready;
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
