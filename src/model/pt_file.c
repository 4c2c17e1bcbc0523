#include "model/pt_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/pickle.h"
#include "model/zip.h"

#define PICKLE_LIMIT (4u << 20) /* bytes; 150 tensors have 20 thousand */

typedef struct reader {
    gb_tensor_file *f;
    gb_zip zip;
    gb_str root; /* the folder that all entries are in, with its slash */
} reader;

/* The pickle of the archive: FOLDER/data.pkl, of which there is one. */
static const gb_zip_entry *
find_pickle(reader *r, gb_error *err)
{
    static const char end[] = "/data.pkl";
    const gb_zip_entry *found = NULL;
    const char *slash;
    size_t i, n = 0;

    for (i = 0; i < r->zip.n; i++) {
        slash = strchr(r->zip.entries[i].name, '/');
        if (slash != NULL && strcmp(slash, end) == 0) {
            found = &r->zip.entries[i];
            n++;
        }
    }
    if (n != 1) {
        gb_fail(err, "%s: expected an archive of PyTorch with one data.pkl, "
                "found %zu", r->f->path, n);
        return NULL;
    }
    gb_str_append(&r->root, found->name, strlen(found->name) - sizeof end + 2);
    return found;
}

/* An entry of the archive below its folder. */
static const gb_zip_entry *
find_entry(const reader *r, const char *folder, const char *name, size_t n)
{
    char *path = gb_format("%s%s%.*s", gb_str_cstr(&r->root), folder, (int)n,
                           name);
    const gb_zip_entry *e = gb_zip_find(&r->zip, path);

    free(path);
    return e;
}

static bool
check_order(const reader *r, gb_error *err)
{
    const gb_zip_entry *e = find_entry(r, "byteorder", "", 0);
    char order[3];
    uint64_t at;

    if (e == NULL || e->size != sizeof order)
        return true;
    if (!gb_zip_locate(&r->zip, e, &at, err) ||
        !gb_source_read(&r->f->source, r->f->path, at, order, sizeof order,
                        err))
        return false;
    return memcmp(order, "big", 3) != 0 ||
           gb_fail(err, "%s: byteorder: expected \"little\", found \"big\"",
                   r->f->path);
}

/* A tensor becomes an entry of the file, where its storage lies. */
static bool
take_tensor(void *arg, const gb_pickled *t, gb_error *err)
{
    reader *r = arg;
    gb_tensor_entry *e = gb_tensor_file_add(r->f, t->name, t->name_size);
    const gb_zip_entry *storage;
    const uint64_t count = t->order == GB_STRIDED ? 0 : t->count;
    uint64_t from, size, at;

    snprintf(e->dtype, sizeof e->dtype, "%s", t->dtype);
    gb_dtype_find(t->dtype, &e->type);
    e->turned = t->order == GB_COLUMNS;
    e->strided = t->order == GB_STRIDED;
    e->rank = t->rank;
    memcpy(e->shape, t->shape, sizeof e->shape);
    e->count = t->count;
    storage = t->key_size < 256
                  ? find_entry(r, "data/", t->key, t->key_size)
                  : NULL;
    if (storage == NULL)
        return gb_tensor_refuse(e, err, "expected its storage in the archive, "
                                "found none");
    if (!gb_zip_locate(&r->zip, storage, &at, err))
        return false;
    if (__builtin_mul_overflow(t->offset, t->element, &from) ||
        __builtin_mul_overflow(count, t->element, &size) ||
        from > storage->size || size > storage->size - from)
        return gb_tensor_refuse(e, err, "expected at most the %" PRIu64
                                " bytes of its storage, found more",
                                storage->size);
    e->begin = at + from;
    e->end = e->begin + size;
    return true;
}

/* The archive's pickle, which the caller frees; NULL is an error. */
static char *
read_pickle(reader *r, size_t *n, gb_error *err)
{
    const gb_zip_entry *pickle;
    uint64_t at;
    char *text;

    if (!gb_zip_open(&r->zip, &r->f->source, r->f->path, err) ||
        (pickle = find_pickle(r, err)) == NULL ||
        !gb_zip_locate(&r->zip, pickle, &at, err) || !check_order(r, err))
        return NULL;
    if (pickle->size > PICKLE_LIMIT) {
        gb_fail(err, "%s: data.pkl: expected at most %u bytes, found "
                "%" PRIu64, r->f->path, PICKLE_LIMIT, pickle->size);
        return NULL;
    }
    *n = (size_t)pickle->size;
    text = gb_alloc(*n + 1);
    if (gb_source_read(&r->f->source, r->f->path, at, text, *n, err))
        return text;
    free(text);
    return NULL;
}

/* What can be told of a file that is no archive. */
static bool
check_begin(const gb_tensor_file *f, const char begin[GB_TENSOR_FILE_BEGIN],
            gb_error *err)
{
    return (unsigned char)begin[0] != 0x80 ||
           gb_fail(err, "%s: expected a file of torch.save since PyTorch 1.6, "
                   "found an older one: load and save it once more, best as "
                   "model.safetensors", f->path);
}

static char *
begin(reader *r, const char *folder, const char *name, size_t *n,
      gb_error *err)
{
    char first[GB_TENSOR_FILE_BEGIN];

    return gb_tensor_file_begin(r->f, folder, name, first, err) &&
                   check_begin(r->f, first, err)
               ? read_pickle(r, n, err)
               : NULL;
}

bool
gb_pt_file_open_in(gb_tensor_file *f, const char *folder, const char *name,
                   const char *of, gb_error *err)
{
    reader r = {.f = f, .root = GB_STR_INIT};
    size_t n;
    char *pickle = begin(&r, folder, name, &n, err);
    bool ok = pickle != NULL &&
              gb_pickle_read(pickle, n, f->path, of, take_tensor, &r, err);

    if (ok && f->n_entries == 0)
        ok = gb_fail(err, "%s: expected tensors by their names, found none",
                     f->path);
    free(pickle);
    gb_zip_close(&r.zip);
    gb_str_free(&r.root);
    return ok;
}

bool
gb_pt_file_open(gb_tensor_file *f, const char *folder, const char *name,
                gb_error *err)
{
    return gb_pt_file_open_in(f, folder, name, NULL, err);
}

json_t *
gb_pt_file_numbers(const char *folder, const char *name, const char *of,
                   gb_error *err)
{
    gb_tensor_file f;
    reader r = {.f = &f, .root = GB_STR_INIT};
    size_t n;
    char *pickle = begin(&r, folder, name, &n, err);
    json_t *numbers =
        pickle != NULL ? gb_pickle_numbers(pickle, n, f.path, of, err) : NULL;

    free(pickle);
    gb_zip_close(&r.zip);
    gb_str_free(&r.root);
    gb_tensor_file_close(&f);
    return numbers;
}
