/* GPT-2's byte-level BPE (Radford et al. 2019; Sennrich et al. 2016).
 *
 * The ids are those of OpenAI's encoder with Python's `regex` module, on every
 * character that PCRE2's version of Unicode knows (14 in PCRE2 10.42); letters
 * and digits assigned later count as signs. Bytes that are no UTF-8 count as
 * signs too and are kept: decoding gives any byte string back. */
#ifndef GB_MODEL_TOKENIZER_H
#define GB_MODEL_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

typedef uint32_t gb_token;

/* A growable list of token ids. */
typedef struct gb_ids {
    gb_token *data;
    size_t len;
    size_t capacity;
} gb_ids;

#define GB_IDS_INIT {NULL, 0, 0}

void gb_ids_push(gb_ids *ids, gb_token id);
void gb_ids_append(gb_ids *ids, const gb_token *more, size_t n);
void gb_ids_free(gb_ids *ids);

typedef struct gb_tokenizer gb_tokenizer;

/* Reads folder/vocab.json and folder/merges.txt. n_vocab and eos_id come from
 * config.json; the vocabulary must give each id below n_vocab exactly one
 * token (ids that the file leaves out at the end, as padded vocabularies do,
 * are refused: "fewer entries than vocab_size"). */
gb_tokenizer *gb_tokenizer_open(const char *folder, uint32_t n_vocab,
                                gb_token eos_id, gb_error *err);
void gb_tokenizer_close(gb_tokenizer *t);

/* Appends the ids of text (any bytes). With `specials`, the text of the
 * end-of-text token ("<|endoftext|>" in GPT-2's vocabulary) becomes its id;
 * without, it is text like any other. Time grows nearly linearly with n. A
 * byte that the vocabulary lacks is an error; ids are then as before. Not
 * thread-safe on one tokenizer. */
bool gb_tokenizer_encode(gb_tokenizer *t, const char *text, size_t n,
                         bool specials, gb_ids *ids, gb_error *err);

/* The bytes of one token (may be part of a character); owned by t. An id out
 * of range gives n = 0. Tokens such as <|endoftext|> give that very text. */
const char *gb_tokenizer_bytes(const gb_tokenizer *t, gb_token id, size_t *n);

/* The token as vocab.json spells it (printable characters for bytes). */
const char *gb_tokenizer_piece(const gb_tokenizer *t, gb_token id);

/* Appends the bytes of all ids. */
bool gb_tokenizer_decode(const gb_tokenizer *t, const gb_token *ids, size_t n,
                         gb_str *out, gb_error *err);

#endif
