#include "session/bias.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "session/settings.h"

/* The setting as text. */

static bool
is_value(const json_t *x)
{
    if (json_is_string(x))
        return strcmp(json_string_value(x), "ban") == 0;
    return json_is_number(x) && fabs(json_number_value(x)) <= GB_BIAS_MOST;
}

/* Whole numbers without a point. */
static json_t *
number(double x)
{
    return trunc(x) < x || trunc(x) > x ? json_real(x)
                                        : json_integer((json_int_t)x);
}

static bool
check_size(const json_t *object, gb_error *err)
{
    return json_object_size(object) <= GB_MAX_BIAS ||
           gb_fail_usage(err, "bias: expected at most %d tokens, found %zu",
                         GB_MAX_BIAS, json_object_size(object));
}

/* Takes the object over. */
static bool
put(json_t *object, gb_str *out, gb_error *err)
{
    bool ok = check_size(object, err);

    if (ok && json_object_size(object) > 0)
        gb_json_dump(object, out);
    else
        json_decref(object);
    return ok;
}

bool
gb_bias_read(const char *value, gb_str *out, gb_error *err)
{
    json_t *in = json_loads(value, JSON_REJECT_DUPLICATES, NULL), *object, *x;
    char shown[GB_JSON_SHOWN], name[GB_JSON_SHOWN];
    const char *key;
    bool ok = json_is_object(in);

    if (!ok)
        gb_fail_usage(err, "bias: expected tokens with a number or \"ban\" as "
                      "JSON, {\" fox\": 2}, or off, found %s",
                      gb_json_quote(value, shown));
    object = json_object();
    json_object_foreach(in, key, x) {
        if (ok && (!is_value(x) || key[0] == '\0'))
            ok = gb_fail_usage(err, "bias: %s: expected a number from %g to "
                               "%g, or \"ban\", found %s",
                               gb_json_quote(key, name), -GB_BIAS_MOST,
                               GB_BIAS_MOST, gb_json_show(x, shown));
        if (ok)
            json_object_set_new(object, key, json_is_string(x)
                                ? json_string("ban")
                                : number(json_number_value(x)));
    }
    json_decref(in);
    if (ok)
        return put(object, out, err);
    json_decref(object);
    return false;
}

/* A token as it was typed: in quotes as in JSON, or as it is. */
static char *
typed_token(const char *text, size_t n)
{
    json_t *json = NULL;
    char *token;

    if (n > 2 && text[0] == '"' && text[n - 1] == '"')
        json = json_loadb(text, n, JSON_DECODE_ANY, NULL);
    token = json_is_string(json) ? gb_strdup(json_string_value(json))
                                 : gb_strndup(text, n);
    json_decref(json);
    return token;
}

/* What is to become of it; NULL: nothing that could be. */
static json_t *
typed_value(const char *text)
{
    double x;

    if (strcmp(text, "ban") == 0)
        return json_string("ban");
    if (strcmp(text, "off") == 0)
        return json_null();
    return gb_parse_double(text, &x) && fabs(x) <= GB_BIAS_MOST ? number(x)
                                                                : NULL;
}

/* null: takes it out. Takes the value over. */
static bool
set_token(json_t *object, const char *token, json_t *value, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    if (json_is_null(value)) {
        json_decref(value);
        return json_object_del(object, token) == 0 ||
               gb_fail_usage(err, "bias: there is none of %s",
                             gb_json_quote(token, shown));
    }
    return json_object_set_new(object, token, value) == 0 ||
           gb_fail_usage(err, "bias: expected a token's text in UTF-8, or "
                         "#ID, found %s", gb_json_quote(token, shown));
}

bool
gb_bias_change(const char *now, const char *change, gb_str *out,
               gb_error *err)
{
    size_t n = strlen(change), end;
    char shown[GB_JSON_SHOWN], *token;
    json_t *object, *value;
    bool ok;

    while (n > 0 && change[n - 1] != ' ' && change[n - 1] != '=')
        n--;
    for (end = n > 0 ? n - 1 : 0; end > 0 && change[n - 1] == ' ' &&
                                  change[end - 1] == ' '; end--)
        ;
    value = typed_value(change + n);
    if (end == 0 || value == NULL) {
        json_decref(value);
        return gb_fail_usage(err, "bias: expected a token and a number from "
                             "%g to %g, ban or off, found %s", -GB_BIAS_MOST,
                             GB_BIAS_MOST, gb_json_quote(change, shown));
    }
    object = now[0] != '\0' ? json_loads(now, 0, NULL) : json_object();
    token = typed_token(change, end);
    ok = set_token(object, token, value, err);
    free(token);
    if (ok)
        return put(object, out, err);
    json_decref(object);
    return false;
}

/* Tokens. */

/* A token of the list, and how it is called. */
typedef struct named {
    gb_bias bias;
    const char *name;
} named;

