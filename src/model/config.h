/* config.json of a GPT-2 model folder (Hugging Face layout). */
#ifndef GB_MODEL_CONFIG_H
#define GB_MODEL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct gb_config {
    uint32_t n_layer;
    uint32_t n_head;
    uint32_t n_embd;    /* width; a multiple of n_head */
    uint32_t head_size; /* n_embd / n_head */
    uint32_t n_inner;   /* width of the feed-forward layer */
    uint32_t n_ctx;     /* longest sequence, in tokens */
    uint32_t n_vocab;
    uint32_t eos_id; /* end-of-text; n_vocab - 1 when the file is silent */
    bool tied; /* the head shares wte: tie_word_embeddings, true if silent */
    float ln_eps;
} gb_config;

/* Reads and checks folder/config.json. Everything that this program could
 * not compute faithfully is refused, naming field, expected and found;
 * fields that do not change the result (dropout, task parameters, ...) are
 * not looked at. */
bool gb_config_load(const char *folder, gb_config *config, gb_error *err);

#endif
