#include "model/tensors.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "model/ckpt.h"
#include "model/pt_file.h"
#include "model/st_file.h"

#define INDEX_LIMIT (64u << 20) /* bytes */
#define SHARD_LIMIT 256u /* each is an open file */

typedef bool container_open(gb_tensor_file *f, const char *folder,
                            const char *name, gb_error *err);

struct gb_tensors {
    container_open *open; /* a file of this kind */
    char *source; /* the only file, or the index: for messages */
    gb_tensor_file *files; /* by name */
    size_t n_files;
    const gb_tensor_entry **entries; /* of all files, by key */
    size_t n_entries;
};

static int
compare_entries(const void *a, const void *b)
{
    const gb_tensor_entry *const *x = a, *const *y = b;

    return strcmp((*x)->key, (*y)->key);
}

static int
compare_key(const void *key, const void *entry)
{
    const gb_tensor_entry *const *e = entry;

    return strcmp(key, (*e)->key);
}

static const gb_tensor_entry *
find(const gb_tensors *t, const char *key)
{
    const gb_tensor_entry **e = bsearch(key, t->entries, t->n_entries,
                                        sizeof *t->entries, compare_key);

    return e != NULL ? *e : NULL;
}

/* Lists the entries of all files by key; each may be there once. */
static bool
list_entries(gb_tensors *t, gb_error *err)
{
    char shown[GB_JSON_SHOWN];
    const gb_tensor_entry **e;
    size_t i, j, n = 0;

    for (i = 0; i < t->n_files; i++)
        n += t->files[i].n_entries;
    t->entries = e = gb_alloc_array(n, sizeof *t->entries);
    for (i = 0; i < t->n_files; i++)
        for (j = 0; j < t->files[i].n_entries; j++)
            e[t->n_entries++] = &t->files[i].entries[j];
    qsort(e, n, sizeof *e, compare_entries);
    for (i = 1; i < n; i++)
        if (strcmp(e[i - 1]->key, e[i]->key) == 0)
            return gb_fail(err,
                           "%s: tensor %s: expected once, found in %s and "
                           "in %s",
                           t->source, gb_json_quote(e[i]->name, shown),
                           e[i - 1]->file->name, e[i]->file->name);
    return true;
}

/* Opens the files of these names, which are sorted. */
static bool
open_files(gb_tensors *t, const char *folder, const char *const *names,
           size_t n, gb_error *err)
{
    t->files = gb_alloc_array(n, sizeof *t->files);
    for (; t->n_files < n; t->n_files++)
        if (!t->open(&t->files[t->n_files], folder, names[t->n_files],
                     err)) {
            t->n_files++;
            return false;
        }
    return list_entries(t, err);
}

static bool
open_single(gb_tensors *t, const char *folder, const char *name,
            gb_error *err)
{
    return open_files(t, folder, &name, 1, err);
}

/* --- the index of a model in several files ------------------------------ */

/* Whether s is what any terminal may show. */
static bool
is_visible(const char *s)
{
    gb_str shown = GB_STR_INIT;
    bool same;

    gb_utf8_visible(&shown, s, strlen(s), false);
    same = strcmp(gb_str_cstr(&shown), s) == 0;
    gb_str_free(&shown);
    return same;
}

/* A shard is a file in the same folder: nothing else is opened. */
static bool
check_shard_name(const gb_tensors *t, const json_t *value, gb_error *err)
{
    const char *s = json_string_value(value);
    char shown[GB_JSON_SHOWN];

    if (s != NULL && s[0] != '\0' && strchr(s, '/') == NULL &&
        strcmp(s, ".") != 0 && strcmp(s, "..") != 0 &&
        strlen(s) <= NAME_MAX && is_visible(s))
        return true;
    return gb_fail(err,
                   "%s: weight_map: expected the name of a file in the same "
                   "folder, found %s", t->source, gb_json_show(value, shown));
}

static int
compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the shards, sorted, each once: an array that the caller frees,
 * of strings that live as long as weight_map. */
static const char **
list_shards(json_t *weight_map, size_t *count)
{
    const char **names =
        gb_alloc_array(json_object_size(weight_map), sizeof *names);
    const char *tensor;
    size_t i, n = 0, used = 0;
    json_t *value;

    json_object_foreach(weight_map, tensor, value)
        names[n++] = json_string_value(value);
    qsort(names, n, sizeof *names, compare_strings);
    for (i = 0; i < n; i++)
        if (used == 0 || strcmp(names[i], names[used - 1]) != 0)
            names[used++] = names[i];
    *count = used;
    return names;
}

