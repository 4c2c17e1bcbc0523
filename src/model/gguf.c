#include "model/gguf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/round.h"
#include "model/gguf_stream.h"

#define VALUES_LIMIT GB_JSON_MAX_VALUES
#define ALIGNMENT 32u
#define MOST_ALIGNMENT 65536u

/* Types of values. */
enum {
    U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64,
    VALUE_TYPES,
};

static const unsigned char value_sizes[VALUE_TYPES] = {
    [U8] = 1,  [I8] = 1,  [U16] = 2,  [I16] = 2, [U32] = 4, [I32] = 4,
    [F32] = 4, [BOOL] = 1, [U64] = 8, [I64] = 8, [F64] = 8,
};

typedef struct reader {
    gb_gguf *g;
    gb_gguf_stream s;
    uint64_t values; /* that were read */
    uint64_t alignment;
} reader;

/* --- metadata ----------------------------------------------------------- */

static json_t *
make_number(uint32_t type, uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    double real;
    float single;

    switch (type) {
    case I8: return json_integer((int8_t)bits);
    case I16: return json_integer((int16_t)bits);
    case I32: return json_integer((int32_t)bits);
    case I64: return json_integer((int64_t)bits);
    case BOOL: return json_boolean(bits != 0);
    case F32:
        memcpy(&single, &low, sizeof single);
        real = (double)single;
        break;
    case F64:
        memcpy(&real, &bits, sizeof real);
        break;
    default: return gb_json_u64(bits);
    }
    return real - real == 0 ? json_real(real) : json_null();
}

/* A value that is no array. */
static json_t *
take_scalar(reader *r, uint32_t type)
{
    const size_t size = value_sizes[type];
    uint64_t n = 0, bits = 0;
    const char *p;

    if (type == STRING) {
        p = gb_gguf_take_text(&r->s, &n);
        return p != NULL ? gb_json_text(p, (size_t)n) : NULL;
    }
    p = gb_gguf_take(&r->s, size);
    if (p == NULL)
        return NULL;
    for (n = size; n-- > 0;)
        bits = bits << 8 | (unsigned char)p[n];
    return make_number(type, bits);
}

static bool
check_type(const reader *r, uint32_t type, bool array)
{
    if (type < VALUE_TYPES && (!array || type != ARRAY))
        return true;
    if (type == ARRAY)
        return gb_gguf_refuse(&r->s, "expected a list of texts or numbers, "
                              "found one of lists");
    return gb_gguf_refuse(&r->s, "expected a value of a type below %u, found "
                          "type %" PRIu32, VALUE_TYPES, type);
}

/* Counts what is to come: every value takes some bytes of the file. */
static bool
count_values(reader *r, const char *what, uint64_t n)
{
    const uint64_t most = gb_gguf_left(&r->s) < VALUES_LIMIT - r->values
                              ? gb_gguf_left(&r->s)
                              : VALUES_LIMIT - r->values;

    if (n > most)
        return gb_gguf_refuse(&r->s, "expected %s of at most %" PRIu64
                              " values, found a length of %" PRIu64, what,
                              most, n);
    r->values += n;
    return true;
}

static json_t *
take_array(reader *r)
{
    uint32_t type = 0;
    uint64_t n = 0;
    json_t *list, *one;

    if (!gb_gguf_take_u32(&r->s, &type) || !check_type(r, type, true) ||
        !gb_gguf_take_u64(&r->s, &n) || !count_values(r, "a list", n))
        return NULL;
    list = json_array();
    for (; n > 0; n--) {
        one = take_scalar(r, type);
        if (one == NULL) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, one);
    }
    return list;
}

/* What must be known before anything else is believed. */
static bool
check_early(reader *r, const char *key, const json_t *value)
{
    const json_int_t n = json_integer_value(value);

    if (strcmp(key, "general.architecture") == 0 &&
        (!json_is_string(value) ||
         strcmp(json_string_value(value), "gpt2") != 0))
        return gb_json_refuse_field(r->g->path, key, "\"gpt2\", the one "
                                    "architecture that is computed here,",
                                    value, r->s.err);
    if (strcmp(key, "split.count") == 0 && n > 1)
        return gb_json_refuse_field(r->g->path, key, "one file (llama.cpp's "
                                    "llama-gguf-split --merge makes one of "
                                    "the parts)", value, r->s.err);
    if (strcmp(key, "general.alignment") != 0)
        return true;
    r->alignment = (uint64_t)n;
    return (n > 0 && n <= MOST_ALIGNMENT && n % 8 == 0) ||
           gb_json_refuse_field(r->g->path, key, "a multiple of 8 up to 65536",
                                value, r->s.err);
}

