/* What each type of event has in a journal. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "session/journal_reader.h"

/* Says that a member is not what it must be. */
bool
gb_reader_refuse(gb_journal_reader *r, const char *name, const char *expected,
                 const json_t *found, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    return gb_fail_usage(err, "%s: \"%s\": expected %s, found %s",
                         gb_journal_reader_place(r), name, expected,
                         gb_json_show(found, shown));
}

bool
gb_reader_number(gb_journal_reader *r, const char *name, uint64_t limit,
                 uint64_t *value, gb_error *err)
{
    const json_t *j = json_object_get(r->object, name);
    json_int_t v = json_integer_value(j);
    char expected[64];

    if (json_is_integer(j) && v >= 0 && (uint64_t)v <= limit) {
        *value = (uint64_t)v;
        return true;
    }
    snprintf(expected, sizeof expected, "a whole number from 0 to %llu",
             (unsigned long long)limit);
    return gb_reader_refuse(r, name, expected, j, err);
}

static bool
get_u32(gb_journal_reader *r, const char *name, uint32_t *value, gb_error *err)
{
    uint64_t v;

    if (!gb_reader_number(r, name, UINT32_MAX, &v, err))
        return false;
    *value = (uint32_t)v;
    return true;
}

bool
gb_reader_string(gb_journal_reader *r, const char *name, const char **value,
                 gb_error *err)
{
    const json_t *j = json_object_get(r->object, name);

    if (!json_is_string(j))
        return gb_reader_refuse(r, name, "a string", j, err);
    *value = json_string_value(j);
    return true;
}

bool
gb_reader_mode(gb_journal_reader *r, gb_mode *mode, gb_error *err)
{
    const char *name = "";

    if (!gb_reader_string(r, "mode", &name, err))
        return false;
    return gb_mode_parse(name, mode) ||
           gb_reader_refuse(r, "mode", "\"continue\" or \"chat\"",
                            json_object_get(r->object, "mode"), err);
}

