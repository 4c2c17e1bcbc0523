#include "model/tokenizer_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/tokenizer_json.h"

#define CONFIG_LIMIT (1u << 26) /* bytes; a chat template may be long */

/* Transformers' names for special tokens, in its order. */
static const char *const names[] = {
    "bos_token", "eos_token", "unk_token",  "sep_token",
    "pad_token", "cls_token", "mask_token",
};

/* What GPT-2's tokenizer takes for the first three where a folder does not
 * name them. */
static const char default_special[] = "<|endoftext|>";

/* Lists of more of them, old and new. */
static const char *const more[] = {"additional_special_tokens",
                                   "extra_special_tokens"};

/* The files beside the vocabulary; NULL where there is none. */
typedef struct beside {
    gb_tokenizer_files *f;
    char *config_path, *map_path, *added_path;
    json_t *config, *map, *added;
} beside;

/* --- opening ------------------------------------------------------------ */

/* A file that may be missing. */
static bool
load(const char *path, json_t **root, gb_error *err)
{
    if (!gb_is_there(path))
        return true;
    *root = gb_json_load_python(path, CONFIG_LIMIT, err);
    return *root != NULL;
}

/* tokenizer_config.json says it all where it lists the added tokens; the
 * other two are older. */
static bool
load_beside(beside *b, const char *folder, gb_error *err)
{
    b->config_path = gb_path_join(folder, "tokenizer_config.json");
    b->map_path = gb_path_join(folder, "special_tokens_map.json");
    b->added_path = gb_path_join(folder, "added_tokens.json");
    if (!load(b->config_path, &b->config, err))
        return false;
    if (json_object_get(b->config, "added_tokens_decoder") != NULL)
        return true;
    return load(b->map_path, &b->map, err) &&
           load(b->added_path, &b->added, err);
}

static void
free_beside(beside *b)
{
    free(b->config_path);
    free(b->map_path);
    free(b->added_path);
    json_decref(b->config);
    json_decref(b->map);
    json_decref(b->added);
}

static bool
read_pair(gb_tokenizer_files *f, const char *folder, gb_error *err)
{
    char *vocab = gb_path_join(folder, "vocab.json");
    char *merges = gb_path_join(folder, "merges.txt");
    bool ok;

    if (!gb_tokenizer_files_are_in(folder))
        ok = gb_fail(err, "%s: expected tokenizer.json, or vocab.json and "
                     "merges.txt: No such file", folder);
    else
        ok = (f->vocab = gb_vocab_open(vocab, err)) != NULL &&
             gb_merges_read(&f->merges, merges, f->vocab, err);
    free(vocab);
    free(merges);
    return ok;
}

/* --- added tokens ------------------------------------------------------- */

/* One of a list by ids. */
typedef struct listed {
    uint32_t id;
    const char *key;
    json_t *token; /* an object */
} listed;

