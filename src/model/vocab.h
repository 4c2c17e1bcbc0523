/* vocab.json: the pieces of text that tokens stand for. A piece is spelled in
 * GPT-2's byte alphabet, where each of the 256 bytes is one printable
 * character (the byte 0x20 is U+0120, and so on). */
#ifndef GB_MODEL_VOCAB_H
#define GB_MODEL_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* No token: a byte that the vocabulary lacks. */
#define GB_NO_TOKEN UINT32_MAX

typedef struct gb_vocab gb_vocab;

/* Reads and checks the file at path, which must give each id below n_vocab
 * exactly one piece. */
gb_vocab *gb_vocab_open(const char *path, uint32_t n_vocab, gb_error *err);
void gb_vocab_close(gb_vocab *v);

/* The id of a piece as the file spells it, or GB_NO_TOKEN. Only until
 * gb_vocab_forget, which frees what is needed for this alone. */
uint32_t gb_vocab_find(const gb_vocab *v, const char *piece);
void gb_vocab_forget(gb_vocab *v);

uint32_t gb_vocab_size(const gb_vocab *v);
/* In how many ways a piece can be cut in two, of all pieces together. */
size_t gb_vocab_cuts(const gb_vocab *v);
/* The piece as the file spells it; the bytes that it stands for; both owned
 * by v. NULL for an id out of range. */
const char *gb_vocab_piece(const gb_vocab *v, uint32_t id);
const char *gb_vocab_bytes(const gb_vocab *v, uint32_t id, size_t *n);
/* The id of the piece that is this byte alone, or GB_NO_TOKEN. */
uint32_t gb_vocab_byte(const gb_vocab *v, unsigned char byte);

#endif
