/* What the metadata of a GGUF file say of a GPT-2 model: the keys are those of
 * ggml's docs/gguf.md, as llama.cpp reads them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "model/gguf.h"

/* Of a token (tokenizer.ggml.token_type). */
enum { NORMAL = 1, UNKNOWN, CONTROL, USER_DEFINED, UNUSED };

/* Pre-tokenizers that split a text as GPT-2's does. */
static const char *const splits[] = {
    "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de",
};

static const json_t *
field(const gb_gguf *g, const char *key)
{
    return json_object_get(g->metadata, key);
}

static bool
refuse(const gb_gguf *g, const char *key, const char *expected, gb_error *err)
{
    return gb_json_refuse_field(g->path, key, expected, field(g, key), err);
}

/* --- config ------------------------------------------------------------- */

static bool
read_integer(const gb_gguf *g, const char *key, json_int_t most,
             uint32_t *out, gb_error *err)
{
    const json_int_t n = json_integer_value(field(g, key));
    char expected[64];

    *out = (uint32_t)n;
    if (json_is_integer(field(g, key)) && n >= 1 && n <= most)
        return true;
    snprintf(expected, sizeof expected, "an integer from 1 to %lld",
             (long long)most);
    return refuse(g, key, expected, err);
}

static bool
read_sizes(const gb_gguf *g, gb_config *c, gb_error *err)
{
    static const char heads[] = "gpt2.attention.head_count";
    static const char inner[] = "gpt2.feed_forward_length";
    uint32_t shared;

    if (!read_integer(g, "gpt2.block_count", 1024, &c->n_layer, err) ||
        !read_integer(g, heads, 4096, &c->n_head, err) ||
        !read_integer(g, "gpt2.embedding_length", 65536, &c->n_embd, err) ||
        !read_integer(g, "gpt2.context_length", 1 << 20, &c->n_ctx, err))
        return false;
    if (c->n_embd % c->n_head != 0)
        return refuse(g, heads, "a divisor of gpt2.embedding_length", err);
    if (field(g, "gpt2.attention.head_count_kv") != NULL &&
        (!read_integer(g, "gpt2.attention.head_count_kv", 4096, &shared,
                       err) ||
         shared != c->n_head))
        return refuse(g, "gpt2.attention.head_count_kv",
                      "as many as gpt2.attention.head_count", err);
    c->head_size = c->n_embd / c->n_head;
    c->n_inner = 4 * c->n_embd;
    return field(g, inner) == NULL ||
           read_integer(g, inner, 1 << 20, &c->n_inner, err);
}

/* The rows of the embedding. */
static bool
read_rows(const gb_gguf *g, gb_config *c, gb_error *err)
{
    const gb_tensor_file *f = &g->file;
    const gb_tensor_entry *e = f->entries;

    while (e < f->entries + f->n_entries && strcmp(e->key, "wte.weight") != 0)
        e++;
    if (e == f->entries + f->n_entries)
        return gb_fail(err, "%s: tensor \"token_embd.weight\": expected one, "
                       "found none", g->path);
    if (e->rank != 2 || e->shape[0] < 1 || e->shape[0] > GB_MAX_TOKENS)
        return gb_tensor_refuse(e, err, "expected a matrix of 1 to %u rows",
                                GB_MAX_TOKENS);
    c->n_vocab = (uint32_t)e->shape[0];
    return true;
}

static bool
read_epsilon(const gb_gguf *g, gb_config *c, gb_error *err)
{
    static const char key[] = "gpt2.attention.layer_norm_epsilon";
    const double eps = json_number_value(field(g, key));

    c->ln_eps = (float)eps;
    return (eps >= 1e-30 && eps <= 1) ||
           refuse(g, key, "a number from 1e-30 to 1", err);
}

static json_int_t
type_of(const gb_gguf *g, size_t i)
{
    const json_t *type = json_array_get(field(g, "tokenizer.ggml.token_type"),
                                        i);

    return type != NULL ? json_integer_value(type) : NORMAL;
}

/* The id under a key, where the model has a row for it; else GB_NO_TOKEN. */
static uint32_t
id_at(const gb_gguf *g, const char *key, const gb_config *c)
{
    uint32_t id;

    return gb_vocab_take_id(field(g, key), &id) && id < c->n_vocab
               ? id
               : GB_NO_TOKEN;
}

