#include "model/find.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "model/hub_cache.h"
#include "model/tensors.h"

#define DEFAULT_MODEL "stories"

/* Whether this program lies in the folder where it was built. One that has
 * been installed never looks at the tree it came from. */
static bool
runs_in_build_tree(void)
{
    char program[4096];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    char *build = realpath(GB_BUILDDIR, NULL);
    size_t length = build != NULL ? strlen(build) : 0;
    bool below;

    program[n > 0 ? n : 0] = '\0';
    below = length > 0 && strncmp(program, build, length) == 0 &&
            program[length] == '/';
    free(build);
    return below;
}

char *
gb_model_data_folder(void)
{
    char *data = gb_xdg("XDG_DATA_HOME", ".local/share");
    char *folder = data != NULL ? gb_path_join(data, "models") : NULL;

    free(data);
    return folder;
}

size_t
gb_model_places(gb_model_place places[GB_PLACES])
{
    char *data = gb_model_data_folder();
    char *source =
        runs_in_build_tree() ? realpath(GB_SOURCE_MODELDIR, NULL) : NULL;
    size_t n = 0;

    if (data != NULL)
        places[n++] = (gb_model_place){GB_IN_DATA, data};
    if (source != NULL)
        places[n++] = (gb_model_place){GB_IN_SOURCE, source};
    places[n++] = (gb_model_place){GB_IN_SYSTEM, gb_strdup(GB_MODELDIR)};
    return n;
}

bool
gb_is_gguf(const char *path)
{
    const size_t n = strlen(path);

    return n > 5 && strcmp(path + n - 5, ".gguf") == 0 && gb_is_file(path);
}

static bool
is_model_path(const char *path)
{
    return gb_is_folder(path) || gb_is_gguf(path);
}

/* The folder of which this file is the weights, or NULL; the caller frees. */
static char *
folder_around(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *folder;

    if (!gb_is_file(file))
        return NULL;
    folder = slash != NULL ? gb_strndup(file, (size_t)(slash - file) + 1)
                           : gb_strdup(".");
    if (gb_tensors_are_found_by(folder, slash != NULL ? slash + 1 : file))
        return folder;
    free(folder);
    return NULL;
}

/* A model's path, which may lack its .gguf; the caller frees. NULL where there
 * is none. */
static char *
complete(const char *path)
{
    char *file;

    if (is_model_path(path))
        return gb_strdup(path);
    file = gb_format("%s.gguf", path);
    if (gb_is_gguf(file))
        return file;
    free(file);
    return NULL;
}

/* Tries places/name; lists what it tried in `looked`. */
static char *
find_in_places(const char *name, gb_str *looked)
{
    gb_model_place places[GB_PLACES];
    char *path, *found = NULL;
    size_t n = gb_model_places(places), i;

    for (i = 0; i < n; i++) {
        path = gb_path_join(places[i].path, name);
        gb_str_printf(looked, "%s %s", looked->len > 0 ? "," : "", path);
        if (found == NULL)
            found = complete(path);
        free(path);
        free(places[i].path);
    }
    return found;
}

/* Whether it can be a path below a folder of models, and no way out. */
static bool
is_name(const char *s)
{
    for (; *s != '\0' && *s != '/' && *s != '.'; s++) {
        s += strcspn(s, "/");
        if (*s == '\0')
            return true;
    }
    return false;
}

/* By its name alone; *loads tells that the hub may have it. */
static char *
find_by_name(const char *name, gb_str *looked, bool *loads)
{
    gb_hub_name hub;
    char *found = NULL;

    *loads = gb_hub_name_read(&hub, name, NULL);
    if (*loads || is_name(name))
        found = find_in_places(*loads ? hub.local : name, looked);
    if (found == NULL && *loads)
        found = gb_hub_cache_find(&hub);
    gb_hub_name_free(&hub);
    return found;
}

static bool
fail_not_found(const char *name, const gb_str *looked, bool loads,
               gb_error *err)
{
    gb_str shown = GB_STR_INIT, places = GB_STR_INIT;

    gb_utf8_visible(&shown, name, strlen(name), false);
    gb_utf8_visible(&places, gb_str_cstr(looked), looked->len, false);
    gb_fail(err, "no model \"%s\" found: there is nothing at%s%s%s%s",
            gb_str_cstr(&shown), gb_str_cstr(&places),
            loads ? "; gumbel pull " : "", loads ? gb_str_cstr(&shown) : "",
            loads ? " loads it from the hub" : "");
    gb_str_free(&shown);
    gb_str_free(&places);
    return false;
}

char *
gb_model_find(const char *name, gb_error *err)
{
    gb_str looked = GB_STR_INIT;
    char *found;
    bool loads;

    if (name == NULL)
        name = getenv("GUMBEL_MODEL");
    else if (name[0] == '\0') {
        gb_fail_usage(err, "model: expected a folder, a file or a name, found "
                      "\"\"");
        return NULL;
    }
    /* A folder that is called like the default is not meant by silence, nor
     * is any other file by a plain name. */
    if (name != NULL && name[0] != '\0') {
        found = folder_around(name);
        if (found != NULL)
            return found;
        if (is_model_path(name) ||
            (strchr(name, '/') != NULL && gb_is_there(name)))
            return gb_strdup(name);
        gb_str_printf(&looked, " %s", name);
    } else {
        name = DEFAULT_MODEL;
    }
    found = find_by_name(name, &looked, &loads);
    if (found == NULL)
        fail_not_found(name, &looked, loads, err);
    gb_str_free(&looked);
    return found;
}

char *
gb_model_find_installed(const char *name)
{
    gb_str looked = GB_STR_INIT;
    char *found = NULL;
    bool loads;

    if (name != NULL)
        found = find_by_name(name, &looked, &loads);
    gb_str_free(&looked);
    return found;
}

/* What a path is called below a folder of models, or NULL. */
static char *
name_below(const char *place, const char *path)
{
    char *folder = realpath(place, NULL), *name = NULL;
    size_t n = folder != NULL ? strlen(folder) : 0;

    if (n > 0 && strncmp(path, folder, n) == 0 && path[n] == '/')
        name = gb_strdup(path + n + 1);
    free(folder);
    return name;
}

static char *
name_in_places(const char *path)
{
    gb_model_place places[GB_PLACES];
    size_t n = gb_model_places(places), i;
    char *name = NULL;

    for (i = 0; i < n; i++) {
        if (name == NULL)
            name = name_below(places[i].path, path);
        free(places[i].path);
    }
    return name;
}

char *
gb_model_name(const char *folder)
{
    char *real = realpath(folder, NULL), *name = NULL;
    const char *slash = real != NULL ? strrchr(real, '/') : NULL;

    /* The path as it is given, as files of that cache are links. */
    name = gb_hub_cache_name(folder);
    if (name == NULL && real != NULL)
        name = gb_hub_cache_name(real);
    if (name == NULL && real != NULL)
        name = name_in_places(real);
    if (name == NULL)
        name = gb_strdup(slash != NULL && slash[1] != '\0' ? slash + 1
                                                           : folder);
    free(real);
    return name;
}
