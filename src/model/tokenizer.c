#include "model/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "model/bpe.h"
#include "model/split.h"
#include "model/tokenizer_files.h"

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
    gb_split *split; /* NULL: a text is one piece */
    gb_added added;
    gb_normalizer *normalizer; /* NULL: a text is taken as it stands */
    bool prefix_space;
    gb_ids prefix;
    uint32_t n_vocab, missing;
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

size_t
gb_ids_common(const gb_token *a, size_t n, const gb_token *b, size_t m)
{
    const size_t least = n < m ? n : m;
    size_t same = 0;

    /* Most often one is where the other begins. */
    if (least == 0 || memcmp(a, b, least * sizeof *a) == 0)
        return least;
    while (a[same] == b[same])
        same++;
    return same;
}

/* The text that ends a text is a special token whether or not a file says so;
 * one with a NUL byte in it is not to be found. */
static void
add_end(gb_tokenizer_files *f, gb_token id)
{
    size_t n;
    const char *bytes = gb_vocab_bytes(f->vocab, id, &n);
    char *text = gb_strndup(n > 0 ? bytes : "", n);

    if (n > 0 && strlen(text) == n &&
        gb_added_get(&f->added, text) == NULL)
        gb_added_put(&f->added, text, id)->special = true;
    free(text);
}

static bool
check_prefix(const gb_tokenizer *t, gb_error *err)
{
    size_t i;

    for (i = 0; i < t->prefix.len; i++)
        if (t->prefix.data[i] >= t->n_vocab)
            return gb_fail(err, "the token %u begins every text, and the "
                           "model has rows for %u tokens (vocab_size of "
                           "config.json)", t->prefix.data[i], t->n_vocab);
    return true;
}

static uint32_t
count_missing(const gb_tokenizer *t)
{
    uint32_t id, n = 0;

    for (id = 0; id < t->n_vocab && id < gb_vocab_size(t->vocab); id++)
        n += !gb_vocab_has(t->vocab, id);
    return n + (t->n_vocab - id);
}

/* Takes over what was read. */
static bool
take(gb_tokenizer *t, gb_tokenizer_files *f, gb_token eos_id, gb_error *err)
{
    if (eos_id != GB_NO_TOKEN)
        add_end(f, eos_id);
    t->vocab = f->vocab;
    t->bpe = gb_bpe_new(&f->merges);
    t->added = f->added;
    t->prefix = f->prefix;
    t->prefix_space = f->prefix_space;
    t->normalizer = f->normalizer;
    f->vocab = NULL;
    f->normalizer = NULL;
    memset(&f->added, 0, sizeof f->added);
    f->prefix = (gb_ids)GB_IDS_INIT;
    t->missing = count_missing(t);
    gb_vocab_forget(t->vocab);
    t->cache = gb_alloc_array(CACHE_SIZE, sizeof *t->cache);
    if (!f->whole)
        t->split = gb_split_open(err);
    return (f->whole || t->split != NULL) &&
           gb_added_sort(&t->added, t->normalizer, err) &&
           check_prefix(t, err);
}

gb_tokenizer *
gb_tokenizer_new(gb_tokenizer_files *files, uint32_t n_vocab, gb_token eos_id,
                 gb_error *err)
{
    gb_tokenizer *t = gb_alloc(sizeof *t);

    t->n_vocab = n_vocab;
    if (take(t, files, eos_id, err))
        return t;
    gb_tokenizer_close(t);
    return NULL;
}

