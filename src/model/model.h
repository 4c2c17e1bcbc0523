/* A model: its config, weights and tokenizer, all checked; a folder, or one
 * file of GGUF. */
#ifndef GB_MODEL_MODEL_H
#define GB_MODEL_MODEL_H

#include "base/progress.h"
#include "model/config.h"
#include "model/find.h"
#include "model/tensors.h"
#include "model/tokenizer.h"

/* The weights of one transformer block. Matrices are (in, out), as GPT-2
 * stores them, or turned (gb_tensor); E = n_embd, I = n_inner. */
typedef struct gb_block_weights {
    gb_tensor ln_1_weight, ln_1_bias;     /* (E) */
    gb_tensor attn_weight, attn_bias;     /* (E, 3E), (3E): q, k, v */
    gb_tensor proj_weight, proj_bias;     /* (E, E), (E) */
    gb_tensor ln_2_weight, ln_2_bias;     /* (E) */
    gb_tensor fc_weight, fc_bias;         /* (E, I), (I) */
    gb_tensor fc_proj_weight, fc_proj_bias; /* (I, E), (E) */
} gb_block_weights;

typedef struct gb_model {
    char *path; /* the folder or file */
    char *name; /* by which it is found (see model/find.h), else its last
                   component */
    gb_config config;
    gb_tensors *tensors;
    gb_tensor wte;                     /* (vocab, E) */
    gb_tensor wpe;                     /* (ctx, E) */
    gb_tensor ln_f_weight, ln_f_bias;  /* (E) */
    gb_tensor lm_head;                 /* (vocab, E); is wte when tied */
    gb_tensor head_bias;               /* (vocab): -infinity for ids that have
                                          no token, else 0; no data where all
                                          have one */
    bool tied;
    gb_block_weights *blocks;          /* (n_layer) */
    gb_tokenizer *tokenizer;           /* NULL after gb_model_open_weights */
    float *mask;                       /* the data of head_bias */
    char *note;                        /* what people should know of it, a
                                          sentence, or NULL */
    char sha256[65];                   /* "" until gb_model_sha256 */
} gb_model;

/* Opens the folder or file and checks every tensor's shape against the config.
 *
 * A file may hold lm_head.weight although config.json says (or is silent,
 * which means) that the head is tied to wte. Then the file's head is used:
 * what was saved is what was trained. `tied` is set when it holds the same
 * bytes as wte, so that it need not be in memory twice. Without
 * lm_head.weight the head is wte, unless tie_word_embeddings is false: then
 * it is missing. */
gb_model *gb_model_open(const char *path, gb_error *err);
/* Only the config and the weights; for models that have no tokenizer. */
gb_model *gb_model_open_weights(const char *path, gb_error *err);
/* Only the config and the tokenizer; tensors and blocks are NULL. */
gb_model *gb_model_open_tokenizer(const char *path, gb_error *err);
void gb_model_close(gb_model *m);

/* The tensors that are computed with, each once: an array that the caller
 * frees. They live as long as m. */
const gb_tensor **gb_model_tensors(const gb_model *m, size_t *n);

/* SHA-256 over the weight files' contents in order of their names, as 64 hex
 * digits plus NUL: what `cat *.safetensors | sha256sum` prints. Reads all of
 * them; keeps the result in m and, for large models, in the cache folder as
 * long as the files do not change. */
bool gb_model_sha256(gb_model *m, char hex[65], gb_error *err);
/* Whether a text (or NULL) has the form of one: 64 digits 0-9a-f. */
bool gb_is_sha256(const char *hex);

/* The same beforehand, as it may take long. */
bool gb_model_hash(gb_model *m, const gb_progress *progress, gb_error *err);

#endif