static bool
open_listed(gb_tensors *t, const char *folder, json_t *weight_map,
            gb_error *err)
{
    const char **names, *tensor;
    json_t *value;
    size_t n;
    bool ok;

    json_object_foreach(weight_map, tensor, value)
        if (!check_shard_name(t, value, err))
            return false;
    names = list_shards(weight_map, &n);
    if (n > SHARD_LIMIT)
        ok = gb_fail(err,
                     "%s: weight_map: expected at most %u files, found %zu",
                     t->source, SHARD_LIMIT, n);
    else
        ok = open_files(t, folder, names, n, err);
    free(names);
    return ok;
}

/* Every tensor that the index names is in the shard it names. */
static bool
check_index(const gb_tensors *t, json_t *weight_map, gb_error *err)
{
    char shown[GB_JSON_SHOWN];
    const char *name, *shard;
    const gb_tensor_entry *e;
    json_t *value;

    json_object_foreach(weight_map, name, value) {
        shard = json_string_value(value);
        e = find(t, gb_tensor_key(name));
        if (e == NULL || strcmp(e->file->name, shard) != 0)
            return gb_fail(err, "%s: tensor %s: expected in %s, found %s%s",
                           t->source, gb_json_quote(name, shown), shard,
                           e == NULL ? "nowhere" : "in ",
                           e == NULL ? "" : e->file->name);
    }
    return true;
}

static bool
open_shards(gb_tensors *t, const char *folder, gb_error *err)
{
    json_t *root = gb_json_load(t->source, INDEX_LIMIT, err);
    json_t *weight_map = json_object_get(root, "weight_map");
    bool ok = root != NULL;

    if (ok && json_object_size(weight_map) == 0)
        ok = gb_fail(err,
                     "%s: weight_map: expected an object that says in which "
                     "file each tensor is", t->source);
    ok = ok && open_listed(t, folder, weight_map, err) &&
         check_index(t, weight_map, err);
    json_decref(root);
    return ok;
}

/* --- the interface ------------------------------------------------------ */

static bool
there(const char *folder, const char *name)
{
    char *path = gb_path_join(folder, name);
    bool found = gb_is_there(path);

    free(path);
    return found;
}

static bool
fail_no_weights(const char *folder, gb_error *err)
{
    return gb_fail(err,
                   "%s: expected model.safetensors or pytorch_model.bin, or "
                   "shards with model.safetensors.index.json or "
                   "pytorch_model.bin.index.json, found none", folder);
}

/* What a folder may have, in the order in which Transformers looks. */
static const struct {
    const char *name;
    bool sharded;
    container_open *open;
} containers[] = {
    {"model.safetensors", false, gb_st_file_open},
    {"model.safetensors.index.json", true, gb_st_file_open},
    {"pytorch_model.bin", false, gb_pt_file_open},
    {"pytorch_model.bin.index.json", true, gb_pt_file_open},
    {GB_CKPT, false, gb_ckpt_open},
};

/* Which of them it is, or none. The last only counts without config.json, and
 * then before all others, as it is what says the sizes. */
static size_t
find_container(const char *folder)
{
    size_t i = 0;

    if (gb_ckpt_is_in(folder))
        return GB_COUNT(containers) - 1;
    while (i < GB_COUNT(containers) - 1 &&
           !there(folder, containers[i].name))
        i++;
    return i < GB_COUNT(containers) - 1 ? i : GB_COUNT(containers);
}

bool
gb_tensors_are_in(const char *folder)
{
    return find_container(folder) < GB_COUNT(containers);
}

bool
gb_tensors_are_found_by(const char *folder, const char *name)
{
    const size_t i = find_container(folder);

    return i < GB_COUNT(containers) && strcmp(containers[i].name, name) == 0;
}

gb_tensors *
gb_tensors_open(const char *folder, gb_error *err)
{
    const size_t i = find_container(folder);
    gb_tensors *t;

    if (i == GB_COUNT(containers)) {
        fail_no_weights(folder, err);
        return NULL;
    }
    t = gb_alloc(sizeof *t);
    t->open = containers[i].open;
    t->source = gb_path_join(folder, containers[i].name);
    if (containers[i].sharded
            ? open_shards(t, folder, err)
            : open_single(t, folder, containers[i].name, err))
        return t;
    gb_tensors_close(t);
    return NULL;
}

