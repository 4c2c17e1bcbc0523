#include "model/vocab.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

/* GPT-2's alphabet ends at U+0143. */
#define ALPHABET 0x144

/* Room in vocab.json for one token, far above the 21 bytes it takes in
 * GPT-2's, and for the shortest vocabularies. */
#define BYTES_PER_TOKEN 256
#define BYTES_AT_LEAST (1u << 20)
#define BYTES_AT_MOST (1u << 28)

typedef struct token {
    uint32_t piece; /* offset in `pieces`; 0: no such token yet */
    uint32_t text;  /* offset in `texts` */
    uint32_t n;     /* bytes of text */
} token;

struct gb_vocab {
    uint32_t n_tokens;
    token *tokens; /* (n_tokens) */
    gb_str pieces; /* each followed by a NUL; byte 0 is none of them */
    gb_str texts;
    uint32_t bytes[256]; /* the token that is one byte */
    json_t *index;       /* the file: piece to id */
};

/* The byte that each character of the alphabet stands for, -1 for none:
 * printable Latin-1 for itself, the others in order from U+0100 on. */
static void
fill_alphabet(int16_t alphabet[ALPHABET])
{
    int other = 0x100, i;

    for (i = 0; i < ALPHABET; i++)
        alphabet[i] = -1;
    for (i = 0; i < 256; i++)
        if ((i > ' ' && i < 0x7f) || (i > 0xa0 && i != 0xad))
            alphabet[i] = (int16_t)i;
        else
            alphabet[other++] = (int16_t)i;
}

/* Tokens such as <|endoftext|> stand for their literal text. */
static bool
is_special(const char *piece, size_t n)
{
    return n >= 4 && memcmp(piece, "<|", 2) == 0 &&
           memcmp(piece + n - 2, "|>", 2) == 0;
}

/* Appends what piece stands for. False at a character that is not in the
 * alphabet, which is left in *rune. */
static bool
put_text(gb_str *texts, const int16_t alphabet[ALPHABET], const char *piece,
         size_t n, uint32_t *rune)
{
    size_t at, start = texts->len;
    bool valid;

    for (at = 0; at < n;) {
        at += gb_utf8_next(piece + at, n - at, rune, &valid);
        if (*rune >= ALPHABET || alphabet[*rune] < 0) {
            texts->len = start;
            return false;
        }
        gb_str_putc(texts, (char)alphabet[*rune]);
    }
    return true;
}

static bool
add(gb_vocab *v, const int16_t alphabet[ALPHABET], uint32_t id,
    const char *piece, const char *path, gb_error *err)
{
    token *t = &v->tokens[id];
    char shown[GB_JSON_SHOWN], other[GB_JSON_SHOWN];
    size_t n = strlen(piece);
    uint32_t rune;

    if (t->piece != 0)
        return gb_fail(err, "%s: expected one piece for id %u, found %s and %s",
                       path, id,
                       gb_json_quote(v->pieces.data + t->piece, other),
                       gb_json_quote(piece, shown));
    if (n == 0)
        return gb_fail(err, "%s: expected text as the piece of id %u, found "
                       "\"\"", path, id);
    t->piece = (uint32_t)v->pieces.len;
    gb_str_append(&v->pieces, piece, n + 1);
    t->text = (uint32_t)v->texts.len;
    if (!put_text(&v->texts, alphabet, piece, n, &rune)) {
        if (!is_special(piece, n))
            return gb_fail(err, "%s: the piece %s of id %u: expected GPT-2's "
                           "256 characters for bytes, found U+%04X", path,
                           gb_json_quote(piece, shown), id, (unsigned)rune);
        gb_str_append(&v->texts, piece, n);
    }
    t->n = (uint32_t)(v->texts.len - t->text);
    if (t->n == 1)
        v->bytes[(unsigned char)v->texts.data[t->text]] = id;
    return true;
}

/* With fewer than n_vocab pieces, one of the first ids is missing: says which,
 * without trusting n_vocab for the size of anything. */