static bool
get_ids(gb_journal_reader *r, bool optional, gb_event *e, gb_error *err)
{
    const json_t *list = json_object_get(r->object, "ids"), *j;
    size_t i;

    if (list == NULL && optional)
        return true;
    if (!json_is_array(list))
        return gb_reader_refuse(r, "ids", "a list of token ids", list, err);
    for (i = 0; i < json_array_size(list); i++) {
        j = json_array_get(list, i);
        if (!json_is_integer(j) || json_integer_value(j) < 0 ||
            json_integer_value(j) > UINT32_MAX)
            return gb_reader_refuse(r, "ids", "a list of token ids", j, err);
        gb_ids_push(&r->ids, (gb_token)json_integer_value(j));
    }
    e->ids = r->ids.data;
    e->n_ids = r->ids.len;
    return true;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
gb_reader_hex(gb_journal_reader *r, const json_t *j, gb_error *err)
{
    const char *s = json_string_value(j);
    size_t n = json_string_length(j), i;

    if (s == NULL || n % 2 != 0)
        return gb_reader_refuse(r, "hex", "pairs of digits 0-9a-f", j, err);
    for (i = 0; i < n; i += 2) {
        if (hex_digit(s[i]) < 0 || hex_digit(s[i + 1]) < 0)
            return gb_reader_refuse(r, "hex", "pairs of digits 0-9a-f", j, err);
        gb_str_putc(&r->text, (char)(hex_digit(s[i]) << 4 |
                                     hex_digit(s[i + 1])));
    }
    return true;
}

static bool
get_hex(gb_journal_reader *r, const json_t *j, gb_event *e, gb_error *err)
{
    if (!gb_reader_hex(r, j, err))
        return false;
    e->text = gb_str_cstr(&r->text);
    e->n_text = r->text.len;
    return true;
}

static bool
get_text(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const json_t *hex = json_object_get(r->object, "hex");

    if (hex != NULL)
        return get_hex(r, hex, e, err);
    if (!gb_reader_string(r, "text", &e->text, err))
        return false;
    e->n_text = strlen(e->text);
    return true;
}

static bool
get_prompt(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    return get_text(r, e, err) && get_ids(r, false, e, err) &&
           (json_object_get(r->object, "skipped") == NULL ||
            gb_reader_number(r, "skipped", INT64_MAX, &e->skipped, err));
}

static bool
get_import(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const char *role = "";

    if (!gb_reader_string(r, "role", &role, err))
        return false;
    e->model = strcmp(role, "model") == 0;
    if (!e->model && strcmp(role, "user") != 0)
        return gb_reader_refuse(r, "role", "\"user\" or \"model\"",
                                json_object_get(r->object, "role"), err);
    return get_prompt(r, e, err);
}

static bool
get_run(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const char *how = "", *seed = "";

    if (!gb_reader_string(r, "how", &how, err))
        return false;
    if (!gb_how_parse(how, &e->how))
        return gb_reader_refuse(r, "how", "send, continue, retry or reseed",
                                json_object_get(r->object, "how"), err);
    if (e->how == GB_HOW_RESEED) {
        if (!gb_reader_string(r, "seed", &seed, err))
            return false;
        if (!gb_parse_u64(seed, &e->seed))
            return gb_reader_refuse(r, "seed", "digits of a seed",
                                    json_object_get(r->object, "seed"), err);
    }
    return get_ids(r, true, e, err);
}

static bool
get_token(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const json_t *j = json_object_get(r->object, "logprob");

    if (!gb_reader_number(r, "step", INT64_MAX, &e->step, err) ||
        !get_u32(r, "id", &e->id, err))
        return false;
    if (j != NULL && !json_is_number(j) && !json_is_null(j))
        return gb_reader_refuse(r, "logprob", "a number or null", j, err);
    e->logprob = json_is_number(j) ? (float)json_number_value(j) : NAN;
    return true;
}

static bool
get_stop(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    const char *reason = "";

    if (!gb_reader_string(r, "reason", &reason, err))
        return false;
    return gb_reason_parse(reason, &e->reason) ||
           gb_reader_refuse(r, "reason", "why the model stopped",
                            json_object_get(r->object, "reason"), err);
}

static bool
get_engine(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    json_t *j = json_object_get(r->object, "engine");

    if (!json_is_object(j))
        return gb_reader_refuse(r, "engine", "an object", j, err);
    gb_json_dump(json_incref(j), &r->value);
    e->value = gb_str_cstr(&r->value);
    return get_text(r, e, err);
}

static bool
get_set(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    return gb_reader_number(r, "step", INT64_MAX, &e->step, err) &&
           gb_reader_string(r, "name", &e->name, err) &&
           gb_reader_string(r, "value", &e->value, err);
}

bool
gb_reader_members(gb_journal_reader *r, gb_event *e, gb_error *err)
{
    switch (e->type) {
    case GB_EVENT_PROMPT:
    case GB_EVENT_EDIT:
        return get_prompt(r, e, err);
    case GB_EVENT_IMPORT:
        return get_import(r, e, err);
    case GB_EVENT_RUN:
        return get_run(r, e, err);
    case GB_EVENT_TOKEN:
        return get_token(r, e, err);
    case GB_EVENT_CUT:
        return get_u32(r, "tokens", &e->tokens, err) &&
               get_ids(r, false, e, err);
    case GB_EVENT_STOP:
        return get_stop(r, e, err);
    case GB_EVENT_SET:
        return get_set(r, e, err);
    case GB_EVENT_MODE:
        return gb_reader_mode(r, &e->mode, err);
    case GB_EVENT_EVICT:
        return get_u32(r, "tokens", &e->tokens, err);
    case GB_EVENT_PREFILL:
        return get_u32(r, "from", &e->from, err) &&
               get_u32(r, "to", &e->to, err);
    case GB_EVENT_MARK:
        return get_text(r, e, err);
    case GB_EVENT_ENGINE:
        return get_engine(r, e, err);
    case GB_EVENT_UNDO:
    case GB_EVENT_REDO:
    case GB_EVENT_CLEAR:
    case GB_EVENT_TYPES:
        break;
    }
    return true;
}
