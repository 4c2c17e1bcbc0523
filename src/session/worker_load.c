/* Model, engine and session of a worker; all on its own thread. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model/installed.h"
#include "session/worker_state.h"

void
gb_worker_stopped(gb_error *err, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(err->text, sizeof err->text, format, ap);
    va_end(ap);
    gb_fail_context(err, "stopped");
}

static gb_engine_options
engine_options(const gb_worker *w)
{
    return (gb_engine_options){
        .dtype = w->dtype,
        .prefill = w->prefill,
        .cache_type = w->cache_type,
        .cache_bytes = w->cache_bytes,
    };
}

static gb_engine *
open_engine(gb_worker *w, const gb_model *model, const char *device,
            gb_error *err)
{
    gb_engine_options o = engine_options(w);

    o.device = device;
    o.progress = gb_worker_progress(w);

    return gb_engine_open(model, &o, err);
}

static gb_model *
open_model(const char *name, gb_error *err)
{
    char *folder = gb_model_find(name, err);
    gb_model *m;

    if (folder == NULL)
        return NULL;
    m = gb_model_open(folder, err);
    free(folder);
    return m;
}

bool
gb_worker_open_session(gb_worker *w, const char *from, const char *path,
                       gb_error *err)
{
    gb_session_options o = {
        .settings = w->settings,
        .mode = w->mode,
        .journal = w->record,
        .path = path,
        .load = from,
        .watcher = gb_worker_watcher(w),
        .progress = gb_worker_progress(w),
    };
    gb_error problem = GB_ERROR_INIT;
    gb_session *s;

    s = gb_session_open(w->engine, w->model, &o, err);
    if (s == NULL) {
        if (err->status == GB_INTERRUPTED)
            gb_worker_stopped(err, "%s was not loaded",
                              from != NULL ? from : path);
        return false;
    }
    if (!gb_session_close(w->session, &problem))
        gb_worker_tell_error(w, 0, &problem);
    w->session = s;
    gb_session_set_draft(s, w->draft);
    w->replay_shown = w->memory_known = w->file_told = false;
    w->logprob = NAN;
    gb_worker_tell_changes(w);
    return true;
}

/* The first session: where the files that were asked for do not serve, one
 * without them. */
static bool
first_session(gb_worker *w, gb_error *err)
{
    gb_error problem = GB_ERROR_INIT;
    bool ok;

    gb_worker_begin_first_file(w);
    ok = gb_worker_open_session(w, w->load, w->path, &problem);
    gb_worker_ignore_stops(w);
    if (ok)
        return true;
    gb_worker_tell_error(w, 0, &problem);
    return gb_worker_open_session(w, NULL, NULL, err);
}

static void
close_engine(gb_worker *w)
{
    gb_worker_close_draft(w);
    if (w->session != NULL)
        gb_session_lose_engine(w->session);
    gb_engine_close(w->engine);
    w->engine = NULL;
}

/* The engine that is open now computes from here on. */
static bool
take(gb_worker *w, gb_engine *engine, gb_model *model, gb_error *err)
{
    gb_engine *old_engine = w->engine;
    gb_model *old_model = w->model;
    bool ok;

    gb_worker_close_draft(w);
    w->engine = engine;
    w->model = model;
    gb_model_used(model->path);
    gb_worker_tell_engine(w);
    if (w->session == NULL)
        ok = first_session(w, err);
    else
        ok = gb_session_switch(w->session, engine, model, err);
    w->file_told = w->file_told && old_model == model;
    gb_engine_close(old_engine);
    if (old_model != model)
        gb_model_close(old_model);
    gb_worker_reopen_draft(w);
    gb_worker_tell_changes(w);
    return ok;
}

/* Sessions name the model by its hash; nobody is to wait for it later. */
static bool
hash(gb_worker *w, gb_model *model, gb_error *err)
{
    const gb_progress progress = gb_worker_progress(w);

    return gb_model_hash(model, &progress, err);
}

static bool
is_same_device(const gb_device *a, const gb_device *b)
{
    return a->platform_index == b->platform_index &&
           a->device_index == b->device_index;
}

/* Whether a device can be expected to hold this model beside the one that it
 * holds now. */
static bool
has_room_beside(const gb_worker *w, const gb_model *model,
                const gb_device *device)
{
    const gb_engine_info *info = gb_engine_get_info(w->engine);
    const gb_engine_options o = engine_options(w);

    return gb_device_has_room(device,
                              info->weight_bytes + info->cache_bytes +
                                  info->scratch_bytes,
                              gb_engine_size(model, device, &o));
}

/* The old engine again, which had to go. */
static void
reopen(gb_worker *w)
{
    gb_error problem = GB_ERROR_INIT;
    gb_engine *old;

    gb_worker_ignore_stops(w);
    old = open_engine(w, w->model, w->device, &problem);
    if (old == NULL || !take(w, old, w->model, &problem))
        gb_worker_tell_error(w, 0, &problem);
}

/* Opens an engine, if it can be beside the old one, which is then still there
 * when that fails. Else the old one makes room first. */
static gb_engine *
open_another(gb_worker *w, gb_model *model, const char *spec,
             const gb_device *device, gb_error *err)
{
    gb_engine *e;
    bool elsewhere =
        w->engine == NULL ||
        !is_same_device(device, &gb_engine_get_info(w->engine)->device);

    if (elsewhere || has_room_beside(w, model, device)) {
        e = open_engine(w, model, spec, err);
        if (e != NULL || elsewhere || err->status == GB_INTERRUPTED)
            return e;
    }
    close_engine(w);
    e = open_engine(w, model, spec, err);
    if (e == NULL)
        reopen(w);
    return e;
}

bool
gb_worker_load(gb_worker *w, const char *name, const char *spec,
               gb_error *err)
{
    bool same = name == NULL && w->model != NULL;
    gb_model *model = same ? w->model : open_model(name, err);
    gb_engine *engine = NULL;
    gb_device device;
    char *asked;

    if (model != NULL && gb_device_choose(spec, &device, err) &&
        hash(w, model, err))
        engine = open_another(w, model, spec, &device, err);
    if (engine != NULL) {
        asked = spec != NULL ? gb_strdup(spec) : NULL;
        free(w->device);
        w->device = asked;
        return take(w, engine, model, err);
    }
    if (!same)
        gb_model_close(model);
    if (err->status == GB_INTERRUPTED && w->engine != NULL)
        gb_worker_stopped(err, "%s on %s goes on", w->model->name,
                          gb_engine_get_info(w->engine)->device.name);
    return false;
}

void
gb_worker_unload(gb_worker *w)
{
    gb_worker_close_draft(w);
    gb_list_free(&w->listing);
    gb_model_close(w->lister);
    w->close_ok = gb_session_close(w->session, &w->close_error);
    w->session = NULL;
    gb_engine_close(w->engine);
    gb_model_close(w->model);
}