/* An id without a token says that nothing ends a text. */
static void
add_end(const gb_gguf *g, gb_config *c, uint32_t id)
{
    if (id != GB_NO_TOKEN && type_of(g, id) != UNUSED &&
        !gb_ends_has(&c->ends, id))
        c->ends.ids[c->ends.n++] = id;
}

/* Where the file names no end llama.cpp takes the token of this text. */
static void
add_named_end(const gb_gguf *g, gb_config *c)
{
    const json_t *tokens = field(g, "tokenizer.ggml.tokens");
    const char *text;
    uint32_t id;

    for (id = 0; id < c->n_vocab && c->ends.n == 0; id++) {
        text = json_string_value(json_array_get(tokens, id));
        if (text != NULL && strcmp(text, "<|endoftext|>") == 0)
            add_end(g, c, id);
    }
}

bool
gb_gguf_config(const gb_gguf *g, gb_config *c, gb_error *err)
{
    *c = (gb_config){.tied = true, .scale_attn = true,
                     .activation = GB_GELU_TANH};
    if (field(g, "general.architecture") == NULL)
        return refuse(g, "general.architecture", "\"gpt2\"", err);
    if (!read_sizes(g, c, err) || !read_rows(g, c, err) ||
        !read_epsilon(g, c, err))
        return false;
    add_end(g, c, id_at(g, "tokenizer.ggml.eos_token_id", c));
    add_end(g, c, id_at(g, "tokenizer.ggml.eot_token_id", c));
    if (id_at(g, "tokenizer.ggml.eos_token_id", c) == GB_NO_TOKEN)
        add_named_end(g, c);
    c->start_id = id_at(g, "tokenizer.ggml.bos_token_id", c);
    if (c->start_id == GB_NO_TOKEN && c->ends.n > 0)
        c->start_id = c->ends.ids[0];
    return true;
}

/* --- tokenizer ---------------------------------------------------------- */

static bool
check_kind(const gb_gguf *g, gb_error *err)
{
    static const char model[] = "tokenizer.ggml.model";
    static const char pre[] = "tokenizer.ggml.pre";
    const char *name = json_string_value(field(g, model));
    size_t i;

    if (name == NULL || strcmp(name, "gpt2") != 0)
        return refuse(g, model, "\"gpt2\"", err);
    if (field(g, pre) == NULL) /* in files from before there were others */
        return true;
    name = json_string_value(field(g, pre));
    for (i = 0; name != NULL && i < GB_COUNT(splits); i++)
        if (strcmp(name, splits[i]) == 0)
            return true;
    return refuse(g, pre, "\"gpt-2\"", err);
}

/* The types of tokens, of which there are n; NULL is none. */
static bool
check_tokens(const gb_gguf *g, size_t n, gb_error *err)
{
    static const char key[] = "tokenizer.ggml.token_type";
    const json_t *types = field(g, key);
    size_t i;

    if (!json_is_array(field(g, "tokenizer.ggml.tokens")) || n == 0 ||
        n > GB_MAX_TOKENS)
        return refuse(g, "tokenizer.ggml.tokens", "a list of tokens", err);
    if (types != NULL && json_array_size(types) != n)
        return refuse(g, key, "a list of as many types as there are tokens",
                      err);
    for (i = 0; i < json_array_size(types); i++)
        if (!json_is_integer(json_array_get(types, i)))
            return refuse(g, key, "a list of integers", err);
    return true;
}

static bool
is_plain(json_int_t type)
{
    return type != UNKNOWN && type != CONTROL && type != USER_DEFINED;
}

/* The text of a token; NULL, with an error, where that is none. */
static const char *
text_of(const gb_gguf *g, size_t i, gb_error *err)
{
    const json_t *token = json_array_get(field(g, "tokenizer.ggml.tokens"),
                                         i);
    const char *text = json_string_value(token);
    char shown[GB_JSON_SHOWN];

    if (text != NULL && text[0] != '\0' &&
        strlen(text) == json_string_length(token))
        return text;
    gb_fail(err, "%s: tokenizer.ggml.tokens: %zu: expected the text of a "
            "token, found %s", g->path, i, gb_json_show(token, shown));
    return NULL;
}

