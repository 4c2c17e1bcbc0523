#include "model/added.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "model/split.h"

/* What Rust's regular expressions call a word's character. */
static const char word_pattern[] =
    "[\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{200c}\\x{200d}\\x{24b6}-\\x{24e9}"
    "\\x{1f130}-\\x{1f149}\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}]";

gb_added_token *
gb_added_get(const gb_added *a, const char *text)
{
    const json_t *place = json_object_get(a->index, text);

    return place != NULL ? &a->tokens[json_integer_value(place)] : NULL;
}

bool
gb_added_check(const char *text, const char *where, gb_error *err)
{
    const size_t n = strlen(text);
    char shown[GB_JSON_SHOWN];

    return n <= GB_MAX_ADDED ||
           gb_fail(err, "%s: expected added tokens of at most %d bytes, found "
                   "one of %zu: %s", where, GB_MAX_ADDED, n,
                   gb_json_quote(text, shown));
}

gb_added_token *
gb_added_put(gb_added *a, const char *text, uint32_t id)
{
    gb_added_token *t;

    if (a->n == a->capacity) {
        a->capacity = a->capacity > 0 ? 2 * a->capacity : 8;
        a->tokens = gb_realloc_array(a->tokens, a->capacity,
                                     sizeof *a->tokens);
    }
    if (a->index == NULL)
        a->index = json_object();
    json_object_set_new(a->index, text, json_integer((json_int_t)a->n));
    t = &a->tokens[a->n++];
    memset(t, 0, sizeof *t);
    t->text = gb_strdup(text);
    t->n = strlen(text);
    t->id = id;
    return t;
}

static int
compare(const void *left, const void *right, void *added)
{
    const gb_added *a = added;
    const uint32_t *x = left, *y = right;

    const int order = strcmp(a->tokens[*x].text, a->tokens[*y].text);

    return order != 0 ? order : (*x > *y) - (*x < *y);
}

static void
sort_pass(gb_added *a, int pass)
{
    uint32_t *order = gb_alloc_array(a->n + 1, sizeof *order);
    size_t i;

    a->order[pass] = order;
    for (i = 0; i < a->n; i++) {
        if (a->tokens[i].normalized != (pass == 1) || a->tokens[i].n == 0)
            continue;
        order[a->n_order[pass]++] = (uint32_t)i;
        a->begins[pass][(unsigned char)a->tokens[i].text[0]] = true;
    }
    qsort_r(order, a->n_order[pass], sizeof *order, compare, a);
}

static bool
has_single_words(const gb_added *a)
{
    size_t i;

    for (i = 0; i < a->n && !a->tokens[i].single_word; i++)
        continue;
    return i < a->n;
}

static bool
normalize(gb_added *a, const gb_normalizer *normalizer, gb_error *err)
{
    gb_added_token *t;
    gb_str text;
    size_t i;

    for (i = 0; normalizer != NULL && i < a->n; i++) {
        t = &a->tokens[i];
        if (!t->normalized)
            continue;
        text = (gb_str)GB_STR_INIT;
        if (!gb_normalizer_run(normalizer, t->text, t->n, false, &text, err) ||
            !gb_added_check(gb_str_cstr(&text), "the normalizer", err)) {
            gb_str_free(&text);
            return false;
        }
        free(t->text);
        t->n = text.len;
        t->text = gb_str_take(&text);
    }
    return true;
}

bool
gb_added_sort(gb_added *a, const gb_normalizer *normalizer, gb_error *err)
{
    int problem;
    PCRE2_SIZE at;

    if (!normalize(a, normalizer, err))
        return false;
    sort_pass(a, 0);
    sort_pass(a, 1);
    json_decref(a->index);
    a->index = NULL;
    if (!has_single_words(a))
        return true;
    a->word = pcre2_compile((PCRE2_SPTR)word_pattern, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_ANCHORED, &problem, &at, NULL);
    a->found = pcre2_match_data_create(1, NULL);
    return (a->word != NULL && a->found != NULL) ||
           gb_fail(err, "out of memory for the pattern of added tokens");
}

void
gb_added_free(gb_added *a)
{
    size_t i;

    for (i = 0; i < a->n; i++)
        free(a->tokens[i].text);
    free(a->tokens);
    free(a->order[0]);
    free(a->order[1]);
    json_decref(a->index);
    pcre2_code_free(a->word);
    pcre2_match_data_free(a->found);
    memset(a, 0, sizeof *a);
}