static int
compare(const void *a, const void *b)
{
    const listed *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

/* In the order of their ids, as they were added. */
static bool
add_listed(gb_tokenizer_files *f, listed *list, size_t n, const char *path,
           gb_error *err)
{
    char *where;
    size_t i;
    bool ok = true;

    qsort(list, n, sizeof *list, compare);
    for (i = 0; ok && i < n; i++) {
        where = gb_format("%s: %s", path, list[i].key);
        ok = gb_tokenizer_add(f, list[i].token, list[i].id, where, err);
        free(where);
    }
    return ok;
}

/* {"50257": {"content": "[PAD]", ...}, ...} */
static bool
add_decoder(const beside *b, gb_error *err)
{
    static const char field[] = "added_tokens_decoder";
    json_t *object = json_object_get(b->config, field);
    listed *list = gb_alloc_array(json_object_size(object) + 1, sizeof *list);
    char shown[GB_JSON_SHOWN], *end;
    unsigned long id;
    const char *key;
    json_t *value;
    size_t n = 0;
    bool ok = true;

    if (object != NULL && !json_is_object(object))
        ok = gb_json_refuse_field(b->config_path, field,
                                  "an object of ids and tokens", object, err);
    json_object_foreach(object, key, value) {
        id = strtoul(key, &end, 10);
        if (key[0] < '0' || key[0] > '9' || *end != '\0' ||
            id >= GB_MAX_TOKENS) {
            ok = gb_fail(err, "%s: %s: expected ids of tokens, found %s",
                         b->config_path, field, gb_json_quote(key, shown));
            break;
        }
        list[n++] = (listed){(uint32_t)id, key, value};
    }
    ok = ok && add_listed(b->f, list, n, b->config_path, err);
    free(list);
    return ok;
}

/* A token that is given by its text alone. */
static json_t *
plain_token(const char *text, bool special)
{
    return json_pack("{s:s, s:b, s:b}", "content", text, "special",
                     (int)special, "normalized", (int)!special);
}

/* {"[PAD]": 50257, ...}: ordinary text until a name says that it is not. */
static bool
add_old(const beside *b, gb_error *err)
{
    const size_t room = json_object_size(b->added) + 1;
    listed *list = gb_alloc_array(room, sizeof *list);
    char shown[GB_JSON_SHOWN];
    const char *key;
    json_t *value;
    uint32_t id;
    size_t n = 0, i;
    bool ok = true;

    json_object_foreach(b->added, key, value) {
        if (!gb_vocab_take_id(value, &id)) {
            ok = gb_fail(err, "%s: expected tokens and their ids, found %s",
                         b->added_path, gb_json_show(value, shown));
            break;
        }
        list[n++] = (listed){id, key, plain_token(key, false)};
    }
    ok = ok && add_listed(b->f, list, n, b->added_path, err);
    for (i = 0; i < n; i++)
        json_decref(list[i].token);
    free(list);
    return ok;
}

/* What a folder says under a name; the map goes before the config. */
static json_t *
named(const beside *b, const char *name)
{
    json_t *value = json_object_get(b->map, name);

    return value != NULL ? value : json_object_get(b->config, name);
}

/* Whether this is GPT-2's own tokenizer, which has defaults, or one that was
 * made with the tokenizers library, which has none. */
static bool
is_gpt2(const beside *b)
{
    const char *class = json_string_value(
        json_object_get(b->config, "tokenizer_class"));

    return class == NULL || strncmp(class, "GPT2Tokenizer", 13) == 0;
}

static const char *
path_of(const beside *b, const char *name)
{
    return json_object_get(b->map, name) != NULL ? b->map_path
                                                 : b->config_path;
}

/* A special token, as its text or as an object. Where it is not there yet, it
 * is added. */
static bool
make_special(const beside *b, const char *name, const json_t *value,
             gb_error *err)
{
    const json_t *content =
        json_is_object(value) ? json_object_get(value, "content") : value;
    const char *text = json_string_value(content);
    const char *path = path_of(b, name);
    gb_added_token *t;
    json_t *token;
    bool ok;

    if (value == NULL || json_is_null(value) ||
        (text != NULL && text[0] == '\0'))
        return true;
    if (text == NULL)
        return gb_json_refuse_field(path, name, "the text of a token", value,
                                    err);
    t = gb_added_get(&b->f->added, text);
    if (t != NULL) {
        t->special = true;
        return true;
    }
    token = json_is_object(value) ? json_deep_copy(value)
                                  : plain_token(text, true);
    json_object_set_new(token, "special", json_true());
    ok = gb_tokenizer_add(b->f, token, GB_NO_TOKEN, path, err);
    json_decref(token);
    return ok;
}

/* A list of them, or an object where each has a name of its own. */
static bool
make_more(const beside *b, const char *name, json_t *value, gb_error *err)
{
    const char *key;
    json_t *one;
    size_t i;

    if (value == NULL || json_is_null(value))
        return true;
    if (!json_is_array(value) && !json_is_object(value))
        return gb_json_refuse_field(path_of(b, name), name,
                                    "a list of tokens", value, err);
    json_array_foreach(value, i, one)
        if (!make_special(b, name, one, err))
            return false;
    json_object_foreach(value, key, one)
        if (!make_special(b, name, one, err))
            return false;
    return true;
}

static bool
add_named(const beside *b, gb_error *err)
{
    size_t i;

    for (i = 0; i < GB_COUNT(names); i++)
        if (!make_special(b, names[i], named(b, names[i]), err))
            return false;
    for (i = 0; i < GB_COUNT(more); i++)
        if (!make_more(b, more[i], named(b, more[i]), err))
            return false;
    return true;
}

/* <|endoftext|>, where the vocabulary has it and no file says otherwise. */
static bool
add_default(const beside *b, gb_error *err)
{
    json_t *text;
    bool ok;
    size_t i;

    for (i = 0; i < 3 && named(b, names[i]) != NULL; i++)
        continue;
    if (i == 3 || !is_gpt2(b) ||
        gb_vocab_find(b->f->vocab, default_special) == GB_NO_TOKEN)
        return true;
    text = json_string(default_special);
    ok = make_special(b, names[i], text, err);
    json_decref(text);
    return ok;
}

/* --- what comes before a text ------------------------------------------- */

static bool
read_switch(const beside *b, const char *name, const json_t **value,
            gb_error *err)
{
    *value = json_object_get(b->config, name);
    return *value == NULL || json_is_null(*value) ||
           json_is_boolean(*value) ||
           gb_json_refuse_field(b->config_path, name, "true or false", *value,
                                err);
}

/* The text of the token that begins a text. */
static const char *
start_token(const beside *b)
{
    const json_t *value = named(b, "bos_token");

    if (value == NULL)
        return is_gpt2(b) ? default_special : "";
    if (json_is_object(value))
        value = json_object_get(value, "content");
    return json_is_string(value) ? json_string_value(value) : "";
}

static bool
read_prefix_space(const beside *b, gb_error *err)
{
    const json_t *space;

    if (!read_switch(b, "add_prefix_space", &space, err))
        return false;
    if (json_is_boolean(space) && is_gpt2(b))
        b->f->prefix_space = json_is_true(space);
    return true;
}

/* Where there is a tokenizer.json it has the last word on this. */
static bool
read_start(const beside *b, gb_error *err)
{
    const json_t *bos, *eos;
    uint32_t id;

    if (!read_switch(b, "add_bos_token", &bos, err) ||
        !read_switch(b, "add_eos_token", &eos, err))
        return false;
    if (json_is_true(eos))
        return gb_fail(err, "%s: add_eos_token: expected false (a text that "
                       "has ended does not go on), found true",
                       b->config_path);
    if (!json_is_true(bos) || start_token(b)[0] == '\0')
        return true;
    id = gb_vocab_find(b->f->vocab, start_token(b));
    if (id == GB_NO_TOKEN)
        return gb_fail(err, "%s: add_bos_token: expected a bos_token that the "
                       "vocabulary has, found none", b->config_path);
    gb_ids_push(&b->f->prefix, id);
    return true;
}

static bool
read_all(beside *b, const char *folder, const char *json, gb_error *err)
{
    const bool one = gb_is_there(json);

    return (one ? gb_tokenizer_json_read(b->f, json, err)
                : read_pair(b->f, folder, err)) &&
           load_beside(b, folder, err) && add_decoder(b, err) &&
           add_old(b, err) && add_named(b, err) && add_default(b, err) &&
           read_prefix_space(b, err) && (one || read_start(b, err));
}

bool
gb_tokenizer_files_are_in(const char *folder)
{
    static const char *const files[] = {"tokenizer.json", "vocab.json",
                                        "merges.txt"};
    bool found = false;
    size_t i;
    char *path;

    for (i = 0; i < GB_COUNT(files) && !found; i++) {
        path = gb_path_join(folder, files[i]);
        found = gb_is_there(path);
        free(path);
    }
    return found;
}

bool
gb_tokenizer_files_read(gb_tokenizer_files *f, const char *folder,
                        gb_error *err)
{
    char *json = gb_path_join(folder, "tokenizer.json");
    beside b = {.f = f};
    bool ok;

    memset(f, 0, sizeof *f);
    ok = read_all(&b, folder, json, err);
    free_beside(&b);
    free(json);
    return ok;
}

bool
gb_tokenizer_files_ignore(const char *folder, const char *field)
{
    char *json = gb_path_join(folder, "tokenizer.json");
    char *path = gb_path_join(folder, "tokenizer_config.json");
    json_t *config = NULL;
    bool ignored = gb_is_there(json) && load(path, &config, NULL) &&
                   json_is_true(json_object_get(config, field));

    json_decref(config);
    free(path);
    free(json);
    return ignored;
}

void
gb_tokenizer_files_free(gb_tokenizer_files *f)
{
    gb_vocab_close(f->vocab);
    gb_merges_free(&f->merges);
    gb_added_free(&f->added);
    gb_normalizer_close(f->normalizer);
    gb_ids_free(&f->prefix);
    memset(f, 0, sizeof *f);
}
