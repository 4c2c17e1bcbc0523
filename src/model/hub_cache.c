#include "model/hub_cache.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/tensors.h"

#define PREFIX "models--"
#define COMMIT_LIMIT 256u /* bytes; a file of refs/ has 40 */

/* An absolute path in a variable, or NULL. */
static const char *
variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] == '/' ? value : NULL;
}

char *
gb_hub_cache_folder(void)
{
    const char *folder = variable("HF_HUB_CACHE");
    const char *home = variable("HOME");

    if (folder == NULL)
        folder = variable("HUGGINGFACE_HUB_CACHE");
    if (folder != NULL)
        return gb_strdup(folder);
    if (variable("HF_HOME") != NULL)
        return gb_path_join(variable("HF_HOME"), "hub");
    if (variable("XDG_CACHE_HOME") != NULL)
        return gb_path_join(variable("XDG_CACHE_HOME"), "huggingface/hub");
    return home != NULL ? gb_path_join(home, ".cache/huggingface/hub") : NULL;
}

/* models--OWNER--NAME of a repository; one without an owner has none. */
static char *
folder_name(const char *repo)
{
    const char *slash = strchr(repo, '/');

    if (slash == NULL)
        return gb_format(PREFIX "%s", repo);
    return gb_format(PREFIX "%.*s--%s", (int)(slash - repo), repo, slash + 1);
}

/* The commit that a revision was when it was loaded. */
static char *
read_ref(const char *folder, const char *revision)
{
    char *path = gb_format("%s/refs/%s", folder, revision);
    gb_str text = GB_STR_INIT;
    bool ok = gb_file_read(path, COMMIT_LIMIT, &text, NULL);

    free(path);
    if (ok && text.len > 0)
        text.data[strcspn(text.data, "\r\n")] = '\0';
    if (ok && gb_hub_is_plain(gb_str_cstr(&text)))
        return gb_str_take(&text);
    gb_str_free(&text);
    return NULL;
}

/* Whether a snapshot has what is needed; other programs load but a part. */
static bool
is_whole(const char *snapshot, const char *file)
{
    char *path = gb_path_join(snapshot, file != NULL ? file : "config.json");
    bool ok = gb_is_file(path) &&
              (file != NULL || gb_tensors_are_in(snapshot));

    free(path);
    return ok;
}

/* In the folder of one repository. */
static char *
find_in(const char *folder, const gb_hub_name *n)
{
    char *commit = read_ref(folder, n->revision), *snapshot, *found;

    snapshot = gb_format("%s/snapshots/%s", folder,
                         commit != NULL ? commit : n->revision);
    free(commit);
    if (!is_whole(snapshot, n->file)) {
        free(snapshot);
        return NULL;
    }
    if (n->file == NULL)
        return snapshot;
    found = gb_path_join(snapshot, n->file);
    free(snapshot);
    return found;
}

char *
gb_hub_cache_find(const gb_hub_name *n)
{
    /* The oldest of them had no owner once. */
    const char *const repos[] = {n->repo, gb_hub_short_name(n->repo)};
    char *cache = gb_hub_cache_folder(), *name, *folder, *found = NULL;
    size_t i;

    for (i = 0; cache != NULL && found == NULL && i < GB_COUNT(repos); i++) {
        if (repos[i] == NULL)
            continue;
        name = folder_name(repos[i]);
        folder = gb_path_join(cache, name);
        found = find_in(folder, n);
        free(folder);
        free(name);
    }
    free(cache);
    return found;
}

/* The name for people of the folder models--OWNER--NAME (n bytes); NULL for
 * another. */
static char *
repo_name(const char *folder, size_t n)
{
    const size_t prefix = sizeof PREFIX - 1;
    gb_hub_name name = {NULL, NULL, NULL, NULL};
    char *repo, *dashes, *local = NULL;

    if (n <= prefix || strncmp(folder, PREFIX, prefix) != 0)
        return NULL;
    repo = gb_strndup(folder + prefix, n - prefix);
    dashes = strstr(repo, "--");
    if (dashes != NULL) {
        *dashes = '/';
        memmove(dashes + 1, dashes + 2, strlen(dashes + 2) + 1);
    }
    if (gb_hub_name_read(&name, repo, NULL))
        local = gb_strdup(name.local);
    gb_hub_name_free(&name);
    free(repo);
    return local;
}

static char *
name_of_file(const char *name, const char *path)
{
    gb_hub_name read;
    char *full = gb_hub_name_read(&read, name, NULL)
                     ? gb_format("%s/%s", read.repo, strrchr(path, '/') + 1)
                     : NULL;

    gb_hub_name_free(&read);
    return full;
}

/* `name`, or where that is another path now, the name with the commit. */
static char *
name_exactly(const char *name, const char *commit, const char *path)
{
    gb_hub_name read;
    char *found = NULL, *exact;

    if (gb_hub_name_read(&read, name, NULL))
        found = gb_hub_cache_find(&read);
    exact = found != NULL && gb_same_file(found, path)
                ? gb_strdup(name)
                : gb_format("%s@%s", name, commit);
    free(found);
    gb_hub_name_free(&read);
    return exact;
}

char *
gb_hub_cache_name(const char *path)
{
    static const char middle[] = "/snapshots/";
    const char *at = NULL, *folder = path, *next = path;
    char *name, *exact;

    while ((next = strstr(next, middle)) != NULL) {
        at = next;
        next += sizeof middle - 1;
    }
    if (at == NULL)
        return NULL;
    for (next = path; next < at; next++)
        if (*next == '/')
            folder = next + 1;
    name = repo_name(folder, (size_t)(at - folder));
    at += sizeof middle - 1;
    if (name == NULL)
        return NULL;
    exact = at[strcspn(at, "/")] == '/' ? name_of_file(name, at)
                                        : name_exactly(name, at, path);
    free(name);
    return exact;
}

void
gb_hub_cache_list(void (*visit)(void *arg, const char *name,
                                const char *path),
                  void *arg)
{
    char *cache = gb_hub_cache_folder(), *name, *path;
    DIR *dir = cache != NULL ? opendir(cache) : NULL;
    const struct dirent *entry;
    gb_hub_name read;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        name = repo_name(entry->d_name, strlen(entry->d_name));
        if (name == NULL)
            continue;
        path = gb_hub_name_read(&read, name, NULL) ? gb_hub_cache_find(&read)
                                                   : NULL;
        if (path != NULL)
            visit(arg, name, path);
        gb_hub_name_free(&read);
        free(path);
        free(name);
    }
    if (dir != NULL)
        closedir(dir);
    free(cache);
}
