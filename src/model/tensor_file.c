#include "model/tensor_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

bool
gb_tensor_refuse(const gb_tensor_entry *e, gb_error *err, const char *format,
                 ...)
{
    char shown[GB_JSON_SHOWN], text[300];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return gb_fail(err, "%s: tensor %s: %s", e->file->path,
                   gb_json_quote(e->name, shown), text);
}

const char *
gb_tensor_key(const char *name)
{
    static const char *const prefixes[] = {"_orig_mod.", "module."};
    size_t i = 0, n;

    while (i < GB_COUNT(prefixes)) {
        n = strlen(prefixes[i]);
        if (strncmp(name, prefixes[i], n) == 0) {
            name += n;
            i = 0;
        } else {
            i++;
        }
    }
    return name;
}

gb_tensor_entry *
gb_tensor_file_add(gb_tensor_file *f, const char *name, size_t n)
{
    gb_tensor_entry *e;

    if (f->n_entries == f->capacity) {
        f->capacity = f->capacity > 0 ? 2 * f->capacity : 64;
        f->entries = gb_realloc_array(f->entries, f->capacity,
                                      sizeof *f->entries);
    }
    e = &f->entries[f->n_entries++];
    memset(e, 0, sizeof *e);
    e->file = f;
    e->type = GB_DTYPES;
    e->name = gb_strndup(name, n);
    e->key = gb_strdup(gb_tensor_key(e->name));
    return e;
}

static int
compare_offsets(const void *a, const void *b)
{
    const gb_tensor_entry *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

void
gb_tensor_file_sort(gb_tensor_file *f)
{
    if (f->n_entries > 0)
        qsort(f->entries, f->n_entries, sizeof *f->entries, compare_offsets);
}

void
gb_tensor_turn(gb_tensor_entry *e)
{
    const uint64_t rows = e->shape[0];

    if (e->rank != 2)
        return;
    e->shape[0] = e->shape[1];
    e->shape[1] = rows;
    e->turned = !e->turned;
}

bool
gb_tensor_file_begin(gb_tensor_file *f, const char *folder, const char *name,
                     char begin[GB_TENSOR_FILE_BEGIN], gb_error *err)
{
    size_t n = GB_TENSOR_FILE_BEGIN;

    memset(f, 0, sizeof *f);
    memset(begin, 0, n);
    f->path = gb_path_join(folder, name);
    f->name = gb_strdup(name);
    f->dtypes = "F32, F16, BF16 or F64";
    if (!gb_source_open(&f->source, f->path, err))
        return false;
    if (f->source.size < n)
        n = (size_t)f->source.size;
    return gb_source_read(&f->source, f->path, 0, begin, n, err) &&
           gb_check_lfs(f->path, begin, n, err);
}

void
gb_tensor_file_close(gb_tensor_file *f)
{
    size_t i;

    for (i = 0; i < f->n_entries; i++) {
        free(f->entries[i].name);
        free(f->entries[i].key);
    }
    free(f->entries);
    gb_source_close(&f->source);
    free(f->path);
    free(f->name);
}
