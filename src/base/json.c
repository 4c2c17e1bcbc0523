#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"

static void *
allocate(size_t n)
{
    return gb_realloc_array(NULL, n, 1);
}

/* Before anything can use jansson, which is everywhere. */
static __attribute__((constructor)) void
never_without_memory(void)
{
    json_set_alloc_funcs(allocate, free);
}

/* An upper bound on the values in well-formed text: each but the first
 * follows an opening bracket or a comma. A few bytes of text can cost some
 * hundred bytes once parsed, so this is asked before parsing. */
static size_t
count_values(const char *text, size_t n)
{
    size_t i, count = 1;
    bool quoted = false;

    for (i = 0; i < n; i++) {
        if (text[i] == '"')
            quoted = !quoted;
        else if (quoted && text[i] == '\\')
            i++;
        else if (!quoted &&
                 (text[i] == ',' || text[i] == '[' || text[i] == '{'))
            count++;
    }
    return count;
}

json_t *
gb_json_parse(const char *name, const char *text, size_t n, gb_error *err)
{
    json_error_t problem;
    json_t *root;
    gb_str shown = GB_STR_INIT;

    if (count_values(text, n) > GB_JSON_MAX_VALUES) {
        gb_fail(err, "%s: expected at most %u JSON values, found more", name,
                GB_JSON_MAX_VALUES);
        return NULL;
    }
    root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL) {
        gb_utf8_visible(&shown, problem.text, strlen(problem.text), false);
        gb_fail(err, "%s:%d:%d: not valid JSON: %s", name, problem.line,
                problem.column, gb_str_cstr(&shown));
        gb_str_free(&shown);
        return NULL;
    }
    if (!json_is_object(root)) {
        gb_fail(err, "%s: expected a JSON object, found a list", name);
        json_decref(root);
        return NULL;
    }
    return root;
}

/* Whether digits, of which the first is not 0, are above INT64_MAX. */
static bool
is_beyond(const char *digits, size_t n)
{
    static const char most[] = "9223372036854775807";

    return n > sizeof most - 1 ||
           (n == sizeof most - 1 && memcmp(digits, most, n) > 0);
}

/* Writes integers that do not fit in 64 bits as real numbers, in place: the
 * last two digits become "e2". */
static void
soften_integers(char *text, size_t n)
{
    bool quoted = false;
    size_t i, digits;

    for (i = 0; i < n; i++) {
        if (text[i] == '"')
            quoted = !quoted;
        else if (quoted && text[i] == '\\')
            i++;
        if (quoted || text[i] < '0' || text[i] > '9')
            continue;
        digits = strspn(text + i, "0123456789");
        i += digits;
        if (is_beyond(text + i - digits, digits) &&
            (i == n || strchr(".eE", text[i]) == NULL))
            memcpy(text + i - 2, "e2", 2);
        else
            i += strspn(text + i, "0123456789.eE+-");
        i--;
    }
}

static json_t *
load(const char *path, size_t limit, bool soften, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    json_t *root = NULL;

    if (gb_file_read(path, limit, &text, err) &&
        gb_check_lfs(path, gb_str_cstr(&text), text.len, err)) {
        if (soften && text.len > 0)
            soften_integers(text.data, text.len);
        root = gb_json_parse(path, gb_str_cstr(&text), text.len, err);
    }
    gb_str_free(&text);
    return root;
}

json_t *
gb_json_load(const char *path, size_t limit, gb_error *err)
{
    return load(path, limit, false, err);
}

json_t *
gb_json_load_python(const char *path, size_t limit, gb_error *err)
{
    return load(path, limit, true, err);
}

const char *
gb_json_quote(const char *s, char out[GB_JSON_SHOWN])
{
    static const char dots[] = "...";
    gb_str shown = GB_STR_INIT, cut = GB_STR_INIT;
    size_t n = strlen(s), room = GB_JSON_SHOWN - sizeof dots - 2;

    gb_utf8_visible(&shown, s, n < room ? n : room, false);
    gb_utf8_clean(&cut, gb_str_cstr(&shown),
                  shown.len < room ? shown.len : room, false);
    snprintf(out, GB_JSON_SHOWN, "\"%s%s\"", gb_str_cstr(&cut),
             n > room || shown.len > room ? dots : "");
    gb_str_free(&shown);
    gb_str_free(&cut);
    return out;
}

/* A whole number keeps its ".0", since that is what an integer lacks. */
static void
show_real(double x, char out[GB_JSON_SHOWN])
{
    snprintf(out, GB_JSON_SHOWN, "%g", x);
    if (out[strcspn(out, ".e")] == '\0')
        strcat(out, ".0");
}

