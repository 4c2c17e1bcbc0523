#include "model/st_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define HEADER_LIMIT 100000000u /* bytes, as in the reference implementation */

/* Bits of an element, for every dtype that the format knows. */
static const struct {
    const char *name;
    unsigned bits;
} dtypes[] = {
    {"BOOL", 8},        {"U8", 8},          {"I8", 8},       {"U16", 16},
    {"I16", 16},        {"F16", 16},        {"BF16", 16},    {"U32", 32},
    {"I32", 32},        {"F32", 32},        {"U64", 64},     {"I64", 64},
    {"F64", 64},        {"C64", 64},        {"F4", 4},       {"F6_E2M3", 6},
    {"F6_E3M2", 6},     {"F8_E5M2", 8},     {"F8_E4M3", 8},  {"F8_E8M0", 8},
    {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8},
};

/* Reads rank and shape, and counts the elements. */
static bool
read_shape(const json_t *shape, gb_tensor_entry *e, gb_error *err)
{
    char shown[GB_JSON_SHOWN];
    const json_t *value;
    uint64_t n;
    size_t i;

    if (!json_is_array(shape))
        return gb_tensor_refuse(e, err, "shape: expected a list, found %s",
                            gb_json_show(shape, shown));
    e->rank = json_array_size(shape);
    e->count = 1;
    for (i = 0; i < e->rank; i++) {
        value = json_array_get(shape, i);
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return gb_tensor_refuse(e, err,
                                "shape: expected integers from 0, found %s",
                                gb_json_show(value, shown));
        n = (uint64_t)json_integer_value(value);
        if (__builtin_mul_overflow(e->count, n, &e->count) ||
            e->count > INT64_MAX / 8)
            return gb_tensor_refuse(e, err,
                                "shape: expected at most 2^60 elements, "
                                "found more");
        if (i < GB_MAX_RANK)
            e->shape[i] = n;
    }
    return true;
}

static bool
read_offsets(const json_t *offsets, gb_tensor_entry *e, gb_error *err)
{
    const json_t *begin = json_array_get(offsets, 0);
    const json_t *end = json_array_get(offsets, 1);
    char shown[2][GB_JSON_SHOWN];

    if (json_array_size(offsets) != 2)
        return gb_tensor_refuse(e, err,
                            "data_offsets: expected two numbers, found %s",
                            json_is_array(offsets)
                                ? "another count"
                                : gb_json_show(offsets, shown[0]));
    if (!json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 ||
        json_integer_value(end) < json_integer_value(begin))
        return gb_tensor_refuse(e, err,
                            "data_offsets: expected [begin, end] with "
                            "0 <= begin <= end, found [%s, %s]",
                            gb_json_show(begin, shown[0]),
                            gb_json_show(end, shown[1]));
    e->begin = (uint64_t)json_integer_value(begin);
    e->end = (uint64_t)json_integer_value(end);
    if (e->end > e->file->size)
        return gb_tensor_refuse(e, err,
                            "data_offsets: expected an end within the file's "
                            "%" PRIu64 " bytes of data, found %" PRIu64,
                            e->file->size, e->end);
    return true;
}

/* Finds the dtype, and whether the offsets agree with it and the shape. The
 * size of one that is not known cannot be told. */
static bool
read_dtype(gb_tensor_entry *e, gb_error *err)
{
    uint64_t bits, bytes;
    size_t i;

    for (i = 0; i < GB_COUNT(dtypes); i++)
        if (strcmp(e->dtype, dtypes[i].name) == 0)
            break;
    if (i == GB_COUNT(dtypes))
        return true;
    gb_dtype_find(e->dtype, &e->type);
    bits = e->count % 8 * dtypes[i].bits;
    bytes = e->count / 8 * dtypes[i].bits + (bits + 7) / 8;
    if (bits % 8 == 0 && e->end - e->begin == bytes)
        return true;
    return gb_tensor_refuse(e, err,
                        "data_offsets: expected %" PRIu64 " bytes for "
                        "%" PRIu64 " elements of %s, found %" PRIu64,
                        bytes, e->count, e->dtype, e->end - e->begin);
}

