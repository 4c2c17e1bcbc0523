#include "session/settings.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/number.h"
#include "session/bias.h"

/* What a setting's field holds. */
typedef enum kind {
    NUMBER,   /* double, from least to most */
    NUMBER32, /* float */
    SEED,     /* uint64_t */
    SWITCH,   /* bool */
    COUNT,    /* uint32_t */
    SIGNED,   /* int64_t: a count, below 0 of the other end */
    TEXT,     /* const char *, kept by gb_intern; "": off */
    TEXTS,    /* the same, a list of at most `most` texts as JSON */
    LIST,     /* the same; an option gives all of it at once */
    BIAS,     /* the same, an object as JSON: bias.h */
} kind;

typedef struct setting {
    const char *name, *expected;
    kind kind;
    size_t field;
    double least, most, off;
} setting;

#define NONE (-INFINITY) /* "off" is no value */

static const setting table[] = {
#define GB_SETTING(name, letter, arg, commands, kind, field, least, most,     \
                   off, expected, help)                                       \
    {name, expected, kind, offsetof(gb_settings, field), least, most, off},
#include "session/settings.def"
};

const char *const gb_settings_names[GB_COUNT(table) + 1] = {
#define GB_SETTING(name, letter, arg, commands, kind, field, least, most,     \
                   off, expected, help)                                       \
    name,
#include "session/settings.def"
    NULL,
};

void
gb_settings_init(gb_settings *s)
{
    *s = (gb_settings){
        .temperature = GB_TEMPERATURE_DEFAULT,
        .filter = GB_FILTER_OFF,
        .max_new_tokens = 50,
        .repetition_penalty = 1,
        .dry_base = 1.75,
        .dry_allowed_length = 2,
        .stop = gb_intern(""),
        .pin = gb_intern(""),
        .bias = gb_intern(""),
        .dry_breakers = gb_intern("[\"\\n\",\":\",\"\\\"\",\"*\"]"),
    };
}

/* What people type. */

/* A whole number from 1 to 2^32 - 1. */
static bool
parse_count(const char *text, uint64_t *count)
{
    return gb_parse_u64(text, count) && *count > 0 && *count <= UINT32_MAX;
}

/* A list of texts, or one text as it stands, as JSON. */
static bool
parse_texts(const char *value, size_t most, gb_str *out)
{
    json_t *list = value[0] == '[' ? json_loads(value, 0, NULL) : NULL;
    bool ok = value[0] != '\0';
    size_t i;

    if (value[0] != '[')
        list = json_pack("[o]", gb_json_string(value));
    ok = ok && json_is_array(list) && json_array_size(list) > 0 &&
         json_array_size(list) <= most;
    for (i = 0; ok && i < json_array_size(list); i++)
        ok = json_string_length(json_array_get(list, i)) > 0;
    if (ok)
        gb_json_dump(list, out);
    else
        json_decref(list);
    return ok;
}

/* One setting. */

static void *
field_of(const setting *t, const gb_settings *s)
{
    return (char *)(uintptr_t)s + t->field;
}

static size_t
size_of(const setting *t)
{
    switch (t->kind) {
    case NUMBER:
        return sizeof(double);
    case NUMBER32:
        return sizeof(float);
    case SEED:
        return sizeof(uint64_t);
    case SWITCH:
        return sizeof(bool);
    case COUNT:
        return sizeof(uint32_t);
    case SIGNED:
        return sizeof(int64_t);
    case TEXT:
    case TEXTS:
    case LIST:
    case BIAS:
        break;
    }
    return sizeof(const char *); /* one copy of each text: the same place */
}

/* Sets it from a number; false when the value is none that it can have. */
static bool
set_number(const setting *t, void *field, const char *value, bool off)
{
    bool end = t->kind == SIGNED && value[0] == '-';
    uint64_t n = 0;
    double v = t->off;

    if (t->kind == NUMBER || t->kind == NUMBER32) {
        if (!off && (!gb_parse_double(value, &v) || v < t->least ||
                     v > t->most))
            return false;
        if (t->kind == NUMBER)
            *(double *)field = fabs(v); /* "-0" is 0 */
        else
            *(float *)field = (float)v;
        return true;
    }
    if (!off && !parse_count(value + end, &n))
        return false;
    if (t->kind == COUNT)
        *(uint32_t *)field = (uint32_t)n;
    else
        *(int64_t *)field = end ? -(int64_t)n : (int64_t)n;
    return true;
}