/* --- where they stand --------------------------------------------------- */

/* A byte of a token; below all bytes where the token has ended. */
static int
byte_at(const gb_added_token *t, size_t depth)
{
    return depth < t->n ? (unsigned char)t->text[depth] : -1;
}

/* Of the tokens [*low, *high), which begin alike for `depth` bytes, those
 * that go on with this byte; one that ends there comes first of all. */
static void
narrow(const gb_added *a, int pass, size_t depth, unsigned char byte,
       size_t *low, size_t *high)
{
    const uint32_t *order = a->order[pass];
    size_t bounds[2], from, to, middle;
    int side;

    for (side = 0; side < 2; side++) {
        for (from = *low, to = *high; from < to;) {
            middle = from + (to - from) / 2;
            if (byte_at(&a->tokens[order[middle]], depth) < byte + side)
                from = middle + 1;
            else
                to = middle;
        }
        bounds[side] = from;
    }
    *low = bounds[0];
    *high = bounds[1];
}

/* The longest token that the text begins with; NULL for none. */
static const gb_added_token *
longest(const gb_added *a, int pass, const char *text, size_t n)
{
    const gb_added_token *found = NULL, *t;
    size_t low = 0, high = a->n_order[pass], depth;

    for (depth = 0; depth < n && low < high; depth++) {
        t = &a->tokens[a->order[pass][low]];
        if (low + 1 == high) /* the rest at once */
            return t->n <= n && memcmp(t->text + depth, text + depth,
                                       t->n - depth) == 0
                       ? t
                       : found;
        narrow(a, pass, depth, (unsigned char)text[depth], &low, &high);
        if (low == high)
            break;
        t = &a->tokens[a->order[pass][low]];
        if (t->n == depth + 1)
            found = t;
    }
    return found;
}

/* The length of the white space that a text begins with: one character, or
 * none. */
static size_t
space_length(const char *text, size_t n)
{
    uint32_t rune;
    size_t length;
    bool valid;

    if (n == 0)
        return 0;
    length = gb_utf8_next(text, n, &rune, &valid);
    return length > 0 && valid && gb_is_space(rune) ? length : 0;
}

/* Where the character begins that ends at `at`, which is above 0. */
static size_t
character_before(const char *text, size_t at)
{
    size_t back = 1;

    while (back < 4 && back < at &&
           ((unsigned char)text[at - back] & 0xc0) == 0x80)
        back++;
    return at - back;
}

/* Whether a text begins with a letter, a number or the like. */
static bool
is_word(const gb_added *a, const char *text, size_t n)
{
    uint32_t rune;
    bool valid = false;
    size_t length = n > 0 ? gb_utf8_next(text, n, &rune, &valid) : 0;

    return length > 0 && valid &&
           pcre2_match(a->word, (PCRE2_SPTR)text, length, 0,
                       PCRE2_NO_UTF_CHECK, a->found, NULL) > 0;
}

static bool
is_alone(const gb_added *a, const char *text, size_t n,
         const gb_added_match *m)
{
    size_t before = m->start > 0 ? character_before(text, m->start) : 0;

    return (m->start == 0 ||
            !is_word(a, text + before, m->start - before)) &&
           !is_word(a, text + m->end, n - m->end);
}

static void
take_space(const gb_added_token *t, const char *text, size_t n, size_t least,
           gb_added_match *m)
{
    size_t before, size;

    while (t->lstrip && m->start > least) {
        before = character_before(text, m->start);
        size = m->start - before;
        if (before < least || space_length(text + before, size) != size)
            break;
        m->start = before;
    }
    while (t->rstrip && (size = space_length(text + m->end, n - m->end)) > 0)
        m->end += size;
}

bool
gb_added_find(const gb_added *a, int pass, bool specials, const char *text,
              size_t n, size_t *from, gb_added_match *m)
{
    const size_t least = *from;
    const gb_added_token *t;
    size_t at = least;

    while (at < n && a->n_order[pass] > 0) {
        t = a->begins[pass][(unsigned char)text[at]]
                ? longest(a, pass, text + at, n - at)
                : NULL;
        if (t == NULL) {
            at++;
            continue;
        }
        *m = (gb_added_match){at, at + t->n, t->id};
        at = m->end;
        if ((t->special && !specials) ||
            (t->single_word && !is_alone(a, text, n, m)))
            continue;
        take_space(t, text, n, least, m);
        *from = m->end;
        return true;
    }
    return false;
}
