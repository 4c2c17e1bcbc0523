#include "model/normalizer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/split.h"
#include "model/unicode.h"

#define MOST_STEPS 32
#define MOST_TEXT 1024   /* bytes of a text that a step has */
#define MOST_GROWTH 32   /* times as many characters as the text has */
#define FREE_GROWTH 4096 /* characters, whatever the text */

/* In place of a character, a byte that is of none. */
#define BYTE 0x80000000u

/* Characters. */
typedef struct runes {
    uint32_t *data;
    size_t len, capacity;
} runes;

typedef enum kind {
    NFC, NFD, NFKC, NFKD, LOWERCASE, STRIP_ACCENTS, /* need tables */
    PREPEND, REPLACE, STRIP,
    KINDS,
} kind;

static const char *const kind_names[KINDS] = {
    [NFC] = "NFC",     [NFD] = "NFD",         [NFKC] = "NFKC",
    [NFKD] = "NFKD",   [LOWERCASE] = "Lowercase",
    [PREPEND] = "Prepend", [REPLACE] = "Replace", [STRIP] = "Strip",
    [STRIP_ACCENTS] = "StripAccents",
};

typedef struct step {
    kind kind;
    runes from, to;   /* PREPEND has only `to` */
    bool left, right; /* of STRIP */
} step;

struct gb_normalizer {
    step steps[MOST_STEPS];
    size_t n;
    gb_str names;
};

/* --- characters --------------------------------------------------------- */

static void
push(runes *r, const uint32_t *more, size_t n)
{
    if (r->capacity - r->len < n) {
        r->capacity = r->len + n > 2 * r->capacity ? r->len + n + 16
                                                   : 2 * r->capacity;
        r->data = gb_realloc_array(r->data, r->capacity, sizeof *r->data);
    }
    if (n > 0)
        memcpy(r->data + r->len, more, n * sizeof *more);
    r->len += n;
}

static void
free_runes(runes *r)
{
    free(r->data);
    *r = (runes){NULL, 0, 0};
}

static void
decode(runes *r, const char *text, size_t n)
{
    uint32_t rune;
    size_t at, size, i;
    bool valid;

    for (at = 0; at < n; at += size) {
        size = gb_utf8_next(text + at, n - at, &rune, &valid);
        if (size > 0 && valid) {
            push(r, &rune, 1);
            continue;
        }
        if (size == 0)
            size = n - at;
        for (i = 0; i < size; i++) {
            rune = BYTE | (unsigned char)text[at + i];
            push(r, &rune, 1);
        }
    }
}

static void
encode(const runes *r, gb_str *out)
{
    char bytes[4];
    size_t i;

    gb_str_reserve(out, r->len);
    for (i = 0; i < r->len; i++)
        if (r->data[i] & BYTE)
            gb_str_putc(out, (char)r->data[i]);
        else
            gb_str_append(out, bytes, gb_utf8_put(r->data[i], bytes));
}

/* --- reading ------------------------------------------------------------ */

static bool
refuse(const char *path, const char *field, const char *expected,
       const json_t *found, gb_error *err)
{
    return gb_json_refuse_field(path, field, expected, found, err);
}

static bool
read_text(const json_t *value, const char *path, const char *field, runes *r,
          gb_error *err)
{
    const char *text = json_string_value(value);

    if (text == NULL || strlen(text) > MOST_TEXT)
        return refuse(path, field, "a text of at most 1024 bytes", value,
                      err);
    decode(r, text, strlen(text));
    return true;
}

static bool
read_replace(step *s, const json_t *o, const char *path, gb_error *err)
{
    const json_t *pattern = json_object_get(o, "pattern");
    const json_t *text = json_object_get(pattern, "String");

    if (text == NULL)
        return refuse(path, "normalizer.pattern", "a \"String\" (regular "
                      "expressions are not done here)", pattern, err);
    if (!read_text(text, path, "normalizer.pattern", &s->from, err) ||
        !read_text(json_object_get(o, "content"), path,
                   "normalizer.content", &s->to, err))
        return false;
    return s->from.len > 0 ||
           refuse(path, "normalizer.pattern", "a text", text, err);
}

