#include "model/meta.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "model/pickle.h"

#define META_LIMIT ((size_t)4 << 20) /* bytes; 65 characters have a thousand */

static bool
refuse(const char *path, const char *text, const json_t *id, gb_error *err)
{
    char shown[2][GB_JSON_SHOWN];

    return gb_fail(err, "%s: stoi: expected characters and their ids, found "
                   "%s and %s", path, gb_json_quote(text, shown[0]),
                   gb_json_show(id, shown[1]));
}

/* The bytes that are characters, as pieces by their ids. */
static json_t *
take_bytes(json_t *stoi)
{
    json_t *pieces = json_object();
    char piece[5] = "";
    const char *text;
    unsigned char byte;
    json_t *id;

    json_object_foreach(stoi, text, id) {
        byte = (unsigned char)text[0];
        if (byte >= 0x80 || strlen(text) != 1)
            continue;
        piece[gb_utf8_put(gb_vocab_spell(byte), piece)] = '\0';
        json_object_set(pieces, piece, id);
    }
    return pieces;
}

/* All others stand for their own letters. */
static bool
add_others(gb_tokenizer_files *f, json_t *stoi, const char *path,
           gb_error *err)
{
    const char *text;
    json_t *value;
    uint32_t id, rune;
    gb_added_token *t;
    size_t n;
    bool valid;

    json_object_foreach(stoi, text, value) {
        n = strlen(text);
        if (n == 1)
            continue;
        gb_vocab_take_id(value, &id);
        if (!gb_added_check(text, path, err) ||
            !gb_vocab_add(f->vocab, id, text, err))
            return false;
        t = gb_added_put(&f->added, text, id);
        t->special = gb_utf8_next(text, n, &rune, &valid) != n;
    }
    return true;
}

static bool
check(json_t *stoi, const char *path, gb_error *err)
{
    const char *text;
    json_t *value;
    uint32_t id;

    json_object_foreach(stoi, text, value)
        if (text[0] == '\0' || !gb_vocab_take_id(value, &id))
            return refuse(path, text, value, err);
    return true;
}

static bool
take(gb_tokenizer_files *f, json_t *stoi, const char *path,
     gb_error *err)
{
    json_t *none = json_array(), *pieces = take_bytes(stoi);
    bool ok = check(stoi, path, err);

    f->whole = true;
    ok = ok && (f->vocab = gb_vocab_new(pieces, path, err)) != NULL &&
         add_others(f, stoi, path, err) &&
         gb_merges_take(&f->merges, none, path, f->vocab, err);
    json_decref(pieces);
    json_decref(none);
    return ok;
}

bool
gb_meta_is_in(const char *folder)
{
    char *path = gb_path_join(folder, GB_META);
    const bool found = gb_is_there(path);

    free(path);
    return found;
}

bool
gb_meta_read(gb_tokenizer_files *f, const char *folder, gb_error *err)
{
    char *path = gb_path_join(folder, GB_META);
    gb_str text = GB_STR_INIT;
    json_t *stoi = NULL;
    bool ok;

    memset(f, 0, sizeof *f);
    if (gb_file_read(path, META_LIMIT, &text, err))
        stoi = gb_pickle_numbers(gb_str_cstr(&text), text.len, path, "stoi",
                                 err);
    ok = stoi != NULL && take(f, stoi, path, err);
    json_decref(stoi);
    gb_str_free(&text);
    free(path);
    return ok;
}
