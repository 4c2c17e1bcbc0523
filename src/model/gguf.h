/* GGUF files, versions 2 and 3: metadata by keys, then what tensors there are,
 * then the tensors (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
 * One file is a whole model: config, tokenizer and weights. */
#ifndef GB_MODEL_GGUF_H
#define GB_MODEL_GGUF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "model/config.h"
#include "model/tensor_file.h"
#include "model/tokenizer_files.h"

typedef struct gb_gguf {
    char *path;
    json_t *metadata;   /* an object: keys as in the file, arrays as lists; a
                           number that is none is null */
    gb_tensor_file file; /* until gb_gguf_take_file */
} gb_gguf;

/* Opens a file and reads all but the weights. Every count, length and offset
 * is checked against the file. One of another architecture than GPT-2 is
 * refused, as is one of several parts. */
gb_gguf *gb_gguf_open(const char *path, gb_error *err);
void gb_gguf_close(gb_gguf *g);

/* The tensors, by Transformers' names; matrices of the layers, which GGUF
 * keeps as (out, in), as (in, out) and turned. To be called once. */
gb_tensor_file gb_gguf_take_file(gb_gguf *g);

/* What config.json and the tokenizer's files say in a folder. */
bool gb_gguf_config(const gb_gguf *g, gb_config *config, gb_error *err);
bool gb_gguf_tokenizer(const gb_gguf *g, gb_tokenizer_files *f,
                       gb_error *err);

/* "h.0.attn.c_attn.weight" for "blk.0.attn_qkv.weight", or NULL where GPT-2 has
 * no such tensor; and back. The caller frees. */
char *gb_gguf_key(const char *name);
char *gb_gguf_name(const char *key);

/* Types of tensors, by their numbers in the file, as ggml calls them; NULL for
 * one that is not known. */
const char *gb_gguf_type_name(uint32_t type);
uint32_t gb_gguf_type(gb_dtype dtype);

#endif
