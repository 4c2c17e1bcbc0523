#include "model/tokenizer_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define FILE_LIMIT (1u << 27) /* bytes; GPT-2's has three million */

typedef struct reader {
    const char *path;
    gb_tokenizer_files *f;
    gb_error *err;
} reader;

static bool
refuse(const reader *r, const char *field, const char *expected,
       const json_t *found)
{
    return gb_json_refuse_field(r->path, field, expected, found, r->err);
}

/* A step's type; of a Sequence of one, that one's. */
static const json_t *
type_of(const json_t *step)
{
    const json_t *type = json_object_get(step, "type");

    return type != NULL ? type : step;
}

static bool
is_type(const json_t *step, const char *type)
{
    const char *name = json_string_value(json_object_get(step, "type"));

    return name != NULL && strcmp(name, type) == 0;
}

/* The steps that a Sequence has, which check_steps has found to be a list; one
 * that is none has itself. NULL is none. */
static size_t
count_steps(const json_t *step, const char *list)
{
    if (step == NULL || json_is_null(step))
        return 0;
    return is_type(step, "Sequence")
               ? json_array_size(json_object_get(step, list))
               : 1;
}

static bool
check_steps(const reader *r, const json_t *root)
{
    static const struct {
        const char *step, *list;
    } all[] = {
        {"pre_tokenizer", "pretokenizers"},
        {"post_processor", "processors"},
        {"decoder", "decoders"},
    };
    const json_t *step, *list;
    size_t i;

    for (i = 0; i < GB_COUNT(all); i++) {
        step = json_object_get(root, all[i].step);
        list = json_object_get(step, all[i].list);
        if (step != NULL && !json_is_null(step) && !json_is_object(step))
            return refuse(r, all[i].step, "an object", step);
        if (is_type(step, "Sequence") && !json_is_array(list))
            return refuse(r, all[i].list, "a list of steps", list);
    }
    return true;
}

static const json_t *
get_step(const json_t *step, const char *list, size_t i)
{
    return is_type(step, "Sequence")
               ? json_array_get(json_object_get(step, list), i)
               : step;
}

/* --- the model ---------------------------------------------------------- */

/* What would change the ids where it is set; all of it mostly is not. */
static bool
check_model(const reader *r, const json_t *model)
{
    static const char *const affixes[] = {"continuing_subword_prefix",
                                          "end_of_word_suffix"};
    const json_t *type = json_object_get(model, "type"), *value;
    const char *text;
    size_t i;

    if (type != NULL && !is_type(model, "BPE"))
        return refuse(r, "model.type", "\"BPE\"", type);
    for (i = 0; i < GB_COUNT(affixes); i++) {
        value = json_object_get(model, affixes[i]);
        text = json_string_value(value);
        if (value != NULL && !json_is_null(value) &&
            (text == NULL || text[0] != '\0'))
            return refuse(r, affixes[i], "none", value);
    }
    value = json_object_get(model, "ignore_merges");
    if (json_is_true(value))
        return refuse(r, "model.ignore_merges", "false", value);
    value = json_object_get(model, "dropout");
    if (value != NULL && !json_is_null(value) &&
        (!json_is_number(value) || json_number_value(value) > 0))
        return refuse(r, "model.dropout", "none", value);
    return true;
}

static bool
read_model(const reader *r, const json_t *model)
{
    char *vocab = gb_format("%s: model.vocab", r->path);
    char *merges = gb_format("%s: model.merges", r->path);
    bool ok = check_model(r, model);

    if (ok) {
        r->f->vocab = gb_vocab_new(json_object_get(model, "vocab"), vocab,
                                   r->err);
        ok = r->f->vocab != NULL &&
             gb_merges_take(&r->f->merges, json_object_get(model, "merges"),
                            merges, r->f->vocab, r->err);
    }
    free(vocab);
    free(merges);
    return ok;
}

/* --- the steps around it ------------------------------------------------ */

static bool
read_pre_tokenizer(const reader *r, const json_t *step)
{
    const size_t n = count_steps(step, "pretokenizers");
    const json_t *first = get_step(step, "pretokenizers", 0);

    if (n == 0 || !is_type(first, "ByteLevel"))
        return refuse(r, "pre_tokenizer", "\"ByteLevel\"",
                      n == 0 ? step : type_of(first));
    if (n > 1)
        return refuse(r, "pre_tokenizer", "\"ByteLevel\" alone",
                      type_of(get_step(step, "pretokenizers", 1)));
    r->f->prefix_space = json_is_true(
        json_object_get(first, "add_prefix_space"));
    r->f->whole = json_is_false(json_object_get(first, "use_regex"));
    return true;
}

static bool
check_decoder(const reader *r, const json_t *step)
{
    const size_t n = count_steps(step, "decoders");
    const json_t *first = get_step(step, "decoders", 0);

    return n == 0 || (n == 1 && is_type(first, "ByteLevel")) ||
           refuse(r, "decoder", "\"ByteLevel\"",
                  type_of(get_step(step, "decoders", n - 1)));
}

/* The ids of a special token of a template. */
static bool
read_template_token(const reader *r, const json_t *template,
                    const json_t *token)
{
    const char *name = json_string_value(json_object_get(token, "id"));
    const json_t *ids = json_object_get(
        json_object_get(json_object_get(template, "special_tokens"),
                        name != NULL ? name : ""),
        "ids");
    uint32_t id;
    size_t i;

    if (json_array_size(ids) == 0)
        return refuse(r, "post_processor.special_tokens",
                      "the ids of each token of the template", ids);
    for (i = 0; i < json_array_size(ids); i++) {
        if (!gb_vocab_take_id(json_array_get(ids, i), &id))
            return refuse(r, "post_processor.special_tokens",
                          "ids of tokens", json_array_get(ids, i));
        gb_ids_push(&r->f->prefix, id);
    }
    return true;
}