static bool
set_texts(const setting *t, const char **field, const char *value)
{
    gb_str list = GB_STR_INIT;
    bool ok = parse_texts(value, (size_t)t->most, &list);

    if (ok)
        *field = gb_intern(gb_str_cstr(&list));
    gb_str_free(&list);
    return ok;
}

static bool
set_one(const setting *t, gb_settings *s, const char *value)
{
    bool off = isfinite(t->off) && (strcmp(value, "off") == 0 ||
                                    (t->kind == COUNT &&
                                     strcmp(value, "0") == 0));
    void *field = field_of(t, s);

    switch (t->kind) {
    case SEED:
        return gb_parse_u64(value, field);
    case SWITCH:
        return gb_parse_switch(value, field);
    case TEXT:
        *(const char **)field = gb_intern(off ? "" : value);
        return true;
    case BIAS: /* has its own errors */
        return false;
    case TEXTS:
    case LIST:
        if (!off)
            return set_texts(t, field, value);
        *(const char **)field = gb_intern("");
        return true;
    case NUMBER:
    case NUMBER32:
    case COUNT:
    case SIGNED:
        break;
    }
    return set_number(t, field, value, off);
}

/* The shortest digits that read back as the same number. */
static void
put_double(gb_str *out, double v)
{
    char text[32];
    int digits;

    for (digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    gb_str_puts(out, text);
}

static void
put_float(gb_str *out, float v)
{
    char text[32];
    int digits;

    for (digits = 4; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v)
            break;
    }
    gb_str_puts(out, text);
}

static bool
is_off(const setting *t, const void *field)
{
    if (!isfinite(t->off))
        return false;
    switch (t->kind) {
    case NUMBER:
        return *(const double *)field >= t->off &&
               *(const double *)field <= t->off;
    case COUNT:
        return *(const uint32_t *)field == 0;
    case SIGNED:
        return *(const int64_t *)field == 0;
    case TEXT:
    case TEXTS:
    case LIST:
    case BIAS:
        return **(const char *const *)field == '\0';
    case NUMBER32:
    case SEED:
    case SWITCH:
        break;
    }
    return false;
}

static void
get_one(const setting *t, const gb_settings *s, gb_str *out)
{
    const void *field = field_of(t, s);

    if (is_off(t, field)) {
        gb_str_puts(out, "off");
        return;
    }
    switch (t->kind) {
    case NUMBER:
        put_double(out, *(const double *)field);
        break;
    case NUMBER32:
        put_float(out, *(const float *)field);
        break;
    case SEED:
        gb_str_printf(out, "%llu",
                      (unsigned long long)*(const uint64_t *)field);
        break;
    case SWITCH:
        gb_str_puts(out, *(const bool *)field ? "on" : "off");
        break;
    case COUNT:
        gb_str_printf(out, "%u", (unsigned)*(const uint32_t *)field);
        break;
    case SIGNED:
        gb_str_printf(out, "%lld", (long long)*(const int64_t *)field);
        break;
    case TEXT:
    case TEXTS:
    case LIST:
    case BIAS:
        gb_str_puts(out, *(const char *const *)field);
        break;
    }
}

static json_t *
json_of(const setting *t, const gb_settings *s)
{
    const void *field = field_of(t, s);
    gb_str text = GB_STR_INIT;
    json_t *value = NULL;

    if ((t->kind == TEXTS || t->kind == LIST) && is_off(t, field))
        return json_array();
    if (is_off(t, field))
        return json_null();
    switch (t->kind) {
    case SWITCH:
        return json_boolean(*(const bool *)field);
    case SEED:
        return gb_json_u64(*(const uint64_t *)field);
    case COUNT:
        return json_integer(*(const uint32_t *)field);
    case SIGNED:
        return json_integer(*(const int64_t *)field);
    case TEXT:
        return gb_json_string(*(const char *const *)field);
    case TEXTS:
    case LIST:
    case BIAS:
        return json_loads(*(const char *const *)field, 0, NULL);
    case NUMBER:
    case NUMBER32:
        break;
    }
    get_one(t, s, &text);
    value = json_real(strtod(gb_str_cstr(&text), NULL));
    gb_str_free(&text);
    return value;
}

