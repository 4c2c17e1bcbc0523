/* gumbel tokenize: text to token ids and back. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "cmd/commands.h"
#include "cmd/output.h"
#include "model/model.h"

#define AT_ONCE 65536 /* bytes of output */

static bool
put_ids(const gb_ids *ids, gb_error *err)
{
    gb_str line = GB_STR_INIT;
    bool ok = true;
    size_t i;

    for (i = 0; ok && i < ids->len; i++) {
        gb_str_printf(&line, i > 0 ? " %u" : "%u", (unsigned)ids->data[i]);
        if (line.len >= AT_ONCE) {
            ok = gb_put(&line, err);
            gb_str_clear(&line);
        }
    }
    gb_str_putc(&line, '\n');
    ok = ok && gb_put(&line, err);
    gb_str_free(&line);
    return ok;
}

static bool
put_ids_json(const gb_model *m, const gb_ids *ids, gb_error *err)
{
    json_t *o = json_object(), *tokens = json_array();
    const char *piece;
    size_t i;

    for (i = 0; i < ids->len; i++) {
        piece = gb_tokenizer_piece(m->tokenizer, ids->data[i]);
        json_array_append_new(tokens, gb_json_string(piece));
    }
    json_object_set_new(o, "ids", gb_json_ids(ids));
    json_object_set_new(o, "tokens", tokens);
    return gb_put_json(o, err);
}

static bool
encode(const gb_options *o, const gb_model *m, gb_error *err)
{
    gb_str text = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    bool ok;

    ok = gb_read_text(o, &text, err) &&
         gb_tokenizer_encode_whole(m->tokenizer, gb_str_cstr(&text), text.len,
                                   o->specials, &ids, err) &&
         (o->json ? put_ids_json(m, &ids, err) : put_ids(&ids, err));
    gb_ids_free(&ids);
    gb_str_free(&text);
    return ok;
}

#define BLANK " \t\r\n\v\f"

/* Takes the brackets off a list, in place. */
static char *
inside(char *text)
{
    char *p = text + strspn(text, BLANK);
    size_t n = strlen(p);

    while (n > 0 && strchr(BLANK, p[n - 1]) != NULL)
        n--;
    if (n < 2 || p[0] != '[' || p[n - 1] != ']')
        return text;
    p[n - 1] = '\0';
    return p + 1;
}

/* Appends the ids in text, which are separated by white space or commas. */
static bool
parse_ids(const gb_model *m, char *text, gb_ids *ids, gb_error *err)
{
    static const char between[] = BLANK ",";
    char shown[GB_JSON_SHOWN], *p = inside(text), *end;
    uint64_t id;
    bool more;

    for (;;) {
        p += strspn(p, between);
        if (*p == '\0')
            return true;
        end = p + strcspn(p, between);
        more = *end != '\0';
        *end = '\0';
        if (!gb_parse_u64(p, &id) || id >= m->config.n_vocab)
            return gb_fail(err, "token %zu: expected an id from 0 to %u, "
                           "found %s", ids->len + 1, m->config.n_vocab - 1,
                           gb_json_quote(p, shown));
        gb_ids_push(ids, (gb_token)id);
        p = end + more;
    }
}

/* The ids as text: all arguments, or standard input. */
static bool
read_ids(const gb_options *o, gb_str *out, gb_error *err)
{
    size_t i;

    if (o->n_args == 0 && !gb_read_text(o, out, err))
        return false;
    if (memchr(gb_str_cstr(out), '\0', out->len) != NULL)
        return gb_fail(err, "standard input: expected token ids, found a NUL "
                       "byte");
    for (i = 0; i < o->n_args; i++) {
        gb_str_puts(out, o->args[i]);
        gb_str_putc(out, ' ');
    }
    return true;
}

static bool
put_decoded(const gb_options *o, const gb_ids *ids, const gb_str *text,
            gb_error *err)
{
    json_t *object;

    if (!o->json)
        return gb_put_text(gb_str_cstr(text), text->len, err) &&
               gb_put_line_end(text, err);
    object = json_object();
    json_object_set_new(object, "ids", gb_json_ids(ids));
    json_object_set_new(object, "text",
                        gb_json_text(gb_str_cstr(text), text->len));
    return gb_put_json(object, err);
}

static bool
decode(const gb_options *o, const gb_model *m, gb_error *err)
{
    gb_str in = GB_STR_INIT, text = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    bool ok;

    gb_str_reserve(&in, 1);
    ok = read_ids(o, &in, err) && parse_ids(m, in.data, &ids, err) &&
         gb_tokenizer_decode(m->tokenizer, ids.data, ids.len, &text, err) &&
         put_decoded(o, &ids, &text, err);
    gb_ids_free(&ids);
    gb_str_free(&text);
    gb_str_free(&in);
    return ok;
}

static gb_model *
open_model(const gb_options *o, gb_error *err)
{
    char *folder = gb_model_find(o->model, err);
    gb_model *m = NULL;

    if (folder != NULL)
        m = gb_model_open_tokenizer(folder, err);
    free(folder);
    return m;
}

static int
run(const gb_options *o, gb_error *err)
{
    gb_model *m = NULL;
    bool ok;

    if (!o->decode && o->n_args > 1)
        ok = gb_fail_usage(err, "expected one TEXT, found %zu arguments; text "
                           "of several words needs quotes", o->n_args);
    else
        ok = (m = open_model(o, err)) != NULL &&
             (o->decode ? decode(o, m, err) : encode(o, m, err));
    gb_model_close(m);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_tokenize = {
    .name = "tokenize",
    .args = "[TEXT]",
    .summary = "Turn text into token ids, or back",
    .help =
        "TEXT missing: standard input, to its last byte. Prints the ids of "
        "its tokens, separated by spaces; with --json, an object with the "
        "ids and the tokens as vocab.json spells them.\n"
        "With --decode the arguments, or standard input, are ids separated "
        "by white space or commas, as a list in brackets or without them, "
        "and their text is printed as it is.",
    .example = "gumbel tokenize \"Once upon a time\"\n"
               "gumbel tokenize < story.txt | gumbel tokenize --decode",
    .self = GB_FOR_TOKENIZE,
    .max_args = SIZE_MAX,
    .run = run,
};
