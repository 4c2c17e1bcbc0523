/* What a folder says of its tokenizer, as Hugging Face's libraries write it:
 * tokenizer.json, or vocab.json and merges.txt; tokenizer_config.json,
 * special_tokens_map.json and added_tokens.json beside them. */
#ifndef GB_MODEL_TOKENIZER_FILES_H
#define GB_MODEL_TOKENIZER_FILES_H

#include "model/added.h"
#include "model/merges.h"
#include "model/normalizer.h"
#include "model/tokenizer.h"
#include "model/vocab.h"

typedef struct gb_tokenizer_files {
    gb_vocab *vocab; /* gb_vocab_find works */
    gb_merges merges;
    gb_added added;    /* not sorted yet */
    gb_normalizer *normalizer; /* NULL: a text is taken as it stands */
    bool whole;        /* a text is one piece, not split by GPT-2's pattern */
    bool prefix_space; /* a text begins with a space, or gets one */
    gb_ids prefix;     /* what comes before a whole text */
} gb_tokenizer_files;

/* Whether there is what the next wants. */
bool gb_tokenizer_files_are_in(const char *folder);

/* tokenizer.json goes before vocab.json, as in Transformers. What would change
 * the ids and is not done here is refused by its name. Call
 * gb_tokenizer_files_free in any case. */
bool gb_tokenizer_files_read(gb_tokenizer_files *f, const char *folder,
                             gb_error *err);
void gb_tokenizer_files_free(gb_tokenizer_files *f);

/* Whether tokenizer_config.json asks for this (add_bos_token) in vain, as there
 * is a tokenizer.json. */
bool gb_tokenizer_files_ignore(const char *folder, const char *field);

#endif