/* All of them. */

static const setting *
find(const char *name)
{
    size_t i;

    for (i = 0; i < GB_COUNT(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static bool
set_bias(gb_settings *s, const char *value, gb_error *err)
{
    gb_str object = GB_STR_INIT;
    bool ok = strcmp(value, "off") == 0 || gb_bias_read(value, &object, err);

    if (ok)
        s->bias = gb_intern(gb_str_cstr(&object));
    gb_str_free(&object);
    return ok;
}

bool
gb_settings_set(gb_settings *s, const char *name, const char *value,
                gb_error *err)
{
    const setting *t = find(name);
    char shown[GB_JSON_SHOWN];
    double v;
    bool zero;

    if (t == NULL)
        return gb_fail_usage(err, "there is no setting \"%s\"", name);
    if (t->kind == BIAS)
        return set_bias(s, value, err);
    if (set_one(t, s, value))
        return true;
    zero = t->kind == NUMBER32 && gb_parse_double(value, &v) && v == 0;
    return gb_fail_usage(err, "%s: expected %s, found %s%s", name,
                         t->expected, gb_json_quote(value, shown),
                         zero ? " (--greedy takes the most likely token at "
                                "each step)" : "");
}

bool
gb_settings_get(const gb_settings *s, const char *name, gb_str *out)
{
    const setting *t = find(name);

    if (t == NULL)
        return false;
    get_one(t, s, out);
    return true;
}

size_t
gb_settings_stops(const gb_settings *s, const char *stops[GB_MAX_STOPS])
{
    json_t *list = s->stop[0] != '\0' ? json_loads(s->stop, 0, NULL) : NULL;
    size_t n = json_array_size(list), i;

    for (i = 0; i < n && i < GB_MAX_STOPS; i++)
        stops[i] = gb_intern(json_string_value(json_array_get(list, i)));
    json_decref(list);
    return i;
}

json_t *
gb_settings_json(const gb_settings *s)
{
    json_t *o = json_object();
    size_t i;

    for (i = 0; i < GB_COUNT(table); i++)
        json_object_set_new(o, table[i].name, json_of(&table[i], s));
    return o;
}

bool
gb_settings_differ(const gb_settings *a, const gb_settings *b, size_t i)
{
    return memcmp(field_of(&table[i], a), field_of(&table[i], b),
                  size_of(&table[i])) != 0;
}

void
gb_settings_differences(const gb_settings *then, const gb_settings *now,
                        gb_str *out)
{
    size_t i, n = 0;

    for (i = 0; i < GB_COUNT(table); i++) {
        if (!gb_settings_differ(then, now, i))
            continue;
        gb_str_printf(out, "%s%s ", n++ > 0 ? ", " : "", table[i].name);
        get_one(&table[i], then, out);
        gb_str_puts(out, " → ");
        get_one(&table[i], now, out);
    }
}

bool
gb_settings_same(const gb_settings *a, const gb_settings *b)
{
    size_t i;

    for (i = 0; i < GB_COUNT(table); i++)
        if (gb_settings_differ(a, b, i))
            return false;
    return true;
}

bool
gb_settings_cut(const gb_settings *s, gb_ids *ids)
{
    bool last = s->max_prompt_tokens < 0;
    uint64_t n = (uint64_t)(last ? -s->max_prompt_tokens
                                 : s->max_prompt_tokens);

    if (n == 0 || ids->len <= n)
        return false;
    if (last)
        memmove(ids->data, ids->data + ids->len - n, n * sizeof *ids->data);
    ids->len = n;
    return true;
}