static bool
read_pair(reader *r)
{
    char *key = gb_gguf_take_name(&r->s), shown[GB_JSON_SHOWN];
    json_t *value = NULL;
    uint32_t type = 0;
    bool ok = key != NULL && gb_gguf_take_u32(&r->s, &type) &&
              check_type(r, type, false);

    if (ok) {
        value = type == ARRAY ? take_array(r) : take_scalar(r, type);
        ok = value != NULL && check_early(r, key, value);
    }
    if (ok && json_object_get(r->g->metadata, key) != NULL)
        ok = gb_gguf_refuse(&r->s, "expected each key once, found %s twice",
                            gb_json_quote(key, shown));
    if (ok && json_object_set(r->g->metadata, key, value) != 0)
        ok = gb_gguf_refuse(&r->s, "expected a key in UTF-8, found %s",
                            gb_json_quote(key, shown));
    json_decref(value);
    free(key);
    return ok;
}

/* --- tensors ------------------------------------------------------------ */

/* Sizes come in the order in which they vary in the file. */
static bool
read_shape(reader *r, gb_tensor_entry *e)
{
    uint64_t sizes[GB_MAX_RANK] = {0};
    uint32_t rank = 0, i;

    if (!gb_gguf_take_u32(&r->s, &rank))
        return false;
    if (rank > GB_MAX_RANK)
        return gb_tensor_refuse(e, r->s.err, "expected at most %d sizes, found "
                                "%" PRIu32, GB_MAX_RANK, rank);
    e->rank = rank;
    for (e->count = 1, i = 0; i < rank; i++) {
        if (!gb_gguf_take_u64(&r->s, &sizes[i]))
            return false;
        if (__builtin_mul_overflow(e->count, sizes[i], &e->count) ||
            e->count > INT64_MAX / 8)
            return gb_tensor_refuse(e, r->s.err, "expected at most 2^60 "
                                    "elements, found more");
    }
    for (i = 0; i < rank; i++)
        e->shape[i] = sizes[rank - 1 - i];
    return true;
}

static bool
read_type(reader *r, gb_tensor_entry *e)
{
    const char *name;
    uint32_t type = 0;
    uint64_t row = e->rank > 0 ? e->shape[e->rank - 1] : 1;

    if (!gb_gguf_take_u32(&r->s, &type))
        return false;
    name = gb_gguf_type_name(type);
    if (name != NULL)
        snprintf(e->dtype, sizeof e->dtype, "%s", name);
    else
        snprintf(e->dtype, sizeof e->dtype, "type %" PRIu32, type);
    if (!gb_dtype_find(e->dtype, &e->type) ||
        row % gb_dtype_block(e->type) == 0)
        return true;
    return gb_tensor_refuse(e, r->s.err, "expected rows of whole blocks of "
                            "%zu, as %s has them, found %" PRIu64,
                            gb_dtype_block(e->type), e->dtype, row);
}

static bool
read_tensor(reader *r)
{
    char *name = gb_gguf_take_name(&r->s), *key;
    gb_tensor_entry *e;

    if (name == NULL)
        return false;
    e = gb_tensor_file_add(&r->g->file, name, strlen(name));
    key = gb_gguf_key(name);
    free(name);
    if (key != NULL) {
        free(e->key);
        e->key = key;
    }
    if (!read_shape(r, e) || !read_type(r, e) ||
        !gb_gguf_take_u64(&r->s, &e->begin))
        return false;
    if (strncmp(e->key, "h.", 2) == 0)
        gb_tensor_turn(e);
    return e->begin % r->alignment == 0 ||
           gb_tensor_refuse(e, r->s.err, "expected an offset that %" PRIu64
                            " divides (general.alignment), found %" PRIu64,
                            r->alignment, e->begin);
}

/* Where a tensor ends; of a type that is not known no further than it begins,
 * until check_order knows better. */
static bool
check_tensor(const reader *r, gb_tensor_entry *e)
{
    const uint64_t all = r->g->file.size;
    uint64_t size;

    e->file = &r->g->file;
    if (e->begin > all)
        return gb_tensor_refuse(e, r->s.err, "expected an offset within the "
                                "file's %" PRIu64 " bytes of data, found "
                                "%" PRIu64, all, e->begin);
    e->end = e->begin;
    if (e->type == GB_DTYPES)
        return true;
    size = e->count / gb_dtype_block(e->type);
    if (__builtin_mul_overflow(size, gb_dtype_size(e->type), &size) ||
        size > all - e->begin)
        return gb_tensor_refuse(e, r->s.err, "expected its %" PRIu64
                                " elements of %s within the file, found its "
                                "end (is it cut off?)", e->count, e->dtype);
    e->end = e->begin + size;
    return true;
}

/* None reaches into the next; what is of a type that is not known, which
 * nobody reads, goes on to there. */
