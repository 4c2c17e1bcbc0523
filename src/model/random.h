/* Models with random weights: for measurements, since what the weights are
 * does not change the work. */
#ifndef GB_MODEL_RANDOM_H
#define GB_MODEL_RANDOM_H

#include "model/model.h"

/* The sizes of gpt2, gpt2-medium, gpt2-large or gpt2-xl, or of L,D,H,V,C:
 * layers, width, heads, vocabulary, context. What it is not is GB_USAGE. */
bool gb_random_parse(const char *shape, gb_config *config, gb_error *err);

/* A model of this shape without tokenizer, of which nothing lies on disk or
 * in memory: its weights (f32) are computed as they are read, and always the
 * same. They are those of tests/reference/random_model.py. */
gb_model *gb_random_open(const char *shape, gb_error *err);

#endif
