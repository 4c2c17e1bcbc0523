#include "model/model.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/ckpt.h"
#include "model/gguf.h"
#include "model/meta.h"
#include "model/tokenizer_files.h"

/* "[4096, 192]" */
static void
show_shape(gb_str *out, uint32_t rank, const uint64_t *shape)
{
    uint32_t i;

    gb_str_putc(out, '[');
    for (i = 0; i < rank; i++)
        gb_str_printf(out, "%s%" PRIu64, i > 0 ? ", " : "", shape[i]);
    gb_str_putc(out, ']');
}

static bool
is_bias(const char *name)
{
    const size_t n = strlen(name);

    return n > 5 && strcmp(name + n - 5, ".bias") == 0;
}

/* Noise of no width (gb_noise). */
static gb_tensor
zeros(const gb_model *m, uint64_t n)
{
    return (gb_tensor){.name = "bias", .path = m->path, .dtype = GB_F32,
                       .rank = 1, .shape = {n}, .count = n,
                       .size = n * sizeof(float)};
}

/* Looks the tensor up and compares its shape: (rows, columns), or (rows)
 * when columns is 0. */
static bool
get(gb_model *m, const char *name, uint64_t rows, uint64_t columns,
    gb_tensor *out, gb_error *err)
{
    uint64_t shape[GB_MAX_RANK] = {rows, columns};
    uint32_t rank = columns > 0 ? 2 : 1;
    gb_str expected = GB_STR_INIT, found = GB_STR_INIT;

    if (m->config.no_bias && is_bias(name) &&
        !gb_tensors_has(m->tensors, name)) {
        *out = zeros(m, rows);
        return true;
    }
    if (!gb_tensors_get(m->tensors, name, out, err))
        return false;
    if (out->rank == rank && memcmp(out->shape, shape, sizeof shape) == 0)
        return true;
    show_shape(&expected, rank, shape);
    show_shape(&found, out->rank, out->shape);
    gb_fail(err, "%s: tensor \"%s\": shape: expected %s, found %s", out->path,
            out->name, gb_str_cstr(&expected), gb_str_cstr(&found));
    gb_str_free(&expected);
    gb_str_free(&found);
    return false;
}

static bool
read_block(gb_model *m, uint32_t layer, gb_error *err)
{
    const uint64_t E = m->config.n_embd, I = m->config.n_inner;
    gb_block_weights *b = &m->blocks[layer];
    const struct {
        const char *name;
        uint64_t rows, columns;
        gb_tensor *out;
    } parts[] = {
        {"ln_1.weight", E, 0, &b->ln_1_weight},
        {"ln_1.bias", E, 0, &b->ln_1_bias},
        {"attn.c_attn.weight", E, 3 * E, &b->attn_weight},
        {"attn.c_attn.bias", 3 * E, 0, &b->attn_bias},
        {"attn.c_proj.weight", E, E, &b->proj_weight},
        {"attn.c_proj.bias", E, 0, &b->proj_bias},
        {"ln_2.weight", E, 0, &b->ln_2_weight},
        {"ln_2.bias", E, 0, &b->ln_2_bias},
        {"mlp.c_fc.weight", E, I, &b->fc_weight},
        {"mlp.c_fc.bias", I, 0, &b->fc_bias},
        {"mlp.c_proj.weight", I, E, &b->fc_proj_weight},
        {"mlp.c_proj.bias", E, 0, &b->fc_proj_bias},
    };
    char name[64];
    size_t i;

    for (i = 0; i < GB_COUNT(parts); i++) {
        snprintf(name, sizeof name, "h.%u.%s", (unsigned)layer,
                 parts[i].name);
        if (!get(m, name, parts[i].rows, parts[i].columns, parts[i].out, err))
            return false;
    }
    return true;
}

static bool
read_head(gb_model *m, gb_error *err)
{
    const gb_config *c = &m->config;

    m->tied = c->tied && !gb_tensors_has(m->tensors, "lm_head.weight");
    if (m->tied) {
        m->lm_head = m->wte;
        return true;
    }
    if (!get(m, "lm_head.weight", c->n_vocab, c->n_embd, &m->lm_head, err))
        return false;
    if (!gb_tensor_compare(&m->lm_head, &m->wte, &m->tied, err))
        return false;
    if (m->tied)
        m->lm_head = m->wte;
    return true;
}

/* Not multiplied with, and so taken as it stands. */
static bool
check_rows(const gb_tensor *t, gb_error *err)
{
    return !t->turned ||
           gb_fail(err, "%s: tensor \"%s\": expected its rows one after the "
                   "other, found its columns: save it anew, after "
                   "contiguous()", t->path, t->name);
}

