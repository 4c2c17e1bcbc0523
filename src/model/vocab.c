#include "model/vocab.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

/* GPT-2's alphabet ends at U+0143. */
#define ALPHABET 0x144

#define VOCAB_LIMIT (1u << 27) /* bytes; GPT-2's has a million */

typedef struct token {
    uint32_t piece; /* offset in `pieces`; 0: no such token yet */
    uint32_t text;  /* offset in `texts` */
    uint32_t n;     /* bytes of text */
} token;

struct gb_vocab {
    char *where;
    uint32_t n_tokens; /* one more than the highest id */
    uint32_t room;
    token *tokens; /* (n_tokens) */
    gb_str pieces; /* each followed by a NUL; byte 0 is none of them */
    gb_str texts;
    uint32_t bytes[256]; /* the token that is one byte */
    json_t *index;       /* the file: piece to id */
    json_t *added;       /* likewise, of what gb_vocab_add gave */
};

uint32_t
gb_vocab_spell(unsigned char byte)
{
    if (byte <= ' ')
        return 0x100u + byte;
    if (byte >= 0x7f && byte <= 0xa0)
        return 0x121u + byte - 0x7f;
    return byte == 0xad ? ALPHABET - 1 : byte;
}

/* The byte that each character of the alphabet stands for, -1 for none. */
static void
fill_alphabet(int16_t alphabet[ALPHABET])
{
    int i;

    for (i = 0; i < ALPHABET; i++)
        alphabet[i] = -1;
    for (i = 0; i < 256; i++)
        alphabet[gb_vocab_spell((unsigned char)i)] = (int16_t)i;
}

/* Appends the bytes that a piece spells. False, with nothing appended, at a
 * character that is not in the alphabet. */
static bool
put_text(gb_str *texts, const int16_t alphabet[ALPHABET], const char *piece,
         size_t n)
{
    size_t at, start = texts->len;
    uint32_t rune;
    bool valid;

    for (at = 0; at < n;) {
        at += gb_utf8_next(piece + at, n - at, &rune, &valid);
        if (rune >= ALPHABET || alphabet[rune] < 0) {
            texts->len = start;
            return false;
        }
        gb_str_putc(texts, (char)alphabet[rune]);
    }
    return true;
}

/* Room for ids below n. */
static void
reserve(gb_vocab *v, uint32_t n)
{
    uint32_t room = v->room;

    if (n > room) {
        room = n > 2 * room ? n : 2 * room;
        v->tokens = gb_realloc_array(v->tokens, room, sizeof *v->tokens);
        memset(v->tokens + v->room, 0, (room - v->room) * sizeof *v->tokens);
        v->room = room;
    }
    if (n > v->n_tokens)
        v->n_tokens = n;
}

/* Gives an id its piece; the caller appends the text. */
static bool
put_piece(gb_vocab *v, uint32_t id, const char *piece, gb_error *err)
{
    char shown[GB_JSON_SHOWN], other[GB_JSON_SHOWN];
    token *t;

    reserve(v, id + 1);
    t = &v->tokens[id];
    if (t->piece != 0)
        return gb_fail(err, "%s: expected one piece for id %u, found %s and %s",
                       v->where, id,
                       gb_json_quote(v->pieces.data + t->piece, other),
                       gb_json_quote(piece, shown));
    if (piece[0] == '\0')
        return gb_fail(err, "%s: expected text as the piece of id %u, found "
                       "\"\"", v->where, id);
    t->piece = (uint32_t)v->pieces.len;
    gb_str_append(&v->pieces, piece, strlen(piece) + 1);
    t->text = (uint32_t)v->texts.len;
    return true;
}

