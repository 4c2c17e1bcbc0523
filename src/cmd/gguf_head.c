/* The metadata of a GGUF file; keys as in ggml's docs/gguf.md. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/gguf_out.h"
#include "model/gguf.h"

/* Types of values, and of tokens. */
enum { U32 = 4, I32 = 5, F32 = 6, BOOL = 7, STRING = 8, ARRAY = 9 };
enum { NORMAL = 1, CONTROL = 3, USER_DEFINED = 4, UNUSED = 5 };

typedef struct writer {
    gb_str pairs;
    uint64_t n;
    const gb_model *model;
    gb_tokenizer_files files;
} writer;

static void
put_number(gb_str *out, uint64_t value, size_t bytes)
{
    for (; bytes > 0; bytes--, value >>= 8)
        gb_str_putc(out, (char)value);
}

static void
put_text(gb_str *out, const char *text)
{
    put_number(out, strlen(text), 8);
    gb_str_puts(out, text);
}

static void
put_key(writer *w, const char *key, uint32_t type)
{
    put_text(&w->pairs, key);
    put_number(&w->pairs, type, 4);
    w->n++;
}

static void
put_u32(writer *w, const char *key, uint32_t value)
{
    put_key(w, key, U32);
    put_number(&w->pairs, value, 4);
}

static void
put_string(writer *w, const char *key, const char *value)
{
    put_key(w, key, STRING);
    put_text(&w->pairs, value);
}

static void
put_switch(writer *w, const char *key, bool value)
{
    put_key(w, key, BOOL);
    put_number(&w->pairs, value, 1);
}

static void
put_list(writer *w, const char *key, uint32_t type, uint64_t n)
{
    put_key(w, key, ARRAY);
    put_number(&w->pairs, type, 4);
    put_number(&w->pairs, n, 8);
}

/* --- what the model is -------------------------------------------------- */

/* Tokens that end a text, for which GGUF has names: eos and eot. */
#define MOST_ENDS 2

/* What llama.cpp computes for this architecture, whatever a file says. */
static bool
check_config(const gb_model *m, gb_error *err)
{
    const gb_config *c = &m->config;

    if (c->activation != GB_GELU_TANH)
        return gb_fail(err, "%s: expected the activation gelu_new, the only "
                       "one of GPT-2 in GGUF, found %s", m->path,
                       gb_activation_name(c->activation));
    if (!c->scale_attn || c->scale_by_layer)
        return gb_fail(err, "%s: expected scores that are scaled by the root "
                       "of the head size alone, as GPT-2 in GGUF has them, "
                       "found scale_attn_weights false or "
                       "scale_attn_by_inverse_layer_idx", m->path);
    if (c->ends.n > MOST_ENDS)
        return gb_fail(err, "%s: expected at most %d ids in eos_token_id, for "
                       "which GGUF has names, found %u", m->path, MOST_ENDS,
                       (unsigned)c->ends.n);
    return true;
}

static uint32_t
file_type(gb_dtype_choice choice)
{
    switch (choice) {
    case GB_DTYPE_F32: return 0;
    case GB_DTYPE_F16: return 1;
    case GB_DTYPE_BF16: return 32;
    case GB_DTYPE_Q4_0: return 2;
    default: return 7;
    }
}

static void
put_config(writer *w, gb_dtype_choice choice)
{
    const gb_config *c = &w->model->config;
    uint32_t bits;

    put_string(w, "general.architecture", "gpt2");
    put_string(w, "general.name", w->model->name);
    put_u32(w, "general.file_type", file_type(choice));
    put_u32(w, "general.quantization_version", 2);
    put_u32(w, "gpt2.block_count", c->n_layer);
    put_u32(w, "gpt2.context_length", c->n_ctx);
    put_u32(w, "gpt2.embedding_length", c->n_embd);
    put_u32(w, "gpt2.feed_forward_length", c->n_inner);
    put_u32(w, "gpt2.attention.head_count", c->n_head);
    put_key(w, "gpt2.attention.layer_norm_epsilon", F32);
    memcpy(&bits, &c->ln_eps, sizeof bits);
    put_number(&w->pairs, bits, 4);
}

/* --- its tokenizer ------------------------------------------------------ */

static bool
read_files(writer *w, gb_error *err)
{
    const char *path = w->model->path;
    gb_gguf *g;
    bool ok;

    if (gb_is_folder(path))
        return gb_tokenizer_files_read(&w->files, path, err);
    g = gb_gguf_open(path, err);
    ok = g != NULL && gb_gguf_tokenizer(g, &w->files, err);
    gb_gguf_close(g);
    return ok;
}

/* What to name where nothing ends a text; GB_NO_TOKEN where there is none. As
 * llama.cpp takes id 11 where a file names no end, or one beyond its tokens,
 * that is the first id without a token, or else the one token that llama.cpp
 * takes for an end whatever a file says. */
static uint32_t
no_end_id(const writer *w)
{
    uint32_t id = 0;

    while (id < w->model->config.n_vocab && gb_vocab_has(w->files.vocab, id))
        id++;
    return id < w->model->config.n_vocab
               ? id
               : gb_vocab_find(w->files.vocab, "<|endoftext|>");
}

