/* A vocabulary: the pieces of text that tokens stand for. A piece is spelled
 * in GPT-2's byte alphabet, where each of the 256 bytes is one printable
 * character (the byte 0x20 is U+0120, and so on); one with any other character
 * stands for its own letters. */
#ifndef GB_MODEL_VOCAB_H
#define GB_MODEL_VOCAB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/tokenizer.h"

typedef struct gb_vocab gb_vocab;

/* Ids are below this, so that a table of them stays small. */
#define GB_MAX_TOKENS (1u << 20)

/* The character that spells a byte: printable Latin-1 itself, the others in
 * order from U+0100 on. */
uint32_t gb_vocab_spell(unsigned char byte);

/* Takes an id; false for what is none. */
bool gb_vocab_take_id(const json_t *value, uint32_t *id);

/* Reads vocab.json, or any object that gives pieces their ids; `where` names
 * it in messages. No two pieces may have one id; ids may be missing. */
gb_vocab *gb_vocab_open(const char *path, gb_error *err);
gb_vocab *gb_vocab_new(json_t *pieces, const char *where, gb_error *err);
void gb_vocab_close(gb_vocab *v);

/* Adds a token that stands for its own letters, which no piece spells so far.
 * False where the id has another piece. */
bool gb_vocab_add(gb_vocab *v, uint32_t id, const char *text, gb_error *err);

/* The id of a piece as the file spells it, or GB_NO_TOKEN; how many pieces
 * were read, and added. Only until gb_vocab_forget, which frees what is needed
 * for this alone. */
uint32_t gb_vocab_find(const gb_vocab *v, const char *piece);
size_t gb_vocab_read(const gb_vocab *v);
size_t gb_vocab_added(const gb_vocab *v);
void gb_vocab_forget(gb_vocab *v);

/* One more than the highest id. */
uint32_t gb_vocab_size(const gb_vocab *v);
bool gb_vocab_has(const gb_vocab *v, uint32_t id);
/* The piece as the file spells it; the bytes that it stands for; both owned
 * by v. "" for an id that has no piece, NULL for one out of range. */
const char *gb_vocab_piece(const gb_vocab *v, uint32_t id);
const char *gb_vocab_bytes(const gb_vocab *v, uint32_t id, size_t *n);
/* The id of the piece that is this byte alone, or GB_NO_TOKEN. */
uint32_t gb_vocab_byte(const gb_vocab *v, unsigned char byte);

#endif
