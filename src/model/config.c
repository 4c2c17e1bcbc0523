#include "model/config.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/ckpt.h"

#define CONFIG_LIMIT (1u << 20) /* bytes; real ones have about a thousand */

typedef struct reader {
    const char *path;
    json_t *root;
    gb_error *err;
} reader;

/* The sizes: the largest value that is believed, and the other name under
 * which Transformers takes them. */
static const struct size_field {
    const char *name, *alias;
    size_t offset;
    json_int_t most;
} sizes[] = {
    {"n_layer", "num_hidden_layers", offsetof(gb_config, n_layer), 1024},
    {"n_head", "num_attention_heads", offsetof(gb_config, n_head), 4096},
    {"n_embd", "hidden_size", offsetof(gb_config, n_embd), 65536},
    {"vocab_size", NULL, offsetof(gb_config, n_vocab), 1 << 20},
};

/* Switches that may be any way, or else must be off: the order in which
 * scores are computed gives the same numbers, and attention to an encoder is
 * left out where there is none. */
static const struct {
    const char *name;
    bool any;
} switches[] = {
    {"reorder_and_upcast_attn", true},
    {"add_cross_attention", true},
    {"is_encoder_decoder", false},
};

/* Transformers' names (its activations.py). */
static const struct {
    const char *name;
    gb_activation activation;
} activations[] = {
    {"gelu_new", GB_GELU_TANH},          {"gelu_fast", GB_GELU_TANH},
    {"gelu_accurate", GB_GELU_TANH},     {"gelu_pytorch_tanh", GB_GELU_TANH},
    {"gelu_python_tanh", GB_GELU_TANH},  {"gelu", GB_GELU},
    {"gelu_python", GB_GELU},            {"relu", GB_RELU},
    {"silu", GB_SILU},                   {"swish", GB_SILU},
    {"quick_gelu", GB_QUICK_GELU},
};

const char *
gb_activation_name(gb_activation activation)
{
    size_t i = 0;

    while (activations[i].activation != activation)
        i++;
    return activations[i].name;
}

static bool
refuse(const reader *r, const char *field, const char *expected,
       const json_t *found)
{
    return gb_json_refuse_field(r->path, field, expected, found, r->err);
}

/* The field, or NULL when it is not there or null. */
static const json_t *
field(const reader *r, const char *name)
{
    const json_t *value = json_object_get(r->root, name);

    return json_is_null(value) ? NULL : value;
}

static bool
read_integer(const reader *r, const char *name, json_int_t least,
             json_int_t most, uint32_t *out)
{
    const json_t *value = json_object_get(r->root, name);
    json_int_t n = json_integer_value(value);
    char expected[64];

    if (!json_is_integer(value) || n < least || n > most) {
        snprintf(expected, sizeof expected, "an integer from %lld to %lld",
                 (long long)least, (long long)most);
        return refuse(r, name, expected, value);
    }
    *out = (uint32_t)n;
    return true;
}

/* A size under its name or its alias; when both are there they must agree. */
static bool
read_size(const reader *r, const struct size_field *f, gb_config *config)
{
    uint32_t *out = (uint32_t *)(void *)((char *)config + f->offset);
    const json_t *other = f->alias != NULL ? field(r, f->alias) : NULL;
    char expected[64];

    if (other == NULL)
        return read_integer(r, f->name, 1, f->most, out);
    if (!read_integer(r, f->alias, 1, f->most, out))
        return false;
    snprintf(expected, sizeof expected, "%u as in %s", (unsigned)*out,
             f->alias);
    if (field(r, f->name) != NULL &&
        json_integer_value(field(r, f->name)) != (json_int_t)*out)
        return refuse(r, f->name, expected, field(r, f->name));
    return true;
}

static bool
read_switch(const reader *r, const char *name, bool *out)
{
    const json_t *value = field(r, name);

    if (value != NULL && !json_is_boolean(value))
        return refuse(r, name, "true or false", value);
    if (value != NULL)
        *out = json_is_true(value);
    return true;
}

static bool
names_gpt2(const json_t *architectures)
{
    const char *first =
        json_string_value(json_array_get(architectures, 0));

    return first != NULL && strncmp(first, "GPT2", 4) == 0;
}