gb_tensors *
gb_tensors_take(gb_tensor_file file, gb_error *err)
{
    gb_tensors *t = gb_alloc(sizeof *t);
    size_t i;

    t->source = gb_strdup(file.path);
    t->files = gb_alloc(sizeof *t->files);
    t->files[0] = file;
    t->n_files = 1;
    for (i = 0; i < file.n_entries; i++)
        file.entries[i].file = t->files;
    if (list_entries(t, err))
        return t;
    gb_tensors_close(t);
    return NULL;
}

void
gb_tensors_close(gb_tensors *t)
{
    size_t i;

    if (t == NULL)
        return;
    for (i = 0; i < t->n_files; i++)
        gb_tensor_file_close(&t->files[i]);
    free(t->files);
    free(t->entries);
    free(t->source);
    free(t);
}

/* Under the name with "transformer." in front, or without where it has that. */
static const gb_tensor_entry *
find_other(const gb_tensors *t, const char *name)
{
    static const char prefix[] = "transformer.";
    const gb_tensor_entry *e;
    char *other;

    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        return find(t, name + sizeof prefix - 1);
    other = gb_format("%s%s", prefix, name);
    e = find(t, other);
    free(other);
    return e;
}

static const gb_tensor_entry *
find_either(const gb_tensors *t, const char *name)
{
    const gb_tensor_entry *e = find(t, name);

    return e != NULL ? e : find_other(t, name);
}

bool
gb_tensors_has(const gb_tensors *t, const char *name)
{
    return find_either(t, name) != NULL;
}

static bool
fail_missing(const gb_tensors *t, const char *key, gb_error *err)
{
    char *name = t->files[0].spell != NULL ? t->files[0].spell(key) : NULL;

    gb_fail(err, "%s: tensor \"%s\": expected one, found none", t->source,
            name != NULL ? name : key);
    free(name);
    return false;
}

bool
gb_tensors_get(const gb_tensors *t, const char *name, gb_tensor *out,
               gb_error *err)
{
    const gb_tensor_entry *e = find_either(t, name);
    char shown[GB_JSON_SHOWN];

    if (e != NULL && find_other(t, e->key) != NULL)
        return gb_fail(err, "%s: tensor %s: expected it once, found it with "
                       "\"transformer.\" in front and without: which of them "
                       "is meant?", t->source, gb_json_quote(name, shown));
    if (e == NULL)
        return fail_missing(t, name, err);
    memset(out, 0, sizeof *out);
    if (e->type == GB_DTYPES)
        return gb_tensor_refuse(e, err, "dtype: expected %s, found %s",
                                e->file->dtypes,
                                gb_json_quote(e->dtype, shown));
    if (e->strided)
        return gb_tensor_refuse(e, err, "expected elements that follow each "
                                "other, found a part of another tensor: save "
                                "it anew, after contiguous()");
    if (e->rank > GB_MAX_RANK)
        return gb_tensor_refuse(e, err,
                            "shape: expected at most %d sizes, found %zu",
                            GB_MAX_RANK, e->rank);
    out->name = e->name;
    out->path = e->file->path;
    out->dtype = e->type;
    out->turned = e->turned;
    out->rank = (uint32_t)e->rank;
    memcpy(out->shape, e->shape, sizeof out->shape);
    out->count = e->count;
    out->source = &e->file->source;
    out->at = e->file->data + e->begin;
    out->size = e->end - e->begin;
    return true;
}

size_t
gb_tensors_count(const gb_tensors *t)
{
    return t->n_entries;
}

const gb_tensor_entry *
gb_tensors_at(const gb_tensors *t, size_t i)
{
    return t->entries[i];
}

uint64_t
gb_tensors_size(const gb_tensors *t)
{
    uint64_t size = 0;
    size_t i;

    for (i = 0; i < t->n_files; i++)
        size += t->files[i].source.size;
    return size;
}

size_t
gb_tensors_files(const gb_tensors *t)
{
    return t->n_files;
}

const gb_source *
gb_tensors_file(const gb_tensors *t, size_t i, const char **path)
{
    *path = t->files[i].path;
    return &t->files[i].source;
}
