#include "model/split.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

/* White space as Python's `regex` has it (Unicode's White_Space). PCRE2's \s
 * has U+180E besides. */
#define SPACE                                                     \
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}" \
    "\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"

/* GPT-2's own, with possessive quantifiers where giving characters back could
 * not help the match. \p{L} and \p{N} are those of PCRE2's Unicode version:
 * characters assigned later count as "other". */
static const char pattern[] = "'s|'t|'re|'ve|'m|'ll|'d"
                              "| ?\\p{L}++"
                              "| ?\\p{N}++"
                              "| ?[^" SPACE "\\p{L}\\p{N}]++"
                              "|[" SPACE "]+(?![^" SPACE "])"
                              "|[" SPACE "]++";

/* Stands in for a byte that is no character: a control character, which has
 * the class we want and keeps the offsets as they are. */
#define STAND_IN '\x01'

struct gb_split {
    pcre2_code *code;
    pcre2_match_data *found;
    pcre2_match_context *limits;
    const char *text; /* valid UTF-8: the caller's, or clean */
    size_t n;
    char *clean;
};

bool
gb_is_space(uint32_t rune)
{
    return (rune >= 0x9 && rune <= 0xd) || rune == 0x20 || rune == 0x85 ||
           rune == 0xa0 || rune == 0x1680 ||
           (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 ||
           rune == 0x2029 || rune == 0x202f || rune == 0x205f ||
           rune == 0x3000;
}

gb_split *
gb_split_open(gb_error *err)
{
    gb_split *s = gb_alloc(sizeof *s);
    PCRE2_UCHAR text[128];
    PCRE2_SIZE at;
    int problem;

    s->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_ANCHORED, &problem, &at, NULL);
    if (s->code == NULL) {
        pcre2_get_error_message(problem, text, sizeof text);
        gb_fail(err, "PCRE2 does not take the pattern of GPT-2's tokenizer: "
                "%s at %zu", (const char *)text, (size_t)at);
        gb_split_close(s);
        return NULL;
    }
    /* Without it (no executable memory) the interpreter does the same. */
    pcre2_jit_compile(s->code, PCRE2_JIT_COMPLETE);
    s->found = pcre2_match_data_create(1, NULL);
    s->limits = pcre2_match_context_create(NULL);
    if (s->found == NULL || s->limits == NULL) {
        gb_fail(err, "out of memory for the tokenizer's pattern");
        gb_split_close(s);
        return NULL;
    }
    /* A match gives back one character at most, so however long the text is
     * it cannot run away. */
    pcre2_set_match_limit(s->limits, UINT32_MAX);
    pcre2_set_heap_limit(s->limits, UINT32_MAX);
    pcre2_set_depth_limit(s->limits, UINT32_MAX);
    return s;
}

void
gb_split_close(gb_split *s)
{
    if (s == NULL)
        return;
    pcre2_match_context_free(s->limits);
    pcre2_match_data_free(s->found);
    pcre2_code_free(s->code);
    free(s->clean);
    free(s);
}

/* Length of the text from `at` that is valid UTF-8; *bad is how many bytes
 * after it are not. */
static size_t
valid_until(const char *text, size_t at, size_t n, size_t *bad)
{
    size_t length;
    uint32_t rune;
    bool valid;

    *bad = 0;
    while (at < n) {
        if ((unsigned char)text[at] < 0x80) {
            at++;
            continue;
        }
        length = gb_utf8_next(text + at, n - at, &rune, &valid);
        if (length == 0 || !valid) {
            *bad = length > 0 ? length : n - at;
            break;
        }
        at += length;
    }
    return at;
}

bool
gb_split_begin(gb_split *s, const char *text, size_t n, gb_error *err)
{
    size_t at, bad;

    free(s->clean);
    s->clean = NULL;
    s->text = text;
    s->n = n;
    at = valid_until(text, 0, n, &bad);
    if (bad == 0)
        return true;
    s->clean = gb_try_alloc(n, 1);
    if (s->clean == NULL)
        return gb_fail(err, "out of memory for a text of %zu bytes", n);
    memcpy(s->clean, text, n);
    while (bad > 0) {
        memset(s->clean + at, STAND_IN, bad);
        at = valid_until(text, at + bad, n, &bad);
    }
    s->text = s->clean;
    return true;
}

bool
gb_split_end(gb_split *s, size_t at, size_t *end, gb_error *err)
{
    PCRE2_UCHAR text[128];
    int n = pcre2_match(s->code, (PCRE2_SPTR)s->text, s->n, at,
                        PCRE2_NO_UTF_CHECK, s->found, s->limits);

    if (n > 0) {
        *end = pcre2_get_ovector_pointer(s->found)[1];
        return true;
    }
    pcre2_get_error_message(n, text, sizeof text);
    return gb_fail(err, "cannot split the text at byte %zu: %s", at,
                   (const char *)text);
}
