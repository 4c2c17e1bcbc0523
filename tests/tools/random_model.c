#include "random_model.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define CHUNK 65536 /* elements made and written at a time */

/* Element i is center + scale * x, x uniform in [-1, 1). */
typedef struct spec {
    char name[64]; /* without prefix */
    uint64_t rows, columns; /* columns 0: a vector */
    float center, scale;
} spec;

typedef struct specs {
    spec *data;
    size_t n;
} specs;

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t
fnv1a64(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *s != '\0'; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return h;
}

/* Element i of the tensor with this key; every step is exact but the product
 * and the sum, which round once each. */
static float
element(const spec *t, uint64_t key, uint64_t i)
{
    uint64_t h = mix(key + i * 0x9e3779b97f4a7c15u);
    float x = (float)((int32_t)(h >> 40) - 0x800000) * 0x1p-23f;
    float scaled = t->scale * x;

    return t->center + scaled;
}

static uint16_t
to_bf16(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof u);
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}

/* |f| < 65504; nearest even. Written apart from the program's own conversion,
 * which these files are to test. */
static uint16_t
to_f16(float f)
{
    uint32_t u, sign, mantissa, shift, half, rest;
    int exponent;

    memcpy(&u, &f, sizeof u);
    sign = u >> 16 & 0x8000;
    exponent = (int)(u >> 23 & 0xff) - 127;
    if (exponent < -25)
        return (uint16_t)sign;
    mantissa = (u & 0x7fffff) | 0x800000;
    shift = exponent < -14 ? (uint32_t)(-1 - exponent) : 13;
    half = mantissa >> shift;
    rest = mantissa & ((1u << shift) - 1);
    if (rest > 1u << (shift - 1) || (rest == 1u << (shift - 1) && (half & 1)))
        half++;
    /* The implicit bit of a normal number carries into the exponent. */
    if (exponent >= -14)
        half += (uint32_t)(exponent + 14) << 10;
    return (uint16_t)(sign | half);
}

static void
add(specs *s, const char *name, uint64_t rows, uint64_t columns, double center,
    double scale)
{
    spec *t;

    s->data = gb_realloc_array(s->data, s->n + 1, sizeof *s->data);
    t = &s->data[s->n++];
    memset(t, 0, sizeof *t);
    strcpy(t->name, name);
    t->rows = rows;
    t->columns = columns;
    t->center = (float)center;
    t->scale = (float)scale;
}

/* Of a matrix whose products with vectors of unit variance shall have the
 * standard deviation `gain`. */
static double
spread(double gain, uint32_t fan_in)
{
    return gain * sqrt(3.0 / fan_in);
}

static void
add_block(specs *s, uint32_t layer, uint64_t width, uint64_t inner)
{
    const uint32_t e = (uint32_t)width;
    const struct {
        const char *name;
        uint64_t rows, columns;
        double center, scale;
    } parts[] = {
        {"ln_1.weight", width, 0, 1, 0.2},
        {"ln_1.bias", width, 0, 0, 0.1},
        /* Scores then vary enough for attention to look at few positions. */
        {"attn.c_attn.weight", width, 3 * width, 0, spread(1.5, e)},
        {"attn.c_attn.bias", 3 * width, 0, 0, 0.1},
        {"attn.c_proj.weight", width, width, 0, spread(1, e)},
        {"attn.c_proj.bias", width, 0, 0, 0.1},
        {"ln_2.weight", width, 0, 1, 0.2},
        {"ln_2.bias", width, 0, 0, 0.1},
        {"mlp.c_fc.weight", width, inner, 0, spread(1, e)},
        {"mlp.c_fc.bias", inner, 0, 0, 0.1},
        {"mlp.c_proj.weight", inner, width, 0, spread(1, (uint32_t)inner)},
        {"mlp.c_proj.bias", width, 0, 0, 0.1},
    };
    char name[64];
    size_t i;

    for (i = 0; i < GB_COUNT(parts); i++) {
        snprintf(name, sizeof name, "h.%u.%s", layer, parts[i].name);
        add(s, name, parts[i].rows, parts[i].columns, parts[i].center,
            parts[i].scale);
    }
}