/* What a step has besides its name. */
static bool
read_rest(step *s, const json_t *o, const char *path, gb_error *err)
{
    gb_error why = GB_ERROR_INIT;

    switch (s->kind) {
    case PREPEND:
        return read_text(json_object_get(o, "prepend"), path,
                         "normalizer.prepend", &s->to, err);
    case REPLACE: return read_replace(s, o, path, err);
    case STRIP:
        s->left = json_is_true(json_object_get(o, "strip_left"));
        s->right = json_is_true(json_object_get(o, "strip_right"));
        return true;
    default:
        return gb_unicode_load(&why) ||
               gb_fail(err, "%s: normalizer: \"%s\": %s", path,
                       kind_names[s->kind], why.text);
    }
}

static bool
read_step(gb_normalizer *n, const json_t *o, const char *path, gb_error *err)
{
    const json_t *type = json_object_get(o, "type");
    const char *name = json_string_value(type);
    step *s = &n->steps[n->n];
    int k;

    for (k = 0; k < KINDS; k++)
        if (name != NULL && strcmp(name, kind_names[k]) == 0)
            break;
    if (k == KINDS)
        return refuse(path, "normalizer", "Lowercase, NFC, NFD, NFKC, NFKD, "
                      "StripAccents, Prepend, Replace, Strip or a Sequence of "
                      "them", type != NULL ? type : o, err);
    if (n->n == MOST_STEPS)
        return gb_fail(err, "%s: normalizer: expected at most %d steps, found "
                       "more", path, MOST_STEPS);
    n->n++;
    s->kind = (kind)k;
    gb_str_printf(&n->names, "%s%s", n->names.len > 0 ? ", " : "", name);
    return read_rest(s, o, path, err);
}

/* A step, or those of a sequence; jansson has bounded how deep they nest. */
static bool
read_steps(gb_normalizer *n, const json_t *o, const char *path, gb_error *err)
{
    const json_t *type = json_object_get(o, "type");
    const json_t *list = json_object_get(o, "normalizers");
    size_t i;

    if (!json_is_object(o))
        return refuse(path, "normalizer", "an object", o, err);
    if (!json_is_string(type) ||
        strcmp(json_string_value(type), "Sequence") != 0)
        return read_step(n, o, path, err);
    if (!json_is_array(list))
        return refuse(path, "normalizers", "a list of steps", list, err);
    for (i = 0; i < json_array_size(list); i++)
        if (!read_steps(n, json_array_get(list, i), path, err))
            return false;
    return true;
}

bool
gb_normalizer_read(gb_normalizer **out, const json_t *normalizer,
                   const char *path, gb_error *err)
{
    gb_normalizer *n;
    bool ok;

    *out = NULL;
    if (normalizer == NULL || json_is_null(normalizer))
        return true;
    n = gb_alloc(sizeof *n);
    ok = read_steps(n, normalizer, path, err);
    if (ok && n->n > 0)
        *out = n;
    else
        gb_normalizer_close(n);
    return ok;
}

void
gb_normalizer_close(gb_normalizer *n)
{
    if (n == NULL)
        return;
    while (n->n > 0) {
        n->n--;
        free_runes(&n->steps[n->n].from);
        free_runes(&n->steps[n->n].to);
    }
    gb_str_free(&n->names);
    free(n);
}

const char *
gb_normalizer_names(const gb_normalizer *n)
{
    return gb_str_cstr(&n->names);
}

/* --- normal forms ------------------------------------------------------- */