static int
compare(const void *left, const void *right)
{
    const named *a = left, *b = right;

    return a->bias.id < b->bias.id ? -1 : a->bias.id > b->bias.id;
}

/* Whether the text is one token with a space before it, as the tokens of most
 * words are. */
static bool
is_word(gb_tokenizer *t, const char *text)
{
    char *spaced = gb_format(" %s", text);
    gb_ids ids = GB_IDS_INIT;
    bool ok = gb_tokenizer_encode(t, spaced, strlen(spaced), false, &ids,
                                  NULL) && ids.len == 1;

    free(spaced);
    gb_ids_free(&ids);
    return ok;
}

static bool
not_one(gb_tokenizer *t, const char *text, const gb_ids *ids, gb_error *err)
{
    gb_str found = GB_STR_INIT, name = GB_STR_INIT;
    const char *bytes;
    size_t i, n;

    gb_utf8_quote(&name, text, strlen(text));
    for (i = 0; i < ids->len && i < 8; i++) {
        bytes = gb_tokenizer_bytes(t, ids->data[i], &n);
        gb_str_putc(&found, ' ');
        gb_utf8_quote(&found, bytes, n);
    }
    gb_fail_usage(err, "bias: %s: expected one token, found %zu:%s%s%s",
                  gb_str_cstr(&name), ids->len, gb_str_cstr(&found),
                  ids->len > 8 ? " ..." : "",
                  is_word(t, text) ? " (with a space before it, it is one)"
                                   : "");
    gb_str_free(&found);
    gb_str_free(&name);
    return false;
}

static bool
find_token(gb_tokenizer *t, uint32_t n_vocab, const char *name, uint32_t *id,
           gb_error *err)
{
    gb_ids ids = GB_IDS_INIT;
    uint64_t number;
    bool ok;

    if (name[0] == '#' && name[1] != '\0' &&
        name[1 + strspn(name + 1, "0123456789")] == '\0') {
        if (!gb_parse_u64(name + 1, &number) || number >= n_vocab)
            return gb_fail_usage(err, "bias: %.40s: expected an id from #0 to "
                                 "#%u", name, (unsigned)n_vocab - 1);
        *id = (uint32_t)number;
        return true;
    }
    ok = gb_tokenizer_encode(t, name, strlen(name), true, &ids, err);
    if (ok && ids.len != 1)
        ok = not_one(t, name, &ids, err);
    if (ok)
        *id = ids.data[0];
    gb_ids_free(&ids);
    return ok;
}

/* Whether each token is there once, and some are left to pick. */
static bool
check(const named *list, size_t n, const gb_tokenizer *t, uint32_t n_vocab,
      gb_error *err)
{
    const uint32_t left = n_vocab - gb_tokenizer_missing(t);
    char a[GB_JSON_SHOWN], b[GB_JSON_SHOWN];
    size_t banned = 0, i;

    for (i = 0; i < n; i++) {
        if (i > 0 && list[i].bias.id == list[i - 1].bias.id)
            return gb_fail_usage(err, "bias: %s and %s are the same token",
                                 gb_json_quote(list[i - 1].name, a),
                                 gb_json_quote(list[i].name, b));
        banned += list[i].bias.add <= -INFINITY &&
                  gb_tokenizer_has(t, list[i].bias.id);
    }
    return banned < left ||
           gb_fail_usage(err, "bias: all %u tokens are banned: none is left "
                         "to pick", (unsigned)left);
}

bool
gb_bias_resolve(const char *bias, gb_tokenizer *t, uint32_t n_vocab,
                gb_bias **list, size_t *n, gb_error *err)
{
    json_t *object = bias[0] != '\0' ? json_loads(bias, 0, NULL) : NULL, *x;
    named *found = gb_alloc_array(json_object_size(object) + 1,
                                  sizeof *found);
    size_t count = 0, i;
    const char *key;
    bool ok = true;

    *list = NULL;
    *n = 0;
    json_object_foreach(object, key, x) {
        ok = ok && find_token(t, n_vocab, key, &found[count].bias.id, err);
        if (!ok)
            break;
        found[count].name = key;
        found[count++].bias.add =
            json_is_string(x) ? -INFINITY : (float)json_number_value(x);
    }
    qsort(found, count, sizeof *found, compare);
    ok = ok && check(found, count, t, n_vocab, err);
    if (ok && count > 0) {
        *list = gb_alloc_array(count, sizeof **list);
        for (i = 0; i < count; i++)
            (*list)[i] = found[i].bias;
        *n = count;
    }
    free(found);
    json_decref(object);
    return ok;
}

bool
gb_bias_check(const char *bias, gb_tokenizer *t, uint32_t n_vocab,
              gb_error *err)
{
    gb_bias *list;
    size_t n;
    bool ok = gb_bias_resolve(bias, t, n_vocab, &list, &n, err);

    free(list);
    return ok;
}
