/* Engines on small models with random weights. */
#ifndef GB_TESTS_ENGINE_FIXTURE_H
#define GB_TESTS_ENGINE_FIXTURE_H

#include "../tools/random_model.h"
#include "engine/engine.h"

typedef struct fixture {
    gb_model *model;
    gb_engine *engine;
} fixture;

/* 2 layers, 3 heads of 25, vocabulary 301, context 300, F32. */
extern const gb_random_model odd_model;

/* Writes the model into a folder of test_folder(); static storage. */
const char *fixture_write(const gb_random_model *m, const char *name);

/* Fails the test unless it opens; options may be NULL (which here means that
 * the own kernels do the prefill). $GUMBEL_SHAPE is in force. */
fixture fixture_open(const char *folder, const gb_engine_options *options);
void fixture_close(fixture *f);

/* A made-up prompt: n ids below the vocabulary; the caller frees. */
gb_token *fixture_prompt(const gb_engine *e, uint32_t n);

void fixture_feed(gb_engine *e, const gb_token *ids, uint32_t n);

/* What the heads pick behind what was fed: gb_engine_pick_rows of that text. */
bool fixture_greedy(gb_engine *e, const gb_adjustments *adjust, gb_pick *pick,
                    gb_error *err);
bool fixture_sample(gb_engine *e, float temperature, const gb_filter *filter,
                    const gb_adjustments *adjust, uint64_t seed, uint64_t step,
                    gb_pick *pick, gb_error *err);

/* (n_vocab) at temperature 1; the caller frees. */
float *fixture_logprobs(gb_engine *e);

/* Rewinds to 0, feeds the prompt at once, and gives its logprobs. */
float *fixture_logprobs_after(gb_engine *e, uint32_t n);

void assert_same_bits(const gb_engine *e, const float *a, const float *b,
                      const char *what, uint32_t n);
/* The largest difference of two vectors. */
float largest_difference(const gb_engine *e, const float *a, const float *b);

/* Replaces all weights in the folder's model.safetensors (F32) by one. */
void fixture_fill_weights(const char *folder, float value);

#endif