static bool
read_weights(gb_model *m, gb_gguf *g, gb_error *err)
{
    const gb_config *c = &m->config;
    uint32_t i;

    m->tensors = g != NULL ? gb_tensors_take(gb_gguf_take_file(g), err)
                           : gb_tensors_open(m->path, err);
    if (m->tensors == NULL ||
        !get(m, "wte.weight", c->n_vocab, c->n_embd, &m->wte, err) ||
        !get(m, "wpe.weight", c->n_ctx, c->n_embd, &m->wpe, err) ||
        !check_rows(&m->wpe, err) ||
        !get(m, "ln_f.weight", c->n_embd, 0, &m->ln_f_weight, err) ||
        !get(m, "ln_f.bias", c->n_embd, 0, &m->ln_f_bias, err))
        return false;
    m->blocks = gb_alloc_array(c->n_layer, sizeof *m->blocks);
    for (i = 0; i < c->n_layer; i++)
        if (!read_block(m, i, err))
            return false;
    return read_head(m, err);
}

/* An adapter, with its base's weights or without, is not what config.json
 * says. */
static bool
check_adapter(const char *folder, gb_error *err)
{
    char *path = gb_path_join(folder, "adapter_config.json");
    const bool found = gb_is_there(path);
    json_t *root = found ? gb_json_load(path, 1 << 20, err) : NULL;
    const json_t *base = json_object_get(root, "base_model_name_or_path");
    char shown[GB_JSON_SHOWN];

    if (root != NULL)
        gb_fail(err, "%s: expected a model, found an adapter (LoRA) for %s "
                "(adapter_config.json): merge it into that model first "
                "(merge_and_unload of PEFT) and save the whole", folder,
                gb_json_show(base, shown));
    json_decref(root);
    free(path);
    return !found;
}

/* Says in plain words that a folder is no model. Whatever else is wrong with
 * config.json, reading it will tell. */
static bool
check_folder(const char *folder, gb_error *err)
{
    char *config = gb_path_join(folder, "config.json");
    bool silent = access(config, F_OK) != 0 && errno == ENOENT;

    free(config);
    if (!check_adapter(folder, err))
        return false;
    if (silent && !gb_ckpt_is_in(folder))
        return gb_fail(err,
                       "%s: expected a model folder, but it has no "
                       "config.json", folder);
    return true;
}

/* Rows of the head whose ids have no token are never chosen: their logits are
 * -infinity. */
static void
mask_missing(gb_model *m)
{
    const uint32_t n = m->config.n_vocab;
    uint32_t id;

    m->mask = gb_alloc_array(n, sizeof *m->mask);
    for (id = 0; id < n; id++)
        if (!gb_tokenizer_has(m->tokenizer, id))
            m->mask[id] = -INFINITY;
    m->head_bias = (gb_tensor){
        .name = "mask", .path = m->path, .dtype = GB_F32, .rank = 1,
        .shape = {n}, .count = n, .data = (const unsigned char *)m->mask,
        .size = n * sizeof *m->mask};
    m->note = gb_format("%u of its %u ids have no token; they are never "
                        "chosen", gb_tokenizer_missing(m->tokenizer), n);
}

/* A checkpoint does not say what ends a text; nanoGPT puts the first of these
 * between those that it reads. A text of characters, which has none, begins
 * with a line's end where nothing is given, as in its sample.py. */
static void
take_end(gb_config *c, const gb_vocab *v)
{
    const gb_token end = gb_vocab_find(v, "<|endoftext|>");
    const gb_token line = gb_vocab_find(v, "\u010a");

    if (end != GB_NO_TOKEN && end < c->n_vocab) {
        c->ends = (gb_ends){.ids = {end}, .n = 1};
        c->start_id = end;
    } else if (line != GB_NO_TOKEN && line < c->n_vocab) {
        c->start_id = line;
    }
}

static bool
fail_no_tokenizer(const gb_model *m, gb_error *err)
{
    return gb_fail(err, "%s: expected the tokenizer that it was trained with "
                   "beside " GB_CKPT ", as tokenizer.json or as vocab.json "
                   "and merges.txt (those of gpt2, where nanoGPT's data were "
                   "of its tokens), or as " GB_META ", which its prepare.py "
                   "wrote for characters, found none", m->path);
}

/* What is beside a checkpoint. */
static bool
read_beside(gb_model *m, gb_tokenizer_files *f, gb_error *err)
{
    bool ok;

    if (gb_tokenizer_files_are_in(m->path))
        ok = gb_tokenizer_files_read(f, m->path, err);
    else if (gb_meta_is_in(m->path))
        ok = gb_meta_read(f, m->path, err);
    else
        ok = fail_no_tokenizer(m, err);
    if (ok)
        take_end(&m->config, f->vocab);
    return ok;
}

