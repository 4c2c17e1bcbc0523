#include "model/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/bpe.h"
#include "model/split.h"
#include "model/vocab.h"

/* Most words of a text come again, so the ids of short ones are kept, each
 * at the place its hash gives; a later one displaces an earlier one. */
#define CACHE_SIZE 32768 /* a power of two */
#define CACHE_BYTES 22
#define CACHE_IDS 10

typedef struct word {
    uint8_t n_bytes; /* 0: empty */
    uint8_t n_ids;
    char bytes[CACHE_BYTES];
    gb_token ids[CACHE_IDS];
} word;

struct gb_tokenizer {
    gb_vocab *vocab;
    gb_bpe *bpe;
    gb_split *split;
    gb_token eos;
    word *cache; /* (CACHE_SIZE) */
};

void
gb_ids_push(gb_ids *ids, gb_token id)
{
    gb_ids_append(ids, &id, 1);
}

/* Room for n more. */
static void
ids_reserve(gb_ids *ids, size_t n)
{
    size_t need = ids->len + n;

    if (need <= ids->capacity)
        return;
    ids->capacity += ids->capacity / 2;
    if (ids->capacity < need)
        ids->capacity = need < 16 ? 16 : need;
    ids->data = gb_realloc_array(ids->data, ids->capacity, sizeof *ids->data);
}

void
gb_ids_append(gb_ids *ids, const gb_token *more, size_t n)
{
    if (n == 0)
        return;
    ids_reserve(ids, n);
    memcpy(ids->data + ids->len, more, n * sizeof *more);
    ids->len += n;
}

void
gb_ids_free(gb_ids *ids)
{
    free(ids->data);
    *ids = (gb_ids)GB_IDS_INIT;
}

static bool
load(gb_tokenizer *t, const char *folder, uint32_t n_vocab, gb_error *err)
{
    char *vocab = gb_path_join(folder, "vocab.json");
    char *merges = gb_path_join(folder, "merges.txt");

    t->vocab = gb_vocab_open(vocab, n_vocab, err);
    if (t->vocab != NULL)
        t->bpe = gb_bpe_open(merges, t->vocab, err);
    if (t->bpe != NULL)
        t->split = gb_split_open(err);
    free(vocab);
    free(merges);
    return t->split != NULL;
}

gb_tokenizer *
gb_tokenizer_open(const char *folder, uint32_t n_vocab, gb_token eos_id,
                  gb_error *err)
{
    gb_tokenizer *t = gb_alloc(sizeof *t);

    t->eos = eos_id;
    if (!load(t, folder, n_vocab, err)) {
        gb_tokenizer_close(t);
        return NULL;
    }
    gb_vocab_forget(t->vocab);
    t->cache = gb_alloc_array(CACHE_SIZE, sizeof *t->cache);
    return t;
}

void
gb_tokenizer_close(gb_tokenizer *t)
{
    if (t == NULL)
        return;
    gb_split_close(t->split);
    gb_bpe_close(t->bpe);
    gb_vocab_close(t->vocab);
    free(t->cache);
    free(t);
}

/* FNV-1a. */
static word *
cache_place(gb_tokenizer *t, const char *text, size_t n)
{
    uint32_t hash = 2166136261u;
    size_t i;

    for (i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return &t->cache[(hash ^ hash >> 15) & (CACHE_SIZE - 1)];
}

/* Appends one id for each byte. */
static bool
put_bytes(gb_tokenizer *t, const char *text, size_t n, gb_ids *ids,
          gb_error *err)
{
    unsigned char byte;
    gb_token id;
    size_t i;

    ids_reserve(ids, n);
    for (i = 0; i < n; i++) {
        byte = (unsigned char)text[i];
        id = gb_vocab_byte(t->vocab, byte);
        if (id == GB_NO_TOKEN)
            return gb_fail(err, "vocab.json has no piece for the byte 0x%02x, "
                           "which the text has", byte);
        ids->data[ids->len++] = id;
    }
    return true;
}

/* Appends the ids of one piece of text, n > 0. */
static bool
encode_word(gb_tokenizer *t, const char *text, size_t n, gb_ids *ids,
            gb_error *err)
{
    word *w = n <= CACHE_BYTES ? cache_place(t, text, n) : NULL;
    size_t start = ids->len, count;

    if (w != NULL && w->n_bytes == n && memcmp(w->bytes, text, n) == 0) {
        gb_ids_append(ids, w->ids, w->n_ids);
        return true;
    }
    if (!put_bytes(t, text, n, ids, err))
        return false;
    count = ids->len - start;
    if (!gb_bpe_merge(t->bpe, ids->data + start, &count, err))
        return false;
    ids->len = start + count;
    if (w != NULL && count <= CACHE_IDS) {
        w->n_bytes = (uint8_t)n;
        w->n_ids = (uint8_t)count;
        memcpy(w->bytes, text, n);
        memcpy(w->ids, ids->data + start, count * sizeof *w->ids);
    }
    return true;
}

static bool
encode_plain(gb_tokenizer *t, const char *text, size_t n, gb_ids *ids,
             gb_error *err)
{
    size_t at, end;

    if (!gb_split_begin(t->split, text, n, err))
        return false;
    for (at = 0; at < n; at = end)
        if (!gb_split_end(t->split, at, &end, err) ||
            !encode_word(t, text + at, end - at, ids, err))
            return false;
    return true;
}

bool
gb_tokenizer_encode(gb_tokenizer *t, const char *text, size_t n, bool specials,
                    gb_ids *ids, gb_error *err)
{
    size_t n_eos, part, start = ids->len;
    const char *eos = gb_tokenizer_bytes(t, t->eos, &n_eos), *found = NULL;

    while (n > 0) {
        if (specials && n_eos > 0)
            found = memmem(text, n, eos, n_eos);
        part = found != NULL ? (size_t)(found - text) : n;
        if (!encode_plain(t, text, part, ids, err)) {
            ids->len = start;
            return false;
        }
        if (found != NULL) {
            gb_ids_push(ids, t->eos);
            part += n_eos;
        }
        text += part;
        n -= part;
    }
    return true;
}

const char *
gb_tokenizer_bytes(const gb_tokenizer *t, gb_token id, size_t *n)
{
    return gb_vocab_bytes(t->vocab, id, n);
}

const char *
gb_tokenizer_piece(const gb_tokenizer *t, gb_token id)
{
    return gb_vocab_piece(t->vocab, id);
}

bool
gb_tokenizer_decode(const gb_tokenizer *t, const gb_token *ids, size_t n,
                    gb_str *out, gb_error *err)
{
    const char *bytes;
    size_t i, length;

    for (i = 0; i < n; i++)
        if (ids[i] >= gb_vocab_size(t->vocab))
            return gb_fail(err, "expected token ids below %u, found %u",
                           gb_vocab_size(t->vocab), ids[i]);
    for (i = 0; i < n; i++) {
        bytes = gb_vocab_bytes(t->vocab, ids[i], &length);
        gb_str_append(out, bytes, length);
    }
    return true;
}
