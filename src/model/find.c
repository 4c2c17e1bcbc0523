/* Finding a model's folder by its name. */
#include "model/model.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

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

/* The folders that hold models, first to last; the caller frees each. */
static size_t
list_places(char *places[3])
{
    char *data = gb_xdg("XDG_DATA_HOME", ".local/share");
    char *source =
        runs_in_build_tree() ? realpath(GB_SOURCE_MODELDIR, NULL) : NULL;
    size_t n = 0;

    if (data != NULL)
        places[n++] = gb_path_join(data, "models");
    free(data);
    if (source != NULL)
        places[n++] = source;
    places[n++] = gb_strdup(GB_MODELDIR);
    return n;
}

static bool
fail_not_found(const char *name, const gb_str *looked, gb_error *err)
{
    gb_str shown = GB_STR_INIT, places = GB_STR_INIT;

    gb_utf8_visible(&shown, name, strlen(name), false);
    gb_utf8_visible(&places, gb_str_cstr(looked), looked->len, false);
    gb_fail(err, "no model \"%s\" found: there is no folder%s",
            gb_str_cstr(&shown), gb_str_cstr(&places));
    gb_str_free(&shown);
    gb_str_free(&places);
    return false;
}

/* Tries places/name; lists what it tried in `looked`. */
static char *
find_in_places(const char *name, gb_str *looked)
{
    char *places[3], *path, *found = NULL;
    size_t n = list_places(places), i;

    for (i = 0; i < n; i++) {
        path = gb_path_join(places[i], name);
        gb_str_printf(looked, "%s %s", looked->len > 0 ? "," : "", path);
        if (found == NULL && gb_is_folder(path))
            found = path;
        else
            free(path);
        free(places[i]);
    }
    return found;
}

char *
gb_model_find(const char *name, gb_error *err)
{
    gb_str looked = GB_STR_INIT;
    char *found;

    if (name == NULL)
        name = getenv("GUMBEL_MODEL");
    else if (name[0] == '\0') {
        gb_fail_usage(err, "model: expected a folder or a name, found \"\"");
        return NULL;
    }
    /* A folder that is called like the default is not meant by silence. */
    if (name != NULL && name[0] != '\0') {
        if (gb_is_folder(name))
            return gb_strdup(name);
        gb_str_printf(&looked, " %s", name);
    } else {
        name = DEFAULT_MODEL;
    }
    found = strchr(name, '/') == NULL ? find_in_places(name, &looked) : NULL;
    if (found == NULL)
        fail_not_found(name, &looked, err);
    gb_str_free(&looked);
    return found;
}

char *
gb_model_find_installed(const char *name)
{
    gb_str looked = GB_STR_INIT;
    char *found = NULL;

    if (name != NULL && name[0] != '\0' && name[0] != '.' &&
        strchr(name, '/') == NULL)
        found = find_in_places(name, &looked);
    gb_str_free(&looked);
    return found;
}

static void
list_place(const char *place, void (*visit)(const char *name))
{
    DIR *dir = opendir(place);
    const struct dirent *entry;
    char *folder, *config;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        folder = gb_path_join(place, entry->d_name);
        config = gb_path_join(folder, "config.json");
        if (access(config, R_OK) == 0)
            visit(entry->d_name);
        free(config);
        free(folder);
    }
    closedir(dir);
}

void
gb_model_list_installed(void (*visit)(const char *name))
{
    char *places[3];
    size_t n = list_places(places), i;

    for (i = 0; i < n; i++) {
        list_place(places[i], visit);
        free(places[i]);
    }
}
