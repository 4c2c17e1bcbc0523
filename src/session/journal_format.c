/* Events and headers as lines of JSON; see doc/session-format.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "session/journal.h"

/* Appends the line and gives the object back. */
static void
append_line(json_t *object, gb_str *out)
{
    gb_json_dump(object, out);
    gb_str_putc(out, '\n');
}

static bool
is_plain(const char *s, size_t n)
{
    size_t at = 0, length;
    uint32_t rune;
    bool valid;

    for (; at < n; at += length) {
        length = gb_utf8_next(s + at, n - at, &rune, &valid);
        if (length == 0 || !valid || rune == 0)
            return false;
    }
    return true;
}

/* A member of this name, or "hex" where JSON has no way to say it. */
static void
put_bytes(json_t *o, const char *name, const char *text, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    gb_str hex = GB_STR_INIT;
    size_t i;

    if (is_plain(text, n)) {
        json_object_set_new(o, name,
                            json_stringn_nocheck(n > 0 ? text : "", n));
        return;
    }
    gb_str_reserve(&hex, n * 2);
    for (i = 0; i < n; i++) {
        gb_str_putc(&hex, digits[(unsigned char)text[i] >> 4]);
        gb_str_putc(&hex, digits[(unsigned char)text[i] & 15]);
    }
    json_object_set_new(o, "hex", json_stringn_nocheck(hex.data, hex.len));
    gb_str_free(&hex);
}

static void
put_text(json_t *o, const char *text, size_t n)
{
    put_bytes(o, "text", text, n);
}

static void
put_number(json_t *o, const char *name, uint64_t value)
{
    json_object_set_new(o, name, json_integer((json_int_t)value));
}

static void
put_ids(json_t *o, const gb_event *e)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < e->n_ids; i++)
        json_array_append_new(list, json_integer(e->ids[i]));
    json_object_set_new(o, "ids", list);
}

static void
put_prompt(json_t *o, const gb_event *e)
{
    put_text(o, e->text, e->n_text);
    put_ids(o, e);
    if (e->skipped > 0)
        put_number(o, "skipped", e->skipped);
}

static void
put_run(json_t *o, const gb_event *e)
{
    json_object_set_new(o, "how", json_string(gb_how_name(e->how)));
    if (e->how == GB_HOW_RESEED)
        json_object_set_new(o, "seed", json_sprintf("%llu",
                            (unsigned long long)e->seed));
    if (e->n_ids > 0)
        put_ids(o, e);
}

static void
put_members(json_t *o, const gb_event *e)
{
    json_t *engine;

    switch (e->type) {
    case GB_EVENT_IMPORT:
        json_object_set_new(o, "role",
                            json_string(e->model ? "model" : "user"));
        put_prompt(o, e);
        break;
    case GB_EVENT_PROMPT:
    case GB_EVENT_EDIT:
        put_prompt(o, e);
        break;
    case GB_EVENT_RUN:
        put_run(o, e);
        break;
    case GB_EVENT_TOKEN:
        put_number(o, "step", e->step);
        put_number(o, "id", e->id);
        json_object_set_new(o, "logprob", isfinite(e->logprob)
                            ? json_real((double)e->logprob) : json_null());
        break;
    case GB_EVENT_CUT:
        put_number(o, "tokens", e->tokens);
        put_ids(o, e);
        break;
    case GB_EVENT_STOP:
        json_object_set_new(o, "reason",
                            json_string(gb_reason_name(e->reason)));
        break;
    case GB_EVENT_SET:
        put_number(o, "step", e->step);
        json_object_set_new(o, "name", gb_json_string(e->name));
        json_object_set_new(o, "value", gb_json_string(e->value));
        break;
    case GB_EVENT_MODE:
        json_object_set_new(o, "mode", json_string(gb_mode_name(e->mode)));
        break;
    case GB_EVENT_EVICT:
        put_number(o, "tokens", e->tokens);
        break;
    case GB_EVENT_PREFILL:
        put_number(o, "from", e->from);
        put_number(o, "to", e->to);
        break;
    case GB_EVENT_MARK:
        put_text(o, e->text, e->n_text);
        break;
    case GB_EVENT_ENGINE:
        engine = json_loads(e->value, 0, NULL);
        json_object_set_new(o, "engine", engine != NULL ? engine
                                                        : json_object());
        put_text(o, e->text, e->n_text);
        break;
    case GB_EVENT_UNDO:
    case GB_EVENT_REDO:
    case GB_EVENT_CLEAR:
    case GB_EVENT_TYPES:
        break;
    }
}

void
gb_event_format(const gb_event *e, gb_str *out)
{
    json_t *o = json_object();

    json_object_set_new(o, "type", json_string(gb_event_name(e->type)));
    put_members(o, e);
    json_object_set_new(o, "ms", json_real(floor(e->ms * 10) / 10));
    append_line(o, out);
}

static json_t *
settings_of(const gb_settings *s)
{
    json_t *o = json_object();
    gb_str value = GB_STR_INIT;
    size_t i;

    for (i = 0; gb_settings_names[i] != NULL; i++) {
        gb_str_clear(&value);
        gb_settings_get(s, gb_settings_names[i], &value);
        json_object_set_new(o, gb_settings_names[i],
                            gb_json_string(gb_str_cstr(&value)));
    }
    gb_str_free(&value);
    return o;
}

void
gb_header_format(const gb_header *h, gb_str *out)
{
    const gb_origin *origin = &h->origin;
    json_t *model = json_object(), *o = json_object();

    json_object_set_new(model, "name", gb_json_string(origin->model_name));
    if (origin->model_path != NULL)
        put_bytes(model, "path", origin->model_path,
                  strlen(origin->model_path));
    json_object_set_new(model, "sha256", gb_json_string(origin->model_sha256));
    json_object_set_new(o, "type", json_string("header"));
    json_object_set_new(o, "format", json_string("gumbel-session"));
    put_number(o, "version", GB_JOURNAL_VERSION);
    json_object_set_new(o, "gumbel", gb_json_string(origin->gumbel));
    json_object_set_new(o, "date", gb_json_string(h->date));
    json_object_set_new(o, "model", model);
    json_object_set_new(o, "device", gb_json_string(origin->device));
    json_object_set_new(o, "driver", gb_json_string(origin->driver));
    json_object_set_new(o, "dtype", gb_json_string(origin->dtype));
    json_object_set_new(o, "prefill", gb_json_string(origin->prefill));
    json_object_set_new(o, "mode", json_string(gb_mode_name(h->mode)));
    json_object_set_new(o, "settings", settings_of(&h->settings));
    append_line(o, out);
}

void
gb_header_free(gb_header *h)
{
    gb_origin_free(&h->origin);
    *h = (gb_header){0};
}

void
gb_header_date(gb_header *h)
{
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(h->date, sizeof h->date, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