static bool
read_files(gb_model *m, const gb_gguf *g, gb_tokenizer_files *f, gb_error *err)
{
    memset(f, 0, sizeof *f);
    if (g != NULL)
        return gb_gguf_tokenizer(g, f, err);
    if (gb_ckpt_is_in(m->path))
        return read_beside(m, f, err);
    return gb_tokenizer_files_read(f, m->path, err);
}

static gb_tokenizer *
open_tokenizer(gb_model *m, const gb_gguf *g, gb_error *err)
{
    const gb_ends *ends = &m->config.ends;
    gb_tokenizer_files files;
    gb_tokenizer *t = NULL;

    if (read_files(m, g, &files, err))
        t = gb_tokenizer_new(&files, m->config.n_vocab,
                             ends->n > 0 ? ends->ids[0] : GB_NO_TOKEN, err);
    gb_tokenizer_files_free(&files);
    return t;
}

static bool
read_tokenizer(gb_model *m, const gb_gguf *g, gb_error *err)
{
    m->tokenizer = open_tokenizer(m, g, err);
    if (m->tokenizer == NULL)
        return false;
    if (gb_tokenizer_missing(m->tokenizer) == m->config.n_vocab)
        return gb_fail(err, "%s: expected tokens with ids below %u "
                       "(the rows of the embedding), found none", m->path,
                       (unsigned)m->config.n_vocab);
    if (gb_tokenizer_missing(m->tokenizer) > 0)
        mask_missing(m);
    return true;
}

/* The parts of a model beside its config. */
enum { TOKENIZER = 1, WEIGHTS = 2 };

/* From a folder, or a file that is open. */
static bool
read_model(gb_model *m, gb_gguf *g, unsigned parts, gb_error *err)
{
    const bool ok = g != NULL ? gb_gguf_config(g, &m->config, err)
                              : check_folder(m->path, err) &&
                                    gb_config_load(m->path, &m->config, err);

    return ok && ((parts & TOKENIZER) == 0 || read_tokenizer(m, g, err)) &&
           ((parts & WEIGHTS) == 0 || read_weights(m, g, err));
}

static gb_model *
open_parts(const char *path, unsigned parts, gb_error *err)
{
    gb_gguf *g = NULL;
    struct stat st;
    gb_model *m;
    bool ok;

    if (stat(path, &st) != 0) {
        gb_fail(err, "%s: expected a model: %s", path, strerror(errno));
        return NULL;
    }
    if (!S_ISDIR(st.st_mode) && (g = gb_gguf_open(path, err)) == NULL)
        return NULL;
    m = gb_alloc(sizeof *m);
    m->path = gb_strdup(path);
    m->name = gb_model_name(path);
    ok = read_model(m, g, parts, err);
    gb_gguf_close(g);
    if (ok)
        return m;
    gb_model_close(m);
    return NULL;
}

gb_model *
gb_model_open(const char *path, gb_error *err)
{
    return open_parts(path, TOKENIZER | WEIGHTS, err);
}

gb_model *
gb_model_open_tokenizer(const char *path, gb_error *err)
{
    return open_parts(path, TOKENIZER, err);
}

gb_model *
gb_model_open_weights(const char *path, gb_error *err)
{
    return open_parts(path, WEIGHTS, err);
}

void
gb_model_close(gb_model *m)
{
    if (m == NULL)
        return;
    gb_tokenizer_close(m->tokenizer);
    gb_tensors_close(m->tensors);
    free(m->blocks);
    free(m->mask);
    free(m->note);
    free(m->path);
    free(m->name);
    free(m);
}

const gb_tensor **
gb_model_tensors(const gb_model *m, size_t *n)
{
    const gb_tensor *const others[] = {&m->wte, &m->wpe, &m->ln_f_weight,
                                       &m->ln_f_bias, &m->lm_head};
    const size_t in_block = sizeof *m->blocks / sizeof m->wte;
    const gb_tensor **list = gb_alloc_array(
        GB_COUNT(others) + m->config.n_layer * in_block, sizeof *list);
    size_t i, j;

    *n = 0;
    for (i = 0; i < GB_COUNT(others) - m->tied; i++)
        list[(*n)++] = others[i];
    for (i = 0; i < m->config.n_layer; i++)
        for (j = 0; j < in_block; j++)
            list[(*n)++] = &m->blocks[i].ln_1_weight + j;
    return list;
}
