#include "model/safetensors.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

#define HEADER_LIMIT 100000000u /* bytes, as in the reference implementation */
#define INDEX_LIMIT (64u << 20)
#define SHARD_LIMIT 1000u

typedef struct file {
    char *path;
    char *name; /* without the folder */
    gb_map map;
    const unsigned char *data; /* after the header */
    uint64_t size;             /* of data */
} file;

typedef struct entry {
    char *name;
    char dtype[16]; /* as in the file; cut when longer than any known one */
    size_t file;
    size_t rank; /* of shape only the first GB_MAX_RANK are kept */
    uint64_t shape[GB_MAX_RANK];
    uint64_t count;
    uint64_t begin, end; /* in the file's data */
} entry;

struct gb_tensors {
    char *source; /* the only file, or the index: for messages */
    file *files;  /* by name */
    size_t n_files;
    entry *entries; /* by name once everything is read */
    size_t n_entries, capacity;
};

/* Bits of an element, for every dtype that the format knows. */
static const struct {
    const char *name;
    unsigned bits;
} dtypes[] = {
    {"BOOL", 8},    {"U8", 8},          {"I8", 8},          {"U16", 16},
    {"I16", 16},    {"F16", 16},        {"BF16", 16},       {"U32", 32},
    {"I32", 32},    {"F32", 32},        {"U64", 64},        {"I64", 64},
    {"F64", 64},    {"C64", 64},        {"F4", 4},          {"F6_E2M3", 6},
    {"F6_E3M2", 6}, {"F8_E5M2", 8},     {"F8_E4M3", 8},     {"F8_E8M0", 8},
    {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8},
};