/* The oldest files have no model_type; then the architecture tells. */
static bool
check_kind(const reader *r)
{
    const json_t *type = field(r, "model_type");
    const char *name = json_string_value(type);

    if (name != NULL && strcmp(name, "gpt2") == 0)
        return true;
    if (type == NULL && names_gpt2(field(r, "architectures")))
        return true;
    return refuse(r, "model_type",
                  "\"gpt2\", the one architecture that is computed here",
                  type);
}

static bool
read_activation(const reader *r, gb_config *config)
{
    const json_t *value = field(r, "activation_function");
    const char *name = json_string_value(value);
    size_t i;

    if (value == NULL)
        return true;
    for (i = 0; name != NULL && i < GB_COUNT(activations); i++) {
        config->activation = activations[i].activation;
        if (strcmp(name, activations[i].name) == 0)
            return true;
    }
    return refuse(r, "activation_function",
                  "\"gelu_new\", \"gelu\", \"relu\", \"silu\" or "
                  "\"quick_gelu\"", value);
}

static bool
check_switches(const reader *r)
{
    bool set;
    size_t i;

    for (i = 0; i < GB_COUNT(switches); i++) {
        set = false;
        if (!read_switch(r, switches[i].name, &set))
            return false;
        if (set && !switches[i].any)
            return refuse(r, switches[i].name, "false",
                          field(r, switches[i].name));
    }
    if (json_object_size(field(r, "pruned_heads")) > 0 ||
        json_array_size(field(r, "pruned_heads")) > 0)
        return refuse(r, "pruned_heads", "no pruned heads",
                      field(r, "pruned_heads"));
    if (field(r, "quantization_config") != NULL)
        return refuse(r, "quantization_config",
                      "none (weights that were quantized for another program "
                      "are not read: take the model that they were made of)",
                      field(r, "quantization_config"));
    return true;
}

/* The rows of wpe. Transformers only looks at n_positions; files that are
 * older than it have n_ctx alone. */
static bool
read_context(const reader *r, gb_config *config)
{
    static const struct size_field positions = {
        "n_positions", "max_position_embeddings", offsetof(gb_config, n_ctx),
        1 << 20};

    if (field(r, positions.name) == NULL &&
        field(r, positions.alias) == NULL && field(r, "n_ctx") != NULL)
        return read_integer(r, "n_ctx", 1, positions.most, &config->n_ctx);
    return read_size(r, &positions, config);
}

/* Takes one id that may be chosen; what is beyond the vocabulary never is. */
static bool
take_end(const reader *r, const json_t *id, gb_config *config)
{
    gb_ends *e = &config->ends;

    if (!json_is_integer(id) || json_integer_value(id) < 0)
        return refuse(r, "eos_token_id", "an id or a list of ids", id);
    if (json_integer_value(id) >= (json_int_t)config->n_vocab)
        return true;
    if (e->n == GB_MAX_ENDS)
        return gb_fail(r->err, "%s: eos_token_id: expected at most %d ids, "
                       "found more", r->path, GB_MAX_ENDS);
    e->ids[e->n++] = (uint32_t)json_integer_value(id);
    return true;
}

/* Nothing, one id, or a list. */
static bool
read_ends(const reader *r, gb_config *config)
{
    const json_t *value = field(r, "eos_token_id");
    size_t i;

    config->ends.n = 0;
    if (value == NULL)
        return true;
    if (!json_is_array(value))
        return take_end(r, value, config);
    for (i = 0; i < json_array_size(value); i++)
        if (!take_end(r, json_array_get(value, i), config))
            return false;
    return true;
}

/* Where a file does not speak of it what was read before stays. */
static void
read_start(const reader *r, gb_config *config)
{
    const json_t *id = field(r, "bos_token_id");

    if (json_is_integer(id) && json_integer_value(id) >= 0 &&
        json_integer_value(id) < (json_int_t)config->n_vocab)
        config->start_id = (uint32_t)json_integer_value(id);
}

/* generation_config.json, if there is one. */
static bool
read_generation(const char *folder, gb_config *config, gb_error *err)
{
    char *path = gb_path_join(folder, "generation_config.json");
    reader r = {path, NULL, err};
    json_t *root = NULL;
    bool ok = true;

    if (gb_is_there(path)) {
        r.root = root = gb_json_load_python(path, CONFIG_LIMIT, err);
        ok = root != NULL && read_ends(&r, config);
        if (ok)
            read_start(&r, config);
    }
    json_decref(root);
    free(path);
    if (config->start_id == GB_NO_TOKEN && config->ends.n > 0)
        config->start_id = config->ends.ids[0];
    return ok;
}

