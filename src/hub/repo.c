#include "hub/repo.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define FILES_LIMIT 10000u
#define SHARDS_LIMIT 256u

/* What is read of a model besides its weights. */
static const char *const small_files[] = {
    "config.json",           "generation_config.json",
    "adapter_config.json",   "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json",     "vocab.json",
    "merges.txt",
};

/* In the order in which they are opened. */
static const char *const weights[] = {
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
};

/* --- the hub's list ------------------------------------------------------- */

static void
take_hex(char *out, size_t digits, const json_t *value)
{
    const char *s = json_string_value(value);

    if (s != NULL && strlen(s) == digits &&
        strspn(s, "0123456789abcdef") == digits)
        memcpy(out, s, digits + 1);
}

static uint64_t
take_size(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0
               ? (uint64_t)json_integer_value(value)
               : GB_SIZE_UNKNOWN;
}

static void
take_file(gb_repo *r, const json_t *o)
{
    const char *name = json_string_value(json_object_get(o, "rfilename"));
    const json_t *lfs = json_object_get(o, "lfs");
    gb_hub_file *f;

    if (name == NULL || !gb_hub_is_plain(name) ||
        gb_repo_find(r, name) != NULL)
        return;
    r->files = gb_realloc_array(r->files, r->n + 1, sizeof *r->files);
    f = &r->files[r->n++];
    *f = (gb_hub_file){.name = gb_strdup(name)};
    f->size = take_size(json_object_get(o, "size"));
    if (json_is_object(lfs)) {
        take_hex(f->sha256, 64, json_object_get(lfs, "sha256"));
        if (f->size == GB_SIZE_UNKNOWN)
            f->size = take_size(json_object_get(lfs, "size"));
    } else {
        take_hex(f->sha1, 40, json_object_get(o, "blobId"));
    }
}

bool
gb_repo_read(gb_repo *r, const char *json, size_t n, const char *where,
             gb_error *err)
{
    json_t *root = gb_json_parse(where, json, n, err);
    const json_t *files = json_object_get(root, "siblings");
    const char *commit = json_string_value(json_object_get(root, "sha"));
    bool ok = root != NULL;
    size_t i;

    *r = (gb_repo){NULL, NULL, 0};
    if (ok && (!json_is_array(files) || json_array_size(files) > FILES_LIMIT))
        ok = gb_fail(err, "%s: siblings: expected a list of at most %u files",
                     where, FILES_LIMIT);
    if (ok && (commit == NULL || strlen(commit) != 40 ||
               strspn(commit, "0123456789abcdef") != 40))
        ok = gb_json_refuse_field(where, "sha", "a commit",
                                  json_object_get(root, "sha"), err);
    if (ok)
        r->commit = gb_strdup(commit);
    for (i = 0; ok && i < json_array_size(files); i++)
        take_file(r, json_array_get(files, i));
    json_decref(root);
    return ok;
}

void
gb_repo_free(gb_repo *r)
{
    size_t i;

    for (i = 0; i < r->n; i++)
        free(r->files[i].name);
    free(r->files);
    free(r->commit);
    *r = (gb_repo){NULL, NULL, 0};
}

const gb_hub_file *
gb_repo_find(const gb_repo *r, const char *name)
{
    size_t i;

    for (i = 0; i < r->n; i++)
        if (strcmp(r->files[i].name, name) == 0)
            return &r->files[i];
    return NULL;
}

/* --- paths ---------------------------------------------------------------- */

void
gb_repo_list_path(gb_str *out, const gb_hub_name *name)
{
    gb_str_printf(out, "/api/models/%s/revision/", name->repo);
    gb_http_escape(out, name->revision);
    gb_str_puts(out, "?blobs=true");
}

void
gb_repo_file_path(gb_str *out, const gb_hub_name *name, const char *commit,
                  const char *file)
{
    gb_str_printf(out, "/%s/resolve/%s/", name->repo, commit);
    gb_http_escape(out, file);
}

/* --- which of them -------------------------------------------------------- */

/* The file, or the index, that the weights are found by; NULL for none. */
static const gb_hub_file *
find_weights(const gb_repo *r)
{
    const gb_hub_file *f = NULL;
    size_t i;

    for (i = 0; i < GB_COUNT(weights) && f == NULL; i++)
        f = gb_repo_find(r, weights[i]);
    return f;
}

