/* The setting `bias`: a JSON object from tokens to what is added to their
 * logits, or "ban". A token is named by its exact text or as #ID. As a setting
 * it is text that means nothing without a tokenizer; "" is off. Errors are
 * GB_USAGE. */
#ifndef GB_SESSION_BIAS_H
#define GB_SESSION_BIAS_H

#include "base/error.h"
#include "base/str.h"
#include "model/tokenizer.h"
#include "sample/adjust.h"

#define GB_BIAS_MOST 1000.0
#define GB_MAX_BIAS 10000 /* tokens */

/* Appends the object that `value` is, "" when it has no tokens. */
bool gb_bias_read(const char *value, gb_str *out, gb_error *err);

/* Appends the object `now` with one token changed, as people type it: "TOKEN
 * X" or "TOKEN=X", where X is a number, "ban" or "off", and TOKEN may stand in
 * double quotes, as in JSON. */
bool gb_bias_change(const char *now, const char *change, gb_str *out,
                    gb_error *err);

/* Finds the tokens in a vocabulary; the caller frees *list (*n). */
bool gb_bias_resolve(const char *bias, gb_tokenizer *t, uint32_t n_vocab,
                     gb_bias **list, size_t *n, gb_error *err);
/* Whether it could. */
bool gb_bias_check(const char *bias, gb_tokenizer *t, uint32_t n_vocab,
                   gb_error *err);

#endif
