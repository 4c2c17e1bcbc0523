/* GPT-2's byte-level BPE (Radford et al. 2019; Sennrich et al. 2016).
 *
 * The ids are those of Hugging Face's tokenizers, on every
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

/* No token: no such piece, no end of text. */
#define GB_NO_TOKEN UINT32_MAX

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
/* How many tokens a (n) and b (m) have in common, from the first on. */
size_t gb_ids_common(const gb_token *a, size_t n, const gb_token *b, size_t m);

typedef struct gb_tokenizer gb_tokenizer;

/* Reads what the folder says of its tokenizer (model/tokenizer_files.h).
 * n_vocab and eos_id come from config.json; the text of eos_id, which may be
 * GB_NO_TOKEN, is a special token. Ids below n_vocab may be without a piece;
 * those at n_vocab and above are refused where a text has them, as the model
 * has no row for them. */
gb_tokenizer *gb_tokenizer_open(const char *folder, uint32_t n_vocab,
                                gb_token eos_id, gb_error *err);
/* The same of what was read; takes from files what it needs. */
struct gb_tokenizer_files;
gb_tokenizer *gb_tokenizer_new(struct gb_tokenizer_files *files,
                               uint32_t n_vocab, gb_token eos_id,
                               gb_error *err);
void gb_tokenizer_close(gb_tokenizer *t);

/* Appends the ids of text (any bytes), once it is as the tokenizer wants it
 * (gb_tokenizer_facts has the normalizer). With `specials`, the text of a special
 * token ("<|endoftext|>") becomes its id; without, it is text like any other.
 * Other added tokens become their ids in any case. Time grows nearly linearly
 * with n. A byte that the vocabulary lacks is an error; ids are then as
 * before. Not thread-safe on one tokenizer. */
bool gb_tokenizer_encode(gb_tokenizer *t, const char *text, size_t n,
                         bool specials, gb_ids *ids, gb_error *err);
/* The same for a text from its beginning: with the space or the tokens in
 * front that the folder asks for (add_prefix_space, add_bos_token). */
bool gb_tokenizer_encode_whole(gb_tokenizer *t, const char *text, size_t n,
                               bool specials, gb_ids *ids, gb_error *err);

/* Whether a text (n bytes) has the text of a special token. */
bool gb_tokenizer_has_special(const gb_tokenizer *t, const char *text,
                              size_t n);

/* Whether an id has a piece; how many below n_vocab have none. */
bool gb_tokenizer_has(const gb_tokenizer *t, gb_token id);
uint32_t gb_tokenizer_missing(const gb_tokenizer *t);

/* What it does besides merging. */
typedef struct gb_tokenizer_facts {
    size_t added, special; /* tokens; special ones are among the added */
    bool prefix_space;     /* a text begins with a space, or gets one */
    bool whole;            /* a text is not split before it is merged */
    const char *normalizer; /* what is done to a text first, by the names of
                               the steps; NULL: nothing; owned by t */
    const gb_ids *prefix;  /* before a whole text; owned by t */
} gb_tokenizer_facts;
gb_tokenizer_facts gb_tokenizer_get_facts(const gb_tokenizer *t);

/* The bytes of one token (may be part of a character); owned by t. An id out
 * of range, or without a piece, gives n = 0. Tokens such as <|endoftext|> give
 * that very text. */
const char *gb_tokenizer_bytes(const gb_tokenizer *t, gb_token id, size_t *n);

/* The token as the vocabulary spells it (printable characters for bytes); ""
 * for an id without a piece. */
const char *gb_tokenizer_piece(const gb_tokenizer *t, gb_token id);

/* Appends the bytes of all ids; one without a piece has none. */
bool gb_tokenizer_decode(const gb_tokenizer *t, const gb_token *ids, size_t n,
                         gb_str *out, gb_error *err);

#endif
