#include "hub/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/installed.h"
#include "model/lock.h"

#define RECORD_LIMIT (1u << 20) /* bytes */

bool
gb_store_open(gb_store *s, const gb_hub_name *name, gb_error *err)
{
    char *data = gb_model_data_folder();

    *s = (gb_store){.name = name, .lock = -1};
    if (data == NULL)
        return gb_fail(err, "there is no folder to put it into: neither "
                       "$XDG_DATA_HOME nor $HOME is set");
    s->target = gb_path_join(data, name->local);
    s->partial = gb_model_partial(name->local);
    free(data);
    return true;
}

/* --- the record ----------------------------------------------------------- */

static json_t *
file_json(const gb_hub_file *f)
{
    json_t *o = json_object();

    if (f->size != GB_SIZE_UNKNOWN)
        json_object_set_new(o, "size", gb_json_u64(f->size));
    json_object_set_new(o, "sha256", json_string(f->sha256));
    json_object_set_new(o, "sha1", json_string(f->sha1));
    return o;
}

static bool
write_record(const gb_store *s, const char *commit,
             gb_hub_file *const *files, size_t n, gb_error *err)
{
    json_t *o = json_object(), *all = json_object();
    char *path = gb_path_join(s->partial, GB_RECORD);
    gb_str text = GB_STR_INIT;
    bool ok;
    size_t i;

    for (i = 0; i < n; i++)
        json_object_set_new(all, files[i]->name, file_json(files[i]));
    json_object_set_new(o, "repository", gb_json_string(s->name->repo));
    json_object_set_new(o, "revision", gb_json_string(s->name->revision));
    json_object_set_new(o, "commit", gb_json_string(commit));
    json_object_set_new(o, "files", all);
    gb_json_dump(o, &text);
    gb_str_putc(&text, '\n');
    ok = gb_file_replace(path, text.data, text.len, 0666, err);
    gb_str_free(&text);
    free(path);
    return ok;
}

/* NULL where there is none. */
static json_t *
read_record(const char *path)
{
    return gb_is_file(path) ? gb_json_load(path, RECORD_LIMIT, NULL) : NULL;
}

static bool
is_of_commit(const json_t *record, const char *commit)
{
    const char *was = json_string_value(json_object_get(record, "commit"));

    return was != NULL && strcmp(was, commit) == 0;
}

bool
gb_store_is_current(const gb_store *s, const char *commit)
{
    char *path = gb_model_record(s->target);
    json_t *record = read_record(path);
    bool same = is_of_commit(record, commit) && gb_is_there(s->target);

    json_decref(record);
    free(path);
    return same;
}

/* Whether a folder holds more than models of one file, and their records. */
static bool
has_others(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    bool any = dir == NULL;

    while (!any && (entry = readdir(dir)) != NULL)
        any = strcmp(entry->d_name, ".") != 0 &&
              strcmp(entry->d_name, "..") != 0 &&
              strstr(entry->d_name, ".gguf") == NULL;
    if (dir != NULL)
        closedir(dir);
    return any;
}

bool
gb_store_check(const gb_store *s, gb_error *err)
{
    char *record = gb_model_record(s->target);
    struct stat st;
    bool theirs = lstat(s->target, &st) == 0 &&
                  (!S_ISDIR(st.st_mode) || s->name->file != NULL ||
                   has_others(s->target)) &&
                  !gb_is_file(record);

    free(record);
    return !theirs || gb_fail(err, "%s is there, and did not come from the "
                              "hub; move it away, or delete it: gumbel models "
                              "rm %s", s->target, s->name->local);
}

/* --- what has come -------------------------------------------------------- */

static bool
same_text(const json_t *o, const char *name, const char *expected)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s != NULL && expected[0] != '\0' && strcmp(s, expected) == 0;
}

/* Whether a record says that its file is this one. */
static bool
is_same(const json_t *record, const gb_hub_file *f)
{
    const json_t *o = json_object_get(json_object_get(record, "files"),
                                      f->name);

    return same_text(o, "sha256", f->sha256) || same_text(o, "sha1", f->sha1);
}

static void
drop_file(const gb_store *s, const gb_hub_file *f)
{
    static const char *const ends[] = {"", ".part", ".part.etag"};
    char *path;
    size_t i;

    for (i = 0; i < GB_COUNT(ends); i++) {
        path = gb_format("%s/%s%s", s->partial, f->name, ends[i]);
        unlink(path);
        free(path);
    }
}

/* A second name for the older model's file. */
static void
take_over(const gb_store *s, const gb_hub_file *f)
{
    char *from = s->name->file != NULL ? gb_strdup(s->target)
                                       : gb_path_join(s->target, f->name);
    char *to = gb_path_join(s->partial, f->name);
    struct stat st;

    if (lstat(from, &st) == 0 && S_ISREG(st.st_mode) &&
        (uint64_t)st.st_size == f->size)
        (void)!link(from, to);
    free(to);
    free(from);
}