static bool
read_epsilon(const reader *r, gb_config *config)
{
    const json_t *value = field(r, "layer_norm_epsilon");
    double eps = value != NULL ? json_number_value(value) : 1e-5;

    if (!(eps >= 1e-30 && eps <= 1))
        return refuse(r, "layer_norm_epsilon", "a number from 1e-30 to 1",
                      value);
    config->ln_eps = (float)eps;
    return true;
}

static bool
read_sizes(const reader *r, gb_config *config)
{
    size_t i;

    for (i = 0; i < GB_COUNT(sizes); i++)
        if (!read_size(r, &sizes[i], config))
            return false;
    if (config->n_embd % config->n_head != 0)
        return gb_fail(r->err,
                       "%s: n_head: expected a divisor of n_embd (%u), "
                       "found %u", r->path, (unsigned)config->n_embd,
                       (unsigned)config->n_head);
    config->head_size = config->n_embd / config->n_head;
    config->n_inner = 4 * config->n_embd;
    config->tied = config->scale_attn = true;
    config->start_id = GB_NO_TOKEN;
    return true;
}

static bool
read_all(const reader *r, gb_config *config)
{
    if (!check_kind(r) || !read_activation(r, config) || !check_switches(r) ||
        !read_sizes(r, config))
        return false;
    if (field(r, "n_inner") != NULL &&
        !read_integer(r, "n_inner", 1, 1 << 20, &config->n_inner))
        return false;
    read_start(r, config);
    return read_context(r, config) && read_ends(r, config) &&
           read_epsilon(r, config) &&
           read_switch(r, "tie_word_embeddings", &config->tied) &&
           read_switch(r, "scale_attn_weights", &config->scale_attn) &&
           read_switch(r, "scale_attn_by_inverse_layer_idx",
                       &config->scale_by_layer);
}

/* Variants of nanoGPT have more of them. */
static bool
check_args(const reader *r)
{
    static const char *const known[] = {
        "n_layer", "n_head", "n_embd", "block_size", "vocab_size", "bias",
        "dropout",
    };
    char shown[GB_JSON_SHOWN];
    const char *name;
    json_t *value;
    size_t i;

    json_object_foreach(r->root, name, value) {
        for (i = 0; i < GB_COUNT(known); i++)
            if (strcmp(name, known[i]) == 0)
                break;
        if (i == GB_COUNT(known) && !json_is_false(value))
            return gb_fail(r->err, "%s: expected those of nanoGPT, found %s, "
                           "of a variant that is not computed here", r->path,
                           gb_json_quote(name, shown));
    }
    return true;
}

static bool
read_args(const reader *r, gb_config *config)
{
    const bool older = field(r, "bias") == NULL;
    bool bias = true;

    if (!check_args(r) || !read_sizes(r, config) ||
        !read_integer(r, "block_size", 1, 1 << 20, &config->n_ctx) ||
        !read_switch(r, "bias", &bias))
        return false;
    config->activation = older ? GB_GELU_TANH : GB_GELU;
    config->ln_eps = 1e-5f;
    config->no_bias = !bias;
    return true;
}

static bool
load_args(const char *folder, gb_config *config, gb_error *err)
{
    char *path = gb_path_join(folder, GB_CKPT ": model_args");
    json_t *args = gb_ckpt_args(folder, err);
    const reader r = {path, args, err};
    const bool ok = args != NULL && read_args(&r, config);

    json_decref(args);
    free(path);
    return ok;
}

static bool
load_json(const char *folder, gb_config *config, gb_error *err)
{
    char *path = gb_path_join(folder, "config.json");
    json_t *root = gb_json_load_python(path, CONFIG_LIMIT, err);
    const reader r = {path, root, err};
    const bool ok = root != NULL && read_all(&r, config) &&
                    read_generation(folder, config, err);

    json_decref(root);
    free(path);
    return ok;
}

bool
gb_config_load(const char *folder, gb_config *config, gb_error *err)
{
    memset(config, 0, sizeof *config);
    return gb_ckpt_is_in(folder) ? load_args(folder, config, err)
                                 : load_json(folder, config, err);
}