/* Fills in "path: tensor NAME: " followed by the text. */
static bool refuse(const file *f, const char *name, gb_error *err,
                   const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static bool
refuse(const file *f, const char *name, gb_error *err, const char *format, ...)
{
    char shown[GB_JSON_SHOWN], text[300];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return gb_fail(err, "%s: tensor %s: %s", f->path,
                   gb_json_quote(name, shown), text);
}

/* --- one entry of the header -------------------------------------------- */

/* The product of the shape. False when it does not fit. */
static bool
read_shape(const file *f, const json_t *shape, entry *e, gb_error *err)
{
    const json_t *value;
    uint64_t n;
    size_t i;

    if (!json_is_array(shape))
        return refuse(f, e->name, err, "shape: expected a list of sizes");
    e->rank = json_array_size(shape);
    e->count = 1;
    for (i = 0; i < e->rank; i++) {
        value = json_array_get(shape, i);
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return refuse(f, e->name, err, "shape: expected a list of sizes");
        n = (uint64_t)json_integer_value(value);
        if (__builtin_mul_overflow(e->count, n, &e->count) ||
            e->count > INT64_MAX / 8)
            return refuse(f, e->name, err, "shape: too large");
        if (i < GB_MAX_RANK)
            e->shape[i] = n;
    }
    return true;
}

static bool
read_offsets(const file *f, const json_t *offsets, entry *e, gb_error *err)
{
    const json_t *begin = json_array_get(offsets, 0);
    const json_t *end = json_array_get(offsets, 1);

    if (json_array_size(offsets) != 2 || !json_is_integer(begin) ||
        !json_is_integer(end) || json_integer_value(begin) < 0 ||
        json_integer_value(end) < json_integer_value(begin))
        return refuse(f, e->name, err,
                      "data_offsets: expected [begin, end] with "
                      "0 <= begin <= end");
    e->begin = (uint64_t)json_integer_value(begin);
    e->end = (uint64_t)json_integer_value(end);
    if (e->end > f->size)
        return refuse(f, e->name, err,
                      "data_offsets: expected an end within the file's "
                      "%" PRIu64 " bytes of data, found %" PRIu64,
                      f->size, e->end);
    return true;
}

/* Whether the offsets agree with shape and dtype. The size of a dtype that
 * is not known cannot be told. */
static bool
check_size(const file *f, const entry *e, gb_error *err)
{
    uint64_t bits;
    size_t i;

    for (i = 0; i < GB_COUNT(dtypes); i++)
        if (strcmp(e->dtype, dtypes[i].name) == 0)
            break;
    if (i == GB_COUNT(dtypes))
        return true;
    bits = e->count % 8 * dtypes[i].bits;
    if (bits % 8 == 0 &&
        e->end - e->begin == e->count / 8 * dtypes[i].bits + bits / 8)
        return true;
    return refuse(f, e->name, err,
                  "data_offsets: expected %" PRIu64 " bytes for %" PRIu64
                  " elements of %s, found %" PRIu64,
                  e->count / 8 * dtypes[i].bits + (bits + 7) / 8, e->count,
                  e->dtype, e->end - e->begin);
}

static bool
read_entry(const file *f, const json_t *value, entry *e, gb_error *err)
{
    const char *dtype = json_string_value(json_object_get(value, "dtype"));
    char shown[GB_JSON_SHOWN];

    if (!json_is_object(value))
        return refuse(f, e->name, err, "expected an object, found %s",
                      gb_json_show(value, shown));
    if (dtype == NULL)
        return refuse(f, e->name, err, "dtype: expected a string, found %s",
                      gb_json_show(json_object_get(value, "dtype"), shown));
    snprintf(e->dtype, sizeof e->dtype, "%s", dtype);
    return read_shape(f, json_object_get(value, "shape"), e, err) &&
           read_offsets(f, json_object_get(value, "data_offsets"), e, err) &&
           check_size(f, e, err);
}

/* --- one file ----------------------------------------------------------- */

static entry *
add_entry(gb_tensors *t)
{
    if (t->n_entries == t->capacity) {
        t->capacity = t->capacity > 0 ? 2 * t->capacity : 64;
        t->entries = gb_realloc_array(t->entries, t->capacity,
                                      sizeof *t->entries);
    }
    memset(&t->entries[t->n_entries], 0, sizeof *t->entries);
    return &t->entries[t->n_entries++];
}

static int
compare_offsets(const void *a, const void *b)
{
    const entry *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

/* The tensors of one file must cover its data, one after the other. */
static bool
check_cover(const file *f, entry *entries, size_t n, gb_error *err)
{
    uint64_t at = 0;
    size_t i;

    qsort(entries, n, sizeof *entries, compare_offsets);
    for (i = 0; i < n; i++) {
        if (entries[i].begin < at)
            return refuse(f, entries[i].name, err,
                          "data_offsets: overlaps another tensor: expected "
                          "begin %" PRIu64 ", found %" PRIu64,
                          at, entries[i].begin);
        if (entries[i].begin > at)
            return refuse(f, entries[i].name, err,
                          "data_offsets: leaves a gap: expected begin "
                          "%" PRIu64 ", found %" PRIu64,
                          at, entries[i].begin);
        at = entries[i].end;
    }
    if (at != f->size)
        return gb_fail(err,
                       "%s: expected %" PRIu64 " bytes of data as the header "
                       "says, found %" PRIu64, f->path, at, f->size);
    return true;
}

static bool
read_entries(gb_tensors *t, size_t which, json_t *root, gb_error *err)
{
    const file *f = &t->files[which];
    size_t first = t->n_entries;
    const char *name;
    json_t *value;
    entry *e;

    json_object_foreach(root, name, value) {
        if (strcmp(name, "__metadata__") == 0) {
            if (!json_is_object(value))
                return gb_fail(err, "%s: __metadata__: expected an object",
                               f->path);
            continue;
        }
        e = add_entry(t);
        e->name = gb_strdup(name);
        e->file = which;
        if (!read_entry(f, value, e, err))
            return false;
    }
    if (t->n_entries == first)
        return gb_fail(err, "%s: expected tensors, found none", f->path);
    return check_cover(f, t->entries + first, t->n_entries - first, err);
}

/* Finds where the header ends. */
static bool
read_length(file *f, uint64_t *length, gb_error *err)
{
    uint64_t n = 0;
    int i;

    if (f->map.size < 8)
        return gb_fail(err,
                       "%s: expected a safetensors file, found only %zu bytes",
                       f->path, f->map.size);
    for (i = 7; i >= 0; i--)
        n = n << 8 | f->map.data[i];
    if (n > HEADER_LIMIT)
        return gb_fail(err,
                       "%s: header length: expected at most %u bytes, found "
                       "%" PRIu64 " (is it a safetensors file?)",
                       f->path, HEADER_LIMIT, n);
    if (n > f->map.size - 8)
        return gb_fail(err,
                       "%s: header length: expected at most the file's "
                       "%zu bytes, found %" PRIu64 " (is the file cut off?)",
                       f->path, f->map.size - 8, n);
    if (n == 0 || f->map.data[8] != '{')
        return gb_fail(err, "%s: header: expected a JSON object", f->path);
    f->data = f->map.data + 8 + n;
    f->size = f->map.size - 8 - n;
    *length = n;
    return true;
}

static bool
open_file(gb_tensors *t, size_t which, gb_error *err)
{
    file *f = &t->files[which];
    uint64_t length = 0;
    char *label;
    json_t *root;
    bool ok;

    if (!gb_map_open(&f->map, f->path, err) || !read_length(f, &length, err))
        return false;
    label = gb_format("%s: header", f->path);
    root = gb_json_parse(label, (const char *)f->map.data + 8, length, err);
    free(label);
    ok = root != NULL && read_entries(t, which, root, err);
    json_decref(root);
    return ok;
}

/* --- the index of a model in several files ------------------------------ */

static int
compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

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

/* Collects the names of the shards into t->files, sorted, each once. */
static bool
list_shards(gb_tensors *t, const char *folder, json_t *weight_map,
            gb_error *err)
{
    size_t n = json_object_size(weight_map), i = 0, used = 0;
    const char **names, *name;
    json_t *value;

    json_object_foreach(weight_map, name, value)
        if (!check_shard_name(t, value, err))
            return false;
    names = gb_alloc_array(n, sizeof *names);
    json_object_foreach(weight_map, name, value)
        names[i++] = json_string_value(value);
    qsort(names, n, sizeof *names, compare_strings);
    for (i = 0; i < n; i++)
        if (used == 0 || strcmp(names[i], names[used - 1]) != 0)
            names[used++] = names[i];
    if (used <= SHARD_LIMIT) {
        t->files = gb_alloc_array(used, sizeof *t->files);
        t->n_files = used;
        for (i = 0; i < used; i++) {
            t->files[i].name = gb_strdup(names[i]);
            t->files[i].path = gb_path_join(folder, names[i]);
        }
    }
    free(names);
    if (used > SHARD_LIMIT)
        return gb_fail(err,
                       "%s: weight_map: expected at most %u files, found %zu",
                       t->source, SHARD_LIMIT, used);
    return true;
}

static bool
open_all(gb_tensors *t, gb_error *err)
{
    char shown[GB_JSON_SHOWN];
    size_t i;

    for (i = 0; i < t->n_files; i++)
        if (!open_file(t, i, err))
            return false;
    qsort(t->entries, t->n_entries, sizeof *t->entries, compare_names);
    for (i = 1; i < t->n_entries; i++)
        if (strcmp(t->entries[i - 1].name, t->entries[i].name) == 0)
            return gb_fail(err, "%s: tensor %s: is in %s and in %s", t->source,
                           gb_json_quote(t->entries[i].name, shown),
                           t->files[t->entries[i - 1].file].name,
                           t->files[t->entries[i].file].name);
    return true;
}

static const entry *
find(const gb_tensors *t, const char *name)
{
    entry key = {.name = (char *)(uintptr_t)name};

    if (t->n_entries == 0)
        return NULL;
    return bsearch(&key, t->entries, t->n_entries, sizeof *t->entries,
                   compare_names);
}

/* Every tensor that the index names is in the shard it names. */
static bool
check_index(const gb_tensors *t, json_t *weight_map, gb_error *err)
{
    char shown[GB_JSON_SHOWN];
    const char *name, *shard;
    const entry *e;
    json_t *value;

    json_object_foreach(weight_map, name, value) {
        shard = json_string_value(value);
        e = find(t, name);
        if (e == NULL || strcmp(t->files[e->file].name, shard) != 0)
            return gb_fail(err, "%s: tensor %s: expected in %s, found %s%s",
                           t->source, gb_json_quote(name, shown), shard,
                           e == NULL ? "nowhere" : "in ",
                           e == NULL ? "" : t->files[e->file].name);
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
    ok = ok && list_shards(t, folder, weight_map, err) && open_all(t, err) &&
         check_index(t, weight_map, err);
    json_decref(root);
    return ok;
}

static bool
open_single(gb_tensors *t, gb_error *err)
{
    t->files = gb_alloc_array(1, sizeof *t->files);
    t->n_files = 1;
    t->files[0].path = gb_strdup(t->source);
    t->files[0].name = gb_strdup("model.safetensors");
    return open_all(t, err);
}

/* --- the interface ------------------------------------------------------ */

/* Whether there is anything under this name, be it a broken link. */
static bool
there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static bool
fail_no_weights(const char *folder, gb_error *err)
{
    char *torch = gb_path_join(folder, "pytorch_model.bin");
    bool found = there(torch);

    free(torch);
    return gb_fail(err,
                   "%s: expected model.safetensors or "
                   "model.safetensors.index.json, found %s", folder,
                   found ? "only pytorch_model.bin, which is not read"
                         : "neither");
}

gb_tensors *
gb_tensors_open(const char *folder, gb_error *err)
{
    char *single = gb_path_join(folder, "model.safetensors");
    char *index = gb_path_join(folder, "model.safetensors.index.json");
    gb_tensors *t = gb_alloc(sizeof *t);
    bool ok;

    if (there(single) || !there(index)) {
        t->source = single;
        ok = there(single) ? open_single(t, err)
                           : fail_no_weights(folder, err);
        free(index);
    } else {
        t->source = index;
        ok = open_shards(t, folder, err);
        free(single);
    }
    if (ok)
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
    for (i = 0; i < t->n_files; i++) {
        gb_map_close(&t->files[i].map);
        free(t->files[i].path);
        free(t->files[i].name);
    }
    for (i = 0; i < t->n_entries; i++)
        free(t->entries[i].name);
    free(t->files);
    free(t->entries);
    free(t->source);
    free(t);
}

static const entry *
find_either(const gb_tensors *t, const char *name)
{
    static const char prefix[] = "transformer.";
    const entry *e = find(t, name);
    char *other;

    if (e != NULL)
        return e;
    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        return find(t, name + sizeof prefix - 1);
    other = gb_format("%s%s", prefix, name);
    e = find(t, other);
    free(other);
    return e;
}

bool
gb_tensors_has(const gb_tensors *t, const char *name)
{
    return find_either(t, name) != NULL;
}

bool
gb_tensors_get(const gb_tensors *t, const char *name, gb_tensor *out,
               gb_error *err)
{
    static const char *const known[] = {
        [GB_F32] = "F32", [GB_F16] = "F16", [GB_BF16] = "BF16"};
    const entry *e = find_either(t, name);
    char shown[GB_JSON_SHOWN];
    const file *f;
    size_t i;

    if (e == NULL)
        return gb_fail(err, "%s: tensor \"%s\": expected, but missing",
                       t->source, name);
    f = &t->files[e->file];
    for (i = 0; i < GB_COUNT(known); i++)
        if (strcmp(e->dtype, known[i]) == 0)
            break;
    if (i == GB_COUNT(known))
        return refuse(f, e->name, err,
                      "dtype: expected F32, F16 or BF16, found %s",
                      gb_json_quote(e->dtype, shown));
    if (e->rank > GB_MAX_RANK)
        return refuse(f, e->name, err,
                      "shape: expected at most %d sizes, found %zu",
                      GB_MAX_RANK, e->rank);
    memset(out, 0, sizeof *out);
    out->name = e->name;
    out->path = f->path;
    out->dtype = (gb_dtype)i;
    out->rank = (uint32_t)e->rank;
    memcpy(out->shape, e->shape, sizeof out->shape);
    out->count = e->count;
    out->data = f->data + e->begin;
    out->size = e->end - e->begin;
    return true;
}

uint64_t
gb_tensors_size(const gb_tensors *t)
{
    uint64_t size = 0;
    size_t i;

    for (i = 0; i < t->n_files; i++)
        size += t->files[i].map.size;
    return size;
}

size_t
gb_tensors_files(const gb_tensors *t)
{
    return t->n_files;
}

const gb_map *
gb_tensors_file(const gb_tensors *t, size_t i)
{
    return &t->files[i].map;
}
