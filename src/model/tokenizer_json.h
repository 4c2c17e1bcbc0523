/* tokenizer.json, as Hugging Face's tokenizers write it. */
#ifndef GB_MODEL_TOKENIZER_JSON_H
#define GB_MODEL_TOKENIZER_JSON_H

#include "model/tokenizer_files.h"

/* Reads the file at path. A byte-level BPE alone is taken; every step of
 * another kind is refused, naming it. */
bool gb_tokenizer_json_read(gb_tokenizer_files *f, const char *path,
                            gb_error *err);

/* An added token as tokenizer.json and tokenizer_config.json describe it: an
 * object with "content" and how it is to be found. Where the vocabulary has
 * its text that id is its own, else the next one that is free; `id` must be
 * that (GB_NO_TOKEN: any will do). */
bool gb_tokenizer_add(gb_tokenizer_files *f, const json_t *token, uint32_t id,
                      const char *where, gb_error *err);

#endif
