#include "session/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/mem.h"
#include "sample/rng.h"

typedef struct field field;

/* One setting: how it is read from text and written as text. */
struct field {
    const char *name;
    bool (*set)(gb_settings *s, const char *name, const char *value,
                gb_error *err);
    void (*get)(const gb_settings *s, gb_str *out);
};

void
gb_settings_init(gb_settings *s)
{
    *s = (gb_settings){
        .temperature = 0.8f,
        .filter = GB_FILTER_OFF,
        .max_new_tokens = 50,
    };
}

bool
gb_parse_u64(const char *text, uint64_t *value)
{
    uint64_t v = 0;
    const char *p;
    unsigned digit;

    for (p = text; *p >= '0' && *p <= '9'; p++) {
        digit = (unsigned)(*p - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (p == text || *p != '\0')
        return false;
    *value = v;
    return true;
}

bool
gb_parse_double(const char *text, double *value)
{
    char *end;
    double v;

    /* strtod also takes white space, hexadecimal, "nan" and "infinity". */
    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
        return false;
    v = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(v))
        return false;
    *value = v;
    return true;
}

/* Reports a value that a setting does not take. */
static bool
refuse(gb_error *err, const char *name, const char *expected,
       const char *value, const char *hint)
{
    char shown[GB_JSON_SHOWN];

    return gb_fail_usage(err, "%s: expected %s, found %s%s", name, expected,
                         gb_json_quote(value, shown), hint);
}

static bool
is_off(const char *value)
{
    return strcmp(value, "off") == 0;
}

static bool
set_temperature(gb_settings *s, const char *name, const char *value,
                gb_error *err)
{
    double v;
    bool number = gb_parse_double(value, &v);

    if (!number || v < GB_TEMPERATURE_MIN || v > GB_TEMPERATURE_MAX)
        return refuse(err, name, "a number from 0.001 to 1000", value,
                      number && v == 0 ? " (--greedy takes the most likely "
                                         "token at each step)" : "");
    s->temperature = (float)v;
    return true;
}

/* The shortest digits that read back as the same float. */
static void
get_temperature(const gb_settings *s, gb_str *out)
{
    char text[32];
    int digits;

    for (digits = 4; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)s->temperature);
        if (strtof(text, NULL) == s->temperature)
            break;
    }
    gb_str_puts(out, text);
}

static bool
set_seed(gb_settings *s, const char *name, const char *value, gb_error *err)
{
    if (!gb_parse_u64(value, &s->seed))
        return refuse(err, name, "a whole number from 0 to "
                      "18446744073709551615", value, "");
    return true;
}

static void
get_seed(const gb_settings *s, gb_str *out)
{
    gb_str_printf(out, "%llu", (unsigned long long)s->seed);
}

bool
gb_parse_switch(const char *text, bool *value)
{
    static const char *const words[] = {
        "off", "on", "false", "true", "no", "yes", "0", "1",
    };
    size_t i;

    for (i = 0; i < GB_COUNT(words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *value = i % 2 != 0;
            return true;
        }
    }
    return false;
}

static bool
set_greedy(gb_settings *s, const char *name, const char *value, gb_error *err)
{
    return gb_parse_switch(value, &s->greedy) ||
           refuse(err, name, "on or off", value, "");
}

static void
get_greedy(const gb_settings *s, gb_str *out)
{
    gb_str_puts(out, s->greedy ? "on" : "off");
}

static bool
set_ignore_eos(gb_settings *s, const char *name, const char *value,
               gb_error *err)
{
    return gb_parse_switch(value, &s->ignore_eos) ||
           refuse(err, name, "on or off", value, "");
}

static void
get_ignore_eos(const gb_settings *s, gb_str *out)
{
    gb_str_puts(out, s->ignore_eos ? "on" : "off");
}

/* A whole number from 1 to 2^32 - 1. */
static bool
parse_count(const char *value, uint32_t *count)
{
    uint64_t v;

    if (!gb_parse_u64(value, &v) || v == 0 || v > UINT32_MAX)
        return false;
    *count = (uint32_t)v;
    return true;
}

static bool
set_top_k(gb_settings *s, const char *name, const char *value, gb_error *err)
{
    if (is_off(value) || strcmp(value, "0") == 0) {
        s->filter.top_k = 0;
        return true;
    }
    return parse_count(value, &s->filter.top_k) ||
           refuse(err, name, "a whole number from 1 to 4294967295, or off",
                  value, "");
}

static void
get_top_k(const gb_settings *s, gb_str *out)
{
    if (s->filter.top_k == 0)
        gb_str_puts(out, "off");
    else
        gb_str_printf(out, "%u", (unsigned)s->filter.top_k);
}

static bool
set_top_p(gb_settings *s, const char *name, const char *value, gb_error *err)
{
    double v = 1;

    if (!is_off(value) && (!gb_parse_double(value, &v) || v <= 0 || v > 1))
        return refuse(err, name, "a number above 0, at most 1, or off", value,
                      "");
    s->filter.top_p = v;
    return true;
}

static bool
set_min_p(gb_settings *s, const char *name, const char *value, gb_error *err)
{
    double v = 0;

    if (!is_off(value) && (!gb_parse_double(value, &v) || v < 0 || v > 1))
        return refuse(err, name, "a number from 0 to 1, or off", value, "");
    s->filter.min_p = fabs(v); /* "-0" is 0 */
    return true;
}