static bool
fail_missing(const gb_vocab *v, const char *path, uint32_t n_vocab,
             gb_error *err)
{
    size_t n = json_object_size(v->index), id = 0;
    bool *seen = gb_alloc_array(n + 1, sizeof *seen);
    const char *piece;
    json_t *value;
    json_int_t i;

    json_object_foreach(v->index, piece, value)
    {
        i = json_is_integer(value) ? json_integer_value(value) : -1;
        if (i >= 0 && (size_t)i < n)
            seen[i] = true;
    }
    while (seen[id])
        id++;
    free(seen);
    return gb_fail(err, "%s: expected %u pieces (vocab_size of config.json), "
                   "found %zu: id %zu is missing", path, n_vocab, n, id);
}

static bool
fill(gb_vocab *v, const char *path, uint32_t n_vocab, gb_error *err)
{
    int16_t alphabet[ALPHABET];
    char shown[GB_JSON_SHOWN], found[GB_JSON_SHOWN];
    const char *piece;
    json_t *value;
    json_int_t id;

    if (json_object_size(v->index) < n_vocab)
        return fail_missing(v, path, n_vocab, err);
    fill_alphabet(alphabet);
    v->n_tokens = n_vocab;
    v->tokens = gb_alloc_array(n_vocab, sizeof *v->tokens);
    gb_str_putc(&v->pieces, '\0');
    json_object_foreach(v->index, piece, value)
    {
        id = json_integer_value(value);
        if (!json_is_integer(value) || id < 0 || id >= n_vocab)
            return gb_fail(err, "%s: the piece %s: expected an integer id "
                           "below %u (vocab_size of config.json), found %s",
                           path, gb_json_quote(piece, shown), n_vocab,
                           gb_json_show(value, found));
        if (!add(v, alphabet, (uint32_t)id, piece, path, err))
            return false;
    }
    return true;
}

gb_vocab *
gb_vocab_open(const char *path, uint32_t n_vocab, gb_error *err)
{
    gb_vocab *v = gb_alloc(sizeof *v);
    uint64_t limit = (uint64_t)n_vocab * BYTES_PER_TOKEN + BYTES_AT_LEAST;

    memset(v->bytes, 0xff, sizeof v->bytes);
    if (limit > BYTES_AT_MOST)
        limit = BYTES_AT_MOST;
    v->index = gb_json_load(path, (size_t)limit, err);
    if (v->index != NULL && fill(v, path, n_vocab, err))
        return v;
    gb_vocab_close(v);
    return NULL;
}

void
gb_vocab_close(gb_vocab *v)
{
    if (v == NULL)
        return;
    gb_vocab_forget(v);
    gb_str_free(&v->pieces);
    gb_str_free(&v->texts);
    free(v->tokens);
    free(v);
}

uint32_t
gb_vocab_find(const gb_vocab *v, const char *piece)
{
    const json_t *value = json_object_get(v->index, piece);

    return value != NULL ? (uint32_t)json_integer_value(value) : GB_NO_TOKEN;
}

void
gb_vocab_forget(gb_vocab *v)
{
    json_decref(v->index);
    v->index = NULL;
}

uint32_t
gb_vocab_size(const gb_vocab *v)
{
    return v->n_tokens;
}

/* A character of a piece is a byte of its text. */
size_t
gb_vocab_cuts(const gb_vocab *v)
{
    return v->texts.len - v->n_tokens;
}

const char *
gb_vocab_piece(const gb_vocab *v, uint32_t id)
{
    return id < v->n_tokens ? v->pieces.data + v->tokens[id].piece : NULL;
}

const char *
gb_vocab_bytes(const gb_vocab *v, uint32_t id, size_t *n)
{
    *n = id < v->n_tokens ? v->tokens[id].n : 0;
    return id < v->n_tokens ? v->texts.data + v->tokens[id].text : NULL;
}

uint32_t
gb_vocab_byte(const gb_vocab *v, unsigned char byte)
{
    return v->bytes[byte];
}