bool
gb_store_prepare(gb_store *s, const char *commit, gb_hub_file *const *files,
                 size_t n, gb_error *err)
{
    char *own = gb_path_join(s->partial, GB_RECORD);
    char *other = gb_model_record(s->target);
    json_t *begun = read_record(own), *older = read_record(other);
    bool ok = gb_make_folders(s->partial, err);
    size_t i;

    for (i = 0; ok && i < n; i++) {
        if (!is_of_commit(begun, commit) && !is_same(begun, files[i]))
            drop_file(s, files[i]);
        if (is_same(older, files[i]))
            take_over(s, files[i]);
    }
    ok = ok && write_record(s, commit, files, n, err);
    json_decref(begun);
    json_decref(older);
    free(own);
    free(other);
    return ok;
}

void
gb_store_drop(gb_store *s)
{
    gb_remove_tree(s->partial, NULL);
}

/* --- the whole ------------------------------------------------------------ */

/* Models of one file that lie in the folder are models of their own; so are
 * their records. They get second names in the newer folder. */
static void
take_files(const char *from, const char *to)
{
    DIR *dir = opendir(from);
    const struct dirent *entry;
    char *old, *new;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, ".gguf") == NULL)
            continue;
        old = gb_path_join(from, entry->d_name);
        new = gb_path_join(to, entry->d_name);
        if (link(old, new) != 0)
            (void)!rename(old, new);
        free(new);
        free(old);
    }
    if (dir != NULL)
        closedir(dir);
}

/* The newer folder and the older one change places, in one step where the
 * file system can. */
static bool
exchange(const gb_store *s)
{
    char *old;
    bool ok;

    if (renameat2(AT_FDCWD, s->partial, AT_FDCWD, s->target,
                  RENAME_EXCHANGE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    old = gb_model_older(s->partial);
    ok = rename(s->target, old) == 0 && rename(s->partial, s->target) == 0;
    (void)!rename(old, ok ? s->partial : s->target);
    free(old);
    return ok;
}

static bool
replace_folder(gb_store *s, gb_error *err)
{
    take_files(s->target, s->partial);
    if (!exchange(s))
        return gb_fail(err, "%s: cannot replace: %s", s->target,
                       strerror(errno));
    gb_store_drop(s);
    return true;
}

/* A file that came as a whole goes to its place, then its record; who finds
 * that ready brings both there. */
static bool
place_file(gb_store *s)
{
    char *file = gb_path_join(s->partial, s->name->file);
    char *ready = gb_model_ready(s->target), *record = gb_model_record(s->target);
    bool ok = (!gb_is_there(file) || rename(file, s->target) == 0) &&
              rename(ready, record) == 0;

    if (ok)
        gb_store_drop(s);
    free(record);
    free(ready);
    free(file);
    return ok;
}

static bool
finish_file(gb_store *s, gb_error *err)
{
    char *record = gb_path_join(s->partial, GB_RECORD);
    char *ready = gb_model_ready(s->target);
    bool ok = (rename(record, ready) == 0 && place_file(s)) ||
              gb_fail(err, "%s: cannot create: %s", s->target,
                      strerror(errno));

    free(ready);
    free(record);
    return ok;
}

/* Ends what was cut off between two steps of the above. */
static void
settle(gb_store *s)
{
    char *old = gb_model_older(s->partial), *ready = gb_model_ready(s->target);

    if (gb_is_there(old) && !gb_is_there(s->target))
        (void)!rename(old, s->target);
    gb_remove_tree(old, NULL);
    if (s->name->file != NULL && gb_is_there(ready))
        place_file(s);
    free(ready);
    free(old);
}

bool
gb_store_finish(gb_store *s, gb_error *err)
{
    bool ok = gb_make_folders_of(s->target, err);

    if (ok && s->name->file != NULL)
        ok = finish_file(s, err);
    else if (ok && gb_is_there(s->target))
        ok = replace_folder(s, err);
    else if (ok && rename(s->partial, s->target) != 0)
        ok = gb_fail(err, "%s: cannot create: %s", s->target,
                     strerror(errno));
    if (ok)
        gb_folder_sync(s->target);
    return ok;
}

/* --- by one program at a time --------------------------------------------- */

bool
gb_store_lock(gb_store *s, gb_error *err)
{
    s->lock = gb_model_lock(s->name->local, err);
    if (s->lock >= 0)
        settle(s);
    return s->lock >= 0;
}

void
gb_store_close(gb_store *s)
{
    if (s->lock >= 0)
        gb_model_unlock(s->name->local, s->lock);
    free(s->target);
    free(s->partial);
    *s = (gb_store){.lock = -1};
}
