/* GPT-2 model folders with random weights, for tests and measurements.
 *
 * Every weight is a function of the seed, the tensor's name and the element's
 * index alone, computed in exactly rounded steps, so that this program and
 * tests/reference/random_model.py write the same bytes; prefix, shards and
 * dtype do not change the values (but for the dtype's own rounding). */
#ifndef GB_TESTS_RANDOM_MODEL_H
#define GB_TESTS_RANDOM_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/tensors.h"

typedef struct gb_random_model {
    uint32_t layers, width, heads, vocab, context; /* none is 0 */
    uint32_t inner;     /* 0: 4 * width, n_inner is null in config.json */
    gb_dtype dtype;     /* of all tensors, but for */
    const char *other;  /* those with this in their names; NULL: none */
    gb_dtype other_dtype;
    uint64_t seed;
    uint32_t shards;    /* 0, 1: model.safetensors; else files and an index */
    const char *prefix; /* of tensor names, "transformer."; NULL: none */
    bool untied;        /* with lm_head.weight */
    bool no_tokenizer;  /* neither vocab.json nor merges.txt */
    bool hollow;        /* weights of zero, which take no room on the disk */
} gb_random_model;

/* Writes config.json, the weights and, for a vocabulary of at least 257, a
 * tokenizer. Creates the folder where there is none; files of these names are
 * replaced. */
bool gb_random_model_write(const gb_random_model *m, const char *folder,
                           gb_error *err);

/* vocab.json and merges.txt with vocab_size >= 257 entries: the 256 bytes,
 * then merged pairs of bytes (letters first), then merged pairs of pairs, and
 * <|endoftext|> as the last id. */
bool gb_random_tokenizer_write(uint32_t vocab_size, const char *folder,
                               gb_error *err);

#endif
