#include "session/settings_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* A number as gb_settings_get writes it. */
static json_t *
number(const gb_settings *s, const char *name)
{
    gb_str text = GB_STR_INIT;
    json_t *value;

    gb_settings_get(s, name, &text);
    value = strcmp(gb_str_cstr(&text), "off") == 0
                ? json_null()
                : json_real(strtod(gb_str_cstr(&text), NULL));
    gb_str_free(&text);
    return value;
}

static json_t *
count(int64_t n)
{
    return n == 0 ? json_null() : json_integer(n);
}

json_t *
gb_settings_json(const gb_settings *s)
{
    json_t *o = json_object();

    json_object_set_new(o, "temperature", number(s, "temperature"));
    json_object_set_new(o, "seed", gb_json_u64(s->seed));
    json_object_set_new(o, "greedy", json_boolean(s->greedy));
    json_object_set_new(o, "top-k", count(s->filter.top_k));
    json_object_set_new(o, "top-p", number(s, "top-p"));
    json_object_set_new(o, "min-p", number(s, "min-p"));
    json_object_set_new(o, "max-new-tokens", count(s->max_new_tokens));
    json_object_set_new(o, "max-prompt-tokens", count(s->max_prompt_tokens));
    json_object_set_new(o, "ignore-eos", json_boolean(s->ignore_eos));
    return o;
}