static specs
all_tensors(const gb_random_model *m, uint32_t inner)
{
    specs s = {NULL, 0};
    uint32_t layer;

    /* Logits are a normalized vector times wte: standard deviation 2.5. */
    add(&s, "wte.weight", m->vocab, m->width, 0, spread(2.5, m->width));
    add(&s, "wpe.weight", m->context, m->width, 0, spread(1.25, m->width));
    for (layer = 0; layer < m->layers; layer++)
        add_block(&s, layer, m->width, inner);
    add(&s, "ln_f.weight", m->width, 0, 1, 0.2);
    add(&s, "ln_f.bias", m->width, 0, 0, 0.1);
    if (m->untied)
        add(&s, "lm_head.weight", m->vocab, m->width, 0,
            spread(2.5, m->width));
    return s;
}

static uint64_t
count_of(const spec *t)
{
    return t->rows * (t->columns > 0 ? t->columns : 1);
}

static gb_dtype
dtype_of(const gb_random_model *m, const spec *t)
{
    return m->other != NULL && strstr(t->name, m->other) != NULL
               ? m->other_dtype
               : m->dtype;
}

static uint64_t
element_size(const gb_random_model *m, const spec *t)
{
    return gb_dtype_size(dtype_of(m, t));
}

/* Appends the name as the file has it. */
static void
put_name(gb_str *out, const gb_random_model *m, const spec *t)
{
    bool bare = m->prefix == NULL || strcmp(t->name, "lm_head.weight") == 0;

    gb_str_printf(out, "\"%s%s\"", bare ? "" : m->prefix, t->name);
}