static bool
read_entry(const json_t *value, gb_tensor_entry *e, gb_error *err)
{
    const json_t *dtype = json_object_get(value, "dtype");
    char shown[GB_JSON_SHOWN];

    if (!json_is_object(value))
        return gb_tensor_refuse(e, err, "expected an object, found %s",
                            gb_json_show(value, shown));
    if (!json_is_string(dtype))
        return gb_tensor_refuse(e, err, "dtype: expected a string, found %s",
                            gb_json_show(dtype, shown));
    snprintf(e->dtype, sizeof e->dtype, "%s", json_string_value(dtype));
    return read_shape(json_object_get(value, "shape"), e, err) &&
           read_offsets(json_object_get(value, "data_offsets"), e, err) &&
           read_dtype(e, err);
}

/* The tensors must cover the data, one after the other. */
static bool
check_cover(gb_tensor_file *f, gb_error *err)
{
    const gb_tensor_entry *e;
    uint64_t at = 0;
    size_t i;

    gb_tensor_file_sort(f);
    for (i = 0; i < f->n_entries; i++) {
        e = &f->entries[i];
        if (e->begin != at)
            return gb_tensor_refuse(e, err,
                                "data_offsets: %s: expected begin %" PRIu64
                                ", found %" PRIu64,
                                e->begin < at ? "overlaps another tensor"
                                              : "leaves a gap",
                                at, e->begin);
        at = e->end;
    }
    if (at != f->size)
        return gb_fail(err,
                       "%s: expected %" PRIu64 " bytes of data as the header "
                       "says, found %" PRIu64, f->path, at, f->size);
    return true;
}

static bool
read_entries(gb_tensor_file *f, json_t *root, gb_error *err)
{
    char shown[GB_JSON_SHOWN];
    const char *name;
    json_t *value;
    gb_tensor_entry *e;

    json_object_foreach(root, name, value) {
        if (strcmp(name, "__metadata__") == 0) {
            if (!json_is_object(value))
                return gb_fail(err,
                               "%s: __metadata__: expected an object, found %s",
                               f->path, gb_json_show(value, shown));
            continue;
        }
        e = gb_tensor_file_add(f, name, strlen(name));
        if (!read_entry(value, e, err))
            return false;
    }
    if (f->n_entries == 0)
        return gb_fail(err, "%s: expected tensors, found none", f->path);
    return check_cover(f, err);
}

/* Finds where the header ends and the data begins. */
static bool
read_length(gb_tensor_file *f, const char begin[GB_TENSOR_FILE_BEGIN],
            gb_error *err)
{
    unsigned char bytes[8];
    uint64_t n = 0;
    int i;

    if (f->source.size < sizeof bytes)
        return gb_fail(err,
                       "%s: expected a safetensors file, found %" PRIu64
                       " bytes (is the file cut off?)",
                       f->path, f->source.size);
    memcpy(bytes, begin, sizeof bytes);
    for (i = 7; i >= 0; i--)
        n = n << 8 | bytes[i];
    if (n > HEADER_LIMIT)
        return gb_fail(err,
                       "%s: header length: expected at most %u bytes, found "
                       "%" PRIu64 " (is it a safetensors file?)",
                       f->path, HEADER_LIMIT, n);
    f->data = sizeof bytes + n;
    if (f->data > f->source.size)
        return gb_fail(err,
                       "%s: header length: expected at most the %" PRIu64
                       " bytes that follow in the file, found %" PRIu64
                       " (is the file cut off?)",
                       f->path, f->source.size - sizeof bytes, n);
    f->size = f->source.size - f->data;
    return true;
}

/* The header as JSON. */
static json_t *
read_header(gb_tensor_file *f, gb_error *err)
{
    size_t n = (size_t)f->data - 8;
    char *text = gb_try_alloc(n + 1, 1), *label;
    json_t *root = NULL;

    label = gb_format("%s: header", f->path);
    if (text == NULL)
        gb_fail(err, "%s: out of memory for %zu bytes", label, n);
    else if (!gb_source_read(&f->source, f->path, 8, text, n, err))
        root = NULL;
    else if (text[0] != '{')
        gb_fail(err, "%s: expected a JSON object", label);
    else
        root = gb_json_parse(label, text, n, err);
    free(label);
    free(text);
    return root;
}

bool
gb_st_file_open(gb_tensor_file *f, const char *folder, const char *name,
                gb_error *err)
{
    char begin[GB_TENSOR_FILE_BEGIN];
    json_t *root;
    bool ok;

    if (!gb_tensor_file_begin(f, folder, name, begin, err) ||
        !read_length(f, begin, err))
        return false;
    root = read_header(f, err);
    ok = root != NULL && read_entries(f, root, err);
    json_decref(root);
    return ok;
}
