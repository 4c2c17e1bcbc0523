/* What a GPT-2 model folder says of its model. */
#ifndef GB_MODEL_CONFIG_H
#define GB_MODEL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/tokenizer.h"

/* The tokens that end a text; none is left out that the model could choose. */
#define GB_MAX_ENDS 32
typedef struct gb_ends {
    uint32_t ids[GB_MAX_ENDS];
    uint32_t n;
} gb_ends;

static inline bool
gb_ends_has(const gb_ends *e, uint32_t id)
{
    uint32_t i;

    for (i = 0; i < e->n; i++)
        if (e->ids[i] == id)
            return true;
    return false;
}

typedef enum gb_activation {
    GB_GELU_TANH, /* the approximation with tanh, GPT-2's own */
    GB_GELU,
    GB_RELU,
    GB_SILU,
    GB_QUICK_GELU,
} gb_activation;

/* Transformers' name, "gelu_new", ... */
const char *gb_activation_name(gb_activation activation);

typedef struct gb_config {
    uint32_t n_layer;
    uint32_t n_head;
    uint32_t n_embd;    /* width; a multiple of n_head */
    uint32_t head_size; /* n_embd / n_head */
    uint32_t n_inner;   /* width of the feed-forward layer */
    uint32_t n_ctx;     /* longest sequence, in tokens */
    uint32_t n_vocab;
    gb_ends ends;
    uint32_t start_id; /* begins a text of which there is nothing else:
                          bos_token_id, or the first end; or GB_NO_TOKEN */
    bool tied; /* the head shares wte: tie_word_embeddings, true if silent */
    float ln_eps;
    gb_activation activation;
    bool scale_attn;     /* by the root of the head size: true if silent */
    bool scale_by_layer; /* and by the number of the layer, from 1 */
    bool no_bias; /* biases that the file does not have are zeros */
} gb_config;

/* Reads and checks folder/config.json, and generation_config.json, which where
 * it is there says alone what ends a text (as in Transformers). Everything
 * that this program could not compute faithfully is refused, naming field,
 * expected and found; fields that do not change the result (dropout, task
 * parameters, ...) are not looked at.
 *
 * Where there is ckpt.pt and no config.json it is the model_args of nanoGPT
 * (model/ckpt.h), with the epsilon of its model.py; it has no word for what
 * ends a text, nor for its GELU. That was the one with tanh until June 2023;
 * "bias" is in model_args since January. Without it, it is that one; with it,
 * which leaves it open for those months, torch.nn.GELU's. */
bool gb_config_load(const char *folder, gb_config *config, gb_error *err);

#endif