gb_tokenizer *
gb_tokenizer_open(const char *folder, uint32_t n_vocab, gb_token eos_id,
                  gb_error *err)
{
    gb_tokenizer_files files;
    gb_tokenizer *t = NULL;

    if (gb_tokenizer_files_read(&files, folder, err))
        t = gb_tokenizer_new(&files, n_vocab, eos_id, err);
    gb_tokenizer_files_free(&files);
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
    gb_added_free(&t->added);
    gb_normalizer_close(t->normalizer);
    gb_ids_free(&t->prefix);
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
            return gb_fail(err, "the vocabulary has no piece for the byte "
                           "0x%02x, which the text has", byte);
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

/* A text without added tokens, n > 0. */
static bool
encode_pieces(gb_tokenizer *t, const char *text, size_t n, gb_ids *ids,
              gb_error *err)
{
    size_t at, end;

    if (t->split == NULL)
        return encode_word(t, text, n, ids, err);
    if (!gb_split_begin(t->split, text, n, err))
        return false;
    for (at = 0; at < n; at = end)
        if (!gb_split_end(t->split, at, &end, err) ||
            !encode_word(t, text + at, end - at, ids, err))
            return false;
    return true;
}

/* With a space in front where there is none. */
static bool
encode_spaced(gb_tokenizer *t, const char *text, size_t n, gb_ids *ids,
              gb_error *err)
{
    char *spaced;
    bool ok;

    if (text[0] == ' ')
        return encode_pieces(t, text, n, ids, err);
    spaced = gb_try_alloc(n + 1, 1);
    if (spaced == NULL)
        return gb_fail(err, "out of memory for a text of %zu bytes", n);
    spaced[0] = ' ';
    memcpy(spaced + 1, text, n);
    ok = encode_pieces(t, spaced, n + 1, ids, err);
    free(spaced);
    return ok;
}

/* What is known of a text while it is cut at added tokens. */
typedef struct encoding {
    bool specials;
    bool inside; /* the text begins inside of another one */
    gb_ids *ids;
    gb_error *err;
} encoding;

/* What becomes of a text between two of the tokens that a pass looks for. */
typedef bool encode_rest(gb_tokenizer *t, encoding *e, const char *text,
                         size_t n);

/* Cuts at the added tokens that are not normalized, or at those that are. */
static bool
encode_pass(gb_tokenizer *t, encoding *e, int pass, encode_rest *rest,
            const char *text, size_t n)
{
    size_t at = 0, next = 0;
    gb_added_match m;

    while (gb_added_find(&t->added, pass, e->specials, text, n, &next, &m)) {
        if (m.start > at && !rest(t, e, text + at, m.start - at))
            return false;
        gb_ids_push(e->ids, m.id);
        e->inside = false;
        at = m.end;
    }
    return at == n || rest(t, e, text + at, n - at);
}

static bool
encode_plain(gb_tokenizer *t, encoding *e, const char *text, size_t n)
{
    return t->prefix_space && !e->inside
               ? encode_spaced(t, text, n, e->ids, e->err)
               : encode_pieces(t, text, n, e->ids, e->err);
}

static bool
encode_raw(gb_tokenizer *t, encoding *e, const char *text, size_t n)
{
    gb_str normal = GB_STR_INIT;
    bool ok;

    if (t->normalizer == NULL)
        return encode_pass(t, e, 1, encode_plain, text, n);
    ok = gb_normalizer_run(t->normalizer, text, n, e->inside, &normal,
                           e->err) &&
         encode_pass(t, e, 1, encode_plain, gb_str_cstr(&normal), normal.len);
    gb_str_free(&normal);
    return ok;
}

/* The model must have a row for each. */
static bool
check_rows(const gb_tokenizer *t, const gb_ids *ids, size_t start,
           gb_error *err)
{
    char shown[GB_JSON_SHOWN];
    size_t i;

    for (i = start; i < ids->len; i++)
        if (ids->data[i] >= t->n_vocab)
            return gb_fail(err, "the text has the token %s, id %u, and the "
                           "model has rows for %u tokens (vocab_size of "
                           "config.json)",
                           gb_json_quote(gb_vocab_piece(t->vocab,
                                                        ids->data[i]), shown),
                           ids->data[i], t->n_vocab);
    return true;
}

static bool
encode(gb_tokenizer *t, encoding *e, const char *text, size_t n)
{
    const size_t start = e->ids->len;

    if (encode_pass(t, e, 0, encode_raw, text, n) && check_rows(t, e->ids, start, e->err))
        return true;
    e->ids->len = start;
    return false;
}

bool
gb_tokenizer_encode(gb_tokenizer *t, const char *text, size_t n, bool specials,
                    gb_ids *ids, gb_error *err)
{
    encoding e = {specials, true, ids, err};

    return encode(t, &e, text, n);
}

bool
gb_tokenizer_encode_whole(gb_tokenizer *t, const char *text, size_t n,
                          bool specials, gb_ids *ids, gb_error *err)
{
    encoding e = {specials, false, ids, err};
    const size_t start = ids->len;

    gb_ids_append(ids, t->prefix.data, t->prefix.len);
    if (encode(t, &e, text, n))
        return true;
    ids->len = start;
    return false;
}

bool
gb_tokenizer_has_special(const gb_tokenizer *t, const char *text, size_t n)
{
    const gb_added_token *token;
    size_t i;

    for (i = 0; i < t->added.n; i++) {
        token = &t->added.tokens[i];
        if (token->special && memmem(text, n, token->text, token->n) != NULL)
            return true;
    }
    return false;
}

bool
gb_tokenizer_has(const gb_tokenizer *t, gb_token id)
{
    return gb_vocab_has(t->vocab, id);
}

uint32_t
gb_tokenizer_missing(const gb_tokenizer *t)
{
    return t->missing;
}

const char *
gb_tokenizer_bytes(const gb_tokenizer *t, gb_token id, size_t *n)
{
    return gb_vocab_bytes(t->vocab, id, n);
}

const char *
gb_tokenizer_piece(const gb_tokenizer *t, gb_token id)
{
    const char *piece = gb_vocab_piece(t->vocab, id);

    return piece != NULL || id >= t->n_vocab ? piece : "";
}

bool
gb_tokenizer_decode(const gb_tokenizer *t, const gb_token *ids, size_t n,
                    gb_str *out, gb_error *err)
{
    const char *bytes;
    size_t i, length;

    for (i = 0; i < n; i++)
        if (ids[i] >= t->n_vocab)
            return gb_fail(err, "expected token ids below %u, found %u",
                           t->n_vocab, ids[i]);
    for (i = 0; i < n; i++) {
        bytes = gb_vocab_bytes(t->vocab, ids[i], &length);
        gb_str_append(out, bytes, length);
    }
    return true;
}

gb_tokenizer_facts
gb_tokenizer_get_facts(const gb_tokenizer *t)
{
    gb_tokenizer_facts f = {.added = t->added.n,
                            .prefix_space = t->prefix_space,
                            .whole = t->split == NULL,
                            .normalizer =
                                t->normalizer != NULL
                                    ? gb_normalizer_names(t->normalizer)
                                    : NULL,
                            .prefix = &t->prefix};
    size_t i;

    for (i = 0; i < t->added.n; i++)
        f.special += t->added.tokens[i].special;
    return f;
}
