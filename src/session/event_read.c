/* Events from the JSON of a journal. */
#include "base/number.h"
#include "session/event.h"

#include <string.h>

#include "base/json.h"
#include "session/settings.h"

/* An object that is being read, and where it stands. */
typedef struct source {
    const json_t *object;
    const char *where;
    gb_event_store *store;
} source;

static bool
refuse(const source *s, const char *name, const char *expected, gb_error *err)
{
    return gb_json_refuse(s->where, name, expected,
                          json_object_get(s->object, name), err);
}

static bool
get_number(const source *s, const char *name, uint64_t *value, gb_error *err)
{
    return gb_json_get_u64(s->object, s->where, name, INT64_MAX, value, err);
}

static bool
get_u32(const source *s, const char *name, uint32_t *value, gb_error *err)
{
    uint64_t v;

    if (!gb_json_get_u64(s->object, s->where, name, UINT32_MAX, &v, err))
        return false;
    *value = (uint32_t)v;
    return true;
}

static bool
get_string(const source *s, const char *name, const char **value,
           gb_error *err)
{
    return gb_json_get_string(s->object, s->where, name, value, err);
}

static bool
get_ids(const source *s, gb_event *e, gb_error *err)
{
    const json_t *list = json_object_get(s->object, "ids"), *j;
    size_t i;

    if (!json_is_array(list))
        return refuse(s, "ids", "a list of token ids", err);
    for (i = 0; i < json_array_size(list); i++) {
        j = json_array_get(list, i);
        if (!json_is_integer(j) || json_integer_value(j) < 0 ||
            json_integer_value(j) > UINT32_MAX)
            return gb_json_refuse(s->where, "ids", "a list of token ids", j,
                                  err);
        gb_ids_push(&s->store->ids, (gb_token)json_integer_value(j));
    }
    e->ids = s->store->ids.data;
    e->n_ids = s->store->ids.len;
    return true;
}

static bool
has(const source *s, const char *name)
{
    return json_object_get(s->object, name) != NULL;
}

static bool
get_place(const source *s, gb_event *e, gb_error *err)
{
    e->placed = true;
    return get_u32(s, "node", &e->place.node, err) &&
           get_u32(s, "tokens", &e->place.tokens, err);
}

static bool
get_text(const source *s, gb_event *e, gb_error *err)
{
    if (has(s, "hex")) {
        if (!gb_json_get_hex(s->object, s->where, &s->store->text, err))
            return false;
        e->text = gb_str_cstr(&s->store->text);
        e->n_text = s->store->text.len;
        return true;
    }
    if (!get_string(s, "text", &e->text, err))
        return false;
    e->n_text = strlen(e->text);
    return true;
}

static bool
get_prompt(const source *s, gb_event *e, gb_error *err)
{
    e->what = json_is_true(json_object_get(s->object, "what"));
    return get_text(s, e, err) && get_ids(s, e, err) &&
           (!has(s, "skipped") ||
            get_number(s, "skipped", &e->skipped, err)) &&
           (!has(s, "node") || get_place(s, e, err));
}

static bool
get_import(const source *s, gb_event *e, gb_error *err)
{
    const char *role = "";

    if (!get_string(s, "role", &role, err))
        return false;
    e->model = strcmp(role, "model") == 0;
    if (!e->model && strcmp(role, "user") != 0)
        return refuse(s, "role", "\"user\" or \"model\"", err);
    return get_prompt(s, e, err);
}

static bool
get_run(const source *s, gb_event *e, gb_error *err)
{
    const char *how = "", *seed = "";
    uint32_t limit = 0;

    if (!get_string(s, "how", &how, err))
        return false;
    if (!gb_how_parse(how, &e->how))
        return refuse(s, "how",
                      "send, continue, again, reseed, what or retry", err);
    if (e->how == GB_HOW_RESEED || e->how == GB_HOW_WHAT) {
        if (!get_string(s, "seed", &seed, err))
            return false;
        if (!gb_parse_u64(seed, &e->seed))
            return refuse(s, "seed", "digits of a seed", err);
    }
    if (e->how == GB_HOW_WHAT && !get_number(s, "step", &e->step, err))
        return false;
    if (has(s, "limit") && !get_u32(s, "limit", &limit, err))
        return false;
    if (e->how != GB_HOW_RETRY && has(s, "node") && !get_place(s, e, err))
        return false;
    e->tokens = limit;
    return !has(s, "ids") || get_ids(s, e, err);
}

