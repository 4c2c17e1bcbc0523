/* Model, engine and session of a worker; all on its own thread. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "session/worker_state.h"

static gb_engine *
open_engine(gb_worker *w, const gb_model *model, const char *device,
            gb_error *err)
{
    gb_engine_options o = {
        .device = device,
        .dtype = w->dtype,
        .prefill = w->prefill,
        .progress = gb_worker_progress,
        .progress_arg = w,
        .cancel = &w->cancel,
    };

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
    };
    gb_error problem = GB_ERROR_INIT;
    gb_session *s;

    s = gb_session_open(w->engine, w->model, &o, err);
    if (s == NULL)
        return false;
    if (!gb_session_close(w->session, &problem))
        gb_worker_tell_error(w, 0, &problem);
    w->session = s;
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

    if (gb_worker_open_session(w, w->load, w->path, &problem))
        return true;
    gb_worker_tell_error(w, 0, &problem);
    return gb_worker_open_session(w, NULL, NULL, err);
}

static bool
take(gb_worker *w, gb_engine *engine, gb_model *model, gb_error *err)
{
    gb_engine *old_engine = w->engine;
    gb_model *old_model = w->model;
    bool ok;

    w->engine = engine;
    w->model = model;
    gb_worker_tell_engine(w);
    if (w->session == NULL)
        ok = first_session(w, err);
    else
        ok = gb_session_switch(w->session, engine, model, err);
    w->file_told = w->file_told && old_model == model;
    gb_engine_close(old_engine);
    if (old_model != model)
        gb_model_close(old_model);
    gb_worker_tell_changes(w);
    return ok;
}

bool
gb_worker_load(gb_worker *w, const char *name, const char *device,
               gb_error *err)
{
    bool same = name == NULL && w->model != NULL;
    gb_model *model = same ? w->model : open_model(name, err);
    gb_engine *engine;

    if (model == NULL)
        return false;
    engine = open_engine(w, model, device, err);
    if (engine == NULL) {
        if (!same)
            gb_model_close(model);
        return false;
    }
    return take(w, engine, model, err);
}

void
gb_worker_unload(gb_worker *w)
{
    w->close_ok = gb_session_close(w->session, &w->close_error);
    w->session = NULL;
    gb_engine_close(w->engine);
    gb_model_close(w->model);
}