static bool
check_order(const reader *r)
{
    gb_tensor_file *f = &r->g->file;
    gb_tensor_entry *e;
    uint64_t next;
    size_t i;

    gb_tensor_file_sort(f);
    for (i = 0; i < f->n_entries; i++) {
        e = &f->entries[i];
        next = i + 1 < f->n_entries ? e[1].begin : f->size;
        if (e->end > next)
            return gb_tensor_refuse(&e[1], r->s.err, "expected an offset from "
                                    "%" PRIu64 " on, where the tensor before "
                                    "it ends, found %" PRIu64, e->end, next);
        if (e->type == GB_DTYPES)
            e->end = next;
    }
    return true;
}

static bool
check_tensors(const reader *r)
{
    const gb_tensor_file *f = &r->g->file;
    size_t i;

    if (f->n_entries == 0)
        return gb_fail(r->s.err, "%s: expected tensors, found none",
                       r->g->path);
    for (i = 0; i < f->n_entries; i++)
        if (!check_tensor(r, &f->entries[i]))
            return false;
    return check_order(r);
}

/* --- the file ----------------------------------------------------------- */

static bool
check_version(reader *r)
{
    uint32_t version = 0;

    if (gb_gguf_take(&r->s, 4) == NULL || !gb_gguf_take_u32(&r->s, &version))
        return false;
    if (version == 2 || version == 3)
        return true;
    if (version != 0 && (version & 0xffff) == 0)
        return gb_gguf_refuse(&r->s, "expected a little-endian file, found a "
                              "big-endian one");
    return gb_gguf_refuse(&r->s, "expected version 2 or 3 of GGUF, found "
                          "%" PRIu32 " (convert the model anew)", version);
}

static bool
read_file(reader *r)
{
    uint64_t tensors = 0, pairs = 0, i;

    if (!check_version(r) || !gb_gguf_take_u64(&r->s, &tensors) ||
        !gb_gguf_take_u64(&r->s, &pairs) ||
        !count_values(r, "metadata", pairs) ||
        !count_values(r, "a list of tensors", tensors))
        return false;
    for (i = 0; i < pairs; i++)
        if (!read_pair(r))
            return false;
    for (i = 0; i < tensors; i++)
        if (!read_tensor(r))
            return false;
    r->g->file.spell = gb_gguf_name;
    r->g->file.dtypes = "F32, F16, BF16, F64, Q8_0, Q5_0, Q5_1, Q4_0, Q4_1, "
                        "Q6_K, Q5_K, Q4_K, Q3_K or Q2_K";
    r->g->file.data = gb_round_up(r->s.at, r->alignment);
    if (r->g->file.data > r->g->file.source.size)
        r->g->file.data = r->g->file.source.size;
    r->g->file.size = r->g->file.source.size - r->g->file.data;
    return check_tensors(r);
}

/* Says what a file is that is none of GGUF. */
static bool
check_begin(const gb_gguf *g, const char *begin, gb_error *err)
{
    static const char *const older[] = {"lmgg", "fmgg", "tjgg", "algg"};
    size_t i;

    for (i = 0; i < GB_COUNT(older); i++)
        if (memcmp(begin, older[i], 4) == 0)
            return gb_fail(err, "%s: expected a GGUF file, found one of "
                           "ggml's older formats: convert the model anew",
                           g->path);
    return memcmp(begin, "GGUF", 4) == 0 ||
           gb_fail(err, "%s: expected a GGUF file or the folder of a model, "
                   "found another file", g->path);
}

gb_gguf *
gb_gguf_open(const char *path, gb_error *err)
{
    const char *slash = strrchr(path, '/');
    char begin[GB_TENSOR_FILE_BEGIN], *folder;
    gb_gguf *g = gb_alloc(sizeof *g);
    reader r = {.g = g, .alignment = ALIGNMENT,
                .s = {.source = &g->file.source, .err = err}};
    bool ok;

    folder = slash != NULL ? gb_strndup(path, (size_t)(slash - path) + 1)
                           : gb_strdup(".");
    r.s.path = g->path = gb_strdup(path);
    g->metadata = json_object();
    ok = gb_tensor_file_begin(&g->file, folder, slash != NULL ? slash + 1
                                                              : path,
                              begin, err) &&
         check_begin(g, begin, err) && read_file(&r);
    gb_gguf_stream_close(&r.s);
    free(folder);
    if (ok)
        return g;
    gb_gguf_close(g);
    return NULL;
}

gb_tensor_file
gb_gguf_take_file(gb_gguf *g)
{
    gb_tensor_file f = g->file;

    g->file = (gb_tensor_file){.source = {.fd = -1}};
    return f;
}

void
gb_gguf_close(gb_gguf *g)
{
    if (g == NULL)
        return;
    gb_tensor_file_close(&g->file);
    json_decref(g->metadata);
    free(g->path);
    free(g);
}