/* The shortest digits that read back as the same double. */
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
get_top_p(const gb_settings *s, gb_str *out)
{
    if (s->filter.top_p >= 1)
        gb_str_puts(out, "off");
    else
        put_double(out, s->filter.top_p);
}

static void
get_min_p(const gb_settings *s, gb_str *out)
{
    if (s->filter.min_p <= 0)
        gb_str_puts(out, "off");
    else
        put_double(out, s->filter.min_p);
}

static bool
set_max_new_tokens(gb_settings *s, const char *name, const char *value,
                   gb_error *err)
{
    return parse_count(value, &s->max_new_tokens) ||
           refuse(err, name, "a whole number from 1 to 4294967295", value, "");
}

static void
get_max_new_tokens(const gb_settings *s, gb_str *out)
{
    gb_str_printf(out, "%u", (unsigned)s->max_new_tokens);
}

static bool
set_max_prompt_tokens(gb_settings *s, const char *name, const char *value,
                      gb_error *err)
{
    bool last = value[0] == '-';
    uint32_t n = 0;

    if (!is_off(value) && !parse_count(value + last, &n))
        return refuse(err, name, "a whole number from 1 to 4294967295, from "
                      "-1 to -4294967295 for the end, or off", value, "");
    s->max_prompt_tokens = last ? -(int64_t)n : (int64_t)n;
    return true;
}

static void
get_max_prompt_tokens(const gb_settings *s, gb_str *out)
{
    if (s->max_prompt_tokens == 0)
        gb_str_puts(out, "off");
    else
        gb_str_printf(out, "%lld", (long long)s->max_prompt_tokens);
}

static const field fields[] = {
    {"temperature", set_temperature, get_temperature},
    {"seed", set_seed, get_seed},
    {"greedy", set_greedy, get_greedy},
    {"top-k", set_top_k, get_top_k},
    {"top-p", set_top_p, get_top_p},
    {"min-p", set_min_p, get_min_p},
    {"max-new-tokens", set_max_new_tokens, get_max_new_tokens},
    {"max-prompt-tokens", set_max_prompt_tokens, get_max_prompt_tokens},
    {"ignore-eos", set_ignore_eos, get_ignore_eos},
};

const char *const gb_settings_names[GB_COUNT(fields) + 1] = {
    "temperature", "seed", "greedy", "top-k", "top-p", "min-p",
    "max-new-tokens", "max-prompt-tokens", "ignore-eos", NULL,
};

static const field *
find(const char *name)
{
    size_t i;

    for (i = 0; i < GB_COUNT(fields); i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

bool
gb_settings_set(gb_settings *s, const char *name, const char *value,
                gb_error *err)
{
    const field *f = find(name);

    if (f == NULL)
        return gb_fail_usage(err, "there is no setting \"%s\"", name);
    return f->set(s, name, value, err);
}

/* From the lowest temperature, +0.1 leads to 0.1, not to 0.101. */
static double
stepped(double value, double step)
{
    if (value <= GB_TEMPERATURE_MIN * 1.001 && step > GB_TEMPERATURE_MIN)
        value = 0;
    value += step;
    if (value < GB_TEMPERATURE_MIN)
        return GB_TEMPERATURE_MIN;
    return value > GB_TEMPERATURE_MAX ? GB_TEMPERATURE_MAX : value;
}

bool
gb_settings_change(gb_settings *s, const char *name, const char *value,
                   gb_error *err)
{
    char text[32];
    double step;

    if (strcmp(name, "temperature") == 0 &&
        (value[0] == '+' || value[0] == '-') &&
        gb_parse_double(value, &step)) {
        /* Six digits: the sum of what people type, not of its floats. */
        snprintf(text, sizeof text, "%.6g",
                 stepped((double)s->temperature, step));
        value = text;
    } else if (strcmp(name, "seed") == 0 && strcmp(value, "next") == 0) {
        s->seed = gb_seed_jump(s->seed, 1);
        return true;
    } else if (strcmp(name, "greedy") == 0 && strcmp(value, "toggle") == 0) {
        s->greedy = !s->greedy;
        return true;
    }
    return gb_settings_set(s, name, value, err);
}

bool
gb_settings_get(const gb_settings *s, const char *name, gb_str *out)
{
    const field *f = find(name);

    if (f == NULL)
        return false;
    f->get(s, out);
    return true;
}

bool
gb_settings_same(const gb_settings *a, const gb_settings *b)
{
    const gb_filter *x = &a->filter, *y = &b->filter;

    return memcmp(&a->temperature, &b->temperature,
                  sizeof a->temperature) == 0 &&
           a->seed == b->seed && a->greedy == b->greedy &&
           x->top_k == y->top_k &&
           memcmp(&x->top_p, &y->top_p, sizeof x->top_p) == 0 &&
           memcmp(&x->min_p, &y->min_p, sizeof x->min_p) == 0 &&
           a->max_new_tokens == b->max_new_tokens &&
           a->max_prompt_tokens == b->max_prompt_tokens &&
           a->ignore_eos == b->ignore_eos;
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