/* NaN where it is not known. */
static float
get_float(const source *s, const char *name)
{
    const json_t *j = json_object_get(s->object, name);

    return json_is_number(j) ? (float)json_number_value(j) : NAN;
}

static bool
get_why(const source *s, gb_event *e, gb_error *err)
{
    const json_t *rank = json_object_get(s->object, "rank");

    e->why = (gb_why){
        .logprob = get_float(s, "logprob"),
        .entropy = get_float(s, "entropy"),
        .noise = get_float(s, "noise"),
        .from = get_float(s, "from"),
        .to = get_float(s, "to"),
        .rank = GB_RANK_UNKNOWN,
    };
    if (isfinite(e->why.from) && !has(s, "to"))
        e->why.to = INFINITY;
    return !json_is_integer(rank) || get_u32(s, "rank", &e->why.rank, err);
}

static bool
get_token(const source *s, gb_event *e, gb_error *err)
{
    const json_t *j = json_object_get(s->object, "logprob");

    if (!get_number(s, "step", &e->step, err) ||
        !get_u32(s, "id", &e->id, err))
        return false;
    if (j != NULL && !json_is_number(j) && !json_is_null(j))
        return refuse(s, "logprob", "a number or null", err);
    return get_why(s, e, err);
}

static bool
get_stop(const source *s, gb_event *e, gb_error *err)
{
    const char *reason = "";

    if (!get_string(s, "reason", &reason, err))
        return false;
    return gb_reason_parse(reason, &e->reason) ||
           refuse(s, "reason", "why the model stopped", err);
}

static bool
get_engine(const source *s, gb_event *e, gb_error *err)
{
    json_t *j = json_object_get(s->object, "engine");

    if (!json_is_object(j))
        return refuse(s, "engine", "an object", err);
    gb_json_dump(json_incref(j), &s->store->value);
    e->value = gb_str_cstr(&s->store->value);
    return get_text(s, e, err);
}

static bool
get_mode(const source *s, gb_event *e, gb_error *err)
{
    const char *mode = "";

    if (!get_string(s, "mode", &mode, err))
        return false;
    return gb_mode_parse(mode, &e->mode) ||
           refuse(s, "mode", "\"continue\" or \"chat\"", err);
}

static bool
get_members(const source *s, gb_event *e, gb_error *err)
{
    switch (e->type) {
    case GB_EVENT_PROMPT:
    case GB_EVENT_EDIT:
        return get_prompt(s, e, err);
    case GB_EVENT_IMPORT:
        return get_import(s, e, err);
    case GB_EVENT_RUN:
        return get_run(s, e, err);
    case GB_EVENT_TOKEN:
        return get_token(s, e, err);
    case GB_EVENT_PICK:
        return get_place(s, e, err) && get_ids(s, e, err) &&
               get_why(s, e, err);
    case GB_EVENT_CUT:
        return get_u32(s, "tokens", &e->tokens, err) && get_ids(s, e, err);
    case GB_EVENT_STOP:
        return get_stop(s, e, err);
    case GB_EVENT_SET:
        return get_number(s, "step", &e->step, err) &&
               get_string(s, "name", &e->name, err) &&
               get_string(s, "value", &e->value, err);
    case GB_EVENT_MODE:
        return get_mode(s, e, err);
    case GB_EVENT_EVICT:
        return get_u32(s, "tokens", &e->tokens, err);
    case GB_EVENT_PREFILL:
        return get_u32(s, "from", &e->from, err) &&
               get_u32(s, "to", &e->to, err);
    case GB_EVENT_MARK:
        return get_text(s, e, err);
    case GB_EVENT_GO:
        return get_place(s, e, err);
    case GB_EVENT_NAME:
        return get_place(s, e, err) && get_text(s, e, err);
    case GB_EVENT_ENGINE:
        return get_engine(s, e, err);
    case GB_EVENT_UNDO:
    case GB_EVENT_REDO:
    case GB_EVENT_CLEAR:
    case GB_EVENT_TYPES:
        break;
    }
    return true;
}

bool
gb_event_read(gb_event *e, const json_t *object, const char *where,
              gb_event_store *store, gb_error *err)
{
    const source s = {object, where, store};
    gb_event_type type = e->type;

    *e = (gb_event){.type = type};
    store->ids.len = 0;
    gb_str_clear(&store->text);
    gb_str_clear(&store->value);
    e->ms = json_number_value(json_object_get(object, "ms"));
    return get_members(&s, e, err);
}

void
gb_event_store_free(gb_event_store *store)
{
    gb_ids_free(&store->ids);
    gb_str_free(&store->text);
    gb_str_free(&store->value);
}