static bool
add(gb_vocab *v, const int16_t alphabet[ALPHABET], uint32_t id,
    const char *piece, gb_error *err)
{
    size_t n = strlen(piece);
    bool spelled;
    token *t;

    if (!put_piece(v, id, piece, err))
        return false;
    t = &v->tokens[id];
    spelled = put_text(&v->texts, alphabet, piece, n);
    if (!spelled)
        gb_str_append(&v->texts, piece, n);
    t->n = (uint32_t)(v->texts.len - t->text);
    if (spelled && t->n == 1)
        v->bytes[(unsigned char)v->texts.data[t->text]] = id;
    return true;
}

bool
gb_vocab_take_id(const json_t *value, uint32_t *id)
{
    const json_int_t n = json_integer_value(value);

    *id = (uint32_t)n;
    return json_is_integer(value) && n >= 0 && n < GB_MAX_TOKENS;
}

static bool
fill(gb_vocab *v, gb_error *err)
{
    int16_t alphabet[ALPHABET];
    char shown[GB_JSON_SHOWN], found[GB_JSON_SHOWN];
    const char *piece;
    json_t *value;
    uint32_t id;

    if (json_object_size(v->index) == 0)
        return gb_fail(err, "%s: expected an object of pieces and their ids, "
                       "found %s", v->where,
                       json_is_object(v->index) ? "no piece"
                       : gb_json_show(v->index, found));
    fill_alphabet(alphabet);
    gb_str_putc(&v->pieces, '\0');
    json_object_foreach(v->index, piece, value)
    {
        if (!gb_vocab_take_id(value, &id))
            return gb_fail(err, "%s: the piece %s: expected an integer id "
                           "below %u, found %s", v->where,
                           gb_json_quote(piece, shown), GB_MAX_TOKENS,
                           gb_json_show(value, found));
        if (!add(v, alphabet, id, piece, err))
            return false;
    }
    return true;
}

gb_vocab *
gb_vocab_new(json_t *pieces, const char *where, gb_error *err)
{
    gb_vocab *v = gb_alloc(sizeof *v);

    memset(v->bytes, 0xff, sizeof v->bytes);
    v->where = gb_strdup(where);
    v->index = json_incref(pieces);
    v->added = json_object();
    if (fill(v, err))
        return v;
    gb_vocab_close(v);
    return NULL;
}

gb_vocab *
gb_vocab_open(const char *path, gb_error *err)
{
    json_t *root = gb_json_load(path, VOCAB_LIMIT, err);
    gb_vocab *v = root != NULL ? gb_vocab_new(root, path, err) : NULL;

    json_decref(root);
    return v;
}

bool
gb_vocab_add(gb_vocab *v, uint32_t id, const char *text, gb_error *err)
{
    token *t;

    if (!put_piece(v, id, text, err))
        return false;
    t = &v->tokens[id];
    t->n = (uint32_t)strlen(text);
    gb_str_append(&v->texts, text, t->n);
    json_object_set_new(v->added, text, json_integer(id));
    return true;
}

void
gb_vocab_close(gb_vocab *v)
{
    if (v == NULL)
        return;
    gb_vocab_forget(v);
    gb_str_free(&v->pieces);
    gb_str_free(&v->texts);
    free(v->where);
    free(v->tokens);
    free(v);
}

uint32_t
gb_vocab_find(const gb_vocab *v, const char *piece)
{
    const json_t *value = json_object_get(v->index, piece);

    if (value == NULL)
        value = json_object_get(v->added, piece);
    return value != NULL ? (uint32_t)json_integer_value(value) : GB_NO_TOKEN;
}

void
gb_vocab_forget(gb_vocab *v)
{
    json_decref(v->index);
    json_decref(v->added);
    v->index = v->added = NULL;
}

uint32_t
gb_vocab_size(const gb_vocab *v)
{
    return v->n_tokens;
}

size_t
gb_vocab_read(const gb_vocab *v)
{
    return json_object_size(v->index);
}

size_t
gb_vocab_added(const gb_vocab *v)
{
    return json_object_size(v->added);
}

bool
gb_vocab_has(const gb_vocab *v, uint32_t id)
{
    return id < v->n_tokens && v->tokens[id].piece != 0;
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
