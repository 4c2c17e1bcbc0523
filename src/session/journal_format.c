/* Headers as lines of JSON; see doc/session-format.md. */
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "session/journal.h"

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
        gb_json_put_bytes(model, "path", origin->model_path,
                          strlen(origin->model_path));
    json_object_set_new(model, "sha256", gb_json_string(origin->model_sha256));
    json_object_set_new(o, "type", json_string("header"));
    json_object_set_new(o, "format", json_string("gumbel-session"));
    json_object_set_new(o, "version", json_integer(GB_JOURNAL_VERSION));
    json_object_set_new(o, "gumbel", gb_json_string(origin->gumbel));
    json_object_set_new(o, "date", gb_json_string(h->date));
    json_object_set_new(o, "model", model);
    json_object_set_new(o, "device", gb_json_string(origin->device));
    json_object_set_new(o, "driver", gb_json_string(origin->driver));
    json_object_set_new(o, "dtype", gb_json_string(origin->dtype));
    json_object_set_new(o, "prefill", gb_json_string(origin->prefill));
    json_object_set_new(o, "cache_type", gb_json_string(origin->cache_type));
    json_object_set_new(o, "mode", json_string(gb_mode_name(h->mode)));
    json_object_set_new(o, "settings", settings_of(&h->settings));
    gb_json_dump(o, out);
    gb_str_putc(out, '\n');
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