static bool
ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

const gb_hub_file *
gb_repo_index(const gb_repo *r)
{
    const gb_hub_file *f = find_weights(r);

    return f != NULL && ends_with(f->name, ".json") ? f : NULL;
}

/* Says what there is instead. */
static bool
fail_no_weights(const gb_repo *r, const gb_hub_name *name, gb_error *err)
{
    gb_str found = GB_STR_INIT;
    size_t i, n = 0;

    for (i = 0; i < r->n; i++)
        if (ends_with(r->files[i].name, ".gguf") && n++ < 4)
            gb_str_printf(&found, "%s%s/%s", n > 1 ? ", " : "", name->repo,
                          r->files[i].name);
    if (n > 0)
        gb_fail(err, "it has files of GGUF, of which one is to be named: %s%s",
                found.data, n > 4 ? ", ..." : "");
    else
        gb_fail(err, "expected %s or %s, whole or in shards, found neither%s",
                weights[0], weights[2],
                gb_repo_find(r, "tf_model.h5") != NULL ||
                        gb_repo_find(r, "flax_model.msgpack") != NULL
                    ? " (weights for TensorFlow or Flax alone)"
                    : "");
    gb_str_free(&found);
    return false;
}

typedef struct list {
    gb_hub_file **data;
    size_t n;
} list;

static void
add(list *l, const gb_repo *r, const gb_hub_file *f, bool is_weights)
{
    gb_hub_file *own = &r->files[f - r->files];
    size_t i;

    for (i = 0; i < l->n; i++)
        if (l->data[i] == own)
            return;
    own->weights = is_weights;
    l->data = gb_realloc_array(l->data, l->n + 1, sizeof *l->data);
    l->data[l->n++] = own;
}

/* The files that an index speaks of. */
static bool
add_shards(list *l, const gb_repo *r, const char *name, const char *text,
           size_t n, gb_error *err)
{
    json_t *root = gb_json_parse(name, text, n, err), *value;
    json_t *map = json_object_get(root, "weight_map");
    const size_t before = l->n;
    char shown[GB_JSON_SHOWN];
    const char *tensor, *shard;
    const gb_hub_file *f;
    bool ok = root != NULL;

    if (ok && json_object_size(map) == 0)
        ok = gb_fail(err, "%s: weight_map: expected an object that says in "
                     "which file each tensor is", name);
    json_object_foreach(map, tensor, value) {
        shard = json_string_value(value);
        f = ok && shard != NULL ? gb_repo_find(r, shard) : NULL;
        if (ok && f == NULL)
            ok = gb_fail(err, "%s: weight_map: expected the name of a file "
                         "beside it, found %s", name,
                         gb_json_show(value, shown));
        if (ok && l->n - before >= SHARDS_LIMIT)
            ok = gb_fail(err, "%s: expected at most %u files", name,
                         SHARDS_LIMIT);
        if (ok && f != NULL)
            add(l, r, f, true);
    }
    json_decref(root);
    return ok;
}

static bool
choose_folder(list *l, const gb_repo *r, const gb_hub_name *name,
              const char *index, size_t n, gb_error *err)
{
    const gb_hub_file *f;
    size_t i;

    for (i = 0; i < GB_COUNT(small_files); i++)
        if ((f = gb_repo_find(r, small_files[i])) != NULL)
            add(l, r, f, false);
    f = find_weights(r);
    if (f == NULL)
        return fail_no_weights(r, name, err);
    if (gb_repo_find(r, "config.json") == NULL)
        return gb_fail(err, "expected a model, but it has no config.json");
    add(l, r, f, gb_repo_index(r) == NULL);
    return gb_repo_index(r) == NULL ||
           add_shards(l, r, f->name, index, n, err);
}

bool
gb_repo_choose(gb_repo *r, const gb_hub_name *name, const char *index,
               size_t n, gb_hub_file ***files, size_t *count, gb_error *err)
{
    list l = {NULL, 0};
    const gb_hub_file *f;
    bool ok;

    if (name->file == NULL) {
        ok = choose_folder(&l, r, name, index, n, err);
    } else {
        f = gb_repo_find(r, name->file);
        ok = f != NULL ||
             gb_fail(err, "it has no file %s", name->file);
        if (f != NULL)
            add(&l, r, f, true);
    }
    *files = l.data;
    *count = l.n;
    return ok;
}