/* The length word and the JSON header of a file with these tensors. */
static void
put_header(gb_str *out, const gb_random_model *m, const spec *t, size_t n)
{
    static const char *const dtypes[] = {"F32", "F16", "BF16", "F64"};
    uint64_t offset = 0, size, length;
    unsigned char word[8];
    gb_str json = GB_STR_INIT;
    size_t i;

    gb_str_puts(&json, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (i = 0; i < n; i++) {
        size = count_of(&t[i]) * element_size(m, &t[i]);
        gb_str_putc(&json, ',');
        put_name(&json, m, &t[i]);
        gb_str_printf(&json, ":{\"dtype\":\"%s\",\"shape\":[%ju",
                      dtypes[dtype_of(m, &t[i])], (uintmax_t)t[i].rows);
        if (t[i].columns > 0)
            gb_str_printf(&json, ",%ju", (uintmax_t)t[i].columns);
        gb_str_printf(&json, "],\"data_offsets\":[%ju,%ju]}",
                      (uintmax_t)offset, (uintmax_t)(offset + size));
        offset += size;
    }
    gb_str_putc(&json, '}');
    while (json.len % 8 != 0)
        gb_str_putc(&json, ' ');
    length = json.len;
    for (i = 0; i < 8; i++)
        word[i] = (unsigned char)(length >> 8 * i);
    gb_str_append(out, word, sizeof word);
    gb_str_append(out, json.data, json.len);
    gb_str_free(&json);
}

/* Little-endian bytes of elements [from, from + n). */
static void
fill(const spec *t, gb_dtype dtype, uint64_t key, uint64_t from, size_t n,
     unsigned char *out)
{
    uint64_t w;
    uint32_t u;
    uint16_t h;
    double d;
    float f;
    size_t i;
    int k;

    for (i = 0; i < n; i++) {
        f = element(t, key, from + i);
        if (dtype == GB_F64) {
            d = (double)f;
            memcpy(&w, &d, sizeof w);
            for (k = 0; k < 8; k++)
                *out++ = (unsigned char)(w >> 8 * k);
        } else if (dtype == GB_F32) {
            memcpy(&u, &f, sizeof u);
            *out++ = (unsigned char)u;
            *out++ = (unsigned char)(u >> 8);
            *out++ = (unsigned char)(u >> 16);
            *out++ = (unsigned char)(u >> 24);
        } else {
            h = dtype == GB_F16 ? to_f16(f) : to_bf16(f);
            *out++ = (unsigned char)h;
            *out++ = (unsigned char)(h >> 8);
        }
    }
}

/* A hole of n bytes at the end of the file. */
static bool
write_hole(int fd, const char *path, uint64_t n, gb_error *err)
{
    off_t end = lseek(fd, 0, SEEK_CUR) + (off_t)n;

    return (ftruncate(fd, end) == 0 && lseek(fd, end, SEEK_SET) == end) ||
           gb_fail(err, "%s: cannot write: %s", path, strerror(errno));
}

static bool
write_tensor(int fd, const char *path, const gb_random_model *m, const spec *t,
             unsigned char *buffer, gb_error *err)
{
    uint64_t key = mix(fnv1a64(t->name) + m->seed);
    uint64_t i, n, count = count_of(t);

    if (m->hollow)
        return write_hole(fd, path, count * element_size(m, t), err);
    for (i = 0; i < count; i += n) {
        n = count - i < CHUNK ? count - i : CHUNK;
        fill(t, dtype_of(m, t), key, i, (size_t)n, buffer);
        if (!gb_fd_write(fd, path, buffer, (size_t)(n * element_size(m, t)),
                         err))
            return false;
    }
    return true;
}

static bool
write_weights(const char *path, const gb_random_model *m, const spec *t,
              size_t n, gb_error *err)
{
    unsigned char *buffer;
    gb_str header = GB_STR_INIT;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    size_t i;
    bool ok;

    if (fd < 0)
        return gb_fail(err, "%s: cannot create: %s", path, strerror(errno));
    buffer = gb_alloc_array(CHUNK, 8);
    put_header(&header, m, t, n);
    ok = gb_fd_write(fd, path, header.data, header.len, err);
    for (i = 0; ok && i < n; i++)
        ok = write_tensor(fd, path, m, &t[i], buffer, err);
    if (close(fd) != 0 && ok)
        ok = gb_fail(err, "%s: cannot write: %s", path, strerror(errno));
    gb_str_free(&header);
    free(buffer);
    return ok;
}

static bool
write_text(const char *folder, const char *name, gb_str *text, gb_error *err)
{
    char *path = gb_path_join(folder, name);
    bool ok = gb_file_replace(path, gb_str_cstr(text), text->len, 0644, err);

    free(path);
    gb_str_free(text);
    return ok;
}

/* Where tensor i goes: shards of about equally many tensors. */
static uint32_t
shard_of(const gb_random_model *m, const specs *s, size_t i)
{
    return (uint32_t)(i * m->shards / s->n);
}

static char *
shard_name(const gb_random_model *m, uint32_t shard)
{
    return gb_format("model-%05u-of-%05u.safetensors", shard + 1, m->shards);
}

static bool
write_index(const gb_random_model *m, const specs *s, const char *folder,
            gb_error *err)
{
    gb_str json = GB_STR_INIT;
    uint64_t total = 0;
    char *name;
    size_t i;

    for (i = 0; i < s->n; i++)
        total += count_of(&s->data[i]) * element_size(m, &s->data[i]);
    gb_str_printf(&json, "{\"metadata\":{\"total_size\":%ju},\"weight_map\":{",
                  (uintmax_t)total);
    for (i = 0; i < s->n; i++) {
        if (i > 0)
            gb_str_putc(&json, ',');
        put_name(&json, m, &s->data[i]);
        name = shard_name(m, shard_of(m, s, i));
        gb_str_printf(&json, ":\"%s\"", name);
        free(name);
    }
    gb_str_puts(&json, "}}\n");
    return write_text(folder, "model.safetensors.index.json", &json, err);
}

static bool
write_shards(const gb_random_model *m, const specs *s, const char *folder,
             gb_error *err)
{
    size_t from = 0, to;
    char *name, *path;
    uint32_t shard;
    bool ok = write_index(m, s, folder, err);

    for (shard = 0; ok && shard < m->shards; shard++) {
        for (to = from; to < s->n && shard_of(m, s, to) == shard; to++)
            continue;
        name = shard_name(m, shard);
        path = gb_path_join(folder, name);
        ok = write_weights(path, m, s->data + from, to - from, err);
        from = to;
        free(path);
        free(name);
    }
    return ok;
}

static bool
write_config(const gb_random_model *m, const char *folder, gb_error *err)
{
    static const char *const dtypes[] = {"float32", "float16", "bfloat16",
                                         "float64"};
    gb_str json = GB_STR_INIT;

    gb_str_puts(&json, "{\n  \"architectures\": [\"GPT2LMHeadModel\"],\n"
                       "  \"model_type\": \"gpt2\",\n"
                       "  \"activation_function\": \"gelu_new\",\n");
    gb_str_printf(&json, "  \"n_layer\": %u,\n  \"n_head\": %u,\n", m->layers,
                  m->heads);
    gb_str_printf(&json, "  \"n_embd\": %u,\n", m->width);
    if (m->inner > 0)
        gb_str_printf(&json, "  \"n_inner\": %u,\n", m->inner);
    else
        gb_str_puts(&json, "  \"n_inner\": null,\n");
    gb_str_printf(&json, "  \"n_positions\": %u,\n  \"n_ctx\": %u,\n",
                  m->context, m->context);
    gb_str_printf(&json, "  \"vocab_size\": %u,\n", m->vocab);
    gb_str_puts(&json, "  \"layer_norm_epsilon\": 1e-05,\n");
    gb_str_printf(&json, "  \"bos_token_id\": %u,\n  \"eos_token_id\": %u,\n",
                  m->vocab - 1, m->vocab - 1);
    gb_str_printf(&json, "  \"tie_word_embeddings\": %s,\n",
                  m->untied ? "false" : "true");
    gb_str_printf(&json, "  \"torch_dtype\": \"%s\"\n}\n", dtypes[m->dtype]);
    return write_text(folder, "config.json", &json, err);
}

static bool
check(const gb_random_model *m, const specs *s, gb_error *err)
{
    if (m->shards > s->n)
        return gb_fail_usage(err, "shards: at most %zu (one a tensor), not %u",
                             s->n, m->shards);
    if (m->prefix != NULL && (strlen(m->prefix) > 64 ||
                              strpbrk(m->prefix, "\"\\\n\r\t") != NULL))
        return gb_fail_usage(err, "prefix: expected a short plain word");
    return true;
}

bool
gb_random_model_write(const gb_random_model *m, const char *folder,
                      gb_error *err)
{
    uint32_t inner = m->inner > 0 ? m->inner : 4 * m->width;
    char *path;
    specs s;
    bool ok;

    if (m->layers == 0 || m->width == 0 || m->heads == 0 || m->vocab == 0 ||
        m->context == 0)
        return gb_fail_usage(err, "layers, width, heads, vocab and context "
                                  "must be at least 1");
    s = all_tensors(m, inner);
    ok = check(m, &s, err) && gb_make_folders(folder, err) &&
         write_config(m, folder, err);
    if (ok && m->shards > 1)
        ok = write_shards(m, &s, folder, err);
    else if (ok) {
        path = gb_path_join(folder, "model.safetensors");
        ok = write_weights(path, m, s.data, s.n, err);
        free(path);
    }
    if (ok && !m->no_tokenizer && m->vocab >= 257)
        ok = gb_random_tokenizer_write(m->vocab, folder, err);
    free(s.data);
    return ok;
}