static int
compare_keys(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Sorts n marks by their combining classes, those of one class as they stand:
 * the class, the place and the character make one key. There may be millions
 * of them. */
static void
order_marks(uint32_t *marks, size_t n)
{
    uint64_t *keys = gb_alloc_array(n, sizeof *keys);
    size_t i;

    for (i = 0; i < n; i++)
        keys[i] = (uint64_t)gb_unicode_class(marks[i]) << 56 |
                  (uint64_t)i << 21 | marks[i];
    qsort(keys, n, sizeof *keys, compare_keys);
    for (i = 0; i < n; i++)
        marks[i] = (uint32_t)(keys[i] & 0x1fffff);
    free(keys);
}

static void
order_all(uint32_t *data, size_t n)
{
    size_t from, to;
    bool sorted;

    for (from = 0; from < n; from = to) {
        to = from + 1;
        if (gb_unicode_class(data[from]) == 0)
            continue;
        for (sorted = true; to < n && gb_unicode_class(data[to]) != 0; to++)
            sorted = sorted && gb_unicode_class(data[to - 1]) <=
                                   gb_unicode_class(data[to]);
        if (!sorted)
            order_marks(data + from, to - from);
    }
}

/* Characters without bytes between them. */
static void
normalize(kind k, const uint32_t *in, size_t n, runes *out)
{
    const size_t start = out->len;
    uint32_t made[GB_UNICODE_MOST];
    size_t i;

    for (i = 0; i < n; i++)
        push(out, made, gb_unicode_decompose(in[i], k == NFKC || k == NFKD,
                                             made));
    if (out->len == start)
        return;
    order_all(out->data + start, out->len - start);
    if (k == NFC || k == NFKC)
        out->len = start + gb_unicode_compose(out->data + start,
                                              out->len - start);
}

/* --- steps -------------------------------------------------------------- */

/* What nothing is composed with. libutf8proc takes the last vowel of Hangul's,
 * behind which its final consonants begin, for one of these, and loses it. */
static bool
is_apart(uint32_t rune)
{
    return rune & BYTE || rune == 0x11a7;
}

static void
run_form(kind k, const runes *in, runes *out)
{
    size_t from, to;

    for (from = 0; from < in->len; from = to) {
        for (to = from; to < in->len && !is_apart(in->data[to]); to++)
            ;
        normalize(k, in->data + from, to - from, out);
        for (; to < in->len && is_apart(in->data[to]); to++)
            push(out, &in->data[to], 1);
    }
}

static void
run_lowercase(const runes *in, runes *out)
{
    uint32_t made[GB_UNICODE_MOST];
    size_t i;

    for (i = 0; i < in->len; i++)
        if (in->data[i] & BYTE)
            push(out, &in->data[i], 1);
        else
            push(out, made, gb_unicode_lower(in->data[i], made));
}

static void
run_strip_accents(const runes *in, runes *out)
{
    size_t i;

    for (i = 0; i < in->len; i++)
        if (in->data[i] & BYTE || !gb_unicode_is_mark(in->data[i]))
            push(out, &in->data[i], 1);
}

static void
run_strip(const step *s, const runes *in, bool inside, runes *out)
{
    size_t from = 0, to = in->len;

    while (s->left && !inside && from < to && gb_is_space(in->data[from]))
        from++;
    while (s->right && to > from && gb_is_space(in->data[to - 1]))
        to--;
    push(out, in->data + from, to - from);
}

static bool
is_at(const runes *in, size_t at, const runes *what)
{
    return in->len - at >= what->len &&
           memcmp(in->data + at, what->data,
                  what->len * sizeof *what->data) == 0;
}

/* Ends early where it has become more than `most`. */
static void
run_replace(const step *s, const runes *in, size_t most, runes *out)
{
    size_t at;

    for (at = 0; at < in->len && out->len <= most;)
        if (is_at(in, at, &s->from)) {
            push(out, s->to.data, s->to.len);
            at += s->from.len;
        } else {
            push(out, &in->data[at++], 1);
        }
}

static void
run_step(const step *s, const runes *in, bool inside, size_t most, runes *out)
{
    switch (s->kind) {
    case LOWERCASE: run_lowercase(in, out); return;
    case STRIP_ACCENTS: run_strip_accents(in, out); return;
    case STRIP: run_strip(s, in, inside, out); return;
    case REPLACE: run_replace(s, in, most, out); return;
    case PREPEND:
        if (!inside && in->len > 0)
            push(out, s->to.data, s->to.len);
        push(out, in->data, in->len);
        return;
    default: run_form(s->kind, in, out); return;
    }
}

bool
gb_normalizer_run(const gb_normalizer *n, const char *text, size_t size,
                  bool inside, gb_str *out, gb_error *err)
{
    runes in = {NULL, 0, 0}, made = {NULL, 0, 0}, last;
    size_t most, i;
    bool ok = true;

    decode(&in, text, size);
    most = MOST_GROWTH * in.len + FREE_GROWTH;
    for (i = 0; ok && i < n->n; i++) {
        made.len = 0;
        run_step(&n->steps[i], &in, inside, most, &made);
        last = in;
        in = made;
        made = last;
        ok = in.len <= most;
    }
    if (ok)
        encode(&in, out);
    else
        gb_fail(err, "the tokenizer's normalizer (%s) makes more than %d times "
                "as much of a text", gb_normalizer_names(n), MOST_GROWTH);
    free_runes(&in);
    free_runes(&made);
    return ok;
}