const char *
gb_json_show(const json_t *value, char out[GB_JSON_SHOWN])
{
    if (json_is_string(value))
        return gb_json_quote(json_string_value(value), out);
    if (json_is_integer(value))
        snprintf(out, GB_JSON_SHOWN, "%lld",
                 (long long)json_integer_value(value));
    else if (json_is_real(value))
        show_real(json_real_value(value), out);
    else
        snprintf(out, GB_JSON_SHOWN, "%s",
                 value == NULL            ? "nothing"
                 : json_is_true(value)    ? "true"
                 : json_is_false(value)   ? "false"
                 : json_is_null(value)    ? "null"
                 : json_is_array(value)   ? "a list"
                                          : "an object");
    return out;
}

bool
gb_json_refuse_field(const char *path, const char *field,
                     const char *expected, const json_t *found, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    return gb_fail(err, "%s: %s: expected %s, found %s", path, field,
                   expected, gb_json_show(found, shown));
}

json_t *
gb_json_u64(uint64_t value)
{
    char digits[32];

    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    return json_string(digits);
}

json_t *
gb_json_float(float value)
{
    char digits[32];

    if (!isfinite(value))
        return json_null();
    snprintf(digits, sizeof digits, "%.9g", (double)value);
    return json_real(strtod(digits, NULL));
}

json_t *
gb_json_text(const char *bytes, size_t n)
{
    gb_str clean = GB_STR_INIT;
    json_t *value;

    gb_utf8_clean(&clean, bytes, n, true);
    value = json_stringn(gb_str_cstr(&clean), clean.len);
    gb_str_free(&clean);
    return value;
}

json_t *
gb_json_string(const char *s)
{
    return s != NULL ? gb_json_text(s, strlen(s)) : json_null();
}

static int
append(const char *bytes, size_t n, void *out)
{
    gb_str_append(out, bytes, n);
    return 0;
}

void
gb_json_dump(json_t *value, gb_str *out)
{
    json_dump_callback(value, append, out,
                       JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(value);
}

bool
gb_json_refuse(const char *where, const char *name, const char *expected,
               const json_t *found, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    return gb_fail_usage(err, "%s: \"%s\": expected %s, found %s", where, name,
                         expected, gb_json_show(found, shown));
}

bool
gb_json_get_u64(const json_t *object, const char *where, const char *name,
                uint64_t limit, uint64_t *value, gb_error *err)
{
    const json_t *j = json_object_get(object, name);
    json_int_t v = json_integer_value(j);
    char expected[64];

    if (json_is_integer(j) && v >= 0 && (uint64_t)v <= limit) {
        *value = (uint64_t)v;
        return true;
    }
    snprintf(expected, sizeof expected, "a whole number from 0 to %llu",
             (unsigned long long)limit);
    return gb_json_refuse(where, name, expected, j, err);
}

bool
gb_json_get_string(const json_t *object, const char *where, const char *name,
                   const char **value, gb_error *err)
{
    const json_t *j = json_object_get(object, name);

    if (!json_is_string(j))
        return gb_json_refuse(where, name, "a string", j, err);
    *value = json_string_value(j);
    return true;
}

static bool
is_plain(const char *s, size_t n)
{
    size_t at = 0, length;
    uint32_t rune;
    bool valid;

    for (; at < n; at += length) {
        length = gb_utf8_next(s + at, n - at, &rune, &valid);
        if (length == 0 || !valid || rune == 0)
            return false;
    }
    return true;
}

void
gb_json_put_bytes(json_t *object, const char *name, const char *bytes,
                  size_t n)
{
    static const char digits[] = "0123456789abcdef";
    gb_str hex = GB_STR_INIT;
    size_t i;

    if (is_plain(bytes, n)) {
        json_object_set_new(object, name,
                            json_stringn_nocheck(n > 0 ? bytes : "", n));
        return;
    }
    gb_str_reserve(&hex, n * 2);
    for (i = 0; i < n; i++) {
        gb_str_putc(&hex, digits[(unsigned char)bytes[i] >> 4]);
        gb_str_putc(&hex, digits[(unsigned char)bytes[i] & 15]);
    }
    json_object_set_new(object, "hex",
                        json_stringn_nocheck(hex.data, hex.len));
    gb_str_free(&hex);
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
gb_json_get_hex(const json_t *object, const char *where, gb_str *out,
                gb_error *err)
{
    const json_t *j = json_object_get(object, "hex");
    const char *hex = json_string_value(j);
    size_t n = json_string_length(j), i;
    bool ok = hex != NULL && n % 2 == 0;

    for (i = 0; ok && i < n; i += 2) {
        ok = hex_digit(hex[i]) >= 0 && hex_digit(hex[i + 1]) >= 0;
        if (ok)
            gb_str_putc(out, (char)(hex_digit(hex[i]) << 4 |
                                    hex_digit(hex[i + 1])));
    }
    return ok || gb_json_refuse(where, "hex", "pairs of digits 0-9a-f", j,
                                err);
}