static bool
refuse_twice(const gb_gguf *g, size_t i, const char *text, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    return gb_fail(err, "%s: tokenizer.ggml.tokens: %zu: expected each token "
                   "once, found %s again", g->path, i,
                   gb_json_quote(text, shown));
}

/* Those that are spelled in GPT-2's alphabet, as an object. Unused ones, which
 * only fill up the rows of the model, are none. */
static bool
read_pieces(const gb_gguf *g, size_t n, json_t *pieces, gb_error *err)
{
    const char *text;
    size_t i;

    for (i = 0; i < n; i++) {
        if (!is_plain(type_of(g, i)) || type_of(g, i) == UNUSED)
            continue;
        text = text_of(g, i, err);
        if (text == NULL)
            return false;
        if (json_object_get(pieces, text) != NULL)
            return refuse_twice(g, i, text, err);
        json_object_set_new(pieces, text, json_integer((json_int_t)i));
    }
    return true;
}

/* Those that stand for their own letters. */
static bool
read_added(const gb_gguf *g, size_t n, gb_tokenizer_files *f, gb_error *err)
{
    gb_added_token *t;
    const char *text;
    size_t i;

    for (i = 0; i < n; i++) {
        if (is_plain(type_of(g, i)))
            continue;
        text = text_of(g, i, err);
        if (text == NULL)
            return false;
        if (gb_vocab_find(f->vocab, text) != GB_NO_TOKEN)
            return refuse_twice(g, i, text, err);
        if (!gb_added_check(text, g->path, err) ||
            !gb_vocab_add(f->vocab, (uint32_t)i, text, err))
            return false;
        t = gb_added_put(&f->added, text, (uint32_t)i);
        t->special = type_of(g, i) != USER_DEFINED;
        t->normalized = !t->special;
    }
    return true;
}

static bool
read_vocab(const gb_gguf *g, gb_tokenizer_files *f, gb_error *err)
{
    const size_t n = json_array_size(field(g, "tokenizer.ggml.tokens"));
    char *tokens = gb_format("%s: tokenizer.ggml.tokens", g->path);
    char *merges = gb_format("%s: tokenizer.ggml.merges", g->path);
    json_t *pieces = json_object();
    bool ok = check_tokens(g, n, err) && read_pieces(g, n, pieces, err);

    if (ok)
        f->vocab = gb_vocab_new(pieces, tokens, err);
    ok = ok && f->vocab != NULL && read_added(g, n, f, err) &&
         gb_merges_take(&f->merges, field(g, "tokenizer.ggml.merges"), merges,
                        f->vocab, err);
    json_decref(pieces);
    free(tokens);
    free(merges);
    return ok;
}

static bool
read_switch(const gb_gguf *g, const char *key, bool *set, gb_error *err)
{
    const json_t *value = field(g, key);

    *set = json_is_true(value);
    return value == NULL || json_is_boolean(value) ||
           refuse(g, key, "true or false", err);
}

/* What comes before and behind a text. */
static bool
read_around(const gb_gguf *g, gb_tokenizer_files *f, gb_error *err)
{
    static const char start[] = "tokenizer.ggml.bos_token_id";
    uint32_t id;
    bool before, behind;

    if (!read_switch(g, "tokenizer.ggml.add_space_prefix", &f->prefix_space,
                     err) ||
        !read_switch(g, "tokenizer.ggml.add_bos_token", &before, err) ||
        !read_switch(g, "tokenizer.ggml.add_eos_token", &behind, err))
        return false;
    if (behind)
        return refuse(g, "tokenizer.ggml.add_eos_token",
                      "false (a text that has ended does not go on)", err);
    if (!before)
        return true;
    if (!gb_vocab_take_id(field(g, start), &id) || !gb_vocab_has(f->vocab, id))
        return refuse(g, start, "the id of a token, as add_bos_token is set",
                      err);
    gb_ids_push(&f->prefix, id);
    return true;
}

bool
gb_gguf_tokenizer(const gb_gguf *g, gb_tokenizer_files *f, gb_error *err)
{
    memset(f, 0, sizeof *f);
    return check_kind(g, err) && read_vocab(g, f, err) &&
           read_around(g, f, err);
}