/* What stands before the text "A", and nothing behind it. */
static bool
read_template(const reader *r, const json_t *template)
{
    const json_t *single = json_object_get(template, "single"), *token;
    size_t n = json_array_size(single), i;

    for (i = 0; i < n; i++) {
        token = json_object_get(json_array_get(single, i), "SpecialToken");
        if (token == NULL)
            break;
        if (!read_template_token(r, template, token))
            return false;
    }
    if (i + 1 == n &&
        json_object_get(json_array_get(single, i), "Sequence") != NULL)
        return true;
    return refuse(r, "post_processor.single",
                  "tokens, the text, and nothing behind it",
                  i < n ? json_array_get(single, n - 1) : single);
}

static bool
read_post_processor(const reader *r, const json_t *step)
{
    const size_t n = count_steps(step, "processors");
    const json_t *one;
    size_t i;

    for (i = 0; i < n; i++) {
        one = get_step(step, "processors", i);
        if (is_type(one, "ByteLevel"))
            continue;
        if (!is_type(one, "TemplateProcessing") || r->f->prefix.len > 0)
            return refuse(r, "post_processor",
                          "\"ByteLevel\" or one \"TemplateProcessing\"",
                          type_of(one));
        if (!read_template(r, one))
            return false;
    }
    return true;
}

/* --- added tokens ------------------------------------------------------- */

/* The id that the tokenizers library gives to a token that is added now. */
static uint32_t
next_id(const gb_tokenizer_files *f)
{
    uint32_t next = (uint32_t)gb_vocab_read(f->vocab);

    return gb_vocab_added(f->vocab) > 0 && gb_vocab_size(f->vocab) > next
               ? gb_vocab_size(f->vocab)
               : next;
}

static bool
read_flag(const json_t *token, const char *name, bool *flag,
          const char *where, gb_error *err)
{
    const json_t *value = json_object_get(token, name);

    if (value != NULL && !json_is_boolean(value))
        return gb_json_refuse_field(where, name, "true or false", value, err);
    *flag = json_is_true(value);
    return true;
}

bool
gb_tokenizer_add(gb_tokenizer_files *f, const json_t *token, uint32_t id,
                 const char *where, gb_error *err)
{
    const json_t *content = json_object_get(token, "content");
    const char *text = json_string_value(content);
    char shown[GB_JSON_SHOWN];
    gb_added_token *t;
    uint32_t own;

    if (text == NULL || text[0] == '\0')
        return gb_json_refuse_field(where, "content", "the text of a token",
                                    content, err);
    if (!gb_added_check(text, where, err))
        return false;
    if (gb_added_get(&f->added, text) != NULL)
        return true;
    own = gb_vocab_find(f->vocab, text);
    if (own == GB_NO_TOKEN)
        own = next_id(f);
    if (id != GB_NO_TOKEN && id != own)
        return gb_fail(err, "%s: expected id %u for the token %s, which is %s,"
                       " found %u", where, own, gb_json_quote(text, shown),
                       gb_vocab_has(f->vocab, own) ? "that of the vocabulary"
                                                   : "the next one free", id);
    if (own >= GB_MAX_TOKENS)
        return gb_fail(err, "%s: expected at most %u tokens, found more",
                       where, GB_MAX_TOKENS);
    if (gb_vocab_find(f->vocab, text) == GB_NO_TOKEN &&
        !gb_vocab_add(f->vocab, own, text, err))
        return false;
    t = gb_added_put(&f->added, text, own);
    return read_flag(token, "special", &t->special, where, err) &&
           read_flag(token, "normalized", &t->normalized, where, err) &&
           read_flag(token, "single_word", &t->single_word, where, err) &&
           read_flag(token, "lstrip", &t->lstrip, where, err) &&
           read_flag(token, "rstrip", &t->rstrip, where, err);
}

static bool
read_added(const reader *r, const json_t *list)
{
    const json_t *token;
    char *where;
    uint32_t id;
    size_t i;
    bool ok = true;

    if (list != NULL && !json_is_array(list))
        return refuse(r, "added_tokens", "a list", list);
    for (i = 0; ok && i < json_array_size(list); i++) {
        token = json_array_get(list, i);
        where = gb_format("%s: added_tokens %zu", r->path, i);
        ok = gb_vocab_take_id(json_object_get(token, "id"), &id)
                 ? gb_tokenizer_add(r->f, token, id, where, r->err)
                 : refuse(r, "added_tokens", "a token with an id", token);
        free(where);
    }
    return ok;
}

bool
gb_tokenizer_json_read(gb_tokenizer_files *f, const char *path, gb_error *err)
{
    json_t *root = gb_json_load_python(path, FILE_LIMIT, err);
    const reader r = {path, f, err};
    bool ok;

    ok = root != NULL && check_steps(&r, root) &&
         read_model(&r, json_object_get(root, "model")) &&
         gb_normalizer_read(&f->normalizer,
                            json_object_get(root, "normalizer"), path, err) &&
         read_pre_tokenizer(&r, json_object_get(root, "pre_tokenizer")) &&
         read_post_processor(&r, json_object_get(root, "post_processor")) &&
         check_decoder(&r, json_object_get(root, "decoder")) &&
         read_added(&r, json_object_get(root, "added_tokens"));
    json_decref(root);
    return ok;
}
