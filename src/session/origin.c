/* What computed a session's tokens. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "session/journal.h"

bool
gb_origin_of(gb_engine *engine, gb_model *model, gb_origin *origin,
             gb_error *err)
{
    const gb_engine_info *info = gb_engine_get_info(engine);

    *origin = (gb_origin){0};
    if (!gb_model_sha256(model, origin->model_sha256, err))
        return false;
    origin->model_name = gb_strdup(model->name);
    origin->model_path = gb_path_absolute(model->path);
    origin->device = gb_strdup(info->device.name);
    origin->driver = gb_format("%s, %s, %s", info->device.platform_name,
                               info->device.version, info->device.driver);
    origin->dtype = gb_strdup(info->dtype);
    origin->prefill = gb_strdup(info->prefill);
    origin->cache_type = gb_strdup(info->cache_type);
    origin->gumbel = gb_strdup(PACKAGE_VERSION);
    return true;
}

char *
gb_origin_find(const gb_origin *then, const gb_progress *progress)
{
    char *folder = gb_model_find_installed(then->model_name);
    gb_model *m =
        folder != NULL ? gb_model_open_weights(folder, NULL) : NULL;
    bool same = m != NULL && gb_model_hash(m, progress, NULL) &&
                strcmp(m->sha256, then->model_sha256) == 0;

    gb_model_close(m);
    if (same)
        return folder;
    free(folder);
    return NULL;
}

/* How to come by the model, in the middle of a sentence. */
static void
put_way(gb_str *out, const gb_origin *then, const gb_model *model,
        const gb_progress *progress)
{
    char *folder = gb_origin_find(then, progress);
    char *here = model != NULL ? gb_path_absolute(model->path) : NULL;
    const char *was = then->model_path;

    if (folder != NULL) {
        gb_str_puts(out, ", which -m ");
        gb_shell_quote(out, then->model_name);
        gb_str_puts(out, " opens");
    } else if (was == NULL || (here != NULL && strcmp(here, was) == 0)) {
        gb_str_puts(out, ", of which -m says where it is");
    } else {
        gb_str_puts(out, ", which was ");
        gb_utf8_visible(out, was, strlen(was), false);
        gb_str_puts(out, " then: -m says where it is");
    }
    free(folder);
    free(here);
}

bool
gb_origin_refuse(const gb_origin *then, const char *file,
                 const gb_model *model, const gb_progress *progress,
                 gb_error *err)
{
    const char *name = then->model_name != NULL ? then->model_name : "unnamed";
    gb_str text = GB_STR_INIT;

    gb_str_puts(&text, "needs the model ");
    gb_utf8_visible(&text, name, strlen(name), false);
    gb_str_printf(&text, " (SHA-256 %s)", then->model_sha256);
    put_way(&text, then, model, progress);
    if (model != NULL)
        gb_str_printf(&text, "; this is %s (SHA-256 %s)", model->name,
                      model->sha256);
    gb_fail_usage(err, "%s: %s", file, text.data);
    gb_str_free(&text);
    return false;
}

bool
gb_origin_is_of(const gb_origin *then, const char *file, gb_model *model,
                const gb_progress *progress, gb_error *err)
{
    return gb_model_hash(model, progress, err) &&
           (strcmp(model->sha256, then->model_sha256) == 0 ||
            gb_origin_refuse(then, file, model, progress, err));
}

static char *
copy(const char *s)
{
    return s != NULL ? gb_strdup(s) : NULL;
}

void
gb_origin_copy(gb_origin *to, const gb_origin *from)
{
    *to = *from;
    to->model_name = copy(from->model_name);
    to->model_path = copy(from->model_path);
    to->device = copy(from->device);
    to->driver = copy(from->driver);
    to->dtype = copy(from->dtype);
    to->prefill = copy(from->prefill);
    to->cache_type = copy(from->cache_type);
    to->gumbel = copy(from->gumbel);
}

void
gb_origin_free(gb_origin *o)
{
    free(o->model_name);
    free(o->model_path);
    free(o->device);
    free(o->driver);
    free(o->dtype);
    free(o->prefill);
    free(o->cache_type);
    free(o->gumbel);
    *o = (gb_origin){0};
}

static void
compare(gb_str *out, const char *what, const char *now, const char *then)
{
    if (now == NULL || then == NULL || strcmp(now, then) == 0)
        return;
    gb_str_printf(out, "%s%s %s, was %s", out->len > 0 ? "; " : "", what, now,
                  then);
}

void
gb_origin_compare(const gb_origin *now, const gb_origin *then, gb_str *out)
{
    gb_str found = GB_STR_INIT;

    compare(&found, "model SHA-256", now->model_sha256, then->model_sha256);
    compare(&found, "device", now->device, then->device);
    compare(&found, "driver", now->driver, then->driver);
    compare(&found, "dtype", now->dtype, then->dtype);
    compare(&found, "prefill", now->prefill, then->prefill);
    compare(&found, "cache type", now->cache_type, then->cache_type);
    compare(&found, "gumbel", now->gumbel, then->gumbel);
    gb_str_append(out, gb_str_cstr(&found), found.len);
    gb_str_free(&found);
}

static void
put(json_t *object, const char *name, const char *value)
{
    if (value != NULL)
        json_object_set_new(object, name, gb_json_string(value));
}

char *
gb_origin_format(const gb_origin *o)
{
    gb_str text = GB_STR_INIT;
    json_t *j = json_object();

    put(j, "gumbel", o->gumbel);
    put(j, "device", o->device);
    put(j, "driver", o->driver);
    put(j, "dtype", o->dtype);
    put(j, "prefill", o->prefill);
    put(j, "cache_type", o->cache_type);
    gb_json_dump(j, &text);
    return gb_str_take(&text);
}

/* Takes a member that is a string. */
static void
take(const json_t *object, const char *name, char **to)
{
    const char *s = json_string_value(json_object_get(object, name));

    if (s == NULL)
        return;
    free(*to);
    *to = gb_strdup(s);
}

bool
gb_origin_read(gb_origin *o, const char *json, gb_error *err)
{
    json_t *j = gb_json_parse("engine", json, strlen(json), err);

    if (j == NULL)
        return false;
    take(j, "gumbel", &o->gumbel);
    take(j, "device", &o->device);
    take(j, "driver", &o->driver);
    take(j, "dtype", &o->dtype);
    take(j, "prefill", &o->prefill);
    free(o->cache_type);
    o->cache_type = gb_strdup("f32"); /* as in versions that do not say it */
    take(j, "cache_type", &o->cache_type);
    json_decref(j);
    return true;
}