static bool
check_tokenizer(const writer *w, gb_error *err)
{
    const gb_tokenizer_files *f = &w->files;
    const gb_config *c = &w->model->config;
    const char *path = w->model->path;

    if (f->whole)
        return gb_fail(err, "%s: expected a tokenizer that splits a text as "
                       "GPT-2's does, found one that does not split it, for "
                       "which GGUF has no name", path);
    if (f->normalizer != NULL)
        return gb_fail(err, "%s: expected a tokenizer that takes a text as it "
                       "stands, found one with a normalizer (%s), which GGUF "
                       "has no words for", path,
                       gb_normalizer_names(f->normalizer));
    if (gb_vocab_size(f->vocab) > c->n_vocab)
        return gb_fail(err, "%s: expected a row for each token, as GGUF asks "
                       "for, found %u rows and %u tokens", path, c->n_vocab,
                       gb_vocab_size(f->vocab));
    if (c->ends.n == 0 && no_end_id(w) == GB_NO_TOKEN)
        return gb_fail(err, "%s: expected a token that ends a text, or an id "
                       "without a token to name in its place, as llama.cpp "
                       "takes id 11 where a file names none; found neither",
                       path);
    if (f->prefix.len > 1 ||
        (f->prefix.len == 1 && f->prefix.data[0] != c->start_id))
        return gb_fail(err, "%s: expected nothing or bos_token_id in front of "
                       "a text, found other tokens, which GGUF has no words "
                       "for", path);
    return true;
}

static unsigned char *
token_types(const writer *w)
{
    const uint32_t n = w->model->config.n_vocab;
    const gb_ends *ends = &w->model->config.ends;
    const gb_added *a = &w->files.added;
    unsigned char *types = gb_alloc_array(n, 1);
    size_t i;

    for (i = 0; i < n; i++)
        types[i] = gb_vocab_has(w->files.vocab, (uint32_t)i) ? NORMAL
                                                             : UNUSED;
    for (i = 0; i < a->n; i++)
        types[a->tokens[i].id] = a->tokens[i].special ? CONTROL
                                                      : USER_DEFINED;
    for (i = 0; i < ends->n; i++)
        if (types[ends->ids[i]] != UNUSED)
            types[ends->ids[i]] = CONTROL;
    return types;
}

static void
put_tokens(writer *w)
{
    const uint32_t n = w->model->config.n_vocab;
    unsigned char *types = token_types(w);
    char *unused;
    uint32_t i;

    put_list(w, "tokenizer.ggml.tokens", STRING, n);
    for (i = 0; i < n; i++) {
        unused = gb_format("[PAD%u]", i);
        put_text(&w->pairs, types[i] == UNUSED
                                ? unused
                                : gb_vocab_piece(w->files.vocab, i));
        free(unused);
    }
    put_list(w, "tokenizer.ggml.token_type", I32, n);
    for (i = 0; i < n; i++)
        put_number(&w->pairs, types[i], 4);
    free(types);
}

/* Of a pair that is there twice the last one counts. */
static bool
counts(const gb_merges *m, size_t i)
{
    return gb_merges_rank(m, m->by_rank[i].left, m->by_rank[i].right) == i;
}

static void
put_merges(writer *w)
{
    const gb_merges *m = &w->files.merges;
    const gb_vocab *v = w->files.vocab;
    uint64_t n = 0;
    char *line;
    size_t i;

    for (i = 0; i < m->n; i++)
        n += counts(m, i);
    put_list(w, "tokenizer.ggml.merges", STRING, n);
    for (i = 0; i < m->n; i++) {
        if (!counts(m, i))
            continue;
        line = gb_format("%s %s", gb_vocab_piece(v, m->by_rank[i].left),
                         gb_vocab_piece(v, m->by_rank[i].right));
        put_text(&w->pairs, line);
        free(line);
    }
}

static void
put_tokenizer(writer *w)
{
    const gb_config *c = &w->model->config;

    put_string(w, "tokenizer.ggml.model", "gpt2");
    put_string(w, "tokenizer.ggml.pre", "gpt-2");
    put_tokens(w);
    put_merges(w);
    if (c->start_id != GB_NO_TOKEN)
        put_u32(w, "tokenizer.ggml.bos_token_id", c->start_id);
    put_u32(w, "tokenizer.ggml.eos_token_id",
            c->ends.n > 0 ? c->ends.ids[0] : no_end_id(w));
    if (c->ends.n > 1)
        put_u32(w, "tokenizer.ggml.eot_token_id", c->ends.ids[1]);
    put_switch(w, "tokenizer.ggml.add_bos_token", w->files.prefix.len > 0);
    if (w->files.prefix_space)
        put_switch(w, "tokenizer.ggml.add_space_prefix", true);
}

/* --- where its tensors lie ---------------------------------------------- */

/* Sizes in the order in which they vary in the file. */
static void
put_tensor(gb_str *out, const gb_out_tensor *t)
{
    const gb_tensor *x = t->tensor;
    const bool in_first = x->rank == 2 && strncmp(t->name, "blk.", 4) == 0;
    uint32_t i;

    put_text(out, t->name);
    put_number(out, x->rank, 4);
    for (i = 0; i < x->rank; i++)
        put_number(out, x->shape[in_first ? i : x->rank - 1 - i], 8);
    put_number(out, gb_gguf_type(t->dtype), 4);
    put_number(out, t->at, 8);
}

bool
gb_gguf_out_head(gb_str *out, const gb_model *m, gb_dtype_choice choice,
                 const gb_out_tensor *tensors, size_t n, gb_error *err)
{
    writer w = {.model = m};
    bool ok = check_config(m, err) && read_files(&w, err) &&
              check_tokenizer(&w, err);
    size_t i;

    if (ok) {
        put_config(&w, choice);
        put_tokenizer(&w);
        gb_str_puts(out, "GGUF");
        put_number(out, 3, 4);
        put_number(out, n, 8);
        put_number(out, w.n, 8);
        gb_str_append(out, w.pairs.data, w.pairs.len);
        for (i = 0; i < n; i++)
            put_tensor(out, &tensors[i]);
        while (out->len % GB_OUT_ALIGNMENT != 0)
            gb_str_putc(out, '\0');
    }
    gb_tokenizer_files_free(&w.files);
    gb_str_free(&w.pairs);
    return ok;
}
